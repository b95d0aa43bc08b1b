"""How many words were heard wrong, and which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import jiwer

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A place where other words were heard than were read; either side may be empty."""

    read: str
    heard: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What was read against what was heard.

    Attributes:
        words: how many were read.
        errors: words replaced, left out or added.
        differences: where.
    """

    words: int
    errors: int
    differences: tuple[Difference, ...]

    @property
    def word_error_rate(self) -> float:
        """Errors per word that was read."""
        return self.errors / self.words


def compare(read: Sequence[str], heard: Sequence[str]) -> Comparison:
    """Align two sequences of words with the fewest errors; ``read`` holds at least one."""
    output = jiwer.process_words(" ".join(read), " ".join(heard))
    differences = tuple(
        Difference(
            read=" ".join(read[chunk.ref_start_idx : chunk.ref_end_idx]),
            heard=" ".join(heard[chunk.hyp_start_idx : chunk.hyp_end_idx]),
        )
        for chunk in output.alignments[0]
        if chunk.type != "equal"
    )
    errors = output.substitutions + output.deletions + output.insertions
    return Comparison(words=len(read), errors=errors, differences=differences)
