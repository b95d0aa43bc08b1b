"""The local engine with its real model: nothing is lost, invented or moved, whatever the recording is like."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from sayso.audio import resample
from sayso.bootstrap.alignment import open_aligner
from sayso.errors import Cancelled
from sayso.models import open_store
from sayso.scheduling import UNBOUNDED, Scheduler, UnboundedContext
from sayso.stt import SAMPLE_RATE_HZ, Transcript, WhisperTranscriber, open_recording, with_placed_words
from sayso.stt.openai.answers import ProviderTranscript
from sayso.stt.openai.believed import believed
from sayso.stt.openai.parts import Part
from sayso.stt.openai.word_alignment import TimedText
from sayso.types import Audio
from support.audio.transcripts import transcribed
from support.text.utterances import utterance
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sayso.settings import Settings
    from sayso.tts.engines.kokoro import KokoroEngine
    from sayso.types import FloatArray

pytestmark = pytest.mark.engine

FIRST = "The keeper locked the door at 7 and counted 24 steps."
REFRAIN = "We shall not move. We shall not move."
LAST = "In 1924 the lamp cost 350 dollars."
STORY = (
    "The lighthouse keeper climbed the stairs before dawn, as he had done every morning for many years. "
    "He lit the great lamp, wrote down the time in his book, and waited for the sun to come up over the sea. "
    "Nobody had come to visit him since the spring, but he did not mind the quiet."
)
STORIES = 5


@pytest.fixture(scope="module")
def whisper(real_settings: Settings) -> WhisperTranscriber:
    return WhisperTranscriber(open_store(real_settings).path("whisper-base"), threads=2)


@pytest.fixture(scope="module")
def say(kokoro_engine: KokoroEngine) -> Callable[[str], FloatArray]:
    """Speaks a text, once for all tests; samples at `SAMPLE_RATE_HZ`."""

    @cache
    def speak(text: str) -> FloatArray:
        spoken = kokoro_engine.synthesise(utterance(text), voice="af_heart", speed=1.0).audio
        return resample(spoken, SAMPLE_RATE_HZ).samples

    return speak


def silence(seconds: float) -> FloatArray:
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)


def audio(*parts: FloatArray) -> Audio:
    return Audio(samples=np.concatenate(parts), sample_rate_hz=SAMPLE_RATE_HZ)


def noise(seconds: float, level: float) -> FloatArray:
    return np.random.default_rng(5).standard_normal(round(seconds * SAMPLE_RATE_HZ)).astype(np.float32) * level


def music(seconds: float) -> FloatArray:
    """Chords of decaying harmonics, two a second."""
    clock = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    beat = np.exp(-4 * (clock % 0.5))
    root = 110 * 2 ** (np.floor(clock * 2) % 5 / 12 * 2)
    chord = sum(np.sin(2 * np.pi * root * ratio * clock) / ratio for ratio in (1, 1.25, 1.5, 2, 3, 4))
    return (0.1 * beat * chord).astype(np.float32)


def letters(text: str) -> list[str]:
    return ["".join(filter(str.isalnum, word)) for word in text.lower().split()]


def assert_sound(made: Transcript) -> None:
    """Every word has a time; all are ordered and within the audio; each segment has its details."""
    words = made.timeline.words
    assert all(word.start_sample < word.end_sample for word in words)
    assert all(before.end_sample <= after.start_sample for before, after in pairwise(words))
    assert not words or words[-1].end_sample <= made.timeline.duration_samples
    assert len(made.details) == len(made.timeline.segments)
    assert all(details.tokens for details in made.details)


@pytest.fixture(scope="module")
def parted(whisper: WhisperTranscriber, say: Callable[[str], FloatArray]) -> tuple[Transcript, float]:
    """Digits, a refrain, a minute of silence and digits again; with the time of the first sound after the silence."""
    before = np.concatenate([silence(2), say(FIRST), silence(0.6), say(REFRAIN), silence(60)])
    last = say(LAST)
    made = transcribed(whisper, audio(before, last, silence(3)))
    return made, float(len(before) + np.argmax(np.abs(last) > 0.02)) / SAMPLE_RATE_HZ


def test_words_after_a_long_silence_are_in_time(parted: tuple[Transcript, float]) -> None:
    """A minute without a word moves nothing that comes after it, and no word or segment lasts through it."""
    made, last_seconds = parted
    assert_sound(made)
    timeline = made.timeline
    words = [word for word in timeline.words if word.start_sample > 30 * SAMPLE_RATE_HZ]
    assert words[0].text == "In"
    assert timeline.seconds(words[0].start_sample) == pytest.approx(last_seconds, abs=0.2)
    assert all(segment.end_sample - segment.start_sample < 10 * SAMPLE_RATE_HZ for segment in timeline.segments)


def test_digits_have_times(parted: tuple[Transcript, float]) -> None:
    """Numbers that are written in digits are words like others."""
    digits = [word.text for word in parted[0].timeline.words if word.text.strip("$").isdigit()]
    assert {"24", "1924"} <= set(digits)


def test_what_is_said_twice_is_written_twice(parted: tuple[Transcript, float]) -> None:
    """A sentence that is really repeated is no hallucination."""
    assert parted[0].text.lower().count("we shall not move") == 2


@pytest.mark.parametrize(
    "sound",
    [noise(20, 0.001), noise(20, 0.1), music(20), np.sign(np.sin(np.arange(320_000) / 40)).astype(np.float32) * 0.2],
    ids=["hiss", "noise", "music", "buzz"],
)
def test_no_words_are_made_up_for_what_is_no_speech(whisper: WhisperTranscriber, sound: FloatArray) -> None:
    """Hiss, noise, music and a buzz are transcribed as what was said: nothing."""
    made = transcribed(whisper, audio(sound))
    assert made.text == ""
    assert (made.timeline.words, made.details) == ((), ())


def test_spoken_thanks_are_kept(whisper: WhisperTranscriber, say: Callable[[str], FloatArray]) -> None:
    """A voice that really says what models invent is transcribed, by this engine and from a provider."""
    thanks = "Thank you for watching."
    sound = audio(silence(1), say(thanks), noise(4, 0.01))
    assert letters(transcribed(whisper, sound).text) == letters(thanks)
    made = ProviderTranscript(segments=(TimedText(thanks, 0.5, 3.0),), words=(), language="en")
    with open_recording(sound) as recording:
        for has_times in (True, False):
            part = Part(0, recording.duration_samples)
            assert believed(made, part, recording, UNBOUNDED, has_times=has_times) == made


def test_placed_words_are_where_they_are_spoken(
    whisper: WhisperTranscriber, kokoro_engine: KokoroEngine, real_settings: Settings
) -> None:
    """Against the times of the engine that spoke them: nine of ten within 100 ms, more than by Whisper itself."""
    said = utterance(STORY)
    speech = kokoro_engine.synthesise(said, voice="af_heart", speed=1.0)
    assert speech.times is not None
    rate = speech.audio.sample_rate_hz
    exact = dict(zip((token.span.start for token in said.tokens), speech.times, strict=True))
    with open_recording(speech.audio) as recording:
        heard = whisper.transcribe(recording)
        placed = with_placed_words(heard, recording, lambda: open_aligner(real_settings))
    assert letters(heard.text) == letters(STORY)
    assert placed.timing == "aligned"

    def near(made: Transcript) -> float:
        pairs = zip(made.timeline.words, sorted(exact.items()), strict=True)
        errors = [word.start_sample / SAMPLE_RATE_HZ - time.start_sample / rate for word, (_, time) in pairs]
        return float(np.mean(np.abs(errors) < 0.1))

    assert near(placed) > max(0.9, near(heard))
    assert_sound(placed)


@pytest.mark.parametrize("spoiled", ["quiet", "rumble"])
def test_speech_below_the_detectors_reach_is_transcribed(
    whisper: WhisperTranscriber, say: Callable[[str], FloatArray], spoiled: str
) -> None:
    """A recording at -71 dB in 16 bits, and a voice below a rumble that cannot be heard, keep every word."""
    clean = np.concatenate([silence(1), say(FIRST), silence(1)])
    clock = np.arange(len(clean)) / SAMPLE_RATE_HZ
    if spoiled == "quiet":
        quieter = clean * 10 ** (-71 / 20) / np.sqrt(np.mean(np.square(clean)))
        sound = (np.rint(quieter * 32767) / 32767).astype(np.float32)
    else:
        sound = (clean * 0.01 + 0.3 * np.sin(2 * np.pi * 7 * clock)).astype(np.float32)
    assert letters(transcribed(whisper, audio(sound)).text) == letters(FIRST)


@pytest.mark.parametrize("after", [silence(25), noise(25, 0.003), music(25)], ids=["silence", "hiss", "music"])
def test_nothing_is_added_after_the_last_word(
    whisper: WhisperTranscriber, say: Callable[[str], FloatArray], after: FloatArray
) -> None:
    """The text ends where the speech does, whatever else the recording holds."""
    made = transcribed(whisper, audio(say(STORY), after), language="en")
    assert letters(made.text) == letters(STORY)
    assert_sound(made)


class CountingContext(UnboundedContext):
    """Counts turns, and how many are held at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.turns = self.now = self.most = 0

    @contextmanager
    def permit(self) -> Iterator[None]:
        with self.lock:
            self.turns += 1
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            yield
        finally:
            with self.lock:
                self.now -= 1


