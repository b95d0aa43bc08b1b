"""Speech from a realtime model: what a model that rewords, drops, is late or sends garbage leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from sayso.errors import EngineUnavailable, SaysoError, UnknownVoice
from sayso.providers.parsing import preset
from sayso.scheduling import UNBOUNDED
from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import OpenAIServer, RealtimeFault
from sayso.tts.engines.realtime import RealtimeSpeech
from sayso.tts.reading_check import TRANSCRIPT_ONLY, ReadingCheck
from sayso.tts.selection import LocalSpeech
from support.audio.tones import ToneTranscriber
from support.text.utterances import utterance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sayso.providers.openai.connection import OpenAIConnection
    from sayso.providers.provider import SpeechFacts
    from sayso.types import Speech

SENTENCE = "The keeper lit the lamp."


@pytest.fixture(scope="module")
def running_server() -> Iterator[OpenAIServer]:
    with OpenAIServer(speech=FakeSpeechEngine(), transcriber=ToneTranscriber(), is_realtime=True) as running:
        yield running


def facts() -> SpeechFacts:
    found = preset("openai").speech.named("gpt-realtime-2.1-mini")
    assert found is not None
    return found


class Counted:
    """What was told besides the speech."""

    def __init__(self) -> None:
        self.tokens: list[tuple[int, int]] = []
        self.substituted: list[SaysoError] = []


def source(connection: OpenAIConnection, counted: Counted, check: ReadingCheck = TRANSCRIPT_ONLY) -> RealtimeSpeech:
    local = LocalSpeech("kokoro", FakeSpeechEngine, aliases={"alloy": "fake_en"})
    return RealtimeSpeech(
        connection,
        facts(),
        provider="openai",
        check=check,
        substitutes=lambda: [local],
        on_tokens=lambda received, made: counted.tokens.append((received, made)),
        on_substitute=counted.substituted.append,
    )


def say(speech: RealtimeSpeech, *texts: str, speed: float = 1.0) -> list[Speech]:
    engine = speech.open(UNBOUNDED, instructions="Softly.")
    return [engine.synthesise(utterance(text), voice="alloy", speed=speed) for text in texts]


def test_a_sentence_is_read_and_paid_for(server: OpenAIServer, connection: OpenAIConnection) -> None:
    counted = Counted()
    (speech,) = say(source(connection, counted), SENTENCE)
    assert not speech.is_substitute
    assert speech.audio.samples.size > 0
    assert counted.tokens[0][0] == 5
    assert server.realtime is not None
    assert server.realtime.texts == [SENTENCE]


@pytest.mark.parametrize(
    ("faults", "readings", "is_substitute"),
    [
        ([RealtimeFault.REWORDED], 2, False),
        ([RealtimeFault.REWORDED, RealtimeFault.REWORDED], 2, True),
        ([RealtimeFault.LATE], 1, False),
        ([RealtimeFault.DROPPED], 2, False),
        ([RealtimeFault.GARBAGE], 2, False),
        ([RealtimeFault.NO_AUDIO], 2, False),
        ([RealtimeFault.REFUSED], 2, False),
    ],
)
def test_what_goes_wrong_is_read_again(
    server: OpenAIServer,
    connection: OpenAIConnection,
    faults: list[RealtimeFault],
    readings: int,
    is_substitute: bool,
) -> None:
    """One more reading where it reworded, and as many as a request has attempts where the connection failed."""
    assert server.realtime is not None
    server.realtime.faults(*faults)
    counted = Counted()
    (speech,) = say(source(connection, counted), SENTENCE)
    assert (len(server.realtime.texts), speech.is_substitute) == (readings, is_substitute)
    assert [getattr(error, "reason", "") for error in counted.substituted] == (["reworded"] if is_substitute else [])


def test_only_the_reworded_sentence_is_substituted(server: OpenAIServer, connection: OpenAIConnection) -> None:
    """One in ten is reworded, each time: that one is spoken by the next engine, the others are not."""
    assert server.realtime is not None
    texts = [f"The keeper lit lamp number {number}." for number in range(10)]
    bad = texts[4]
    shown: list[str] = []

    def every(number: int) -> RealtimeFault | None:
        return RealtimeFault.REWORDED if server.realtime and number in {4, 5} else None

    server.realtime.faults(every=every)
    counted = Counted()
    spoken = say(source(connection, counted), *texts)
    shown = [text for text, speech in zip(texts, spoken, strict=True) if speech.is_substitute]
    assert shown == [bad]
    assert len(counted.substituted) == 1


def test_hidden_rewording_is_what_the_recogniser_says(server: OpenAIServer, connection: OpenAIConnection) -> None:
    """The transcript is as it should be; the sound is suspected, and what is heard in it decides."""
    assert server.realtime is not None
    heard = ["well lamp the lit keeper the i think", SENTENCE]
    check = ReadingCheck(is_suspected=lambda *_: True, hear=lambda *_: heard.pop(0))
    server.realtime.faults(RealtimeFault.HIDDEN)
    (speech,) = say(source(connection, Counted(), check), SENTENCE)
    assert not speech.is_substitute
    assert heard == []
    assert len(server.realtime.texts) == 2


def test_a_dead_provider_is_the_chains_matter_before_the_first_sound(
    server: OpenAIServer, connect: Callable[..., OpenAIConnection]
) -> None:
    """And after it a substitute's: nothing fails once the answer has begun."""
    assert server.realtime is not None
    connection = connect(timeout_seconds=250.0, retries=0)
    server.realtime.faults(every=lambda _number: RealtimeFault.REFUSED)
    with pytest.raises(EngineUnavailable):
        say(source(connection, Counted()), SENTENCE)
    server.realtime.faults(None, every=lambda _number: RealtimeFault.REFUSED)
    counted = Counted()
    first, second = say(source(connection, counted), SENTENCE, "The boats came home.")
    assert (first.is_substitute, second.is_substitute) == (False, True)
    assert len(counted.substituted) == 1


