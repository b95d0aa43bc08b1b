"""What every transcriber promises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sayso.types import Audio, Timeline

SAMPLE_RATE_HZ = 16_000
"""The rate of every transcript's timeline: the one speech recognition works at."""

Task: TypeAlias = Literal["transcribe", "translate"]
"""``translate`` writes English whatever is spoken."""

Progress: TypeAlias = "Callable[[float, float], None]"
"""Told how many seconds of audio are done, and how many there are; the first never falls or exceeds the second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """What was heard.

    Attributes:
        text: all that was said, in one line; empty for silence.
        language: of the text, as an ISO 639-1 code such as "en".
        language_probability: how sure the engine is of it, 0 to 1; 1 when the caller named it.
        timeline: when each word and segment was said, at `SAMPLE_RATE_HZ`, with spans into ``text``; no words for
            silence. Words carry their punctuation and the breaks that it means.
    """

    text: str
    language: str
    language_probability: float
    timeline: Timeline


class Transcriber(Protocol):
    """Sound in, words with times out.

    A transcriber may be used from many threads at once; it decides how many it serves at a time.
    """

    name: str
    """The engine's name, with its model's."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same sound could be transcribed otherwise: it covers the engine and its model."""
        ...

    def transcribe(
        self,
        source: Path | Audio,
        *,
        language: str | None = None,
        prompt: str | None = None,
        task: Task = "transcribe",
        progress: Progress | None = None,
    ) -> Transcript:
        """Write down what is said.

        Args:
            source: a file in any container that holds audio, or audio of any rate.
            language: what is spoken (BCP 47; the region is ignored); None to have it detected.
            prompt: words that may occur, or text in the style that is wanted.
            task: whether to translate.
            progress: told how far it is.

        Raises:
            NotAudio: the source holds no audio.
            UnsupportedLanguage: the model does not know the language, or cannot translate.
            EngineFailed: the engine broke.
        """
        ...
