"""From when a model sounds each symbol to when each word is heard.

A model that says how long its phonemes last is right within a phrase. Around a pause it is a poor guide: a final
consonant is given most of the silence after it, a soft first one begins long before its frames. There the waveform
knows better: the silence between the two words is looked up in the audio, and their edges are put on its own.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from sayso.tts.energy import FRAME_SAMPLES, levels_db, quiet_runs
from sayso.types import TokenTime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sayso.tts.phrasing import Phrasing
    from sayso.types import Audio, FloatArray

# Silence is what lies this far below the loud parts of the utterance (their 95th percentile). Voiced sounds die away
# slowly and consonants begin softly, so ends are judged more strictly than starts.
END_BELOW_LOUD_DB = 30.0
START_BELOW_LOUD_DB = 40.0

# Within a phrase a stop consonant is preceded by up to 90 ms of silence that belongs to its word.
PAUSE_MINIMUM_SECONDS = 0.04
UNMARKED_PAUSE_MINIMUM_SECONDS = 0.12


def token_times(phrasing: Phrasing, edges: NDArray[np.int64], audio: Audio) -> tuple[TokenTime, ...]:
    """When each token of an utterance is heard.

    Args:
        phrasing: the symbols that were spoken and each token's place among them.
        edges: where each symbol begins and, last, where the final one ends, in samples as far as the model knows;
            shape (symbols + 1,), never falling. What lies outside the audio is moved to its ends.
        audio: the sound.

    Returns:
        One time per token: ordered, not overlapping, within the audio. A token without phonemes lasts no time.
    """
    edges = np.clip(edges, 0, audio.samples.size)
    starts = [int(edges[begin]) for begin, _ in phrasing.places]
    ends = [int(edges[end]) for _, end in phrasing.places]
    _move_to_silences(phrasing, starts, ends, audio)
    return _in_order(starts, ends, audio.samples.size)


def _move_to_silences(phrasing: Phrasing, starts: list[int], ends: list[int], audio: Audio) -> None:
    """Where two words are parted by a pause, put the end and the start at the pause's edges."""
    level = levels_db(audio.samples)
    loud = float(np.percentile(level, 95))
    spoken = [index for index, (begin, end) in enumerate(phrasing.places) if end > begin]
    middles = {index: (starts[index] + ends[index]) // 2 for index in spoken}
    for left, right in itertools.pairwise([None, *spoken, None]):
        low = 0 if left is None else middles[left]
        high = audio.samples.size if right is None else middles[right]
        marked = left is None or right is None or _has_mark(phrasing, left, right)
        minimum_seconds = PAUSE_MINIMUM_SECONDS if marked else UNMARKED_PAUSE_MINIMUM_SECONDS
        silence = _longest_silence(level, low, high, loud)
        if silence is None or silence[1] - silence[0] < minimum_seconds * audio.sample_rate_hz:
            if left is not None and right is not None:
                ends[left] = starts[right]
            continue
        if left is not None:
            ends[left] = silence[0]
        if right is not None:
            starts[right] = _soft_start(level, silence, loud)


def _has_mark(phrasing: Phrasing, left: int, right: int) -> bool:
    return phrasing.symbols[phrasing.places[left][1] : phrasing.places[right][0]].strip() != ""


def _longest_silence(level: FloatArray, low: int, high: int, loud: float) -> tuple[int, int] | None:
    """The longest silence between two samples, as a range of samples."""
    first, last = low // FRAME_SAMPLES, -(-high // FRAME_SAMPLES)
    runs = quiet_runs(level[first:last], loud - END_BELOW_LOUD_DB)
    if not runs:
        return None
    begin, end = max(runs, key=lambda run: run[1] - run[0])
    return (first + begin) * FRAME_SAMPLES, (first + end) * FRAME_SAMPLES


def _soft_start(level: FloatArray, silence: tuple[int, int], loud: float) -> int:
    """Where sound rises out of a silence for good, a soft consonant included."""
    first, last = silence[0] // FRAME_SAMPLES, silence[1] // FRAME_SAMPLES
    while last > first and level[last - 1] >= loud - START_BELOW_LOUD_DB:
        last -= 1
    return last * FRAME_SAMPLES


def _in_order(starts: Sequence[int], ends: Sequence[int], size: int) -> tuple[TokenTime, ...]:
    """The times with every start at or after the end before it, and every end at or after its start."""
    times, clock = [], 0
    for start, end in zip(starts, ends, strict=True):
        begin = min(max(start, clock), size)
        clock = min(max(end, begin), size)
        times.append(TokenTime(start_sample=begin, end_sample=clock))
    return tuple(times)
