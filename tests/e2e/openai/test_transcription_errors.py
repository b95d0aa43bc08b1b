"""A caller's mistakes in ``/v1/audio/transcriptions``: typed errors, and OpenAI's envelope with all of its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openai
import pytest

from support.openai_server.conformance import problem, silent_samples, wav

if TYPE_CHECKING:
    from openai import OpenAI

    from support.openai_server.conformance import Target

pytestmark = pytest.mark.engine

LIMIT_BYTES = 26_214_400

QUIET = wav(silent_samples(1.0))


def listen(client: OpenAI, **fields: Any) -> Any:
    asked: dict[str, Any] = {"model": "whisper-1", "file": ("quiet.wav", QUIET)}
    return client.audio.transcriptions.create(**(asked | fields))


def refused(client: OpenAI, *, code: str | None = None, param: str | None = None, **fields: Any) -> dict[str, Any]:
    """The envelope of the 400 that a request gets."""
    with pytest.raises(openai.BadRequestError) as raised:
        listen(client, **fields)
    found = problem(raised.value, code=code, param=param)
    assert found["type"] == "invalid_request_error"
    return found


def wav_of(size_bytes: int) -> bytes:
    """A silent WAV file of exactly so many bytes."""
    header_bytes = len(wav(silent_samples(1.0))) - 48_000
    samples, odd = divmod(size_bytes - header_bytes, 2)
    return wav(silent_samples(samples / 24_000)) + b"\x00" * odd


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00" * 5000,
        b"Dear Sir or Madam, " * 200,
        b"\x89PNG\r\n\x1a\n" + b"\x01" * 500,
        b"RIFF\xff\xff\xff\xffWAVE",
    ],
    ids=["empty", "zeros", "text", "picture", "cut-header"],
)
def test_what_is_no_audio_is_refused(client: OpenAI, data: bytes) -> None:
    """A file that holds no audio is 400, and its message begins as OpenAI's does."""
    assert refused(client, file=("letter.mp3", data))["message"].startswith("Invalid file format.")


@pytest.mark.parametrize("seconds", [0.0005, 0.05, 0.09])
def test_too_short_audio_is_refused(client: OpenAI, seconds: float) -> None:
    """Less than 0.1 s is ``audio_too_short``."""
    refused(client, code="audio_too_short", param="file", file=("short.wav", wav(silent_samples(seconds))))


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe"])
def test_a_large_upload_is_refused_under_openais_names(client: OpenAI, model: str) -> None:
    """One byte more than 25 MiB under OpenAI's model name is 413."""
    with pytest.raises(openai.APIStatusError) as raised:
        listen(client, model=model, file=("long.wav", wav_of(LIMIT_BYTES + 1)))
    assert raised.value.status_code == 413
    problem(raised.value)


@pytest.mark.parametrize("size_bytes", [LIMIT_BYTES])
def test_an_upload_at_the_limit_is_taken(client: OpenAI, size_bytes: int) -> None:
    """25 MiB under OpenAI's model name are taken."""
    assert listen(client, file=("long.wav", wav_of(size_bytes))).text == ""


def test_a_large_upload_is_taken_under_our_names(client: OpenAI, target: Target) -> None:
    """More than 25 MiB under the name of a local model are taken."""
    data = wav_of(LIMIT_BYTES + 1_000_000)
    assert listen(client, model=target.transcription_model, file=("long.wav", data)).text == ""


@pytest.mark.parametrize("model", ["gpt-9", "tts-1"])
def test_an_unknown_model_is_not_found(client: OpenAI, model: str) -> None:
    """A name that is no model for transcription is 404 ``model_not_found``."""
    with pytest.raises(openai.NotFoundError) as raised:
        listen(client, model=model)
    assert problem(raised.value, code="model_not_found")["type"] == "invalid_request_error"


def test_an_unknown_format_is_refused(client: OpenAI) -> None:
    """A format that there is not is named as the field that is wrong."""
    refused(client, param="response_format", response_format="docx")


