"""What the transcriber sends to OpenAI, and what it makes of the answers."""

from __future__ import annotations

import io
import threading
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sayso.audio import AudioFormat, AudioWriter
from sayso.errors import EngineFailed, EngineUnavailable, NotAudio, UnsupportedLanguage
from sayso.providers.openai.limits import MAXIMUM_UPLOAD_BYTES
from sayso.stt import DEFAULT_OPTIONS, SAMPLE_RATE_HZ, Recording
from sayso.stt.openai.transcriber import OpenAITranscriber
from sayso.testing.openai_server import OpenAIServer
from sayso.types import Audio
from support.audio.sounds import FILES, encoded
from support.audio.tones import ToneTranscriber, spoken, word
from support.audio.transcripts import transcribed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.providers.openai.connection import OpenAIConnection
    from sayso.stt import Transcript, TranscriptionOptions

MODELS = ["whisper-1", "gpt-4o-transcribe", "gpt-4o-transcribe-diarize"]


def some_words(count: int, seed: int = 1) -> list[int]:
    """Numbers of words, none like the one before it."""
    chance = np.random.default_rng(seed)
    numbers = [0]
    while len(numbers) < count:
        numbers += [number for number in [int(chance.integers(100))] if number != numbers[-1]]
    return numbers


def message_of(transcript: Transcript) -> list[str]:
    return transcript.text.replace(".", "").split()


def with_pauses(numbers: Sequence[int], every: int, seconds: float) -> list[int | float]:
    """A silence after each group of words."""
    said: list[int | float] = []
    for place, number in enumerate(numbers, start=1):
        said += [number, seconds] if place % every == 0 else [number]
    return said


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("pause", [None, (1, 0.05), (9, 0.5), (40, 2.0)])
def test_no_word_is_lost_or_repeated_at_a_seam(
    server: OpenAIServer, connection: OpenAIConnection, model: str, pause: tuple[int, float] | None
) -> None:
    """A recording in many parts reads as the whole, with pauses to cut in and without any."""
    numbers = some_words(250)
    audio = spoken(numbers if pause is None else with_pauses(numbers, *pause))

    made = transcribed(OpenAITranscriber(connection, model=model, part_seconds=15), audio)

    assert len(server.requests) >= 6
    assert message_of(made) == [word(number) for number in numbers]
    assert made.timing == ("estimated" if model == "whisper-1" else "naive")


