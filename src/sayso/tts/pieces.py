"""Joins the pieces of a planned utterance to what its synthesis as a whole gives: trimmed, levelled, without a seam."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sayso.tts.joins import LEAD_IN_SECONDS, LEAD_OUT_SECONDS, checked_finite, fade_in, fade_out, level_gain
from sayso.types import Audio, Speech, TokenTime

if TYPE_CHECKING:
    from sayso.types import FloatArray

_BEGINNING_ABOVE_WHOLE_DB = 0.35
"""The beginning of a sentence is louder than the whole: the mean over 13 sentences, which differ by half a decibel."""


class PieceJoiner:
    """Takes the pieces of one utterance in order, each with its overlap; one thread at a time.

    All pieces get the gain that the first one needs, so that none is louder than its neighbour. Over a cut, one fades
    into the next during half of the overlap, at the place in it where their waves agree best.

    Args:
        overlap_samples: how much two neighbouring pieces share.
    """

    def __init__(self, overlap_samples: int) -> None:
        self._overlap = overlap_samples
        self._gain: np.float32 | None = None
        self._tail: FloatArray | None = None
        self._samples: list[FloatArray] = []
        self._times: list[TokenTime] = []
        self._position = 0

    def add(self, speech: Speech, *, is_last: bool) -> Speech:
        """The next piece, ready to be heard after the one before; its last overlap is kept for the next piece.

        Raises:
            EngineFailed: a sample is infinite or not a number.
        """
        rate = speech.audio.sample_rate_hz
        times = speech.times or ()
        begin, end = 0, speech.audio.samples.size
        if self._tail is None:
            begin = max(0, times[0].start_sample - round(LEAD_IN_SECONDS * rate))
        if is_last:
            end = min(end, times[-1].end_sample + round(LEAD_OUT_SECONDS * rate))
        samples = checked_finite(speech.audio.samples)[begin:end]
        if self._gain is None:
            self._gain = level_gain(samples, rate, above_db=_BEGINNING_ABOVE_WHOLE_DB)
        samples = samples * self._gain
        if self._tail is None:
            fade_in(samples, rate)
        else:
            samples, begin = _faded_over(self._tail, samples)
        if is_last:
            fade_out(samples, rate)
        kept = samples.size if is_last else max(0, samples.size - self._overlap)
        self._tail, samples = samples[kept:], samples[:kept]
        moved = tuple(_moved(time, -begin, kept) for time in times)
        self._times += (_moved(time, self._position, self._position + kept) for time in moved)
        self._samples.append(samples)
        self._position += kept
        return Speech(audio=Audio(samples=samples, sample_rate_hz=rate), times=moved)

    def whole(self, sample_rate_hz: int) -> Speech:
        """Everything that was added, as one."""
        return Speech(
            audio=Audio(samples=np.concatenate(self._samples), sample_rate_hz=sample_rate_hz), times=tuple(self._times)
        )


_FLOOR = 1e-9


def _faded_over(tail: FloatArray, samples: FloatArray) -> tuple[FloatArray, int]:
    """The end of the piece before and the samples of the next in one, and how many samples the latter begin earlier."""
    length = min(tail.size, samples.size) // 2
    skipped = length // 2
    head = samples[skipped : skipped + length]
    windows = np.lib.stride_tricks.sliding_window_view(tail, length)[: 2 * skipped + 1]
    likeness = windows @ head / np.sqrt(np.square(windows).sum(axis=1) + _FLOOR)
    at = int(likeness.argmax())
    rising = np.linspace(0, 1, length, dtype=np.float32)
    faded = windows[at] * (1 - rising) + head * rising
    return np.concatenate([tail[:at], faded, samples[skipped + length :]]), skipped - at


def _moved(time: TokenTime, by: int, end: int) -> TokenTime:
    """The time so many samples later, but not before 0 or after the end."""
    return TokenTime(
        start_sample=min(max(time.start_sample + by, 0), end), end_sample=min(max(time.end_sample + by, 0), end)
    )
