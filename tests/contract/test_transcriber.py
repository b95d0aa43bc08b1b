"""What every transcriber promises, held against the real engine, the fake, and OpenAI's protocol over a socket."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.bootstrap import open_engine
from sayso.errors import Cancelled, DeadlineExceeded, ModelCorrupt, ModelMissing, NotAudio, UnsupportedLanguage
from sayso.models import open_store
from sayso.providers.openai.connection import OpenAIConnection
from sayso.scheduling import Scheduler
from sayso.settings import load_settings
from sayso.stt import SAMPLE_RATE_HZ, Transcriber, Transcript, WhisperTranscriber
from sayso.stt.openai.transcriber import OpenAITranscriber
from sayso.testing import FakeTranscriber
from sayso.testing.openai_server import OpenAIServer
from sayso.types import Audio, Boundary, Span, Token, Utterance
from support.audio.sounds import encoded
from support.audio.transcripts import transcribed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAID = (
    "The lighthouse keeper climbed the stairs before dawn, as he had done every morning. "
    "He lit the lamp, wrote the time in his book, and waited for the sun."
)
WAIT_SECONDS = 4
BREAKS = {"": Boundary.NONE, ",": Boundary.CLAUSE, ".": Boundary.SENTENCE}


@pytest.fixture(scope="module", params=["fake", "openai", pytest.param("whisper-base", marks=pytest.mark.engine)])
def transcriber(request: pytest.FixtureRequest) -> Iterator[Transcriber]:
    if request.param == "fake":
        yield FakeTranscriber(SAID)
    elif request.param == "openai":
        with (
            OpenAIServer(transcriber=FakeTranscriber(SAID)) as server,
            OpenAIConnection(server.key, base_url=server.base_url) as connection,
        ):
            yield OpenAITranscriber(connection)
    else:
        yield WhisperTranscriber(open_store(load_settings()).path(request.param))


@pytest.fixture(scope="module")
def speech(transcriber: Transcriber) -> Audio:
    """`SAID`, spoken, after a silence; for the fake, here or behind the protocol, any sound will do."""
    if transcriber.name in {"fake", "openai:whisper-1"}:
        samples = np.random.default_rng(1).standard_normal(24_000 * 5).astype(np.float32) * 0.1
        return Audio(samples=samples, sample_rate_hz=24_000)
    settings = load_settings().model_copy(update={"synthesis_workers": 1})  # nothing to be measured for one sentence
    spoken = open_engine("kokoro", settings).synthesise(utterance(SAID), voice="af_heart", speed=1.0).audio
    silence = np.zeros(WAIT_SECONDS * spoken.sample_rate_hz, np.float32)
    return Audio(samples=np.concatenate([silence, spoken.samples]), sample_rate_hz=spoken.sample_rate_hz)


def utterance(text: str) -> Utterance:
    tokens = []
    start = 0
    for written in text.split(" "):
        spoken = written.rstrip(".,")
        trail = written[len(spoken) :]
        tokens.append(
            Token(
                spoken=spoken,
                span=Span(start=start, end=start + len(spoken)),
                trail=trail,
                boundary=BREAKS[trail],
            )
        )
        start += len(written) + 1
    return Utterance(tokens=tuple(tokens), language="en-us")


@pytest.fixture(scope="module")
def transcript(transcriber: Transcriber, speech: Audio) -> Transcript:
    return transcribed(transcriber, speech)


def letters(text: str) -> list[str]:
    """The words without case and punctuation."""
    return ["".join(filter(str.isalpha, word)) for word in text.lower().split()]


def test_the_text_is_what_was_said(transcript: Transcript) -> None:
    """A clearly spoken sentence is read back word for word, and its language is found."""
    assert letters(transcript.text) == letters(SAID)
    assert transcript.language == "en"
    assert 0.9 < transcript.language_probability <= 1


def test_every_word_has_a_place_and_a_time(transcript: Transcript, speech: Audio) -> None:
    """Words are spans of the text, in order, none without a time, none outside the audio."""
    timeline = transcript.timeline

    assert timeline.sample_rate_hz == SAMPLE_RATE_HZ
    assert timeline.duration_samples == round(speech.duration_seconds * SAMPLE_RATE_HZ)
    assert [word.span.of(transcript.text) for word in timeline.words] == [word.text for word in timeline.words]
    assert " ".join(word.shown for word in timeline.words) == transcript.text
    assert all(before.end_sample <= after.start_sample for before, after in pairwise(timeline.words))
    assert all(0 <= word.start_sample <= word.end_sample <= timeline.duration_samples for word in timeline.words)


def test_times_count_from_the_start_of_the_audio(transcript: Transcript, speech: Audio) -> None:
    """A silence before the first word is counted, although no speech is looked for in it."""
    first_sound_seconds = float(np.argmax(np.abs(speech.samples) > 0.02)) / speech.sample_rate_hz
    first_word_seconds = transcript.timeline.seconds(transcript.timeline.words[0].start_sample)
    assert first_word_seconds == pytest.approx(first_sound_seconds, abs=0.4)


def test_segments_hold_the_words(transcript: Transcript) -> None:
    """Each word lies in one segment, in the text and in time."""
    timeline = transcript.timeline
    for word in timeline.words:
        holding = [
            segment
            for segment in timeline.segments
            if segment.span.start <= word.span.start and word.span.end <= segment.span.end
        ]
        assert len(holding) == 1
        assert holding[0].start_sample <= word.start_sample <= word.end_sample <= holding[0].end_sample


def test_punctuation_marks_the_breaks(transcript: Transcript) -> None:
    """The full stops that were heard are breaks for the subtitles, and shown with their words."""
    words = transcript.timeline.words
    assert [word.shown for word in words if word.boundary is Boundary.SENTENCE] == ["morning.", "sun."]


@pytest.mark.parametrize("seconds", [0.0, 0.2, 5.0])
def test_silence_gives_an_empty_transcript(transcriber: Transcriber, seconds: float) -> None:
    """Silence of any length has no text and no words, and is no error."""
    samples = np.zeros(round(seconds * 24_000), np.float32)

    made = transcribed(transcriber, Audio(samples=samples, sample_rate_hz=24_000))

    assert made.text == ""
    assert made.timeline.words == ()
    assert made.timeline.duration_samples == round(seconds * SAMPLE_RATE_HZ)


def test_a_file_is_heard_as_its_sound(transcriber: Transcriber, speech: Audio, tmp_path: Path) -> None:
    """A file in a container gives the same words as the samples in it."""
    path = tmp_path / "speech.webm"
    path.write_bytes(encoded(speech.samples, "webm", sample_rate_hz=speech.sample_rate_hz))

    assert letters(transcribed(transcriber, path, language="en-gb").text) == letters(SAID)


def test_progress_reaches_the_end(transcriber: Transcriber, speech: Audio) -> None:
    """Progress never goes back or beyond, and ends at the audio's length."""
    told: list[tuple[float, float]] = []

    transcribed(transcriber, speech, progress=lambda done, total: told.append((done, total)))

    assert [total for _, total in told] == pytest.approx([speech.duration_seconds] * len(told), abs=0.001)
    assert all(before[0] <= after[0] for before, after in pairwise(told))
    assert told[-1][0] == told[-1][1]


