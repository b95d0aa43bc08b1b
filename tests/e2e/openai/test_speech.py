"""``/v1/audio/speech`` as OpenAI's Python client uses it."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from support.openai_server.conformance import RATE_HZ, heard, heard_pcm

if TYPE_CHECKING:
    from openai import OpenAI

    from sayso.types import FloatArray
    from support.openai_server.conformance import Target

pytestmark = pytest.mark.engine

TEXT = "The lamp is lit, and the boats come home."

OPENAI_VOICES = (
    "alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse", "marin", "cedar",
)  # fmt: skip

MEDIA_TYPES = {
    "mp3": {"audio/mpeg"},
    "opus": {"audio/opus", "audio/ogg"},
    "aac": {"audio/aac"},
    "flac": {"audio/flac"},
    "wav": {"audio/wav", "audio/x-wav"},
    "pcm": {"audio/pcm", "audio/L16", "application/octet-stream"},
}

MAGIC = {"mp3": (b"ID3", b"\xff"), "opus": (b"OggS",), "aac": (b"ID3", b"\xff\xf1", b"\xff\xf9"), "flac": (b"fLaC",)}


def pcm(client: OpenAI, **fields: Any) -> FloatArray:
    """The samples of a text."""
    asked = {"model": "tts-1", "input": TEXT, "voice": "alloy"} | fields
    return heard_pcm(client.audio.speech.create(**asked, response_format="pcm").content)


def sounding_seconds(samples: FloatArray) -> float:
    """From the first sound to the last."""
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    return float(loud[-1] - loud[0]) / RATE_HZ


@pytest.fixture(scope="module")
def natural_seconds(client: OpenAI) -> float:
    """How long the text sounds at speed 1."""
    return sounding_seconds(pcm(client))


@pytest.mark.parametrize("response_format", ["mp3", "opus", "aac", "flac", "wav"])
def test_each_format_is_what_it_says(client: OpenAI, natural_seconds: float, response_format: Any) -> None:
    """The answer is a file of the format that was asked for, by its type, its first bytes and its sound."""
    answer = client.audio.speech.create(model="tts-1", input=TEXT, voice="alloy", response_format=response_format)
    assert answer.response.headers["content-type"].partition(";")[0] in MEDIA_TYPES[response_format]
    assert answer.content.startswith(MAGIC.get(response_format, (b"RIFF",)))
    assert sounding_seconds(heard(answer.content).samples) == pytest.approx(natural_seconds, abs=0.15)


def test_the_default_format_is_mp3(client: OpenAI) -> None:
    """Without response_format the answer is an MP3 file."""
    answer = client.audio.speech.create(model="tts-1", input=TEXT, voice="alloy")
    assert answer.response.headers["content-type"].partition(";")[0] == "audio/mpeg"
    assert heard(answer.content).duration_seconds > 1


def test_pcm_is_24_khz_mono(client: OpenAI, natural_seconds: float) -> None:
    """pcm is bare 16-bit samples at 24 kHz, without a header: read so, the text takes as long as a voice takes."""
    answer = client.audio.speech.create(model="tts-1", input=TEXT, voice="alloy", response_format="pcm")
    assert answer.response.headers["content-type"].partition(";")[0] in MEDIA_TYPES["pcm"]
    assert not answer.content.startswith((b"RIFF", b"OggS", b"fLaC", b"ID3"))
    assert 1.5 < natural_seconds < 5


@pytest.mark.parametrize(("speed", "longer"), [(0.25, 4.0), (0.5, 2.0), (1.25, 0.8), (2.0, 0.5), (4.0, 0.25)])
def test_speed_changes_the_length(client: OpenAI, natural_seconds: float, speed: float, longer: float) -> None:
    """From 0.25 to 4.0, both included, speech takes as much longer or shorter as its speed says."""
    assert sounding_seconds(pcm(client, speed=speed)) / natural_seconds == pytest.approx(longer, rel=0.2)


@pytest.mark.parametrize("voice", OPENAI_VOICES)
def test_every_voice_of_openai_speaks(client: OpenAI, voice: str) -> None:
    """OpenAI's voice names are taken, each of them."""
    assert sounding_seconds(pcm(client, voice=voice, input="It is late.")) > 0.3


def test_openais_voices_differ(client: OpenAI) -> None:
    """Names of voices that sound low and high are not all the same voice."""
    voices = [pcm(client, voice=voice, input="It is late.") for voice in ("nova", "onyx", "fable")]
    assert len({samples.tobytes() for samples in voices}) == len(voices)