def test_times_are_those_of_the_recording(connection: OpenAIConnection) -> None:
    """Words in later parts have their places in the whole, to the fraction of a second that OpenAI gives."""
    numbers = some_words(100)
    made = transcribed(OpenAITranscriber(connection, part_seconds=10), spoken(with_pauses(numbers, 10, 0.5)))

    wanted = [0.4 * place + 0.5 * (place // 10) for place in range(100)]
    starts = [made.timeline.seconds(each.start_sample) for each in made.timeline.words]
    assert starts == pytest.approx(wanted, abs=0.03)
    assert all(before.end_sample <= after.start_sample for before, after in pairwise(made.timeline.words))


@pytest.mark.parametrize("model", MODELS)
def test_the_listener_gets_the_text_in_order(connection: OpenAIConnection, model: str) -> None:
    """The pieces, joined, are the text; there are several, and progress never falls."""
    told: list[str] = []
    done: list[tuple[float, float]] = []
    audio = spoken(some_words(120))

    made = transcribed(
        OpenAITranscriber(connection, model=model, part_seconds=10),
        audio,
        listener=told.append,
        progress=lambda *seconds: done.append(seconds),
    )

    assert "".join(told) == made.text
    assert len(told) > 2
    assert done == sorted(done)
    assert done[-1] == (audio.duration_seconds, audio.duration_seconds)


def test_parts_are_heard_at_the_same_time(connect: Callable[..., OpenAIConnection]) -> None:
    """Three parts are in hand at once when three are allowed, and never a fourth."""

    class Meeting(ToneTranscriber):
        """Answers when three requests have met."""

        def __init__(self) -> None:
            self.barrier = threading.Barrier(3)
            self.lock = threading.Lock()
            self.inside = self.most = 0

        def transcribe(
            self, recording: Recording, options: TranscriptionOptions = DEFAULT_OPTIONS, **rest: Any
        ) -> Transcript:
            with self.lock:
                self.inside += 1
                self.most = max(self.most, self.inside)
            self.barrier.wait()
            with self.lock:
                self.inside -= 1
            return super().transcribe(recording, options, **rest)

    meeting = Meeting()
    numbers = some_words(6 * 25)
    with OpenAIServer(transcriber=meeting) as server:
        connection = connect(base_url=server.base_url, api_key=server.key, timeout_seconds=200.0)
        made = transcribed(OpenAITranscriber(connection, parts_at_once=3, part_seconds=10), spoken(numbers))
        assert len(server.requests) == 6

    assert message_of(made) == [word(number) for number in numbers]
    assert meeting.most == 3


def test_a_file_over_25_mib_is_split(server: OpenAIServer, connection: OpenAIConnection, tmp_path: Path) -> None:
    """A file that OpenAI would refuse arrives in parts that it takes, and reads as the whole."""
    numbers = some_words(1500)
    audio = spoken(with_pauses(numbers, 50, 10.0))
    path = tmp_path / "long.wav"
    with AudioWriter(path, AudioFormat.WAV, sample_rate_hz=SAMPLE_RATE_HZ) as writer:
        writer.write(audio.samples)
    assert path.stat().st_size > MAXIMUM_UPLOAD_BYTES
    assert audio.duration_seconds < 20 * 60

    made = transcribed(OpenAITranscriber(connection), path)

    assert message_of(made) == [word(number) for number in numbers]
    assert [received.status for received in server.requests] == [200, 200]
    assert all(received.size_bytes < MAXIMUM_UPLOAD_BYTES for received in server.requests)


def test_a_file_over_20_minutes_is_split(server: OpenAIServer, connection: OpenAIConnection, tmp_path: Path) -> None:
    """A small file that is long arrives in parts, so that they are heard at the same time."""
    numbers = some_words(60)
    path = tmp_path / "long.flac"
    with AudioWriter(path, AudioFormat.FLAC, sample_rate_hz=SAMPLE_RATE_HZ) as writer:
        writer.write(spoken(with_pauses(numbers, 2, 41.0)).samples)

    made = transcribed(OpenAITranscriber(connection), path)

    assert len(server.requests) == 3
    assert message_of(made) == [word(number) for number in numbers]


def test_a_file_that_openai_cannot_read_is_sent_as_flac(
    connect: Callable[..., OpenAIConnection], tmp_path: Path
) -> None:
    """What OpenAI cannot decode and we can is no mistake of the caller's: it is sent again in another format."""

    class Particular(ToneTranscriber):
        """Knows FLAC alone."""

        def transcribe(
            self, recording: Recording, options: TranscriptionOptions = DEFAULT_OPTIONS, **rest: Any
        ) -> Transcript:
            if recording.source is not None and recording.source.suffix != ".flac":
                raise NotAudio(f"{recording.source.name} is not an audio file.")
            return super().transcribe(recording, options, **rest)

    path = tmp_path / "words.wav"
    path.write_bytes(encoded(spoken([7, 30]).samples, "wav", sample_rate_hz=SAMPLE_RATE_HZ))
    with OpenAIServer(transcriber=Particular()) as server:
        made = transcribed(OpenAITranscriber(connect(base_url=server.base_url)), path)
        assert [received.status for received in server.requests] == [400, 200]

    assert message_of(made) == ["word07", "word30"]


def test_a_recording_that_openai_refuses_is_no_mistake_of_the_callers(connect: Callable[..., OpenAIConnection]) -> None:
    """It was decoded here, so another engine is asked."""

    class Deaf(ToneTranscriber):
        """Knows no format."""

        def transcribe(
            self, recording: Recording, options: TranscriptionOptions = DEFAULT_OPTIONS, **rest: Any
        ) -> Transcript:
            raise NotAudio(f"This is not an audio file: {recording.source}, {options}, {rest}.")

    with OpenAIServer(transcriber=Deaf()) as server, pytest.raises(EngineFailed, match="does not take"):
        transcribed(OpenAITranscriber(connect(base_url=server.base_url)), spoken([1]))


def test_without_a_key_nothing_is_read(connect: Callable[..., OpenAIConnection]) -> None:
    """The next engine is asked at once."""
    closed = io.BytesIO()
    closed.close()
    recording = Recording(
        file=closed, duration_samples=SAMPLE_RATE_HZ, levels_db=np.zeros(100, np.float32), source=Path("no such file")
    )
    with pytest.raises(EngineUnavailable) as caught:
        OpenAITranscriber(connect(api_key=None)).transcribe(recording)

    assert caught.value.reason == "not_configured"


@pytest.mark.parametrize("kind", FILES)
def test_every_format_is_heard(server: OpenAIServer, connection: OpenAIConnection, tmp_path: Path, kind: str) -> None:
    """What OpenAI takes is sent as it is, whatever its file is called; another format is sent as FLAC."""
    path = tmp_path / "recording"
    path.write_bytes(encoded(spoken([7, 30, 50]).samples, kind, sample_rate_hz=SAMPLE_RATE_HZ))

    made = transcribed(OpenAITranscriber(connection), path)

    assert message_of(made) == ["word07", "word30", "word50"]
    sent = server.requests[0]
    if kind in {"mkv", "aiff"}:
        assert sent.fields["filename"] == "audio.flac"
    else:
        assert sent.size_bytes - path.stat().st_size < 2000


def test_what_is_asked_is_passed_on(server: OpenAIServer, connection: OpenAIConnection) -> None:
    """Language without its region, prompt and temperature arrive, with the format that has times."""
    transcribed(OpenAITranscriber(connection), spoken([1]), language="en-GB", prompt="Keeper", temperature=0.4)

    fields = server.requests[0].fields
    assert (fields["language"], fields["prompt"], fields["temperature"]) == ("en", "Keeper", "0.4")
    assert (fields["model"], fields["response_format"]) == ("whisper-1", "verbose_json")
    assert sorted(fields["timestamp_granularities"]) == ["segment", "word"]


def test_a_translation_is_asked_for_at_its_own_address(server: OpenAIServer, connection: OpenAIConnection) -> None:
    """Translations come in English, with the times of segments and a share of them for each word."""
    made = transcribed(OpenAITranscriber(connection), spoken([1, 2]), language="fr", task="translate")

    assert server.requests[0].path == "/v1/audio/translations"
    assert (message_of(made), made.language, made.timing) == (["word01", "word02"], "en", "naive")


def test_speakers_are_told_apart(connection: OpenAIConnection) -> None:
    """The diarising model's speakers are in the details, and those of different parts have different names."""
    transcriber = OpenAITranscriber(connection, model="gpt-4o-transcribe-diarize", part_seconds=10)

    short = transcribed(transcriber, spoken(some_words(20)))
    long = transcribed(transcriber, spoken(with_pauses(some_words(45), 15, 0.5)))

    assert [details.speaker for details in short.details] == ["A", "B"]
    assert {details.speaker for details in long.details} == {"1A", "1B", "2A", "2B"}


def test_what_the_model_says_of_a_segment_is_kept(connection: OpenAIConnection) -> None:
    """Each segment has its details; the language is the code of the name that came."""
    made = transcribed(OpenAITranscriber(connection), spoken(some_words(20)))

    assert len(made.details) == len(made.timeline.segments) == 2
    assert made.details[0].average_log_probability == pytest.approx(-0.25)
    assert (made.language, made.language_probability) == ("en", 1.0)


def test_a_model_that_does_not_tell_the_language_is_not_believed(connection: OpenAIConnection) -> None:
    """Where no language comes, it is the one that was named, else undetermined."""
    transcriber = OpenAITranscriber(connection, model="gpt-4o-mini-transcribe")

    assert transcribed(transcriber, spoken([1]), language="fr").language == "fr"
    unnamed = transcribed(transcriber, spoken([1]))
    assert (unnamed.language, unnamed.language_probability) == ("und", 0.0)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 3.0])
