"""What `sayso align` writes, prints, refuses and exits with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer
from typer.testing import CliRunner

from sayso.alignment import Aligner
from sayso.cli.align import align
from sayso.errors import InvalidInput, ModelMissing
from sayso.subtitles import parse_subtitles
from support.alignment.written import LetterPronouncer, Writer, WrittenModel

if TYPE_CHECKING:
    from pathlib import Path

TEXT = "The ferry leaves at 25 past. Bring a warm coat, and be early."


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a recording and its text."""
    writer = Writer().pause(0.4).say("The ferry leaves at twenty five past").pause(0.5)
    (tmp_path / "take.2.wav").write_bytes(writer.say("Bring a warm coat and be early").pause(0.5).wav)
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(
        "sayso.bootstrap.alignment.open_aligner",
        lambda _settings, **_options: Aligner(WrittenModel(), LetterPronouncer()),
    )
    return tmp_path


def invoke(*arguments: object) -> Any:
    """Run the command; its errors come through as the entry point sees them."""
    app = typer.Typer()
    app.command()(align)
    return CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)


def test_files_are_written_beside_each_other(place: Path) -> None:
    """With the recording's name; the summary says how much was placed."""
    result = invoke(place / "take.2.wav", place / "text.txt", "--out", place / "out")
    assert "13 words placed, 0 of them doubtful" in result.stdout
    content = json.loads((place / "out" / "take.2.json").read_text(encoding="utf-8"))
    assert len(content["words"]) == 13
    for suffix in ("srt", "vtt"):
        cues = parse_subtitles((place / "out" / f"take.2.{suffix}").read_text(encoding="utf-8"))
        assert " ".join(line for cue in cues for line in cue.lines) == TEXT


def test_json_lists_what_is_not_spoken(place: Path) -> None:
    """And prints nothing else."""
    (place / "text.txt").write_text(f"{TEXT} Nothing here was said by anybody.", encoding="utf-8")
    report = json.loads(invoke(place / "take.2.wav", place / "text.txt", "-o", place, "--json").stdout)
    (gap,) = report["gaps"]
    assert gap["text"].endswith("said by anybody")
    assert report["files"] == [str(place / f"take.2.{suffix}") for suffix in ("srt", "vtt", "json")]


def test_another_text_is_refused(place: Path) -> None:
    """No files are written for it."""
    (place / "text.txt").write_text("Juju, kudzu, jukebox and quokka: zigzag junk, jumbo mujik.", encoding="utf-8")
    with pytest.raises(InvalidInput, match="Nothing of"):
        invoke(place / "take.2.wav", place / "text.txt", "-o", place / "out")
    assert not (place / "out").exists()


def test_a_mistake_is_found_before_any_work(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Formats, styles and texts are checked before a model is looked for."""

    def missing(_settings: object, **_options: object) -> Any:
        raise ModelMissing("not here")

    monkeypatch.setattr("sayso.bootstrap.alignment.open_aligner", missing)
    audio, text = place / "take.2.wav", place / "text.txt"
    for wrong in (["--subtitles", "none"], ["--subtitles", "pdf"], ["--style", "plain"]):
        with pytest.raises(InvalidInput):
            invoke(audio, text, *wrong)
    with pytest.raises(InvalidInput):
        invoke(audio, place / "text.docx")
    with pytest.raises(ModelMissing):
        invoke(audio, text)