@pytest.fixture(scope="module")
def minutes(say: Callable[[str], FloatArray]) -> Audio:
    """A minute and a half: the story, each time with another number."""
    story, pause = say(STORY), silence(0.7)
    numbers = range(1, STORIES + 1)
    return audio(*(part for number in numbers for part in (say(f"Sentence {number}."), pause, story, pause)))


class Heard(NamedTuple):
    """What was heard in `minutes`, and what was told and counted on the way."""

    made: Transcript
    told: list[str]
    done_seconds: list[float]
    context: CountingContext


@pytest.fixture(scope="module")
def heard(whisper: WhisperTranscriber, minutes: Audio) -> Heard:
    told: list[str] = []
    done: list[float] = []
    context = CountingContext()
    made = transcribed(
        whisper,
        minutes,
        language="en",
        listener=told.append,
        progress=lambda seconds, _: done.append(seconds),
        context=context,
    )
    return Heard(made, told, done, context)


def test_long_recordings_lose_nothing_between_their_chunks(heard: Heard) -> None:
    """Over many chunks each sentence is there once, in segments that subtitles can show, told in order."""
    made = heard.made
    assert "".join(heard.told) == made.text
    assert len(heard.told) > 10
    assert heard.done_seconds == sorted(heard.done_seconds)
    assert_sound(made)
    assert made.text.lower().count("lighthouse keeper climbed the stairs") == STORIES
    assert made.text.lower().count("he did not mind the quiet") == STORIES
    segments = made.timeline.segments
    assert all(segment.end_sample - segment.start_sample <= 7 * SAMPLE_RATE_HZ for segment in segments)
    assert all(segment.span.end - segment.span.start <= 84 for segment in segments)


