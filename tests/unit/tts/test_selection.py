"""The selection of an engine by a voice: voices by other names, any speed, a permit for each utterance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.errors import Cancelled, InvalidInput, ModelMissing, UnknownVoice
from sayso.scheduling import UNBOUNDED, Scheduler
from sayso.testing import FakeSpeechEngine
from sayso.tts.decorators import StretchingEngine
from sayso.tts.selection import OPENAI_VOICES_OF_KOKORO, LocalSpeech, select
from sayso.types import Voice
from support.text.utterances import utterance

if TYPE_CHECKING:
    from sayso.scheduling import RequestContext
    from sayso.tts.base import SpeechEngine


@pytest.fixture
def engine() -> FakeSpeechEngine:
    return FakeSpeechEngine()


def test_a_voice_goes_by_its_own_name_and_by_another(engine: FakeSpeechEngine) -> None:
    """Both names are one voice; a name that is neither is refused."""
    source = LocalSpeech("fake", lambda: engine, aliases={"alloy": "fake_en"})
    assert source.voice("alloy") == source.voice("fake_en") == "fake_en"
    with pytest.raises(UnknownVoice):
        source.voice("nobody")


class OfBlends(FakeSpeechEngine):
    """Takes any name."""

    def language_of(self, voice: str) -> str:
        del voice
        return "en-us"


@pytest.mark.parametrize(
    ("sent", "own"),
    [
        ("alloy(2)+nova(1)", "af_alloy(2)+af_nova(1)"),
        ("alloy:0.5 + af_sky:0.5", "af_alloy:0.5 + af_sky:0.5"),
        ("nova", "af_nova"),
        ("alloyed+nova", "alloyed+af_nova"),
    ],
)
def test_a_blend_may_have_openais_names(sent: str, own: str) -> None:
    """Each of them stands for the voice that it stands for alone."""
    source = LocalSpeech("fake", OfBlends, aliases={"alloy": "af_alloy", "nova": "af_nova"})
    assert source.voice(sent) == own


def test_a_model_that_is_missing_may_come_later(engine: FakeSpeechEngine) -> None:
    """An engine that cannot be opened is tried again with the next request, and has no voices until then."""
    answers: list[SpeechEngine | ModelMissing] = [ModelMissing("Not here."), ModelMissing("Not here."), engine]

    def open_engine() -> SpeechEngine:
        answer = answers.pop(0)
        if isinstance(answer, ModelMissing):
            raise answer
        return answer

    source = LocalSpeech("fake", open_engine)
    assert source.voices() == ()
    with pytest.raises(ModelMissing):
        source.open(UNBOUNDED)
    assert source.voices()
    assert source.open(UNBOUNDED).name == "fake"
    assert not answers


def missing(name: str) -> LocalSpeech:
    """An engine whose model has not been pulled."""

    def fail() -> SpeechEngine:
        raise ModelMissing(f"The model of {name} is missing.")

    return LocalSpeech(name, fail)


def test_the_first_engine_that_has_the_voice_is_selected(engine: FakeSpeechEngine) -> None:
    """Engines before it that lack the voice or their model are passed over; those after it are not opened."""
    other = FakeSpeechEngine(voices=[Voice(name="other", language="en-us", engine="other")])
    sources = [
        missing("first"),
        LocalSpeech("other", lambda: other),
        LocalSpeech("fake", lambda: engine, aliases={"alloy": "fake_en"}),
        LocalSpeech("last", lambda: pytest.fail("It is opened.")),
    ]
    selected, voice = select(sources, "alloy")
    assert voice == "fake_en"
    assert selected.synthesise(utterance("lamp"), voice=voice, speed=3.0).audio.samples.size
    assert engine.calls == 1


def test_the_error_is_that_of_the_first_engine(engine: FakeSpeechEngine) -> None:
    """A voice that no engine has is unknown to the first; a missing model says so where it is the first engine's."""
    with pytest.raises(UnknownVoice, match="no fake voice 'lamp'"):
        select([LocalSpeech("fake", lambda: engine), missing("second")], "lamp")
    with pytest.raises(ModelMissing, match="first"):
        select([missing("first"), LocalSpeech("fake", lambda: engine)], "lamp")


