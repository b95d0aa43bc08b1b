"""What `sayso retime` writes, prints and refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sayso.cli.retime import retime
from sayso.errors import NotText
from sayso.subtitles import parse_subtitles
from support.alignment.commands import align_as_written, run_command
from support.alignment.written import Writer

if TYPE_CHECKING:
    from pathlib import Path

TTML = (
    '<?xml version="1.0" encoding="windows-1252"?>\n<tt xmlns="http://www.w3.org/ns/ttml" xml:lang="en"><body><div>\n'
    '<p begin="7s" end="9s" region="r">The ferry – leaves</p><!-- as it was -->\n'
    '<p begin="9s" end="12s"><span style="s">Bring a coat</span></p></div></body></tt>\n'
)
SRT = "1\n00:00:07,000 --> 00:00:09,000\nThe ferry – leaves\n\n2\n00:00:09,000 --> 00:00:12,000\nBring a coat\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a recording and its subtitles."""
    writer = Writer().pause(0.4).say("The ferry leaves").pause(0.5)
    (tmp_path / "film.wav").write_bytes(writer.say("Bring a coat").pause(0.5).wav)
    (tmp_path / "film.ttml").write_bytes(TTML.encode("windows-1252"))
    (tmp_path / "film.srt").write_bytes(SRT.encode("windows-1252"))
    align_as_written(monkeypatch)
    return tmp_path


def invoke(*arguments: object) -> Any:
    return run_command(retime, *arguments)


def test_ttml_gets_other_times_and_nothing_else(place: Path) -> None:
    """In UTF-8, which it then says itself; the report is quiet about names that are right."""
    out = place / "new.ttml"
    result = invoke(place / "film.ttml", place / "film.wav", "--out", out, "--json")
    report = json.loads(result.stdout)
    assert (report["cues"], report["unplaced"], report["remarks"]) == (2, [], [])
    content = out.read_text(encoding="utf-8")
    first, second = parse_subtitles(content)
    assert first.start_ms == pytest.approx(400, abs=50)
    assert second.start_ms > first.end_ms
    assert '" region="r">The ferry – leaves</p><!-- as it was -->\n<p begin=' in content
    assert content.startswith('<?xml version="1.0" encoding="UTF-8"?>')


def test_an_encoding_is_named_and_names_of_other_formats_are_said(place: Path) -> None:
    """The result is in UTF-8; that of SubRip is no WebVTT for its name."""
    out = place / "new.vtt"
    with pytest.raises(NotText, match="--encoding windows-1252"):
        invoke(place / "film.srt", place / "film.wav", "--out", out)
    result = invoke(place / "film.srt", place / "film.wav", "--out", out, "--encoding", "windows-1252")
    assert "  new.vtt holds SubRip, and its name says WebVTT\n" in result.stderr
    assert "The ferry – leaves" in out.read_text(encoding="utf-8")


def test_the_language_is_detected_from_the_cues_or_named(place: Path) -> None:
    """By their words, where Whisper is not here."""
    out = place / "new.ttml"
    assert "the language is en (the text)" in invoke(place / "film.ttml", place / "film.wav", "--out", out).stderr
    named = invoke(place / "film.ttml", place / "film.wav", "--out", out, "-l", "en")
    assert "the language is" not in named.stderr
