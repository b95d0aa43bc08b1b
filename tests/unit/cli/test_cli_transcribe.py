"""What `sayso transcribe` writes, prints, refuses and exits with."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from sayso.cli.transcribe import FORMATS, TranscriptionJob, transcribe, transcribe_files
from sayso.errors import InvalidInput, ModelMissing, UnsupportedLanguage
from sayso.stt import DEFAULT_OPTIONS, TranscriptionOptions
from sayso.subtitles import lint, parse_subtitles, style_named
from sayso.testing import FakeTranscriber
from support.audio.sounds import encoded, pings

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.alignment import Aligner
    from sayso.cli.transcribe import TranscriptFormat

SAID = "It was late. Nobody came, and the lamp burned on."


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "night.mp3"
    path.write_bytes(encoded(pings((1_000,), length=24_000 * 6), "mp3"))
    return path


def job(out: Path | None = None, formats: tuple[TranscriptFormat, ...] = FORMATS) -> TranscriptionJob:
    return TranscriptionJob(out=out, formats=formats, style=style_named("netflix"), options=DEFAULT_OPTIONS)


def run(files: list[Path], wanted: TranscriptionJob, *, as_json: bool = False, quiet: bool = False) -> bool:
    return transcribe_files(files, wanted, FakeTranscriber(SAID), as_json=as_json, quiet=quiet)


def invoke(*arguments: str) -> None:
    """Run the command; its errors come through as the entry point sees them."""
    app = typer.Typer()
    app.command()(transcribe)
    CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_one_recording_is_printed(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a directory the text goes to standard output, a line per segment, and nothing else does."""
    assert run([recording], job(formats=("txt",)))
    assert capsys.readouterr().out == "It was late.\nNobody came, and the lamp burned on.\n"


def test_every_format_is_written(recording: Path, tmp_path: Path) -> None:
    """A directory gets a file per format, the subtitles of which keep their style."""
    out = tmp_path / "deep" / "out"

    assert run([recording], job(out))

    assert sorted(path.name for path in out.iterdir()) == ["night.json", "night.srt", "night.txt", "night.vtt"]
    document = json.loads((out / "night.json").read_text(encoding="utf-8"))
    assert (document["text"], document["timing"]) == (SAID, "estimated")
    assert [document["text"][word["char_start"] : word["char_end"]] for word in document["words"]] == [
        word["text"] for word in document["words"]
    ]
    for name in ("night.srt", "night.vtt"):
        cues = parse_subtitles((out / name).read_text(encoding="utf-8"))
        assert " ".join(line for cue in cues for line in cue.lines) == SAID
        assert lint(cues, style_named("netflix")) == []


def test_words_are_placed_where_times_are_written(recording: Path, tmp_path: Path) -> None:
    """The aligner is opened for files with times only; without its model the times are the engine's."""
    opened: list[str] = []

    def missing() -> Aligner:
        opened.append("aligner")
        raise ModelMissing("It has not been pulled.")

    assert run([recording], replace(job(tmp_path / "text", ("txt",)), aligner=missing))
    assert opened == []
    assert run([recording], replace(job(tmp_path / "times", ("json",)), aligner=missing))
    assert opened == ["aligner"]
    document = json.loads((tmp_path / "times" / "night.json").read_text(encoding="utf-8"))
    assert document["timing"] == "estimated"


def test_silence_gives_empty_files(tmp_path: Path) -> None:
    """A recording in which nobody speaks is no failure: its text is empty and its subtitles have no cue."""
    path = tmp_path / "silence.wav"
    path.write_bytes(encoded(np.zeros(24_000, np.float32), "wav"))

    assert run([path], job(tmp_path / "out"))

    assert (tmp_path / "out" / "silence.txt").read_text(encoding="utf-8") == ""
    assert parse_subtitles((tmp_path / "out" / "silence.vtt").read_text(encoding="utf-8")) == []


def test_a_bad_file_does_not_stop_the_others(
    recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The files after one that is no audio are transcribed, the error names it, and the whole counts as failed."""
    bad = tmp_path / "bad.mp3"
    bad.write_bytes(b"this is no sound")

    assert not run([bad, tmp_path / "missing.wav", recording], job(tmp_path / "out"))

    assert sorted({path.stem for path in (tmp_path / "out").iterdir()}) == ["night"]
    printed = capsys.readouterr()
    assert "bad.mp3" in printed.err
    assert "missing.wav" in printed.err
    assert "night.srt" in printed.out


def test_an_unknown_language_is_wrong_use(recording: Path) -> None:
    """A language that the model lacks is not reported for each file, but ends the command."""
    wanted = replace(job(formats=("txt",)), options=TranscriptionOptions(language="tlh"))
    with pytest.raises(UnsupportedLanguage):
        run([recording], wanted)


def test_a_directory_that_cannot_be_made_fails(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A target below a file is reported as what it is, not as a broken program."""
    assert not run([recording], job(recording / "below"))
    assert "Cannot make the directory" in capsys.readouterr().err


def test_machines_get_one_document(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints one object with a report for each file, those that failed included, and no progress."""
    bad = tmp_path / "bad.mp3"
    bad.write_bytes(b"")

    assert not run([recording, bad], job(tmp_path / "out"), as_json=True)

    good, failed = json.loads(capsys.readouterr().out)["transcriptions"]
    assert good["text"] == SAID
    assert good["words"] == len(SAID.split())
    assert good["audio_seconds"] == pytest.approx(6.0, abs=0.01)
    assert [path.rpartition(".")[2] for path in good["files"]] == list(FORMATS)
    assert "bad.mp3" in failed["error"]


def test_json_without_a_directory_holds_the_text(recording: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With --json standard output stays one document even when the text has nowhere else to go."""
    assert run([recording], job(formats=("txt",)), as_json=True)
    assert json.loads(capsys.readouterr().out)["transcriptions"][0]["text"] == SAID


def test_progress_is_plain_lines_in_a_log(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nobody watches, progress is a few lines on standard error, and --quiet leaves them out."""
    run([recording], job(tmp_path / "out"))
    assert "night.mp3: 100 % of 6 s" in capsys.readouterr().err.splitlines()
    run([recording], job(tmp_path / "out"), quiet=True)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "arguments",
    [
        ["a.wav", "--format", "docx"],
        ["a.wav", "--format", "none"],
        ["a.wav", "--format", "txt,srt"],
        ["a.wav", "b.wav"],
        ["x/a.wav", "y/a.mp3", "--out", "out"],
        ["a.wav", "--style", "baroque"],
        ["a.wav", "--model", "enormous"],
    ],
)
def test_wrong_use_is_refused_before_any_work(arguments: list[str]) -> None:
    """What cannot be delivered is wrong use, and found before a model is loaded."""
    with pytest.raises(InvalidInput):
        invoke(*arguments)
