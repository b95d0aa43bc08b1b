"""What `sayso align` writes, prints, refuses and exits with."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sayso.alignment import Aligner, HeardWord
from sayso.bootstrap.spoken_language import detected_language
from sayso.cli.align import align
from sayso.errors import InvalidInput, ModelMissing, NothingToSay, UnsupportedLanguage
from sayso.settings import Settings
from sayso.stt import WhisperTranscriber, open_recording
from sayso.subtitles import parse_subtitles
from support.alignment.commands import align_as_written, run_command
from support.alignment.written import LetterPronouncer, Writer, WrittenModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sayso.alignment import Progress

TEXT = "The ferry leaves at 25 past. Bring a warm coat, and be early."


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a recording and its text."""
    writer = Writer().pause(0.4).say("The ferry leaves at twenty five past").pause(0.5)
    (tmp_path / "take.2.wav").write_bytes(writer.say("Bring a warm coat and be early").pause(0.5).wav)
    (tmp_path / "text.txt").write_text(TEXT, encoding="utf-8")
    align_as_written(monkeypatch)
    return tmp_path


def invoke(*arguments: object) -> Any:
    return run_command(align, *arguments)


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
        invoke(place / "take.2.wav", place / "text.txt", "-o", place / "out", "-l", "en")
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


def test_the_language_is_detected_and_named(place: Path) -> None:
    """By the text where Whisper is not here; the option's needs no detection."""
    audio, text = place / "take.2.wav", place / "text.txt"
    result = invoke(audio, text, "-o", place)
    assert "take.2.wav: the language is en (the text); --language names another" in result.stderr
    assert json.loads(invoke(audio, text, "-o", place, "--json").stdout)["language"] == "en"
    named = invoke(audio, text, "-o", place, "--language", "English")
    assert "the language is" not in named.stderr
    assert "the language is" not in invoke(audio, text, "-o", place, "--quiet").stderr


def test_whisper_hears_the_language_where_it_is(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is sure; else the text shows it."""
    heard = ("fr", 0.97)

    class Hearing(WhisperTranscriber):
        def __init__(self) -> None:
            pass

        def detect_language(self, recording: Any, *, context: Any = None) -> tuple[str, float]:
            del recording, context
            return heard

    monkeypatch.setattr("sayso.bootstrap.engines.open_transcriber", lambda *_: Hearing())
    audio, text = place / "take.2.wav", place / "text.txt"
    assert "the language is fr (Whisper, 97 %)" in invoke(audio, text, "-o", place).stderr
    heard = ("fr", 0.2)
    assert "the language is en (the text)" in invoke(audio, text, "-o", place).stderr
    with open_recording(audio) as recording:
        unsure = detected_language(recording, "Ferry.", Settings())
    assert (unsure.code, unsure.source) == ("fr", "Whisper, 20 %")


def test_a_language_that_nothing_shows_is_to_be_named(place: Path) -> None:
    """And no file is written."""
    (place / "text.txt").write_text("Ferry.", encoding="utf-8")
    with pytest.raises(InvalidInput, match="cannot be detected"):
        invoke(place / "take.2.wav", place / "text.txt", "-o", place / "out")
    assert not (place / "out").exists()


def test_nothing_is_heard_for_an_empty_text(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is refused before its language is looked for."""

    def opened(*_: object) -> Any:
        raise AssertionError

    monkeypatch.setattr("sayso.bootstrap.engines.open_transcriber", opened)
    (place / "text.txt").write_text(" … \n", encoding="utf-8")
    with pytest.raises(NothingToSay):
        invoke(place / "take.2.wav", place / "text.txt", "-o", place / "out")


def test_a_language_without_phonemes_is_named(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a mistake of the call."""

    class Silent(LetterPronouncer):
        def pronounce(self, words: Sequence[str], language: str) -> list[str]:
            raise UnsupportedLanguage(f"It does not speak {language!r}: {words[0]}")

    monkeypatch.setattr(
        "sayso.bootstrap.alignment.open_aligner", lambda _settings, **_options: Aligner(WrittenModel(), Silent())
    )
    with pytest.raises(UnsupportedLanguage, match="“tlh” cannot be placed, because there are no phonemes"):
        invoke(place / "take.2.wav", place / "text.txt", "-o", place, "--language", "tlh")


def test_a_long_recording_shows_its_progress(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a log as lines; while it is transcribed, and while it is placed."""
    writer = Writer()
    for _ in range(16):
        writer.say("The ferry leaves at twenty five past").pause(1).say("Bring a warm coat and be early").pause(1)
    (place / "take.2.wav").write_bytes(writer.wav)
    (place / "text.txt").write_text(f"{TEXT}\n\n" * 16, encoding="utf-8")

    def listen(recording: Any, language: str, context: Any, progress: Progress) -> list[HeardWord]:
        del recording, language, context
        progress(writer.seconds / 2, writer.seconds)
        progress(writer.seconds, writer.seconds)
        return writer.heard()

    monkeypatch.setattr(
        "sayso.bootstrap.alignment.open_aligner",
        lambda _settings, **_options: Aligner(WrittenModel(), LetterPronouncer(), listen=listen),
    )
    result = invoke(place / "take.2.wav", place / "text.txt", "-o", place, "-l", "en")
    lines = [line for line in result.stderr.splitlines() if " % of " in line]
    assert [line.split(":")[1].split("%")[0].strip() for line in lines] == ["25", "75", "100"]
    assert "Bring" in (place / "take.2.srt").read_text(encoding="utf-8")
