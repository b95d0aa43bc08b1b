"""The visible text of a paragraph, and the way back to the source."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.types import Span


@dataclass(frozen=True, kw_only=True, slots=True)
class Visible:
    """The text of a block without its markup.

    Attributes:
        text: what a reader sees.
        starts: where each piece between markup begins in `text`; ascending, the first is 0.
        sources: where each piece begins in the source.
    """

    text: str
    starts: Sequence[int]
    sources: Sequence[int]

    @classmethod
    def of(cls, source: str, span: Span, markup: Sequence[Span]) -> Visible:
        """Remove the ``markup`` of a block; it is ordered, disjoint, and within the block's ``span``."""
        begins = [span.start, *(mark.end for mark in markup)]
        ends = [*(mark.start for mark in markup), span.end]
        starts, pieces = [0], []
        for begin, end in zip(begins, ends, strict=True):
            pieces.append(source[begin:end])
            starts.append(starts[-1] + end - begin)
        return cls(text="".join(pieces), starts=starts[:-1], sources=begins)

    def source_start(self, start: int) -> int:
        """The source offset of the visible character at ``start``."""
        piece = bisect_right(self.starts, start) - 1
        return self.sources[piece] + start - self.starts[piece]

    def source_end(self, end: int) -> int:
        """The source offset just after the last of the first ``end`` visible characters; ``end`` is at least 1."""
        piece = bisect_right(self.starts, end - 1) - 1
        return self.sources[piece] + end - self.starts[piece]
