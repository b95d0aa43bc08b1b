"""The OpenAI conformance suite against Sayso, and against other servers: how much of it each passes, by section.

The suite is ``tests/e2e/openai``: OpenAI's own Python client, every row of the error table and every parameter. Sayso
runs as a process of its own with local engines alone. A rival is a server that is running already:

    python -m bench conformance --rival http://127.0.0.1:8701/v1

A section is a module of the suite. A rival that serves speech alone, or transcription alone, is to be judged by its
sections. Tests that need settings of ours (how many places there are) are not counted for it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.processes import ROOT, ProcessFailed
from bench.report import Figure, Result, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SUITE = "tests/e2e/openai"

_LONGEST_SECONDS = 1800.0
_TESTS_RAN = (0, 1)
"""What pytest ends with where all tests passed, and where some failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """One test: its section, its name, and whether it passed; None where it was skipped."""

    section: str
    name: str
    passed: bool | None


def measure_conformance(work: Path, *, rivals: Sequence[str]) -> Result:
    """Run the suite against Sayso and each rival.

    Args:
        work: an empty directory.
        rivals: addresses, with /v1.
    """
    ran = {"Sayso": _outcomes(work / "sayso.xml", {})}
    for number, rival in enumerate(rivals, start=1):
        ran[rival] = _outcomes(work / f"rival-{number}.xml", {"SAYSO_CONFORMANCE_URL": rival})
    figures = [_figure(name, outcomes) for name, outcomes in ran.items()]
    tables = [_by_section(ran), *(_failures(name, outcomes) for name, outcomes in ran.items() if name == "Sayso")]
    return Result(name="conformance", figures=figures, tables=tables)


def _outcomes(report: Path, environment: Mapping[str, str]) -> list[Outcome]:
    """Run the suite, in this project's environment without the settings of a server."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SAYSO_CONFORMANCE")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", SUITE]
    ran = subprocess.run(
        command,
        cwd=ROOT,
        env=clean | dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST_SECONDS,
    )
    if ran.returncode not in _TESTS_RAN:
        raise ProcessFailed(f"{' '.join(command)} ended with {ran.returncode}:\n{ran.stdout[-2000:]}")
    return read_report(report)


def read_report(report: Path) -> list[Outcome]:
    """The tests of a JUnit report, in order; a section is the last part of a module's name without ``test_``."""
    return [
        Outcome(
            section=case.attrib["classname"].rpartition(".")[2].removeprefix("test_").replace("_", " "),
            name=case.attrib["name"].removeprefix("test_"),
            passed=None
            if case.find("skipped") is not None
            else case.find("failure") is None and case.find("error") is None,
        )
        for case in ET.parse(report).iter("testcase")  # noqa: S314 -- see above
    ]


def _figure(name: str, outcomes: Sequence[Outcome]) -> Figure:
    counted = [outcome for outcome in outcomes if outcome.passed is not None]
    passed = sum(bool(outcome.passed) for outcome in counted)
    return Figure(
        name=f"tests passed, {name}",
        value=100 * passed / len(counted),
        unit="%",
        compared_to=f"{passed} of {len(counted)}",
        at_least=100 if name == "Sayso" else None,
        decimals=1,
    )


def _by_section(ran: Mapping[str, Sequence[Outcome]]) -> Table:
    sections = list(dict.fromkeys(outcome.section for outcomes in ran.values() for outcome in outcomes))
    rows = [(section, *(_score(outcomes, section) for outcomes in ran.values())) for section in sections]
    return Table(title="Tests passed", columns=("section", *ran), rows=rows)


def _score(outcomes: Sequence[Outcome], section: str) -> str:
    counts = Counter(outcome.passed for outcome in outcomes if outcome.section == section)
    counted = counts[True] + counts[False]
    return f"{counts[True]} of {counted}" if counted else "not tested"


def _failures(name: str, outcomes: Sequence[Outcome]) -> Table:
    rows = [(outcome.section, outcome.name) for outcome in outcomes if outcome.passed is False]
    return Table(title=f"What {name} fails", columns=("section", "test"), rows=rows)