def test_a_retired_realtime_model_is_not_asked_again(server: OpenAIServer, connection: OpenAIConnection) -> None:
    assert server.realtime is not None
    server.models.retire("gpt-realtime-2.1-mini")
    for _ in range(2):
        with pytest.raises(EngineUnavailable) as caught:
            say(source(connection, Counted()), SENTENCE)
        assert caught.value.reason == "model_retired"
    assert server.realtime.texts == []


def test_a_rejected_key_says_so(connect: Callable[..., OpenAIConnection]) -> None:
    connection = connect(api_key="sk-wrong", timeout_seconds=250.0)
    with pytest.raises(EngineUnavailable) as caught:
        say(source(connection, Counted()), SENTENCE)
    assert caught.value.reason == "rejected_key"
    assert "sk-wrong" not in str(caught.value)


def test_a_server_without_realtime_does_not_have_the_model(
    connect: Callable[..., OpenAIConnection],
) -> None:
    with OpenAIServer(speech=FakeSpeechEngine(), transcriber=ToneTranscriber()) as plain:
        connection = connect(base_url=plain.base_url, api_key=plain.key, timeout_seconds=250.0)
        for _ in range(2):
            with pytest.raises(EngineUnavailable) as caught:
                say(source(connection, Counted()), SENTENCE)
            assert caught.value.reason == "model_retired"


def test_voices_that_realtime_models_lack_are_the_next_engines(connection: OpenAIConnection) -> None:
    speech = source(connection, Counted())
    assert len(speech.voices()) == 10
    with pytest.raises(UnknownVoice):
        speech.voice("onyx")


def test_speed_is_changed_here(server: OpenAIServer, connection: OpenAIConnection) -> None:
    normal, fast = (say(source(connection, Counted()), SENTENCE, speed=speed)[0] for speed in (1.0, 2.0))
    ratio = normal.audio.samples.size / fast.audio.samples.size
    assert ratio == pytest.approx(2.0, rel=0.1)
    assert server.realtime is not None
    assert np.isfinite(fast.audio.samples).all()


def test_text_without_words_is_not_sent(server: OpenAIServer, connection: OpenAIConnection) -> None:
    made: Any = say(source(connection, Counted()), "…")
    assert made[0].audio.samples.size > 0
    assert server.realtime is not None
    assert server.realtime.texts == []
