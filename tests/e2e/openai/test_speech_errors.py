"""A caller's mistakes in ``/v1/audio/speech``: typed errors, and OpenAI's envelope with all of its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

from support.openai_server.conformance import problem

if TYPE_CHECKING:
    from openai import OpenAI

    from support.openai_server.conformance import Target

pytestmark = pytest.mark.engine


def speak(client: OpenAI, **fields: Any) -> Any:
    asked: dict[str, Any] = {"model": "tts-1", "input": "It is late.", "voice": "alloy"}
    return client.audio.speech.create(**(asked | fields))


def refused(client: OpenAI, *, code: str | None = None, param: str | None = None, **fields: Any) -> dict[str, Any]:
    """The envelope of the 400 that a request gets."""
    with pytest.raises(openai.BadRequestError) as raised:
        speak(client, **fields)
    found = problem(raised.value, code=code, param=param)
    assert found["type"] == "invalid_request_error"
    return found


def test_too_long_an_input_is_refused(client: OpenAI) -> None:
    """4097 characters under OpenAI's model name are ``string_above_max_length``."""
    refused(client, code="string_above_max_length", param="input", input="a" * 4097)


@pytest.mark.parametrize("text", ["", "   \n\t "])
def test_an_empty_input_is_refused(client: OpenAI, text: str) -> None:
    """A text with nothing to say is the caller's mistake, and the field is named."""
    refused(client, param="input", input=text)


def test_an_unknown_voice_is_refused(client: OpenAI) -> None:
    """A voice that there is not is named as the field that is wrong."""
    refused(client, param="voice", voice="nobody")


def test_an_unknown_voice_object_is_refused(client: OpenAI) -> None:
    """So is one that is named by an object."""
    refused(client, param="voice", voice={"id": "voice_nobody"})


def test_an_unknown_format_is_refused(client: OpenAI) -> None:
    """A format that there is not is named as the field that is wrong."""
    refused(client, param="response_format", response_format="ogg")


@pytest.mark.parametrize("speed", [0.24, 4.01, 0.0, -1.0, 100.0])
def test_a_speed_out_of_range_is_refused(client: OpenAI, speed: float) -> None:
    """Below 0.25 and above 4.0 there is no speech, even where the answer would be streamed."""
    refused(client, param="speed", speed=speed)


def test_a_speed_that_is_no_number_is_refused(client: OpenAI) -> None:
    """A speed must be a number."""
    refused(client, param="speed", speed="fast")


def test_an_unknown_stream_format_is_refused(client: OpenAI) -> None:
    """``stream_format`` is audio or sse."""
    refused(client, param="stream_format", stream_format="websocket")


def test_a_mistake_is_told_before_a_stream_begins(client: OpenAI) -> None:
    """A mistake is a 400 also where events were asked for: nothing fails after a 200."""
    refused(client, param="voice", voice="nobody", stream_format="sse")


@pytest.mark.parametrize("model", ["gpt-9", "whisper-1"])
def test_an_unknown_model_is_not_found(client: OpenAI, model: str) -> None:
    """A name that is no model for speech is 404 ``model_not_found``."""
    with pytest.raises(openai.NotFoundError) as raised:
        speak(client, model=model)
    assert problem(raised.value, code="model_not_found")["type"] == "invalid_request_error"


@pytest.mark.parametrize("field", ["model", "input", "voice"])
def test_a_missing_field_is_named(client: OpenAI, field: str) -> None:
    """A request that lacks a required field is 400 and says which."""
    asked = {"model": "tts-1", "input": "It is late.", "voice": "alloy"}
    del asked[field]
    with pytest.raises(openai.BadRequestError) as raised:
        client.post("/audio/speech", body=asked, cast_to=object)
    problem(raised.value, param=field)


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff\xfe"])
def test_a_body_that_is_no_json_object_is_refused(client: OpenAI, body: bytes) -> None:
    """Whatever the body is, a request that cannot be read is a 400 in the envelope."""
    with pytest.raises(openai.BadRequestError) as raised:
        client.post(
            "/audio/speech", content=body, cast_to=object, options={"headers": {"content-type": "application/json"}}
        )
    assert problem(raised.value)["type"] == "invalid_request_error"


@pytest.mark.parametrize("presented", ["sk-wrong", "sayso_0000", "Bearer"])
def test_a_wrong_key_is_refused(target: Target, presented: str) -> None:
    """A key that is nobody's is 401 ``invalid_api_key``."""
    with (
        openai.OpenAI(base_url=target.base_url, api_key=presented, max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError) as raised,
    ):
        speak(stranger)
    problem(raised.value, code="invalid_api_key")


def test_a_missing_key_is_refused(client: OpenAI) -> None:
    """A request without a key is 401 ``invalid_api_key``."""
    with pytest.raises(openai.AuthenticationError) as raised:
        speak(client, extra_headers={"authorization": openai.Omit()})
    problem(raised.value, code="invalid_api_key")


def test_an_unknown_path_is_the_envelope_too(client: OpenAI) -> None:
    """A path that there is not is 404 in the envelope."""
    with pytest.raises(openai.NotFoundError) as raised:
        client.get("/audio/nowhere", cast_to=object)
    problem(raised.value)


def test_a_wrong_method_is_the_envelope_too(client: OpenAI) -> None:
    """A method that a path does not know is 405 in the envelope."""
    with pytest.raises(openai.APIStatusError) as raised:
        client.get("/audio/speech", cast_to=object)
    assert raised.value.status_code == 405
    problem(raised.value)