def test_silence_is_not_sent(server: OpenAIServer, connection: OpenAIConnection, seconds: float) -> None:
    """Nobody is paid for silence, which the models fill with words of their own."""
    samples = np.zeros(round(seconds * 24_000), np.float32)

    made = transcribed(OpenAITranscriber(connection), Audio(samples=samples, sample_rate_hz=24_000))

    assert made.text == ""
    assert server.requests == []


def test_what_cannot_be_is_refused_before_it_is_sent(
    server: OpenAIServer, connection: OpenAIConnection, tmp_path: Path
) -> None:
    """An unknown language, a translation by a model that has none, and a file without sound cost no request."""
    letter = tmp_path / "letter.txt"
    letter.write_text("No sound.", encoding="utf-8")

    with pytest.raises(UnsupportedLanguage, match="tlh"):
        transcribed(OpenAITranscriber(connection), spoken([1]), language="tlh")
    with pytest.raises(UnsupportedLanguage, match="translate"):
        transcribed(OpenAITranscriber(connection, model="gpt-4o-transcribe"), spoken([1]), task="translate")
    with pytest.raises(NotAudio):
        transcribed(OpenAITranscriber(connection), letter)

    assert server.requests == []


def test_gpt_transcribe_takes_languages_and_keywords(server: OpenAIServer, connection: OpenAIConnection) -> None:
    """A caller's language becomes ``languages``; what OpenAI rejects in a keyword is taken out before it is sent."""
    transcriber = OpenAITranscriber(connection, model="gpt-transcribe")
    made = transcribed(transcriber, spoken([1, 2]), language="en-GB", keywords=("<Say\nso>", "Kokoro", "<>"))
    fields = server.requests[-1].fields
    assert (fields["languages"], fields["keywords"]) == (["en"], ["Say so", "Kokoro"])
    assert "language" not in fields
    assert made.languages is not None
    assert made.timing == "naive"


def test_gpt_transcribe_detects_one_of_several_languages(server: OpenAIServer, connection: OpenAIConnection) -> None:
    transcriber = OpenAITranscriber(connection, model="gpt-transcribe")
    transcribed(transcriber, spoken([1, 2]), languages=("en", "fr-CA"))
    assert server.requests[-1].fields["languages"] == ["en", "fr"]
    with pytest.raises(UnsupportedLanguage):
        transcribed(transcriber, spoken([1, 2]), languages=("en", "klingon"))