def test_instructions_reach_the_engine(engine: FakeSpeechEngine) -> None:
    """As the request gives them, with its context."""

    class Source(LocalSpeech):
        def open(self, context: RequestContext, *, instructions: str | None = None) -> SpeechEngine:
            opened.append((context, instructions))
            return super().open(context, instructions=instructions)

    opened: list[tuple[RequestContext, str | None]] = []
    context = Scheduler(permits=1, slots=1).admit("a")
    select([Source("fake", lambda: engine)], "fake_en", context, instructions="whisper")
    assert opened == [(context, "whisper")]


def test_every_utterance_takes_a_permit(engine: FakeSpeechEngine) -> None:
    """Work that is given up is not begun: the engine is not asked."""
    slot = Scheduler(permits=1, slots=1).admit("a")
    speaker = LocalSpeech("fake", lambda: engine).open(slot)
    speaker.synthesise(utterance("lamp"), voice="fake_en", speed=1.0)
    slot.close()
    with pytest.raises(Cancelled):
        speaker.synthesise(utterance("lamp"), voice="fake_en", speed=1.0)
    assert engine.calls == 1


@pytest.mark.parametrize("speed", [0.25, 0.3, 3.0, 4.0])
def test_beyond_its_own_speeds_speech_is_stretched(engine: FakeSpeechEngine, speed: float) -> None:
    """Times and length follow the speed, and times stay ordered within the audio."""
    stretching = StretchingEngine(engine)
    own = stretching.synthesise(utterance("lamp light"), voice="fake_en", speed=1.0)
    made = stretching.synthesise(utterance("lamp light"), voice="fake_en", speed=speed)
    assert made.audio.samples.size == pytest.approx(own.audio.samples.size / speed, rel=0.01)
    assert own.times is not None
    assert made.times is not None
    for before, after in zip(own.times, made.times, strict=True):
        assert after.start_sample == pytest.approx(before.start_sample / speed, abs=20)
    edges = [edge for time in made.times for edge in (time.start_sample, time.end_sample)]
    assert edges == sorted(edges)
    assert edges[-1] <= made.audio.samples.size


def test_a_speed_that_nobody_speaks_is_refused(engine: FakeSpeechEngine) -> None:
    """What OpenAI refuses is refused."""
    with pytest.raises(InvalidInput):
        StretchingEngine(engine).synthesise(utterance("lamp"), voice="fake_en", speed=4.5)


@pytest.mark.engine
def test_openais_names_are_voices_that_exist(kokoro_engine: SpeechEngine) -> None:
    """Each of OpenAI's thirteen names stands for a voice of Kokoro's, none for the same as another."""
    for voice in OPENAI_VOICES_OF_KOKORO.values():
        assert kokoro_engine.language_of(voice).startswith("en")
    assert len(set(OPENAI_VOICES_OF_KOKORO.values())) == len(OPENAI_VOICES_OF_KOKORO) == 13


def test_an_engine_that_may_be_replaced_is_asked_for_each_time() -> None:
    """A request keeps the engine that it has opened, and a pinned source keeps its engine, with its voices' names."""
    old, new = FakeSpeechEngine(sample_rate_hz=24_000), FakeSpeechEngine(sample_rate_hz=16_000)
    now: list[SpeechEngine] = [old]
    source = LocalSpeech("fake", lambda: now[0], aliases={"alloy": "fake_en"}, is_replaced=True)
    opened, pinned = source.open(UNBOUNDED), source.pinned()
    now[0] = new
    assert opened.fingerprint == pinned.open(UNBOUNDED).fingerprint == old.fingerprint
    assert source.open(UNBOUNDED).fingerprint == source.pinned().open(UNBOUNDED).fingerprint == new.fingerprint
    assert pinned.voice("alloy") == "fake_en"


def test_a_source_that_is_not_replaced_is_its_own_pinned_one(engine: FakeSpeechEngine) -> None:
    source = LocalSpeech("fake", lambda: engine)
    assert source.pinned() is source
    with pytest.raises(ModelMissing):
        missing("other").pinned()