def test_a_voice_may_be_an_object(client: OpenAI) -> None:
    """``{"id": …}`` names a voice as its name alone does."""
    named = pcm(client, voice="alloy", input="It is late.")
    assert np.array_equal(pcm(client, voice={"id": "alloy"}, input="It is late."), named)


@pytest.mark.parametrize("voice", ["af_heart", "bm_george", "ff_siwis"])
def test_local_voices_go_by_their_names(client: OpenAI, target: Target, voice: str) -> None:
    """Every local voice is asked for by its own name."""
    assert sounding_seconds(pcm(client, model=target.speech_model, voice=voice, input="Paris.")) > 0.2


@pytest.mark.parametrize("model", ["tts-1", "tts-1-hd", "gpt-4o-mini-tts"])
def test_every_speech_model_of_openai_speaks(client: OpenAI, model: str) -> None:
    """OpenAI's model names for speech are served."""
    assert sounding_seconds(pcm(client, model=model, input="It is late.")) > 0.3


def test_instructions_are_taken(client: OpenAI) -> None:
    """``instructions`` is no error, whoever speaks."""
    assert sounding_seconds(pcm(client, model="gpt-4o-mini-tts", instructions="Whisper, slowly.")) > 1


def test_the_limit_itself_is_not_too_long(client: OpenAI) -> None:
    """4096 characters are taken under OpenAI's model names: the answer begins with sound."""
    text = ("The lamp burned. " * 300)[:4096]
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", input=text, voice="alloy", response_format="pcm"
    ) as answer:
        assert answer.status_code == 200
        assert next(answer.iter_bytes(1024))


def test_our_own_models_have_no_limit(client: OpenAI, target: Target) -> None:
    """More than 4096 characters are taken under the name of a local model."""
    with client.audio.speech.with_streaming_response.create(
        model=target.speech_model, input="The lamp burned. " * 300, voice="af_heart", response_format="pcm"
    ) as answer:
        assert answer.status_code == 200
        assert next(answer.iter_bytes(1024))


@pytest.mark.parametrize("response_format", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_audio_streams(client: OpenAI, response_format: Any) -> None:
    """Read as it comes, in whichever format, the answer is the same speech, and comes in pieces."""
    text = "First the lamp. Then the stairs. Then the long cold night, and at last the morning."
    with client.audio.speech.with_streaming_response.create(
        model="tts-1", input=text, voice="alloy", response_format=response_format
    ) as answer:
        pieces = list(answer.iter_bytes())
    data = b"".join(pieces)
    samples = heard_pcm(data) if response_format == "pcm" else heard(data).samples
    assert len(pieces) > 1
    assert sounding_seconds(samples) > 3


def test_stream_format_audio_is_the_sound_itself(client: OpenAI) -> None:
    """``stream_format`` audio is what comes without it."""
    answer = client.audio.speech.create(model="tts-1", input=TEXT, voice="alloy", stream_format="audio")
    assert heard(answer.content).duration_seconds > 1


@pytest.fixture(scope="module")
def speech_events(client: OpenAI) -> list[dict[str, Any]]:
    """The events of the text in ``stream_format`` sse, as pcm."""
    with client.audio.speech.with_streaming_response.create(
        model="gpt-4o-mini-tts", input=TEXT, voice="alloy", response_format="pcm", stream_format="sse"
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in answer.iter_lines() if line.startswith("data:")]
    payloads = [line.removeprefix("data:").strip() for line in lines]
    return [json.loads(payload) for payload in payloads if payload != "[DONE]"]


def test_events_carry_the_sound(speech_events: list[dict[str, Any]], natural_seconds: float) -> None:
    """``speech.audio.delta`` events hold the audio in base64: joined, it is the text spoken."""
    deltas = [event["audio"] for event in speech_events if event["type"] == "speech.audio.delta"]
    samples = heard_pcm(b"".join(map(base64.b64decode, deltas)))
    assert sounding_seconds(samples) == pytest.approx(natural_seconds, abs=0.15)


def test_the_last_event_says_what_was_used(speech_events: list[dict[str, Any]]) -> None:
    """One ``speech.audio.done`` ends the stream, with three whole numbers of which the third is the sum."""
    assert [event["type"] for event in speech_events].index("speech.audio.done") == len(speech_events) - 1
    usage = speech_events[-1]["usage"]
    assert set(usage) >= {"input_tokens", "output_tokens", "total_tokens"}
    assert all(isinstance(usage[name], int) for name in ("input_tokens", "output_tokens", "total_tokens"))
    assert usage["input_tokens"] + usage["output_tokens"] == usage["total_tokens"] > 0
