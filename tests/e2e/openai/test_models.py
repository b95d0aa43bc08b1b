"""What can be asked for: models and voices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

from support.openai_server.conformance import problem

if TYPE_CHECKING:
    from openai import OpenAI

    from support.openai_server.conformance import Target

pytestmark = pytest.mark.engine


def test_models_are_listed(client: OpenAI, target: Target) -> None:
    """The list holds OpenAI's names and our own, each with the fields that OpenAI's have."""
    models = {model.id: model for model in client.models.list()}
    assert {"tts-1", "whisper-1", target.speech_model, target.transcription_model} <= set(models)
    for told in (model.model_dump() for model in models.values()):
        assert told["object"] == "model"
        assert told["created"] > 0
        assert told["owned_by"]


@pytest.mark.parametrize("name", ["tts-1", "gpt-4o-mini-tts", "whisper-1", "gpt-4o-transcribe"])
def test_a_model_is_retrieved(client: OpenAI, name: str) -> None:
    """A model is told by its name."""
    model = client.models.retrieve(name)
    assert (model.id, model.object) == (name, "model")


def test_a_local_model_is_retrieved(client: OpenAI, target: Target) -> None:
    """So is one of our own."""
    assert client.models.retrieve(target.speech_model).id == target.speech_model


def test_an_unknown_model_is_not_found(client: OpenAI) -> None:
    """A model that there is not is 404 ``model_not_found``."""
    with pytest.raises(openai.NotFoundError) as raised:
        client.models.retrieve("gpt-9")
    problem(raised.value, code="model_not_found", param="model")


def test_models_need_a_key(target: Target) -> None:
    """The list is for those who have a key."""
    with (
        openai.OpenAI(base_url=target.base_url, api_key="sk-wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError) as raised,
    ):
        stranger.models.list()
    problem(raised.value, code="invalid_api_key")


def test_voices_are_listed(client: OpenAI) -> None:
    """The extension ``/audio/voices`` lists every voice by the name that it goes by."""
    answer: Any = client.get("/audio/voices", cast_to=object)
    voices = {voice if isinstance(voice, str) else voice["id"] for voice in answer["voices"]}
    assert {"af_heart", "ff_siwis"} <= voices