def test_an_unknown_granularity_is_refused(client: OpenAI) -> None:
    """A granularity that there is not is named as the field that is wrong."""
    refused(
        client,
        param="timestamp_granularities",
        response_format="verbose_json",
        timestamp_granularities=["phoneme"],
    )


@pytest.mark.parametrize("response_format", ["json", "text", "srt"])
def test_granularities_need_verbose_json(client: OpenAI, response_format: Any) -> None:
    """Granularities with another format are 400, and the field is named."""
    refused(client, param="timestamp_granularities", response_format=response_format, timestamp_granularities=["word"])


def test_speakers_need_a_model_that_tells_them_apart(client: OpenAI) -> None:
    """diarized_json of a model that cannot tell speakers apart is 400, and the field is named."""
    refused(client, param="response_format", response_format="diarized_json")


@pytest.mark.parametrize("temperature", [-0.1, 1.1])
def test_a_temperature_out_of_range_is_refused(client: OpenAI, temperature: float) -> None:
    """A temperature below 0 or above 1 is 400, and the field is named."""
    refused(client, param="temperature", temperature=temperature)


@pytest.mark.parametrize("language", ["english!", "xx", "1"])
def test_an_unknown_language_is_refused(client: OpenAI, language: str) -> None:
    """A language that there is not is 400, and the field is named."""
    refused(client, param="language", language=language)


def test_an_unknown_chunking_strategy_is_refused(client: OpenAI) -> None:
    """A chunking strategy that there is not is 400, and the field is named."""
    refused(client, param="chunking_strategy", chunking_strategy={"type": "coin_toss"})


def test_an_unknown_inclusion_is_refused(client: OpenAI) -> None:
    """Something to include that there is not is 400, and the field is named."""
    refused(client, param="include", include=["birdsong"])


def test_log_probabilities_are_given_or_refused(client: OpenAI) -> None:
    """``include[]=logprobs`` is answered with them, or with a 400 that names the field: never ignored."""
    try:
        answer = listen(client, model="gpt-4o-transcribe", include=["logprobs"])
    except openai.BadRequestError as error:
        problem(error, param="include")
    else:
        assert answer.logprobs is not None


def test_a_mistake_is_told_before_a_stream_begins(client: OpenAI) -> None:
    """A file that holds no audio is a 400 also where events were asked for: nothing fails after a 200."""
    refused(client, model="gpt-4o-mini-transcribe", stream=True, file=("letter.mp3", b"Dear Sir, " * 200))


@pytest.mark.parametrize("field", ["model", "file"])
def test_a_missing_field_is_named(client: OpenAI, field: str) -> None:
    """A form that lacks a required field is 400 and says which."""
    with pytest.raises(openai.BadRequestError) as raised:
        client.post(
            "/audio/transcriptions",
            body={} if field == "model" else {"model": "whisper-1"},
            files={"other" if field == "file" else "file": ("quiet.wav", QUIET)},
            options={"headers": {"content-type": "multipart/form-data"}},
            cast_to=object,
        )
    problem(raised.value, param=field)


def test_a_body_that_is_no_form_is_refused(client: OpenAI) -> None:
    """JSON in place of a form is a 400 in the envelope."""
    with pytest.raises(openai.BadRequestError) as raised:
        client.post("/audio/transcriptions", body={"model": "whisper-1"}, cast_to=object)
    problem(raised.value)


def test_a_wrong_key_is_refused(target: Target) -> None:
    """A key that is nobody's is 401 ``invalid_api_key``."""
    with (
        openai.OpenAI(base_url=target.base_url, api_key="sk-wrong", max_retries=0) as stranger,
        pytest.raises(openai.AuthenticationError) as raised,
    ):
        listen(stranger)
    problem(raised.value, code="invalid_api_key")


def test_a_missing_key_is_refused(client: OpenAI) -> None:
    """A request without a key is 401 ``invalid_api_key``."""
    with pytest.raises(openai.AuthenticationError) as raised:
        listen(client, extra_headers={"authorization": openai.Omit()})
    problem(raised.value, code="invalid_api_key")
