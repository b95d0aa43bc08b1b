"""What starting `sayso` costs, and that its help knows what its parts know."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import av
import pytest
from typer.testing import CliRunner

from sayso.audio import AudioFormat
from sayso.cli.app import app
from sayso.narration import SUBTITLE_FORMATS

if TYPE_CHECKING:
    from support.command_line import RunSayso

HEAVY = (
    "aiobotocore", "alembic", "av", "botocore", "ctranslate2", "faster_whisper", "fastapi", "num2words", "numpy",
    "obstore", "onnx", "onnxruntime", "openai", "prometheus_client", "psycopg", "rich.console", "sentencex", "soxr",
    "sqlalchemy", "starlette", "structlog", "tokenizers", "uvicorn",
)  # fmt: skip
"""What takes long to import."""


def test_the_commands_come_without_the_libraries_they_work_with() -> None:
    """Help and version load no library of sound, language or services: every run of `sayso` would wait for it."""
    assert _loaded("import sayso.cli") == set()


def test_a_narration_that_is_finished_loads_no_library_either(sayso: RunSayso, tmp_path: Path) -> None:
    """Its whole process reads, compares digests, and reports."""
    (tmp_path / "story.md").write_text("It was late.")
    arguments = ("narrate", str(tmp_path / "story.md"), "--out", str(tmp_path / "out"), "--json")
    sayso(*arguments)
    program = f"""
import contextlib, io, json, sys
from sayso.cli import main
sys.argv = ["sayso", *{arguments!r}]
printed = io.StringIO()
with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
    main()
assert json.loads(printed.getvalue())["narrations"][0]["cached_segments"] == 1"""
    assert _loaded(program) == set()


def _loaded(program: str) -> set[str]:
    """The heavy modules that another process has loaded after a program."""
    ending = f"import json, sys; print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    command = [sys.executable, "-c", f"{program}\n{ending}"]
    return set(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_standard_stream_that_is_closed_is_no_error(closed: str) -> None:
    """As for what some supervisors start: what would be written there is lost."""
    command = f"{sys.executable} -c 'from sayso.cli.app import main; main()' lint --help {closed}"
    program = f"{sys.executable} -c 'import sayso.cli.app as a; a.main()' lint {__file__} {closed}"
    assert subprocess.run(["/bin/sh", "-c", command], check=False).returncode == 0
    assert subprocess.run(["/bin/sh", "-c", program], check=False).returncode == 2  # it holds no subtitles


@pytest.mark.skipif(sys.platform == "darwin", reason="its file system has no such names")
def test_a_file_whose_name_is_not_utf_8_is_narrated_and_named(sayso: RunSayso, tmp_path: Path) -> None:
    """Its name is printed as it is; the title in the audio has question marks."""
    story = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    Path(os.fsdecode(story)).write_text("It was late.")
    out = tmp_path / "out"
    arguments = ["narrate", os.fsdecode(story), "--out", str(out)]
    assert sayso(*arguments, "--quiet").code == 0
    command = [sys.executable, "-c", "import sayso.cli.app as a; a.main()", *arguments]
    done = subprocess.run(command, check=True, capture_output=True)  # finds it finished, and names it
    assert done.stdout.count(b"caf\xe9") == 5
    with Path(os.fsdecode(os.fsencode(out) + b"/caf\xe9.mp3")).open("rb") as file, av.open(file) as audio:
        assert audio.metadata["title"] == "caf?"


@pytest.mark.parametrize("name", [*AudioFormat, *SUBTITLE_FORMATS])
def test_the_help_of_narrate_names_every_format(name: str) -> None:
    """A format that can be written can be found in the help."""
    assert f" {name}" in CliRunner().invoke(app, ["narrate", "--help"]).stdout
