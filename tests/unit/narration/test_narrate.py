"""A document in, audio and subtitles out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
import pytest

from sayso.audio import AudioFormat, LoudnessMeter, decode
from sayso.cache import DirectoryCache, NoCache
from sayso.errors import Cancelled, EngineFailed, NothingToSay, OutputFailed, SpeechTooLong, UnknownVoice
from sayso.narration import SUBTITLE_FORMATS, Document, NarrationSpec, Progress, narrate
from sayso.scheduling import Scheduler
from sayso.subtitles import StyleName, lint, parse_subtitles, style_named
from sayso.testing import FakeSpeechEngine
from sayso.tts.cache import SpeechCache

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """# The Lamp

It was late. Nobody came, and the lamp burned on; it cost £3.50 a night.

## Morning

“Who put it out?” she asked. [pause 1s] “I did,” he said.

[voice:fake_fr]
Il était dix heures. La mer était calme.
"""
STORY = Document(text=TEXT, name="lamp", markdown=True)
OPTIONS = NarrationSpec(voice="fake_en", audio=(AudioFormat.WAV,), subtitles=SUBTITLE_FORMATS, style="netflix")


def told(directory: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((directory / "lamp.json").read_text())
    return document


def test_every_file_that_was_asked_for_appears(tmp_path: Path) -> None:
    """Every audio and subtitle format is written, named after the document, and nothing else is left."""
    options = replace(OPTIONS, audio=tuple(AudioFormat))
    narration = narrate(STORY, FakeSpeechEngine(), SpeechCache(NoCache()), options, tmp_path / "deep" / "out")
    names = {f"lamp.{suffix}" for suffix in (*AudioFormat, *SUBTITLE_FORMATS)}
    assert {path.name for path in narration.files.values()} == names
    assert {form: path.suffix for form, path in narration.files.items()} == {
        form: f".{form}" for form in options.formats
    }
    assert {path.name for path in (tmp_path / "deep" / "out").iterdir()} == names


def test_what_is_no_longer_wanted_ends_in_the_middle_of_a_silence(tmp_path: Path) -> None:
    """A narration that is given up computes no further than the next block of sound, and leaves nothing behind."""
    story = Document(text="It was late. " + "[pause 60s]" * 60 + " The lamp burned on.", name="lamp", markdown=False)
    slot = Scheduler(permits=1, slots=1).admit("gone")
    engine = FakeSpeechEngine()

    def give_up(progress: Progress) -> None:
        assert progress.audio_seconds > 3600
        slot.close(cancelled=True)

    with pytest.raises(Cancelled):
        narrate(story, engine, SpeechCache(NoCache()), OPTIONS, tmp_path / "out", on_progress=give_up, context=slot)
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(
    ("text", "speed"), [("It was late." + "[pause 60s]" * 11, 1.0), ("The lamp burned on. " * 100, 0.25)]
)
def test_a_text_that_takes_too_long_is_not_begun(tmp_path: Path, text: str, speed: float) -> None:
    """Pauses and slow speech count before anything is spoken, and the error says how long it would be."""
    options = replace(OPTIONS, speed=speed)
    engine, cache = FakeSpeechEngine(), SpeechCache(NoCache())
    document = Document(text=text, name="lamp", markdown=False)
    with pytest.raises(SpeechTooLong, match=r"about [56]\d\d s .* at most 400 s"):
        narrate(document, engine, cache, options, tmp_path / "out", maximum_seconds=400.0)
    assert engine.calls == 0


def test_every_word_of_the_source_has_a_time(tmp_path: Path) -> None:
    """The words are those of the text, each where it stands there, in order, and inside the audio."""
    narrate(STORY, FakeSpeechEngine(), SpeechCache(NoCache()), OPTIONS, tmp_path)
    timeline = told(tmp_path)
    assert timeline["text"] == TEXT
    words = timeline["words"]
    assert [word["text"] for word in words][:6] == ["The", "Lamp", "It", "was", "late", "Nobody"]
    assert "£3.50" in [word["text"] for word in words]
    assert all(TEXT[word["char_start"] : word["char_end"]] == word["text"] for word in words)
    edges = [edge for word in words for edge in (word["start"], word["end"])]
    assert edges == sorted(edges)
    assert words[-1]["end"] <= decode(tmp_path / "lamp.wav", sample_rate_hz=24_000).duration_seconds


def test_words_are_heard_when_the_timeline_says(tmp_path: Path) -> None:
    """The sound of each word lies between its start and end, pauses, trims and joins notwithstanding."""
    narrate(STORY, FakeSpeechEngine(), SpeechCache(NoCache()), OPTIONS, tmp_path)
    samples = decode(tmp_path / "lamp.wav", sample_rate_hz=24_000).samples
    heard = np.zeros(samples.size, bool)
    for word in told(tmp_path)["words"]:
        first, last = round(word["start"] * 24_000), round(word["end"] * 24_000)
        assert np.abs(samples[first:last]).max() > 0.05
        heard[first - 1 : last + 1] = True
    assert np.abs(samples[~heard]).max() < 0.01


def test_the_audio_is_as_long_as_the_timeline(tmp_path: Path) -> None:
    """The WAV has exactly the samples that the timeline counts."""
    narration = narrate(STORY, FakeSpeechEngine(), SpeechCache(NoCache()), OPTIONS, tmp_path)
    samples = decode(tmp_path / "lamp.wav", sample_rate_hz=24_000).samples
    assert samples.size == round(narration.audio_seconds * 24_000)


def test_a_written_pause_is_heard(tmp_path: Path) -> None:
    """[pause 1s] is a second of silence between the words around it."""
    narrate(STORY, FakeSpeechEngine(), SpeechCache(NoCache()), OPTIONS, tmp_path)
    words = told(tmp_path)["words"]
    asked = next(index for index, word in enumerate(words) if word["text"] == "asked")
    assert words[asked + 1]["start"] - words[asked]["end"] == pytest.approx(1.0, abs=0.05)


def test_headings_become_chapters(tmp_path: Path) -> None:
    """Each heading begins a chapter at its first word; together they cover the audio."""
    narration = narrate(STORY, FakeSpeechEngine(), SpeechCache(NoCache()), OPTIONS, tmp_path)
    chapters = told(tmp_path)["chapters"]
    assert [chapter["title"] for chapter in chapters] == ["The Lamp", "Morning"]
    assert chapters[0]["end"] == chapters[1]["start"]
    assert chapters[1]["end"] == pytest.approx(narration.audio_seconds, abs=1e-5)


@pytest.mark.parametrize("style", get_args(StyleName))
def test_what_is_written_passes_the_lint(tmp_path: Path, style: StyleName) -> None:
    """Our own SRT and WebVTT keep the style that they were made for."""
    narrate(STORY, FakeSpeechEngine(), SpeechCache(NoCache()), replace(OPTIONS, style=style), tmp_path)
    for suffix in ("srt", "vtt"):
        cues = parse_subtitles((tmp_path / f"lamp.{suffix}").read_text())
        assert lint(cues, style_named(style)) == []


@pytest.mark.parametrize("target", [-16.0, -23.0])
def test_the_document_has_the_loudness_asked_for(tmp_path: Path, target: float) -> None:
    """The integrated loudness is the target, unless the true peak would exceed its limit."""
    narrate(STORY, FakeSpeechEngine(), SpeechCache(NoCache()), replace(OPTIONS, loudness_lufs=target), tmp_path)
    meter = LoudnessMeter(24_000)
    meter.add(decode(tmp_path / "lamp.wav", sample_rate_hz=24_000).samples)
    loudness = meter.finish()
    assert loudness.true_peak_db <= -0.9
    assert loudness.integrated_lufs == pytest.approx(target, abs=0.3) or loudness.true_peak_db > -1.1


def test_loudness_off_is_no_gain(tmp_path: Path) -> None:
    """Without a target nothing is changed."""
    narration = narrate(
        STORY, FakeSpeechEngine(), SpeechCache(NoCache()), replace(OPTIONS, loudness_lufs=None), tmp_path
    )
    assert narration.gain_db == 0.0


def test_the_second_time_everything_is_in_the_cache(tmp_path: Path) -> None:
    """A second narration speaks nothing, says so, and writes the same bytes."""
    engine = FakeSpeechEngine()
    cache = SpeechCache(DirectoryCache(tmp_path / "cache", maximum_bytes=10**9))
    narrate(STORY, engine, cache, OPTIONS, tmp_path / "first")
    spoken = engine.calls
    narration = narrate(STORY, engine, cache, OPTIONS, tmp_path / "second")
    assert engine.calls == spoken
    assert narration.cached_segments == narration.segments > 0
    for path in (tmp_path / "first").iterdir():
        assert path.read_bytes() == (tmp_path / "second" / path.name).read_bytes()


def test_an_edited_sentence_costs_one_sentence(tmp_path: Path) -> None:
    """After one word is changed, one segment is spoken anew."""
    engine = FakeSpeechEngine()
    cache = SpeechCache(DirectoryCache(tmp_path / "cache", maximum_bytes=10**9))
    narrate(STORY, engine, cache, OPTIONS, tmp_path)
    spoken = engine.calls
    edited = replace(STORY, text=TEXT.replace("lamp burned", "lantern burned"))
    narrate(edited, engine, cache, OPTIONS, tmp_path)
    assert engine.calls == spoken + 1


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    """When the engine breaks on the way, no output appears, and nothing hidden is left."""
    with pytest.raises(EngineFailed):
        narrate(STORY, FakeSpeechEngine(failing_calls=[4]), SpeechCache(NoCache()), OPTIONS, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_an_earlier_narration_outlives_a_failure(tmp_path: Path) -> None:
    """A narration that fails leaves the files of the one before as they were."""
    narrate(STORY, FakeSpeechEngine(), SpeechCache(NoCache()), OPTIONS, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(EngineFailed):
        narrate(STORY, FakeSpeechEngine(failing_calls=[2]), SpeechCache(NoCache()), OPTIONS, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_progress_grows_to_the_end(tmp_path: Path) -> None:
    """Progress is told after each line, never goes back, and ends with the last character that is spoken."""
    told_progress: list[Progress] = []
    narrate(STORY, FakeSpeechEngine(), SpeechCache(NoCache()), OPTIONS, tmp_path, on_progress=told_progress.append)
    done = [progress.done_characters for progress in told_progress]
    assert done == sorted(done)
    assert done[-1] == TEXT.rindex("calme") + len("calme")


@pytest.mark.parametrize("text", ["", "   \n\t ", "…", "🙂🙂", "---", "<!-- nothing -->", "[pause 1s]"])
def test_nothing_to_say_is_said(tmp_path: Path, text: str) -> None:
    """A text without a word is refused, and no file appears."""
    with pytest.raises(NothingToSay):
        narrate(replace(STORY, text=text), FakeSpeechEngine(), SpeechCache(NoCache()), OPTIONS, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_unknown_voice_is_found_before_anything_is_spoken(tmp_path: Path) -> None:
    """A voice that the last line switches to is checked before the first line is spoken."""
    engine = FakeSpeechEngine()
    with pytest.raises(UnknownVoice):
        narrate(
            replace(STORY, text=f"{TEXT}\n[voice:nobody]\nHello."), engine, SpeechCache(NoCache()), OPTIONS, tmp_path
        )
    assert engine.calls == 0


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """An output path that runs through a file is refused before anything is spoken."""
    (tmp_path / "file").write_text("here")
    engine = FakeSpeechEngine()
    with pytest.raises(OutputFailed):
        narrate(STORY, engine, SpeechCache(NoCache()), OPTIONS, tmp_path / "file" / "out")
    assert engine.calls == 0


def test_a_name_with_dots_keeps_them(tmp_path: Path) -> None:
    """“vol.1” becomes “vol.1.wav”, not “vol.wav”."""
    narration = narrate(replace(STORY, name="vol.1"), FakeSpeechEngine(), SpeechCache(NoCache()), OPTIONS, tmp_path)
    assert narration.files[AudioFormat.WAV].name == "vol.1.wav"


def test_one_short_word_passes_the_lint(tmp_path: Path) -> None:
    """“Hi” alone is followed by enough silence for its subtitle to be shown."""
    narrate(replace(STORY, text="Hi"), FakeSpeechEngine(), SpeechCache(NoCache()), OPTIONS, tmp_path)
    assert lint(parse_subtitles((tmp_path / "lamp.srt").read_text()), style_named(OPTIONS.style)) == []


@pytest.mark.parametrize(("timed", "timing"), [(True, "exact"), (False, "naive")])
def test_naive_times_are_called_so(tmp_path: Path, timed: bool, timing: str) -> None:
    """The JSON says whether the word times are the engine's or shared out by characters."""
    narrate(STORY, FakeSpeechEngine(timed=timed), SpeechCache(NoCache()), OPTIONS, tmp_path)
    assert told(tmp_path)["timing"] == timing
