"""What the speech engine sends to OpenAI, and what it makes of the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.cache import NoCache
from sayso.errors import InvalidInput, UnknownVoice, UtteranceTooLong
from sayso.providers.openai.limits import MAXIMUM_SPEECH_CHARACTERS
from sayso.tts.cache import SpeechCache
from sayso.tts.engines.openai import VOICES, OpenAISpeechEngine, written
from sayso.tts.synthesis import speak
from sayso.types import Span, Token, Utterance
from support.text.utterances import utterance

if TYPE_CHECKING:
    from sayso.providers.openai.connection import OpenAIConnection
    from sayso.testing.openai_server import OpenAIServer


def test_the_request_says_what_was_asked(server: OpenAIServer, connection: OpenAIConnection) -> None:
    """Text, voice, model, speed and instructions go out, and samples are asked for, not a file."""
    engine = OpenAISpeechEngine(connection, model="gpt-4o-mini-tts", instructions="Whisper.")

    engine.synthesise(utterance("“Stop,” he said."), voice="verse", speed=1.5)

    assert server.requests[0].fields == {
        "model": "gpt-4o-mini-tts",
        "input": "“Stop,” he said.",
        "voice": "verse",
        "speed": 1.5,
        "response_format": "pcm",
        "instructions": "Whisper.",
    }


def test_models_that_take_no_instructions_get_none(server: OpenAIServer, connection: OpenAIConnection) -> None:
    """The older models would refuse them."""
    OpenAISpeechEngine(connection, model="tts-1", instructions="Whisper.").synthesise(
        utterance("Hello."), voice="alloy", speed=1.0
    )

    assert "instructions" not in server.requests[0].fields


def test_the_text_is_that_of_the_tokens() -> None:
    """Spoken words with their punctuation, and spaces only where there were some."""
    tokens = (
        Token(spoken="and", span=Span(start=0, end=3), lead="("),
        Token(spoken="or", span=Span(start=4, end=6), joined=True, trail=")"),
        Token(spoken="three", span=Span(start=8, end=9), lead="“", trail="”."),
    )

    assert written(Utterance(tokens=tokens, language="en-us")) == "(andor) “three”."


def test_a_text_over_the_limit_is_spoken_in_parts(server: OpenAIServer, connection: OpenAIConnection) -> None:
    """Over 4096 characters the engine says so before it asks, and `speak` takes the utterance apart."""
    long = utterance("And then the wind turned once more over the harbour, " * 100)
    engine = OpenAISpeechEngine(connection)

    with pytest.raises(UtteranceTooLong):
        engine.synthesise(long, voice="alloy", speed=1.0)
    assert server.requests == []
    spoken = speak(long, engine, SpeechCache(NoCache()), voice="alloy", speed=1.0)

    assert [token for part in spoken for token in part.tokens] == list(long.tokens)
    assert len(server.requests) == len(spoken) == 2
    assert {part.timing for part in spoken} == {"naive"}
    assert all(len(received.fields["input"]) <= MAXIMUM_SPEECH_CHARACTERS for received in server.requests)


@pytest.mark.parametrize("speed", [0.25, 4.0])
def test_the_whole_range_of_speeds_is_open(connection: OpenAIConnection, speed: float) -> None:
    """A quarter to four times the pace, as OpenAI allows."""
    engine = OpenAISpeechEngine(connection)
    plain = engine.synthesise(utterance("Good morning to you all."), voice="alloy", speed=1.0).audio

    made = engine.synthesise(utterance("Good morning to you all."), voice="alloy", speed=speed).audio

    assert made.duration_seconds == pytest.approx(plain.duration_seconds / speed, rel=0.1)


def test_nothing_to_say_is_not_sent(server: OpenAIServer, connection: OpenAIConnection) -> None:
    """An utterance without a letter is a short silence."""
    spoken = Utterance(tokens=(Token(spoken="\N{ZERO WIDTH JOINER}", span=Span(start=0, end=1)),), language="en-us")

    made = OpenAISpeechEngine(connection).synthesise(spoken, voice="alloy", speed=1.0)

    assert not np.any(made.audio.samples)
    assert server.requests == []


def test_mistakes_cost_no_request(server: OpenAIServer, connection: OpenAIConnection) -> None:
    """An unknown voice and a speed out of range are refused here."""
    engine = OpenAISpeechEngine(connection)

    with pytest.raises(UnknownVoice, match="aloy") as caught:
        engine.synthesise(utterance("Hello."), voice="aloy", speed=1.0)
    assert "alloy" in (caught.value.hint or "")
    with pytest.raises(InvalidInput):
        engine.synthesise(utterance("Hello."), voice="alloy", speed=4.01)

    assert server.requests == []


def test_the_fingerprint_knows_what_changes_the_sound(connection: OpenAIConnection) -> None:
    """Another model or other instructions make other sound; a model that takes none is not changed by them."""
    prints = [
        OpenAISpeechEngine(connection, model=model, instructions=instructions).fingerprint
        for model in ("gpt-4o-mini-tts", "tts-1")
        for instructions in (None, "Whisper.", "Shout.")
    ]

    assert len(set(prints)) == 4
    assert len(set(prints[3:])) == 1


def test_the_voices_speak_the_language_they_are_told(connection: OpenAIConnection) -> None:
    """There are thirteen, and a French document may have them as French."""
    engine = OpenAISpeechEngine(connection, language="fr-fr")

    assert len(engine.voices()) == len(VOICES) == 13
    assert {engine.language_of(voice.name) for voice in engine.voices()} == {"fr-fr"}
