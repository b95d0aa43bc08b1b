"""One utterance, from the cache or from the engine, whatever its length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.errors import EngineFailed, UtteranceTooLong
from sayso.subtitles import naive_times
from sayso.text import split_utterance
from sayso.tts.cache import speech_key
from sayso.tts.checks import shown_name
from sayso.tts.joins import shape

if TYPE_CHECKING:
    from sayso.subtitles import Timing
    from sayso.tts.base import SpeechEngine
    from sayso.tts.cache import SpeechCache
    from sayso.types import Audio, Token, TokenTime, Utterance


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Spoken:
    """A stretch of an utterance, ready to be joined to others.

    Attributes:
        tokens: what is said.
        audio: the sound, trimmed and levelled.
        times: one per token.
        timing: where they come from.
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
    """Speak an utterance: from the cache if it was spoken before, else with the engine.

    The result has one part, or several where the engine cannot speak it in one go; nothing is cut off. Engines that
    give no times get naive ones. May be called from many threads.

    Args:
        utterance: what to say.
        engine: who says it.
        cache: where speech is kept.
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
    timing: Timing = "naive" if speech.times is None else "exact"
    times = speech.times or naive_times(utterance.tokens, speech.audio.samples.size)
    return (Spoken(tokens=utterance.tokens, audio=speech.audio, times=times, timing=timing, cached=cached),)


def _halves(utterance: Utterance, error: UtteranceTooLong) -> tuple[Utterance, Utterance]:
    try:
        return split_utterance(utterance)
    except ValueError:
        raise EngineFailed(
            f"{shown_name(utterance.tokens[0].spoken)} alone is too long to speak: {error.message}"
        ) from error