def test_one_request_uses_every_processor_in_turns(heard: Heard) -> None:
    """The work is done in many turns, and as many at once as there are threads."""
    assert heard.context.turns >= 8
    assert heard.context.most == 2
    assert heard.context.now == 0


def test_the_same_recording_gives_the_same_transcript(
    whisper: WhisperTranscriber, minutes: Audio, heard: Heard, say: Callable[[str], FloatArray]
) -> None:
    """However threads are scheduled, and whoever else is served meanwhile, the result is the same."""
    with ThreadPoolExecutor(2) as pool:
        again, _ = pool.map(lambda each: transcribed(whisper, each, language="en"), (minutes, audio(say(STORY))))
    assert again == heard.made


def test_a_cancelled_request_ends_at_its_next_turn(whisper: WhisperTranscriber, minutes: Audio) -> None:
    """Who goes away stops the work on all its threads, and the transcriber serves the next."""
    scheduler = Scheduler(permits=2, slots=2)
    slot = scheduler.admit("someone")
    told: list[str] = []

    def hang_up(piece: str) -> None:
        told.append(piece)
        slot.close(cancelled=True)

    with pytest.raises(Cancelled):
        transcribed(whisper, minutes, language="en", listener=hang_up, context=slot)
    assert told
    assert scheduler.load.computing == 0
    assert transcribed(whisper, audio(silence(1))).text == ""


def test_a_prompt_gives_the_spelling(whisper: WhisperTranscriber, say: Callable[[str], FloatArray]) -> None:
    """Names are written as the prompt writes them."""
    spoken = audio(say("My friend Katherine came by with Steven."))
    made = transcribed(whisper, spoken, language="en", prompt="Kathryn and Stephen are coming.")
    assert {"Kathryn", "Stephen"} <= {word.text for word in made.timeline.words}


def test_a_temperature_is_used(whisper: WhisperTranscriber, say: Callable[[str], FloatArray]) -> None:
    """What is sampled says with which temperature."""
    made = transcribed(whisper, audio(say(LAST)), language="en", temperature=0.3)
    assert made.details[0].temperature is not None
    assert made.details[0].temperature >= 0.3


def test_the_model_is_loaded_when_it_is_needed(real_settings: Settings, say: Callable[[str], FloatArray]) -> None:
    """Opening loads nothing; an idle model leaves, and is loaded again for the next request."""
    directory = open_store(real_settings).path("whisper-base")
    loads = [WhisperTranscriber(directory, idle_unload_seconds=seconds) for seconds in (0, 0.01)]
    assert [whisper.is_loaded for whisper in loads] == [False, False]
    spoken = audio(say(LAST))
    kept, idle = (transcribed(whisper, spoken, language="en") for whisper in loads)
    wait_until(lambda: not loads[1].is_loaded)
    assert loads[0].is_loaded
    assert transcribed(loads[1], spoken, language="en") == kept == idle
