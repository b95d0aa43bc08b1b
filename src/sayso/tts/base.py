"""SpeechEngine and G2P: the Protocols of speech engines and of phoneme sources; the bounds of speed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.types import Speech, Utterance, Voice

MINIMUM_SPEED = 0.25
MAXIMUM_SPEED = 4.0
"""The speeds that requests, messages and the command line may ask for; OpenAI's own bounds."""

MINIMUM_MODEL_SPEED = 0.5
MAXIMUM_MODEL_SPEED = 2.0
"""The speeds that every local engine synthesises at; beyond them the audio is stretched."""


class SpeechEngine(Protocol):
    """Text in, audio and word times out.

    An engine may be used from many threads at once: `synthesise` holds no lock while it computes, so that a caller
    gets as much parallelism as it starts threads.
    """

    name: str
    """The engine's name, as users give it to ``--engine``."""

    sample_rate_hz: int
    """The rate of all audio that this engine makes."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same utterance would get other audio: it covers the engine's code and its model."""
        ...

    @property
    def workers(self) -> int:
        """How many concurrent calls of `synthesise` use this machine best."""
        ...

    def voices(self) -> Sequence[Voice]:
        """Every installed voice, in a stable order."""
        ...

    def language_of(self, voice: str) -> str:
        """The language (BCP 47) that a voice speaks.

        Raises:
            UnknownVoice: with the closest names of voices.
        """
        ...

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """Synthesise one utterance.

        Args:
            utterance: its language decides the pronunciation.
            voice: a voice of this engine, or a blend of voices if the engine has blends.
            speed: 1.0 is the voice's own pace, 2.0 twice as fast; `MINIMUM_MODEL_SPEED` to `MAXIMUM_MODEL_SPEED`.

        Returns:
            Mono audio and one time per token, ordered, within the audio.

        Raises:
            UnknownVoice: the engine has no such voice.
            InvalidInput: the speed is out of range.
            UtteranceTooLong: it is longer than the engine synthesises at once; nothing is ever cut off.
            UnsupportedLanguage: no phonemes for this language.
            EngineFailed: the engine broke.
        """
        ...


def gives_times(engine: SpeechEngine) -> bool:
    """Whether the engine's speech has times; an engine without them has the attribute ``has_times = False``."""
    return bool(getattr(engine, "has_times", True))


class G2P(Protocol):
    """Graphemes to phonemes: the pronunciation of words in their context."""

    fingerprint: str
    """Changes whenever the same words would get other phonemes."""

    def pronounce(self, words: Sequence[str], language: str) -> list[str]:
        """The IPA of each word, spoken as one phrase in the given order.

        Stress marks stand before the vowel; the letters of an affricate or diphthong are joined by a tie (U+0361).
        A word that the language cannot pronounce gives an empty string.

        Raises:
            UnsupportedLanguage: this source does not speak the language.
        """
        ...
