"""The Protocols and values of alignment: the phoneme model, the recording, and words with their times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from sayso.types import FloatArray, Span

SAMPLE_RATE_HZ = 16_000
"""The rate of every recording that is aligned; all samples of an alignment are counted at this rate."""

Method: TypeAlias = Literal["ctc", "ctc+hmm", "hmm"]
"""How a word was placed: by the phoneme model, by it and a second aligner that agrees, or by the latter alone."""


Progress: TypeAlias = "Callable[[float, float], None]"
"""Called with how much of the work is done, and with all of it, in seconds of audio; the first never falls."""


class PhonemeModel(Protocol):
    """A model that says which phoneme sounds when: connectionist temporal classification (CTC) over phonemes.

    It may be used from many threads at once.
    """

    name: str
    """The model's name, for metadata."""

    @property
    def symbols(self) -> Mapping[str, int]:
        """The column of each phoneme, in IPA, in the probabilities."""
        ...

    @property
    def blank(self) -> int:
        """The column of CTC's blank."""
        ...

    @property
    def word_boundary(self) -> int | None:
        """The column of the space between words; None if the model has none."""
        ...

    @property
    def frame_samples(self) -> int:
        """The distance between two rows of the probabilities, in samples at `SAMPLE_RATE_HZ`."""
        ...

    def log_probabilities(self, samples: FloatArray) -> FloatArray:
        """The natural logarithm of each symbol's probability in each frame; shape (frames, columns).

        Args:
            samples: mono at `SAMPLE_RATE_HZ`, at most a minute: longer audio takes as much more memory.

        Raises:
            EngineFailed: the model broke.
            ModelMissing, ModelCorrupt: it does not load.
        """
        ...


class Pronouncer(Protocol):
    """The pronunciation of words; `sayso.tts.base.G2P` is one."""

    def pronounce(self, words: Sequence[str], language: str) -> list[str]:
        """The IPA of each word, spoken as one phrase.

        Raises:
            UnsupportedLanguage: this source does not speak the language.
        """
        ...


class SecondAligner(Protocol):
    """Another aligner, which shares nothing with the phoneme model: where both agree, their mean is better."""

    name: str

    def speaks(self, language: str) -> bool:
        """Whether it has a model for the language (BCP 47)."""
        ...

    def align(self, samples: FloatArray, words: Sequence[str], ipa: Sequence[str]) -> NDArray[np.float64] | None:
        """The start and the end of each word in seconds, shape (words, 2), NaN where not found; None if it failed.

        Args:
            samples: mono at `SAMPLE_RATE_HZ`.
            words: as spoken.
            ipa: of each word, for words that its dictionary lacks.
        """
        ...


class AlignableRecording(Protocol):
    """Mono audio at `SAMPLE_RATE_HZ`; `sayso.stt.Recording` is one. One thread at a time reads it."""

    @property
    def duration_samples(self) -> int:
        """Its length."""
        ...

    def blocks(self, start_sample: int, end_sample: int) -> Iterator[FloatArray]:
        """A part of it, in blocks: float32 within ±1."""
        ...


class HeardWord(NamedTuple):
    """A word of a transcription, with its approximate time."""

    text: str
    start_seconds: float
    end_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class AlignedWord:
    """A word of the text, and when it is spoken.

    Attributes:
        span: its place in the text.
        start_sample: at `SAMPLE_RATE_HZ`.
        end_sample: after ``start_sample``.
        confidence: 0 to 1: how well the sound fits the word. Below `DOUBTFUL` the time may be wrong.
        method: how it was placed.
    """

    span: Span
    start_sample: int
    end_sample: int
    confidence: float
    method: Method


DOUBTFUL = 0.3
"""A word with a lower confidence should be checked by a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """A part of a recording: samples at `SAMPLE_RATE_HZ`, half open."""

    start_sample: int
    end_sample: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AlignedWords:
    """A text placed on a recording.

    Attributes:
        words: those that were found, ordered, not overlapping, within the recording.
        gaps: runs of the text that are not spoken in the recording; none of their words is among ``words``.
        insertions: speech in the recording that is not in the text.
        duration_samples: of the recording.
        model: the name of the phoneme model.
    """

    words: tuple[AlignedWord, ...]
    gaps: tuple[Span, ...] = ()
    insertions: tuple[Stretch, ...] = ()
    duration_samples: int
    model: str
