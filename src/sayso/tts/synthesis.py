"""One utterance of any length, from the cache or from the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.errors import EngineFailed, UtteranceTooLong
from sayso.subtitles import naive_times
from sayso.text import split_utterance
from sayso.tts.cache import speech_key
from sayso.tts.errors import shown_name
from sayso.tts.joins import shape

if TYPE_CHECKING:
    from sayso.subtitles import Timing
    from sayso.tts.base import SpeechEngine
    from sayso.tts.cache import SpeechCache
    from sayso.types import Audio, Token, TokenTime, Utterance


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Spoken:
    """An utterance or a part of it, ready to be joined to others.

    Attributes:
        tokens: of the text.
        audio: trimmed, at the common loudness.
        times: one per token.
        timing: the source of the times.
        cached: whether it came from the cache.
    """

    tokens: tuple[Token, ...]
    audio: Audio
    times: tuple[TokenTime, ...]
    timing: Timing
    cached: bool


def speak(
    utterance: Utterance,
    engine: SpeechEngine,
    cache: SpeechCache,
    *,
    voice: str,
    speed: float,
    key: str | None = None,
) -> tuple[Spoken, ...]:
    """The speech of an utterance: from the cache, or else from the engine.

    The result has one part, or several where the utterance is too long for the engine; nothing is cut off. Speech
    without times gets naive ones. May be called from many threads.

    Args:
        utterance: the text.
        engine: synthesises it.
        cache: of speech.
        voice: as the engine takes it.
        speed: as the engine takes it.
        key: the utterance's `speech_key`, where the caller has computed it.

    Raises:
        SaysoError: as `SpeechEngine.synthesise`, but never `UtteranceTooLong`.
    """
    key = key or speech_key(utterance, voice=voice, speed=speed, fingerprint=engine.fingerprint)
    speech = cache.get(key)
    cached = speech is not None
    if speech is None:
        try:
            made = engine.synthesise(utterance, voice=voice, speed=speed)
        except UtteranceTooLong as error:
            return tuple(
                spoken
                for part in _halves(utterance, error)
                for spoken in speak(part, engine, cache, voice=voice, speed=speed)
            )
        speech = cache.put(key, shape(made))
    timing: Timing = "naive" if speech.times is None else "aligned" if speech.is_aligned else "exact"
    times = speech.times or naive_times(utterance.tokens, speech.audio.samples.size)
    return (Spoken(tokens=utterance.tokens, audio=speech.audio, times=times, timing=timing, cached=cached),)


def _halves(utterance: Utterance, error: UtteranceTooLong) -> tuple[Utterance, Utterance]:
    try:
        return split_utterance(utterance)
    except ValueError:
        raise EngineFailed(
            f"{shown_name(utterance.tokens[0].spoken)} alone is too long to speak: {error.message}"
        ) from error
