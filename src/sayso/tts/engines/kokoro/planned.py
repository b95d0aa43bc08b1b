"""An utterance planned by Kokoro: where it may be cut, and the sound of any part of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sayso.tts.engines.kokoro.durations import BORDER_LAGS
from sayso.tts.engines.kokoro.vocabulary import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from sayso.tts.phonemes.phrasing import Phrasing
from sayso.tts.planned import Cut
from sayso.tts.timing.borders import word_border
from sayso.tts.timing.word_times import (
    END_BELOW_LOUD_DB,
    PAUSE_MINIMUM_SECONDS,
    UNMARKED_PAUSE_MINIMUM_SECONDS,
    token_times,
)
from sayso.types import Audio, Boundary, Speech, TokenTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from sayso.tts.engines.kokoro.model import KokoroModel, Prosody
    from sayso.types import Token

_HALF_FRAME = SAMPLES_PER_FRAME // 2
"""The steps of the planned loudness, in samples."""

_DECIBELS_PER_UNIT = 4.7
_DECIBELS_AT_ZERO = -54.0
"""The sound's level is a linear function of the planned loudness: correlation 0.99, in step with the sound."""

_NEAR_SAMPLES = 600
"""How far from the border of two words the quietest place is looked for: 25 ms."""

_OVERLAP_SAMPLES = 480
_MARGIN_FRAMES = 4
"""Frames that are made at either end of a piece and thrown away: near an end the vocoder lacks a side to look at."""

_TAIL_SAMPLES = 4800
"""How much is made after the last word: it dies away in the silence at the end."""


class PlannedKokoro:
    """See `PlannedSpeech`.

    Args:
        use: gives the model that makes the sound.
        prosody: of the utterance.
        phrasing: its symbols.
        edges: where each symbol begins and the last one ends, in samples.
        tokens: its tokens.
    """

    overlap_samples = _OVERLAP_SAMPLES

    def __init__(
        self,
        use: Callable[[], AbstractContextManager[KokoroModel]],
        prosody: Prosody,
        phrasing: Phrasing,
        edges: NDArray[np.int64],
        tokens: Sequence[Token],
    ) -> None:
        self._use = use
        self._prosody = prosody
        self._phrasing = phrasing
        self._length = int(prosody.frames.sum()) * SAMPLES_PER_FRAME
        self._edges = np.clip(edges, 0, self._length)
        self._levels = _DECIBELS_AT_ZERO + _DECIBELS_PER_UNIT * prosody.loudness.reshape(-1)
        self._quiet = self._levels < float(np.percentile(self._levels, 95)) - END_BELOW_LOUD_DB
        first = int(self._edges[phrasing.places[0][0]])
        last = min(self._length, int(self._edges[phrasing.places[-1][1]]) + _TAIL_SAMPLES)
        self.begin = Cut(token=0, sample=first, boundary=Boundary.SENTENCE, level_db=-np.inf)
        self.end = Cut(token=len(tokens), sample=last, boundary=tokens[-1].boundary, level_db=-np.inf)
        self.cuts = tuple(self._cuts(tokens))

    def synthesise(self, begin: Cut, end: Cut) -> Speech:
        """See `PlannedSpeech.synthesise`."""
        start = 0 if begin is self.begin else begin.sample - _OVERLAP_SAMPLES // 2
        stop = self._length if end is self.end else end.sample + _OVERLAP_SAMPLES // 2
        first = max(0, start // SAMPLES_PER_FRAME - _MARGIN_FRAMES)
        last = min(self._length // SAMPLES_PER_FRAME, -(-stop // SAMPLES_PER_FRAME) + _MARGIN_FRAMES)
        with self._use() as model:
            made = model.sound(self._prosody, first, last)
        offset = first * SAMPLES_PER_FRAME
        audio = Audio(samples=made[start - offset : stop - offset], sample_rate_hz=SAMPLE_RATE_HZ)
        places = self._phrasing.places[begin.token : end.token]
        phrasing = Phrasing(symbols=self._phrasing.symbols, places=places)
        times = token_times(phrasing, self._edges - start, audio, lags=BORDER_LAGS)
        return Speech(audio=audio, times=self._without_pauses_at_cuts(times, begin, end, start, stop))

    def _without_pauses_at_cuts(
        self, times: tuple[TokenTime, ...], begin: Cut, end: Cut, start: int, stop: int
    ) -> tuple[TokenTime, ...]:
        """The times, where no pause is at a cut, as in the whole utterance: a word lasts until the next one begins."""
        changed = list(times)
        for cut, index in ((begin, 0), (end, -1)):
            if cut is not self.begin and cut is not self.end and not self._is_in_pause(cut):
                border = min(max(self._border(cut.token), start), stop) - start
                if index == 0:
                    changed[0] = replace(changed[0], start_sample=min(border, changed[0].end_sample))
                else:
                    changed[-1] = replace(changed[-1], end_sample=max(border, changed[-1].start_sample))
        return tuple(changed)

    def _border(self, right: int) -> int:
        """Where a token of the utterance begins, in samples, if no pause is before it."""
        return word_border(self._phrasing, self._edges, right - 1, right, BORDER_LAGS)

    def _is_in_pause(self, cut: Cut) -> bool:
        """Whether the silence around a cut is one by the rules of `token_times`."""
        at = cut.sample // _HALF_FRAME
        if not self._quiet[at]:
            return False
        before, after = self._quiet[:at][::-1], self._quiet[at:]
        steps = sum(int(side.argmin()) if not side.all() else side.size for side in (before, after))
        left, right = self._phrasing.places[cut.token - 1], self._phrasing.places[cut.token]
        is_marked = self._phrasing.symbols[left[1] : right[0]].strip() != ""
        minimum_seconds = PAUSE_MINIMUM_SECONDS if is_marked else UNMARKED_PAUSE_MINIMUM_SECONDS
        return steps * _HALF_FRAME >= minimum_seconds * SAMPLE_RATE_HZ

    def _cuts(self, tokens: Sequence[Token]) -> Iterator[Cut]:
        pairs = itertools.pairwise(zip(tokens, self._phrasing.places, strict=True))
        for index, ((before, left), (after, right)) in enumerate(pairs, 1):
            if before.span == after.span or left[0] == left[1] or right[0] == right[1]:
                continue
            low = max(int(self._edges[left[0]]), int(self._edges[left[1]]) - _NEAR_SAMPLES)
            high = min(int(self._edges[right[1]]), int(self._edges[right[0]]) + _NEAR_SAMPLES)
            cut = self._quietest(low, high, index, before.boundary)
            if cut is not None and not self._is_in_pause(cut):
                border = self._border(index)
                low, high = max(low, border - _NEAR_SAMPLES), min(high, border + _NEAR_SAMPLES)
                cut = self._quietest(low, high, index, before.boundary)
            if cut is not None:
                yield cut

    def _quietest(self, low: int, high: int, token: int, boundary: Boundary) -> Cut | None:
        """The quietest place between two samples, if a step of the planned loudness lies there."""
        first = low // _HALF_FRAME + 1
        levels = self._levels[first : high // _HALF_FRAME]
        if not levels.size:
            return None
        quietest = first + int(levels.argmin())
        sample = quietest * _HALF_FRAME + _HALF_FRAME // 2
        return Cut(token=token, sample=sample, boundary=boundary, level_db=float(levels.min()))
