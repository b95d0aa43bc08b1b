"""Whatever a client sends: schemathesis attacks the server's own OpenAPI description for so many minutes.

It makes requests that follow the description and requests that break it, operation by operation and in chains. It finds
an answer with a 5xx status, one that the description does not know, a body or a header that does not match it, a wrong
request that is taken, a key that is not asked for. The server runs as a process of its own with local engines. Whether
every request that follows the description is taken is not checked: OpenAPI cannot say which bytes are a recording.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.processes import ProcessFailed
from bench.report import Figure, Result, Table
from bench.server import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEED = 2026
_WORKERS = 2
_REQUEST_SECONDS = 60
_GRACE_SECONDS = 300.0
_COMPLETED = (0, 1)
"""What schemathesis ends with where it found nothing, and where it found something."""


def measure_schemathesis(work: Path, *, minutes: float) -> Result:
    """Attack a server for so many minutes, in an empty directory ``work``."""
    with ServerProcess(work) as server:
        output = _attack(server, work, minutes)
        unhandled = server.log.count("unhandled error")
    report = json.loads(next(work.glob("report/json-*.json")).read_text(encoding="utf-8"))
    cases = report["test_cases"]
    tried = (
        f"{cases['generated']:,} test cases on {report['operations']['tested']} of {report['operations']['total']} "
        f"operations in {report['running_time'] / 60:.1f} min"
    )
    figures = (
        Figure(
            name="contract violations",
            value=cases["unique_failures"],
            unit="",
            compared_to=tried,
            at_most=0,
            decimals=0,
        ),
        Figure(
            name="unhandled errors in the server's log",
            value=unhandled,
            unit="",
            compared_to="",
            at_most=0,
            decimals=0,
        ),
    )
    found = Table(
        title="What was found", columns=("failure", "times", "severity", "operations"), rows=list(_rows(report))
    )
    notes = (output[output.find("= FAILURES =") :],) if cases["unique_failures"] else ()
    return Result(name="schemathesis", figures=figures, tables=(found,), notes=notes)


def _attack(server: ServerProcess, work: Path, minutes: float) -> str:
    """Run schemathesis; what it printed."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.root_url}/openapi.json",
        "--header", f"Authorization: Bearer {server.key}",
        "--checks", "all",
        "--exclude-checks", "positive_data_acceptance",
        "--max-time", f"{minutes * 60:.0f}",
        "--workers", str(_WORKERS),
        "--request-timeout", str(_REQUEST_SECONDS),
        "--seed", str(_SEED),
        "--generation-database", "none",
        "--continue-on-failure",
        "--no-shrink",
        "--no-color",
        "--report", "json",
        "--report-dir", str(work / "report"),
    ]  # fmt: skip
    ran = subprocess.run(
        command,
        cwd=work,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
        timeout=minutes * 60 + _GRACE_SECONDS,
    )
    if ran.returncode not in _COMPLETED:
        raise ProcessFailed(f"schemathesis ended with {ran.returncode}:\n{ran.stdout[-3000:]}")
    return ran.stdout


def _rows(report: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    for failure in report["failures"]:
        operations = ", ".join(failure["operations"])
        yield f"{failure['code']} {failure['title']}", str(failure["count"]), failure["severity"], operations
