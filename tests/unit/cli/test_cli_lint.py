"""`sayso lint`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner, Result

from sayso.cli.lint import lint
from sayso.errors import InvalidInput, NotSubtitles, NotText

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "1\n00:00:00,000 --> 00:00:02,000\nGood morning.\n\n2\n00:00:02,100 --> 00:00:04,000\nGood evening.\n"
FAST = "WEBVTT\n\n00:00.000 --> 00:01.000\nThis is far too much to read.\n"

app = typer.Typer()
app.command()(lint)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.srt"
    path.write_text(GOOD, encoding="utf-8-sig")
    return path


@pytest.fixture
def fast(tmp_path: Path) -> Path:
    path = tmp_path / "fast.vtt"
    path.write_text(FAST, encoding="utf-8")
    return path


def test_files_in_order_exit_with_0(good: Path) -> None:
    """A clean file says how many cues were checked."""
    result = run(good)
    assert (result.exit_code, result.stdout) == (0, "2 cues checked against netflix, no violations.\n")


def test_violations_are_listed_and_exit_with_1(good: Path, fast: Path) -> None:
    """Each violation is printed with its file, cue, time, rule and both figures."""
    result = run(good, fast, "--style", "kids")
    assert result.exit_code == 1
    assert result.stdout == (
        f"{fast}: cue 1 at 0.000 s: reading-speed: 29.0 characters a second, at most 17\n"
        "3 cues checked against kids, 1 violation.\n"
    )


def test_json_is_one_document(fast: Path) -> None:
    """Machines get the same findings as people do."""
    result = run(fast, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "style": "netflix",
        "cues": 1,
        "violations": [
            {
                "file": str(fast),
                "cue": 1,
                "start": 0.0,
                "rule": "reading-speed",
                "message": "29.0 characters a second, at most 20",
            }
        ],
    }


def test_a_missing_file_is_wrong_use(tmp_path: Path) -> None:
    """A file that is not there exits with 2 before anything is read."""
    assert run(tmp_path / "missing.srt").exit_code == 2


def test_an_unknown_style_is_invalid(good: Path) -> None:
    """A style nobody knows is the caller's mistake."""
    assert isinstance(run(good, "--style", "vhs").exception, InvalidInput)


def test_a_file_of_something_else_is_invalid(tmp_path: Path) -> None:
    """A file that holds no subtitles is named, with the line."""
    path = tmp_path / "story.srt"
    path.write_text("Once upon a time", encoding="utf-8")
    error = run(path).exception
    assert isinstance(error, NotSubtitles)
    assert error.message.startswith(f"{path}: Line 1 ")


def test_a_binary_file_is_invalid(tmp_path: Path) -> None:
    """A file that is not even text is named."""
    path = tmp_path / "sound.srt"
    path.write_bytes(b"ID3\xff\xfb")
    error = run(path).exception
    assert isinstance(error, NotText)
    assert str(path) in error.message


def test_what_is_not_of_the_format_is_listed_with_its_line(good: Path) -> None:
    """The cues are checked all the same."""
    good.write_bytes(good.read_text().replace(" --> ", " -> ", 1).encode("utf-16"))
    result = run(good)
    assert result.exit_code == 1
    assert f"{good}: line 2: syntax: " in result.stdout
    found = json.loads(run(good, "--json").stdout)["violations"]
    assert [(each["rule"], each["line"]) for each in found] == [("syntax", 2)]
