"""The ranges of a recording that are speech, by Silero's detector, with options of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sayso.scheduling import UNBOUNDED
from sayso.stt.recording import SAMPLE_RATE_HZ
from sayso.stt.vad import WINDOW_SAMPLES, SampleRange, SpeechDetector
from sayso.stt.whisper.batched_decoder import engine_errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.scheduling import RequestContext
    from sayso.stt.recording import Recording
    from sayso.types import FloatArray

_HYSTERESIS = 0.15
_LOWEST_END_THRESHOLD = 0.01
_SHORTEST_CUT_SECONDS = 0.098
"""Speech that is too long is cut in a silence of this length, if it has one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RangeOptions:
    """What counts as one range of speech.

    Attributes:
        threshold: the probability from which on speech begins, 0 to 1.
        end_threshold: the probability below which it ends; None for a little less than the threshold.
        shortest_seconds: a shorter range is left out.
        longest_seconds: a longer range is cut; None for any length.
        silence_seconds: a shorter silence is part of its range.
        padding_seconds: is added before and after each range, as far as ranges do not overlap.
    """

    threshold: float = 0.75
    end_threshold: float | None = None
    shortest_seconds: float = 0.0
    longest_seconds: float | None = None
    silence_seconds: float = 1.0
    padding_seconds: float = 0.0


def speech_ranges(
    recording: Recording, options: RangeOptions, context: RequestContext = UNBOUNDED
) -> list[SampleRange]:
    """The ranges of speech, in order, at `SAMPLE_RATE_HZ`.

    Args:
        recording: open.
        options: what counts as one range.
        context: the request's.

    Raises:
        EngineFailed: the detector broke.
        Cancelled, DeadlineExceeded: as the context says.
    """
    if recording.is_silent:
        return []
    detector = SpeechDetector()
    probabilities: list[FloatArray] = []
    for block in recording.blocks(0, recording.duration_samples):
        with engine_errors(), context.permit():
            probabilities.append(detector.probabilities(block))
    return ranges_of(np.concatenate(probabilities), recording.duration_samples, options)


def ranges_of(probabilities: FloatArray, duration_samples: int, options: RangeOptions) -> list[SampleRange]:
    """The ranges of speech.

    Args:
        probabilities: of speech, in each window of `WINDOW_SAMPLES`.
        duration_samples: the length of the recording.
        options: what counts as one range.
    """
    shortest = options.shortest_seconds * SAMPLE_RATE_HZ
    found = [
        SampleRange(start * WINDOW_SAMPLES, min(end * WINDOW_SAMPLES, duration_samples))
        for start, end in _runs(probabilities, options)
    ]
    kept = [each for each in found if each.end > each.start and each.end - each.start >= shortest]
    return _padded(kept, duration_samples, round(options.padding_seconds * SAMPLE_RATE_HZ))


def _runs(probabilities: FloatArray, options: RangeOptions) -> Iterator[tuple[int, int]]:
    """The ranges in windows, half open."""
    end_threshold = options.end_threshold
    if end_threshold is None:
        end_threshold = max(options.threshold - _HYSTERESIS, _LOWEST_END_THRESHOLD)
    silence = _windows(options.silence_seconds)
    longest = None if options.longest_seconds is None else max(1, _windows(options.longest_seconds))
    start: int | None = None
    quiet: int | None = None  # since when it may have ended
    cut: tuple[int, int] | None = None  # the last silence in which it may be cut
    for window, probability in enumerate(probabilities.tolist()):
        if start is not None and longest is not None and window - start >= longest:
            end, following = (window, window) if cut is None else cut
            yield start, end
            start, quiet, cut = (following if probability >= end_threshold else None), None, None
        if probability >= options.threshold:
            if quiet is not None and window - quiet >= _windows(_SHORTEST_CUT_SECONDS):
                cut = quiet, window
            quiet = None
            start = window if start is None else start
        elif start is not None and probability < end_threshold:
            quiet = window if quiet is None else quiet
            if window - quiet >= silence:
                yield start, quiet
                start = quiet = cut = None
    if start is not None:
        yield start, len(probabilities) if quiet is None else quiet


def _windows(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ / WINDOW_SAMPLES)


def _padded(ranges: list[SampleRange], duration_samples: int, padding: int) -> list[SampleRange]:
    """The ranges with padding, which two of them share where the silence between them is short."""
    padded: list[SampleRange] = []
    for place, each in enumerate(ranges):
        before = ranges[place - 1].end if place else -padding
        after = ranges[place + 1].start if place + 1 < len(ranges) else duration_samples + padding
        start = max(0, each.start - min(padding, (each.start - before) // 2))
        end = min(duration_samples, each.end + min(padding, (after - each.end) // 2))
        padded.append(SampleRange(start, end))
    return padded
