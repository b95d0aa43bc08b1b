"""What starting `sayso` costs, and that its help knows what its parts know."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from sayso.audio import AudioFormat
from sayso.cli.app import app
from sayso.narration import SUBTITLE_FORMATS

HEAVY = ("av", "numpy", "onnxruntime", "faster_whisper", "num2words", "pydantic_settings", "structlog")


def test_the_commands_come_without_the_libraries_they_work_with() -> None:
    """Help and version load no library of sound or language: every run of `sayso` would wait for it."""
    program = f"import json, sys, sayso.cli; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    assert json.loads(loaded) == []


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_standard_stream_that_is_closed_is_no_error(closed: str) -> None:
    """As for what some supervisors start: what would be written there is lost."""
    command = f"{sys.executable} -c 'from sayso.cli.app import main; main()' lint --help {closed}"
    program = f"{sys.executable} -c 'import sayso.cli.app as a; a.main()' lint {__file__} {closed}"
    assert subprocess.run(["/bin/sh", "-c", command], check=False).returncode == 0
    assert subprocess.run(["/bin/sh", "-c", program], check=False).returncode == 2  # it holds no subtitles


@pytest.mark.parametrize("name", [*AudioFormat, *SUBTITLE_FORMATS])
def test_the_help_of_narrate_names_every_format(name: str) -> None:
    """A format that can be written can be found in the help."""
    assert f" {name}" in CliRunner().invoke(app, ["narrate", "--help"]).stdout