def test_the_text_is_told_as_it_is_heard(transcriber: Transcriber, speech: Audio) -> None:
    """What the listener is told is the transcript's text, piece by piece."""
    told: list[str] = []
    made = transcribed(transcriber, speech, listener=told.append)
    assert told
    assert "".join(told) == made.text


def test_each_segment_has_its_details(transcript: Transcript) -> None:
    """What the engine says of its segments stands beside each of them, within what such figures can be."""
    assert len(transcript.details) == len(transcript.timeline.segments) > 0
    for details in transcript.details:
        assert details.temperature is None or 0 <= details.temperature <= 1
        assert details.average_log_probability is None or details.average_log_probability <= 0
        assert details.no_speech_probability is None or 0 <= details.no_speech_probability <= 1


def test_work_that_nobody_waits_for_is_cancelled(transcriber: Transcriber, speech: Audio) -> None:
    """A context that has been cancelled stops the work."""
    scheduler = Scheduler(permits=1, slots=1)
    slot = scheduler.admit("someone")
    slot.close(cancelled=True)
    with pytest.raises(Cancelled):
        transcribed(transcriber, speech, context=slot)
    assert scheduler.load.computing == 0


def test_a_deadline_is_kept(transcriber: Transcriber, speech: Audio) -> None:
    """Work that cannot end in time ends with an error that says so."""
    with (
        Scheduler(permits=1, slots=1).admit("someone", deadline_seconds=0) as slot,
        pytest.raises(DeadlineExceeded),
    ):
        transcribed(transcriber, speech, context=slot)


def test_an_unknown_language_is_refused(transcriber: Transcriber, speech: Audio) -> None:
    """A language that the model lacks is an error, not another language."""
    with pytest.raises(UnsupportedLanguage, match="tlh"):
        transcribed(transcriber, speech, language="tlh")


def test_what_is_no_audio_is_refused(transcriber: Transcriber, tmp_path: Path) -> None:
    """A file without sound is the caller's mistake, and named."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear all, this makes no sound.", encoding="utf-8")
    with pytest.raises(NotAudio, match=r"letter\.txt"):
        transcribed(transcriber, path)


def test_the_fingerprint_is_stable(transcriber: Transcriber) -> None:
    """Asked twice, the fingerprint is the same, and it is not empty."""
    assert transcriber.fingerprint == transcriber.fingerprint != ""


@pytest.mark.engine
def test_a_model_of_one_language_refuses_others(speech_free_audio: Audio) -> None:
    """An English model neither pretends to know French nor to translate."""
    english = WhisperTranscriber(open_store(load_settings()).path("whisper-tiny.en"))
    with pytest.raises(UnsupportedLanguage, match="fr"):
        transcribed(english, speech_free_audio, language="fr")
    with pytest.raises(UnsupportedLanguage, match="translate"):
        transcribed(english, speech_free_audio, task="translate")


@pytest.fixture
def speech_free_audio() -> Audio:
    return Audio(samples=np.zeros(SAMPLE_RATE_HZ, np.float32), sample_rate_hz=SAMPLE_RATE_HZ)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    """A directory without a model says which files it lacks and how to get them, and asks no network."""
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelMissing, match=r"model\.bin, tokenizer\.json") as caught:
        WhisperTranscriber(tmp_path)
    assert "sayso models pull" in (caught.value.hint or "")


def test_a_corrupt_model_is_reported(tmp_path: Path, speech_free_audio: Audio) -> None:
    """Files that are no model are corrupt, in words of ours, as soon as the model is needed."""
    for name in ("model.bin", "config.json", "tokenizer.json"):
        (tmp_path / name).write_bytes(b"junk")
    with pytest.raises(ModelCorrupt, match="cannot be loaded"):
        transcribed(WhisperTranscriber(tmp_path), speech_free_audio)
