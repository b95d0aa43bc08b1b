"""The tokens of a block's sentences, in pieces: some blocks are as long as a book."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sayso.text.cutting import LONGEST_UTTERANCE
from sayso.text.lines import line_ends
from sayso.text.normalise import NormaliseOptions, normalise
from sayso.text.segments import mark_boundaries, with_boundary
from sayso.text.sentences import sentence_ends
from sayso.text.words import join_words
from sayso.types import Boundary, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sayso.text.lexicon import Lexicon
    from sayso.text.markup import Block
    from sayso.text.steps import Steps
    from sayso.text.visible import Visible
    from sayso.types import Token

LONGEST_PIECE = 15 * LONGEST_UTTERANCE
"""Few paragraphs are longer, and hardly any sentence is. Halving a piece of such a sentence four times makes
utterances of a good length."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenReader:
    """Reads the blocks of one document.

    Attributes:
        text: the document, with hidden markup and directives replaced by white space.
        options: of the normalisation.
        lexicon: the author's pronunciations.
        steps: counts the work.
    """

    text: str
    options: NormaliseOptions
    lexicon: Lexicon
    steps: Steps

    def read(self, block: Block, visible: Visible, language: str) -> Iterator[list[Token]]:
        """The tokens of a block, with their boundaries, in lists of whole sentences unless a sentence is very long.

        No list is empty; there are no lists if nothing can be spoken.
        """
        held: list[Token] = []
        for start, stop, ends in _pieces(visible.text, language):
            self.steps.advance(stop - start)
            tokens = self._tokens(block, visible, start, stop, language)
            if not tokens:
                continue
            if held:
                yield held
            last = Boundary.SENTENCE if ends and ends[-1] == stop else Boundary.CLAUSE
            held = mark_boundaries(tokens, (visible.source_end(end) for end in ends), last)
        if held:
            held[-1] = with_boundary(held[-1], Boundary.PARAGRAPH)
            yield held

    def _tokens(self, block: Block, visible: Visible, start: int, stop: int, language: str) -> list[Token]:
        span = Span(start=visible.source_start(start), end=visible.source_end(stop))
        skip = _within(block.markup, span)
        tokens = normalise(self.text, span, language=language, options=self.options, skip=skip)
        if tokens and start and not (visible.text[start - 1].isspace() or visible.text[start].isspace()):
            tokens[0] = replace(tokens[0], joined=True)  # as in scripts without spaces between sentences
        return join_words(self.text, self.lexicon.apply(self.text, tokens, language), language)


def _pieces(text: str, language: str) -> Iterator[tuple[int, int, list[int]]]:
    """A paragraph in pieces of at most `LONGEST_PIECE`: start, end, and the ends of sentences and lone lines.

    A piece ends with a sentence. If no sentence ends in it, it ends after white space or at the limit; this end is not
    among the ends of sentences.
    """
    start = 0
    while start < len(text):
        piece = text[start : start + LONGEST_PIECE]
        ends = [start + end for end in sorted({*sentence_ends(piece, language), *line_ends(piece)})]
        stop = start + len(piece)
        if stop < len(text):
            ends.pop()  # this is the end of the piece, not of a sentence
            stop = ends[-1] if ends else start + (_after_last_space(piece) or len(piece))
        yield start, stop, ends
        start = stop


def _after_last_space(text: str) -> int:
    """The offset after the last space; 0 if there is none."""
    return max(text.rfind(" "), text.rfind("\n")) + 1


def _within(markup: Sequence[Span], span: Span) -> Sequence[Span]:
    """The ordered spans that lie within another one or overlap it."""
    first = bisect_right(markup, span.start, key=lambda mark: mark.end)
    return markup[first : bisect_left(markup, span.end, key=lambda mark: mark.start)]
