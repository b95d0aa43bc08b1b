"""What clients of other servers ask for, with the real engines."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from bench.words import plain_words
from sayso.audio import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.openai_server.conformance import Target

pytestmark = pytest.mark.engine

SPOKEN = "The keeper lit the lamp."
HUB_MODEL = "Systran/faster-whisper-base"


@pytest.fixture(scope="module")
def http(target: Target) -> Iterator[httpx2.Client]:
    """A plain client that presents its key as Azure's do."""
    address = target.base_url.removesuffix("/v1")
    with httpx2.Client(base_url=address, headers={"api-key": target.key}, timeout=120) as client:
        yield client


def transcribed(http: httpx2.Client, recording: bytes, **fields: Any) -> dict[str, Any]:
    data = {"model": HUB_MODEL, "response_format": "verbose_json", **fields}
    answer = http.post("/v1/audio/transcriptions", files={"file": ("a.wav", recording)}, data=data)
    assert answer.status_code == 200, answer.text
    content: dict[str, Any] = answer.json()
    return content


def test_a_sum_of_voices_is_a_voice_of_its_own(http: httpx2.Client) -> None:
    """A weighted mix of style vectors: as in our own notation, unlike either voice, and understood."""
    body = {"input": SPOKEN, "voice": "af_bella(2)+af_sky(1)", "response_format": "pcm", "stream": False}
    captioned = http.post("/dev/captioned_speech", json=body).json()
    mixed = base64.b64decode(captioned["audio"])
    plain = {"model": "hexgrad/Kokoro-82M", "input": SPOKEN, "response_format": "pcm", "stream": False}
    others = {
        voice: http.post("/v1/audio/speech", json={**plain, "voice": voice}).content
        for voice in ("af_bella:2+af_sky:1", "af_bella", "af_sky")
    }
    assert [mixed == audio for audio in others.values()] == [True, False, False]
    assert [word["word"] for word in captioned["timestamps"]] == SPOKEN.split()
    wav = http.post("/v1/audio/speech", json={**plain, "voice": "af_bella(2)+af_sky(1)", "response_format": "wav"})
    assert plain_words(transcribed(http, wav.content)["text"], "en") == plain_words(SPOKEN, "en")


def test_the_speech_of_a_recording_is_found(http: httpx2.Client, recording: bytes) -> None:
    """Two sentences with 0.8 s between them are two ranges, in milliseconds, inside of the recording."""
    answer = http.post(
        "/v1/audio/speech/timestamps",
        files={"file": ("a.wav", recording)},
        data={"threshold": "0.5", "min_silence_duration_ms": "400"},
    )
    first, second = answer.json()
    assert 0 <= first["start"] < first["end"] < second["start"] < second["end"]
    assert second["end"] <= len(decode(io.BytesIO(recording), sample_rate_hz=16_000).samples) / 16


def test_without_the_filter_the_text_is_the_same(http: httpx2.Client, recording: bytes) -> None:
    """Clear speech is read alike, whether silences are left out or not."""
    with_filter = transcribed(http, recording, language="en", vad_filter="true")
    without = transcribed(http, recording, language="en", vad_filter="false")
    assert plain_words(without["text"], "en") == plain_words(with_filter["text"], "en")


def test_a_language_is_detected_among_the_candidates(http: httpx2.Client, french_recording: bytes) -> None:
    """Of those that were named, even if another one is likelier."""
    assert transcribed(http, french_recording, **{"languages[]": ["en", "fr"]})["language"] == "french"
    assert transcribed(http, french_recording, **{"languages[]": ["en", "de"]})["language"] in {"english", "german"}
