"""What every speech engine and every phoneme source promises."""

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
    """Text in, sound and word times out.

    An engine may be used from many threads at once: `synthesise` holds no lock while it computes, so that a caller
    gets as much parallelism as it starts threads.
    """

    name: str
    """The engine's name, as users give it to ``--engine``."""

    sample_rate_hz: int
    """The rate of all audio that this engine makes."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same utterance would sound different: it covers the engine's code and its model."""
        ...

    @property
    def workers(self) -> int:
        """How many calls of `synthesise` at once use this machine best."""
        ...

    def voices(self) -> Sequence[Voice]:
        """Every voice that is installed, in a stable order."""
        ...

    def language_of(self, voice: str) -> str:
        """The language (BCP 47) that a voice speaks.

        Raises:
            UnknownVoice: naming the closest voices there are.
        """
        ...

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """Speak one utterance.

        Args:
            utterance: what to say; its language chooses the pronunciation.
            voice: a voice of this engine, or a blend if the engine knows blends.
            speed: 1.0 is the voice's own pace, 2.0 twice as fast; 0.5 to 2.0.

        Returns:
            Mono audio and one time per token, ordered, within the audio.

        Raises:
            UnknownVoice: the engine has no such voice.
            InvalidInput: the speed is out of range.
            UtteranceTooLong: it exceeds what the engine speaks in one go; nothing is ever cut off.
            UnsupportedLanguage: no phonemes for this language.
            EngineFailed: the engine broke.
        """
        ...


class G2P(Protocol):
    """Graphemes to phonemes: how words are pronounced beside one another."""

    fingerprint: str
    """Changes whenever the same words would be pronounced differently."""

    def pronounce(self, words: Sequence[str], language: str) -> list[str]:
        """The IPA of each word, spoken as one phrase in the given order.

        Stress marks stand before the vowel; the letters of an affricate or diphthong are joined by a tie (U+0361).
        A word that the language cannot pronounce gives an empty string.

        Raises:
            UnsupportedLanguage: this source does not speak the language.
        """
        ...
