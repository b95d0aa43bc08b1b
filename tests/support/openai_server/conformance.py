"""Shared parts of the conformance tests: the server, sounds to send, and the format of an error."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from sayso.audio import AudioFormat, AudioWriter, decode

if TYPE_CHECKING:
    from openai import APIStatusError

    from sayso.tts.base import SpeechEngine
    from sayso.types import Audio, FloatArray

RATE_HZ = 24_000

_PAUSE_SECONDS = 0.8


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """The server under test.

    Attributes:
        base_url: with /v1.
        key: its key.
        speech_model: the name of a local model for speech, without OpenAI's limits.
        transcription_model: the same for transcription.
        is_ours: whether it is Sayso with the suite's own settings.
    """

    base_url: str
    key: str
    speech_model: str = "kokoro"
    transcription_model: str = "whisper-base"
    is_ours: bool = True


@cache
def kokoro() -> SpeechEngine:
    from sayso.bootstrap import open_engine
    from sayso.settings import load_settings

    return open_engine("kokoro", load_settings().model_copy(update={"synthesis_workers": 2}))


@cache
def speech_of(*sentences: str, voice: str = "af_heart") -> bytes:
    """The sentences, synthesised by Kokoro in this process, 0.8 s apart, as a WAV file: independent of the server."""
    from sayso.cache import NoCache
    from sayso.narration import Document, stream, to_script
    from sayso.tts.cache import SpeechCache

    engine = kokoro()
    pieces = []
    for sentence in sentences:
        script = to_script(Document(text=sentence, name="sound", markdown=False), engine, voice=voice)
        pieces += [*stream(script, engine, SpeechCache(NoCache()), speed=1.0), silent_samples(_PAUSE_SECONDS)]
    return wav(np.concatenate(pieces))


@dataclass(frozen=True, kw_only=True)
class SpokenWord:
    """A word, and when Kokoro begins to say it."""

    text: str
    start_seconds: float


def spoken_words(*sentences: str, voice: str = "af_heart") -> tuple[FloatArray, list[SpokenWord]]:
    """The sentences as `speech_of` has them, as samples, and each of their words with its time."""
    from sayso.cache import NoCache
    from sayso.narration import Document, Stream, to_script
    from sayso.tts.cache import SpeechCache

    engine = kokoro()
    pieces: list[FloatArray] = []
    words: list[SpokenWord] = []
    for sentence in sentences:
        script = to_script(Document(text=sentence, name="sound", markdown=False), engine, voice=voice)
        before = sum(map(len, pieces))
        spoken = Stream(script, engine, SpeechCache(NoCache()), speed=1.0)
        pieces += [piece.samples for piece in spoken]
        words += [
            SpokenWord(text=word.text, start_seconds=(before + word.start_sample) / RATE_HZ)
            for word in spoken.timeline.words
        ]
        pieces.append(silent_samples(_PAUSE_SECONDS))
    return np.concatenate(pieces), words


def silent_samples(seconds: float) -> FloatArray:
    """Digital silence at 24 kHz."""
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def wav(samples: FloatArray) -> bytes:
    """A WAV file of samples at 24 kHz."""
    target = io.BytesIO()
    with AudioWriter(target, AudioFormat.WAV, sample_rate_hz=RATE_HZ) as writer:
        writer.write(samples)
    return target.getvalue()


def heard(data: bytes) -> Audio:
    """The sound in a file, which must not be silent."""
    audio = decode(io.BytesIO(data), sample_rate_hz=RATE_HZ)
    assert float(np.abs(audio.samples).max()) > 0.05, "it is silent"
    return audio


def heard_pcm(data: bytes) -> FloatArray:
    """The samples of a bare response: 24 kHz, 16 bits, little-endian, mono."""
    assert len(data) % 2 == 0
    samples = np.frombuffer(data, "<i2").astype(np.float32) / np.float32(32768)
    assert float(np.abs(samples).max()) > 0.05, "it is silent"
    return samples


def problem(error: APIStatusError, *, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """The envelope of an error, which must have OpenAI's four keys, and the given code and param."""
    body = error.response.json()
    assert set(body) == {"error"}
    inside: dict[str, Any] = body["error"]
    assert set(inside) == {"message", "type", "param", "code"}
    assert inside["message"]
    assert inside["type"]
    if code is not None:
        assert inside["code"] == code
    if param is not None:
        assert (inside["param"] or "").removesuffix("[]") == param
    return inside
