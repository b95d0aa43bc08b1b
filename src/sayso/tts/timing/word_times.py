"""From the times of a model's symbols to the times of words.

Within a phrase the durations of phonemes are right, and `sayso.tts.timing.borders` says which of them is the border of
two words. Around a pause they are inaccurate: a final consonant gets most of the silence after it, and a soft first one
begins long before its frames. There the waveform decides: the silence between the two words is looked up in the audio,
and the edges of the words are moved to its edges.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from sayso.tts.timing.borders import word_border
from sayso.tts.timing.energy import FRAME_SAMPLES, levels_db, quiet_runs
from sayso.types import TokenTime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sayso.tts.phonemes.phrasing import Phrasing
    from sayso.tts.timing.borders import BorderLags
    from sayso.types import Audio, FloatArray

# Silence is what lies this far below the loud parts of the utterance (their 95th percentile). Voiced sounds die away
# slowly and consonants begin softly, so ends are judged more strictly than starts.
END_BELOW_LOUD_DB = 30.0
START_BELOW_LOUD_DB = 40.0

# Mouth noises between two words do not end the silence.
LONGEST_CLICK_FRAMES = 2

# Within a phrase a stop consonant is preceded by up to 90 ms of silence that belongs to its word.
PAUSE_MINIMUM_SECONDS = 0.04
UNMARKED_PAUSE_MINIMUM_SECONDS = 0.12


def token_times(
    phrasing: Phrasing, edges: NDArray[np.int64], audio: Audio, *, lags: BorderLags
) -> tuple[TokenTime, ...]:
    """The time of each token of an utterance.

    Args:
        phrasing: the symbols that were spoken and each token's place among them.
        edges: where each symbol begins and, last, where the final one ends, in samples as far as the model knows;
            shape (symbols + 1,), never falling. What lies outside the audio is moved to its ends.
        audio: of the utterance.
        lags: of the engine, for the borders of words within a phrase.

    Returns:
        One time per token: ordered, not overlapping, within the audio. A token without phonemes lasts no time.
    """
    edges = np.clip(edges, 0, audio.samples.size)
    starts = [int(edges[begin]) for begin, _ in phrasing.places]
    ends = [int(edges[end]) for _, end in phrasing.places]
    joined = _move_to_silences(phrasing, starts, ends, audio)
    _move_borders(phrasing, edges, joined, starts, ends, lags)
    return _in_order(starts, ends, audio.samples.size)


def _move_to_silences(phrasing: Phrasing, starts: list[int], ends: list[int], audio: Audio) -> list[tuple[int, int]]:
    """Move the words' edges at a pause, and at either end of the audio, to where the silence begins and ends.

    Returns:
        The pairs of neighbours that have no pause between them.
    """
    joined = []
    level = levels_db(audio.samples)
    loud = float(np.percentile(level, 95))
    runs = quiet_runs(level, loud - END_BELOW_LOUD_DB, longest_click_frames=LONGEST_CLICK_FRAMES)
    silences = [(begin * FRAME_SAMPLES, end * FRAME_SAMPLES) for begin, end in runs]
    spoken = [index for index, (begin, end) in enumerate(phrasing.places) if end > begin]
    middles = [(start + end) // 2 for start, end in zip(starts, ends, strict=True)]
    for left, right in itertools.pairwise(spoken):
        within = [silence for silence in silences if starts[left] < silence[0] and silence[1] < ends[right]]
        # Only the audio between the middles of the two words counts: words have silences within.
        lengths = [min(end, middles[right]) - max(begin, middles[left]) for begin, end in within]
        length, silence = max(zip(lengths, within, strict=True), default=(0, (0, 0)))
        minimum_seconds = PAUSE_MINIMUM_SECONDS if _has_mark(phrasing, left, right) else UNMARKED_PAUSE_MINIMUM_SECONDS
        if length < minimum_seconds * audio.sample_rate_hz:
            ends[left] = starts[right]
            joined.append((left, right))
        else:
            ends[left] = silence[0]
            starts[right] = _soft_start(level, silence, loud)
    if spoken and silences:
        first, last = spoken[0], spoken[-1]
        if silences[0][0] == 0 and silences[0][1] < ends[first]:
            starts[first] = _soft_start(level, silences[0], loud)
        if silences[-1][1] == level.size * FRAME_SAMPLES and silences[-1][0] > starts[last]:
            ends[last] = silences[-1][0]
    return joined


def _move_borders(
    phrasing: Phrasing,
    edges: NDArray[np.int64],
    joined: Sequence[tuple[int, int]],
    starts: list[int],
    ends: list[int],
    lags: BorderLags,
) -> None:
    """Move the edges of neighbours to their border, but into neither beyond its middle."""
    for left, right in joined:
        begin, end = (int(edges[symbol]) for symbol in phrasing.places[right])
        left_end = int(edges[phrasing.places[left][1]])
        if left_end <= starts[left]:  # it begins late, behind a pause
            left_end = begin
        earliest = (starts[left] + left_end) // 2
        latest = (begin + min(end, ends[right])) // 2
        border = word_border(phrasing, edges, left, right, lags)
        ends[left] = starts[right] = max(min(border, latest), earliest)


def _has_mark(phrasing: Phrasing, left: int, right: int) -> bool:
    return phrasing.symbols[phrasing.places[left][1] : phrasing.places[right][0]].strip() != ""


def _soft_start(level: FloatArray, silence: tuple[int, int], loud: float) -> int:
    """Where a silence ends, at a soft consonant too."""
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
