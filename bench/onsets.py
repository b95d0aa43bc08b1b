"""Where sound begins and ends around pauses, found in the waveform alone.

This is the judge of word times, so it shares neither code nor method with what it judges (`sayso.tts.timing`). There,
one level for the whole utterance parts sound from silence; here, an edge is where the signal leaves the noise of the
very pause that it bounds:

1. A moving average of 10 ms is subtracted: what lies below about 50 Hz is no sound. (Kokoro's pauses hold an inaudible
   drift that is louder than a soft consonant.) The average reaches 5 ms into a pause from an abrupt edge, so that an
   edge is known to 5 ms.
2. The level is taken over 2 ms, every 1 ms.
3. A pause is a stretch of at least 60 ms that stays 25 dB below the loud parts, as breaths do, and somewhere 40 dB
   below, as even the softest f does not. A click of up to 5 ms does not end it.
4. The noise beside an edge is the quietest 20 ms within 200 ms of it, so that a breath elsewhere in the pause does not
   matter, but it is at most 50 dB below the loud parts: next to digital silence any dither would be a sound.
5. From there towards the word, the edge is the first frame that is 12 dB above the noise and stays there for 20 ms
   (four frames of five); where the noise leaves no room for that, it is the edge of step 3.

Both edges follow the same rule: played backwards, the same audio has the same pauses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sayso.types import Audio, FloatArray

HOP_SECONDS = 0.001
FRAME_SECONDS = 0.002
DRIFT_SECONDS = 0.01
SHORTEST_PAUSE_SECONDS = 0.06
LONGEST_CLICK_SECONDS = 0.005
NOISE_WITHIN_SECONDS = 0.2
STEADY_SECONDS = 0.02

QUIET_BELOW_LOUD_DB = 25.0
SILENT_BELOW_LOUD_DB = 40.0
NOISE_BELOW_LOUD_DB = 50.0
SOUND_ABOVE_NOISE_DB = 12.0

_LOUD_PERCENTILE = 95
_STEADY_SHARE = 0.8
_LOWEST_POWER = 1e-12


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """A silence: where the sound before it ends and the sound after it begins, in seconds.

    ``begin_seconds`` is 0 where the audio begins with silence, ``end_seconds`` the audio's length where it ends so.
    """

    begin_seconds: float
    end_seconds: float

    @property
    def length_seconds(self) -> float:
        """How long it is silent."""
        return self.end_seconds - self.begin_seconds


def find_pauses(audio: Audio) -> list[Pause]:
    """Every pause of at least 60 ms, in order; the silences at both ends of the audio included."""
    levels = _levels_db(audio)
    if not levels.size:
        return []
    loud = float(np.percentile(levels, _LOUD_PERCENTILE))
    pauses = []
    for begin, end in _quiet_runs(levels < loud - QUIET_BELOW_LOUD_DB):
        if _smoothed(levels[begin:end]).min() > loud - SILENT_BELOW_LOUD_DB:
            continue
        first = begin + _sound_frames(levels[begin:end][::-1], loud)
        last = end - _sound_frames(levels[begin:end], loud)
        pauses.append(
            Pause(
                begin_seconds=_middle_seconds(first) if begin else 0.0,
                end_seconds=_middle_seconds(last) if end < levels.size else audio.duration_seconds,
            )
        )
    return [pause for pause in pauses if pause.length_seconds >= SHORTEST_PAUSE_SECONDS]


def _levels_db(audio: Audio) -> NDArray[np.float64]:
    """The level of each frame in dB relative to full scale; shape (frames,), one frame per millisecond."""
    rate = audio.sample_rate_hz
    energy = np.concatenate([[0.0], np.cumsum(np.square(_without_drift(audio.samples, rate)))])
    length = round(FRAME_SECONDS * rate)
    starts = np.round(np.arange(0.0, audio.samples.size - length, HOP_SECONDS * rate)).astype(np.int64)
    power: NDArray[np.float64] = (energy[starts + length] - energy[starts]) / length
    return 10.0 * np.log10(np.maximum(power, _LOWEST_POWER))


def _without_drift(samples: FloatArray, rate: int) -> NDArray[np.float64]:
    """The samples less their moving average."""
    reach = round(DRIFT_SECONDS * rate / 2)
    padded = np.pad(samples.astype(np.float64), reach, mode="edge")
    total = np.concatenate([[0.0], np.cumsum(padded)])
    width = 2 * reach + 1
    average: NDArray[np.float64] = (total[width:] - total[:-width]) / width
    return samples - average


def _quiet_runs(quiet: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """The stretches of quiet frames long enough for a pause, as half-open ranges; clicks within them are ignored."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for begin, end in edges.reshape(-1, 2).tolist():
        if runs and begin - runs[-1][1] <= _frames(LONGEST_CLICK_SECONDS):
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((begin, end))
    return [(begin, end) for begin, end in runs if end - begin >= _frames(SHORTEST_PAUSE_SECONDS)]


def _sound_frames(quiet: NDArray[np.float64], loud: float) -> int:
    """How many frames at the end of a quiet stretch belong to the sound that follows it."""
    near = quiet[-_frames(NOISE_WITHIN_SECONDS) :]
    steady = _frames(STEADY_SECONDS)
    means = _smoothed(near)
    quietest = int(means.argmin())
    threshold = max(float(means[quietest]), loud - NOISE_BELOW_LOUD_DB) + SOUND_ABOVE_NOISE_DB
    # What follows the stretch is loud: it keeps a sound steady that begins less than 20 ms before.
    sound = np.concatenate([near[quietest + steady :] >= threshold, np.ones(steady, np.bool_)])
    lasting = np.convolve(sound, np.ones(steady), mode="valid") >= _STEADY_SHARE * steady
    return int(sound.size - steady - (sound[: lasting.size] & lasting).argmax())


def _smoothed(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean level of every 20 ms."""
    steady = _frames(STEADY_SECONDS)
    return np.convolve(levels, np.ones(steady) / steady, mode="valid")


def _middle_seconds(frame: int) -> float:
    return frame * HOP_SECONDS + FRAME_SECONDS / 2


def _frames(seconds: float) -> int:
    return round(seconds / HOP_SECONDS)
