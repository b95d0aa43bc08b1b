"""``/v1/audio/translations``: whatever is spoken, the answer is English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

from support.openai_server.conformance import problem, silent_samples, wav

if TYPE_CHECKING:
    from openai import OpenAI

pytestmark = [
    pytest.mark.engine,
    # OpenAI's client calls its own method deprecated; the endpoint is part of what we serve.
    pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning"),
]

ENGLISH = ("lighthouse", "lamp", "evening", "cold", "keeper")
"""Words of which at least one is in any translation."""


def translate(client: OpenAI, recording: bytes, **fields: Any) -> Any:
    asked: dict[str, Any] = {"model": "whisper-1", "file": ("phare.wav", recording)}
    return client.audio.translations.create(**(asked | fields))


def is_english(text: str) -> bool:
    return any(word in text.lower() for word in ENGLISH)


@pytest.mark.parametrize("response_format", ["json", "text", "srt", "vtt", "verbose_json"])
def test_french_becomes_english(client: OpenAI, french_recording: bytes, response_format: Any) -> None:
    """French speech is written in English, in every format."""
    answer = translate(client, french_recording, response_format=response_format)
    assert is_english(answer if isinstance(answer, str) else answer.text)


def test_verbose_says_that_it_translated(client: OpenAI, french_recording: bytes) -> None:
    """verbose_json says what was done, in which language the text is, how long the recording is, and has segments."""
    answer: dict[str, Any] = translate(client, french_recording, response_format="verbose_json").model_dump()
    assert answer["task"] == "translate"
    assert answer["language"] == "english"
    assert answer["duration"] > 2
    assert answer["segments"]


def test_prompt_and_temperature_are_taken(client: OpenAI, french_recording: bytes) -> None:
    """``prompt`` and ``temperature`` are taken."""
    assert is_english(translate(client, french_recording, prompt="At the lighthouse.", temperature=0.2).text)


def test_silence_is_no_error(client: OpenAI) -> None:
    """Silent audio is 200 with an empty text."""
    assert translate(client, wav(silent_samples(2.0))).text == ""


def test_there_is_no_diarized_translation(client: OpenAI, french_recording: bytes) -> None:
    """diarized_json is 400 and names the field."""
    with pytest.raises(openai.BadRequestError) as raised:
        translate(client, french_recording, response_format="diarized_json")
    problem(raised.value, param="response_format")


def test_an_unknown_model_is_not_found(client: OpenAI, french_recording: bytes) -> None:
    """A name that is no model is 404 ``model_not_found``."""
    with pytest.raises(openai.NotFoundError) as raised:
        translate(client, french_recording, model="gpt-9")
    problem(raised.value, code="model_not_found")


def test_what_is_no_audio_is_refused(client: OpenAI) -> None:
    """A file that holds no audio is 400 ``Invalid file format.``"""
    with pytest.raises(openai.BadRequestError) as raised:
        translate(client, b"Dear Sir or Madam, " * 100, file=("letter.mp3", b"Dear Sir or Madam, " * 100))
    assert problem(raised.value)["message"].startswith("Invalid file format.")
