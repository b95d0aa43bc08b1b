"""The alignment of one text with one recording: which words are where, and which are not there."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from sayso.alignment.base import DOUBTFUL, SAMPLE_RATE_HZ, AlignedWord, AlignedWords, Stretch
from sayso.alignment.placing import Placed, place
from sayso.alignment.stretches import plan, spoken_words
from sayso.scheduling import compute_permits
from sayso.types import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from sayso.alignment.base import AlignableRecording, HeardWord, PhonemeModel, Progress, SecondAligner
    from sayso.alignment.placing import Pronounced
    from sayso.alignment.stretches import Window
    from sayso.scheduling import RequestContext

_FEWEST_DOUBTFUL = 3
"""So many doubtful words in a row are not spoken; fewer are unclear."""

LEAST_CONFIDENCE = 0.45
"""Without a transcription, words of which the mean confidence is lower are not spoken, though some seem to be."""

_MOST_ATTEMPTS = 3
_LARGEST_DOUBTFUL_SHARE = 0.15


class AlignmentRun:
    """The alignment of one text with one recording, on one thread."""

    def __init__(
        self,
        model: PhonemeModel,
        second: SecondAligner | None,
        recording: AlignableRecording,
        words: Sequence[Pronounced],
        context: RequestContext,
    ) -> None:
        self._model = model
        self._second = second
        self._recording = recording
        self._words = words
        self._context = context
        self._placed: dict[int, Placed] = {}
        self._others: list[tuple[float, float]] = []

    def direct(self) -> None:
        """Place all words on the whole recording."""
        self._place(range(len(self._words)), 0, self._recording.duration_samples)

    def drop_unspoken(self) -> None:
        """Place all words but those that seem not to be spoken on the whole recording."""
        self._drop_unspoken(range(len(self._words)), 0, self._recording.duration_samples, was_heard=False)

    @property
    def fits(self) -> bool:
        """Whether the recording has the whole text and nothing else."""
        doubtful = [not self._is_sure(index) for index in range(len(self._words))]
        longest = max((len(list(run)) for is_doubtful, run in groupby(doubtful) if is_doubtful), default=0)
        few = sum(doubtful) <= _LARGEST_DOUBTFUL_SHARE * len(doubtful)
        return few and longest < _FEWEST_DOUBTFUL and not self._others

    def windowed(self, heard: Sequence[HeardWord], language: str, progress: Progress) -> None:
        """Place the words in stretches around those that a transcription has, too."""
        self._placed, self._others = {}, []
        with compute_permits(self._context) as next_permit:
            planned = plan(
                [word.token for word in self._words],
                spoken_words(heard, language),
                self._recording.duration_samples / SAMPLE_RATE_HZ,
                next_permit,
            )
        duration_seconds = self._recording.duration_samples / SAMPLE_RATE_HZ
        for window in planned.windows:
            self._place_window(window)
            progress(min(window.end, duration_seconds), duration_seconds)
        progress(duration_seconds, duration_seconds)
        self._others += planned.others

    def result(self) -> AlignedWords:
        """What was placed so far."""
        words: list[AlignedWord] = []
        gaps: list[Span] = []
        clock, duration = 0, self._recording.duration_samples
        was_missing = False
        for span, indices in _written(self._words):
            times = [self._placed[index] for index in indices if index in self._placed]
            if not times:
                gaps = _with_gap(gaps, span, joined=was_missing)
                was_missing = True
                continue
            was_missing = False
            start = min(max(round(times[0].start * SAMPLE_RATE_HZ), clock), max(0, duration - 1))
            clock = min(max(round(times[-1].end * SAMPLE_RATE_HZ), start + 1), duration)
            words.append(
                AlignedWord(
                    span=span,
                    start_sample=start,
                    end_sample=clock,
                    confidence=round(sum(time.confidence for time in times) / len(times), 3),
                    method=times[0].method,
                )
            )
        return AlignedWords(
            words=tuple(words),
            gaps=tuple(gaps),
            insertions=tuple(_joined(self._others)),
            duration_samples=duration,
            model=self._model.name,
        )

    def _is_sure(self, index: int) -> bool:
        return index in self._placed and self._placed[index].confidence >= DOUBTFUL

    def _seems_spoken(self, group: Sequence[int], expected: int) -> bool:
        """Whether words that no transcription has are spoken: a word or two may only seem to be."""
        placed = [self._placed[index].confidence for index in group if index in self._placed]
        is_sure = sum(placed) >= LEAST_CONFIDENCE * len(group)
        return is_sure and len(group) >= min(_FEWEST_DOUBTFUL, expected)

    def _place_window(self, window: Window) -> None:
        start, end = (round(each * SAMPLE_RATE_HZ) for each in (window.start, window.end))
        self._place(window.words, start, end)
        self._drop_unspoken(window.words, start, end, window.doubtful)

    def _drop_unspoken(
        self,
        indices: Sequence[int],
        start_sample: int,
        end_sample: int,
        not_heard: frozenset[int] = frozenset(),
        *,
        was_heard: bool = True,
    ) -> None:
        """Place some words again, without those that seem not to be spoken, until the others seem to be.

        ``not_heard`` are those that the transcription does not have; without ``was_heard`` there is none.
        """
        for _ in range(_MOST_ATTEMPTS):
            unspoken = {
                index
                for run in _doubtful_runs(indices, self._is_sure)
                if len(run) >= _FEWEST_DOUBTFUL or not_heard.issuperset(run)
                for index in run
            }
            kept = [
                index
                for group in _groups(indices, unspoken)
                if (was_heard and not not_heard.issuperset(group)) or self._seems_spoken(group, len(indices))
                for index in group
            ]
            if len(kept) == len(indices):
                return
            for index in indices:
                self._placed.pop(index, None)
            self._place(kept, start_sample, end_sample)
            indices = kept

    def _place(self, indices: Sequence[int], start_sample: int, end_sample: int) -> None:
        """Place some words, all of which are spoken in a part of the recording."""
        if not indices or end_sample <= start_sample:
            return
        samples = np.concatenate(list(self._recording.blocks(start_sample, end_sample)))
        with self._context.permit():
            placement = place(samples, [self._words[index] for index in indices], self._model, self._second)
        if placement is None:
            return
        offset = start_sample / SAMPLE_RATE_HZ
        for index, word in zip(indices, placement.words, strict=True):
            self._placed[index] = word._replace(start=word.start + offset, end=word.end + offset)
        self._others += [(start + offset, end + offset) for start, end in placement.others]


def _written(words: Sequence[Pronounced]) -> Iterator[tuple[Span, list[int]]]:
    """Each written word with the numbers of its tokens: several for a number or an abbreviation."""
    for span, group in groupby(range(len(words)), key=lambda index: words[index].token.span):
        yield span, list(group)


def _with_gap(gaps: list[Span], span: Span, *, joined: bool) -> list[Span]:
    if joined:
        return [*gaps[:-1], Span(start=gaps[-1].start, end=span.end)]
    return [*gaps, span]


def _doubtful_runs(indices: Sequence[int], is_sure: Callable[[int], bool]) -> Iterator[list[int]]:
    for sure, run in groupby(indices, key=is_sure):
        if not sure:
            yield list(run)


def _groups(indices: Sequence[int], unspoken: Collection[int]) -> Iterator[list[int]]:
    """The words between those that are not spoken."""
    for is_unspoken, run in groupby(indices, key=lambda index: index in unspoken):
        if not is_unspoken:
            yield list(run)


def _joined(stretches: Iterable[tuple[float, float]]) -> Iterator[Stretch]:
    """The stretches in order, those that touch as one."""
    joined: list[list[float]] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], end)
        else:
            joined.append([start, end])
    for start, end in joined:
        yield Stretch(start_sample=round(start * SAMPLE_RATE_HZ), end_sample=round(end * SAMPLE_RATE_HZ))
