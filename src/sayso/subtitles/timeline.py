"""Build a timeline: utterances and pauses in sequence, in integer samples."""

from __future__ import annotations

from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from sayso.types import Chapter, Segment, Span, Timeline, TokenTime, Word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.types import Token


class TimelineBuilder:
    """Collects utterances and pauses, in order; one thread at a time.

    Args:
        text: the source that the tokens' spans refer to.
        sample_rate_hz: the rate of every length given to this builder.
    """

    def __init__(self, text: str, sample_rate_hz: int) -> None:
        self._text = text
        self._sample_rate_hz = sample_rate_hz
        self._position = 0
        self._words: list[Word] = []
        self._segments: list[Segment] = []
        self._chapter_starts: list[tuple[str, int]] = []

    @property
    def position_samples(self) -> int:
        """The length so far, in samples."""
        return self._position

    def append(self, tokens: Sequence[Token], times: Sequence[TokenTime], *, length_samples: int) -> None:
        """Append an utterance: a segment, and a word for every written word in it.

        Consecutive tokens that share a span are one written word ("£3.50"), also across two utterances.

        Args:
            tokens: of the utterance; at least one.
            times: when each token sounds, from the start of this utterance, ordered.
            length_samples: the length of the utterance's audio.

        Raises:
            ValueError: there is not one time per token, or the times leave the audio or are out of order.
        """
        edges = [0, *(edge for time in times for edge in (time.start_sample, time.end_sample)), length_samples]
        if len(times) != len(tokens) or any(earlier > later for earlier, later in pairwise(edges)):
            raise ValueError(f"{len(tokens)} tokens with times {times} do not fit {length_samples} samples")
        for token, time in zip(tokens, times, strict=True):
            self._place(token, self._position + time.start_sample, self._position + time.end_sample)
        end = self._position + length_samples
        span = Span(start=tokens[0].span.start, end=tokens[-1].span.end)
        self._segments.append(Segment(span=span, start_sample=self._position, end_sample=end))
        self._position = end

    def pause(self, samples: int) -> None:
        """Append silence."""
        self._position += samples

    def chapter(self, title: str) -> None:
        """Begin a chapter here; it ends where the next one begins, or at the end of the timeline."""
        self._chapter_starts.append((title, self._position))

    def words_from(self, number: int) -> tuple[Word, ...]:
        """The words so far, without the first ``number``; the last one may grow with the next utterance."""
        return tuple(self._words[number:])

    def build(self) -> Timeline:
        """The timeline so far; more may be appended afterwards."""
        ends = [start for _, start in self._chapter_starts[1:]] + [self._position]
        return Timeline(
            sample_rate_hz=self._sample_rate_hz,
            duration_samples=self._position,
            words=tuple(self._words),
            segments=tuple(self._segments),
            chapters=tuple(
                Chapter(title=title, start_sample=start, end_sample=end)
                for (title, start), end in zip(self._chapter_starts, ends, strict=False)
            ),
        )

    def _place(self, token: Token, start: int, end: int) -> None:
        joined, lead = token.joined, token.lead
        if self._words and self._words[-1].span == token.span:
            begun = self._words.pop()
            start, joined, lead = begun.start_sample, begun.joined, begun.lead
        word = Word(
            text=token.shown or token.span.of(self._text),
            span=token.span,
            start_sample=start,
            end_sample=end,
            lead=lead,
            trail=token.trail,
            joined=joined,
            boundary=token.boundary,
        )
        self._words.append(word)


def naive_times(tokens: Sequence[Token], length_samples: int) -> tuple[TokenTime, ...]:
    """Times for tokens whose engine gives none: the length is divided in proportion to the spoken characters.

    The times are contiguous and fill ``length_samples``. Expect errors of some hundred milliseconds.
    """
    reached = list(accumulate((len(token.spoken) for token in tokens), initial=0))
    edges = [length_samples * part // reached[-1] for part in reached]
    return tuple(TokenTime(start_sample=start, end_sample=end) for start, end in pairwise(edges))
