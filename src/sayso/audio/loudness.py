"""Loudness after EBU R128 (ITU-R BS.1770-4): of a whole document, and of one utterance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import av
import numpy as np
import soxr

from sayso.audio.frames import frame_of
from sayso.audio.loudness_targets import TRUE_PEAK_LIMIT_DB

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sayso.types import FloatArray

_SILENCE_LUFS = -70.0  # BS.1770's absolute gate: below it nothing is measured
_RELATIVE_GATE_LU = 10.0
_TAIL_SECONDS = 0.2  # the filter reports every 0.1 s: so much silence makes it give the last report
# BS.1770-4, annex 2: a peak between samples is at most 0.7 dB above the nearest of four times as many samples.
_PEAK_OVERSAMPLING = 4
_FRAME_SECONDS = 0.05  # of `segment_loudness`: about a syllable, where BS.1770's 0.4 s would be a word


@dataclass(frozen=True, kw_only=True, slots=True)
class Loudness:
    """The result of a `LoudnessMeter`: integrated loudness (None: silence, or under 0.4 s) and true peak (dBTP)."""

    integrated_lufs: float | None
    true_peak_db: float


class LoudnessMeter:
    """A streaming EBU R128 meter; memory does not grow with the audio.

    libav's ``ebur128`` measures the loudness. It would measure the true peak as well, on 192 kHz, which takes twice as
    long as all the rest.
    """

    def __init__(self, sample_rate_hz: int) -> None:
        self._sample_rate_hz = sample_rate_hz
        self._pushed_samples = 0
        self._last: dict[str, str] = {}
        self._peak = 0.0
        self._oversampler = soxr.ResampleStream(
            sample_rate_hz, _PEAK_OVERSAMPLING * sample_rate_hz, num_channels=1, dtype="float32"
        )
        self._graph = av.filter.Graph()
        self._graph.link_nodes(
            self._graph.add_abuffer(sample_rate=sample_rate_hz, format="flt", layout="mono"),
            self._graph.add("ebur128", metadata="1", peak="none", framelog="quiet"),
            self._graph.add("abuffersink"),
        ).configure()

    def add(self, samples: FloatArray) -> None:
        """Measure float32 samples of shape (n,)."""
        if not len(samples):
            return
        self._graph.push(frame_of(samples, self._sample_rate_hz, start=self._pushed_samples))
        self._pushed_samples += len(samples)
        self._drain()
        # The oversampler's filter lowers a click a little; the sample itself does not.
        self._raise_peak(samples)
        self._raise_peak(self._oversampler.resample_chunk(samples))

    def finish(self) -> Loudness:
        """The loudness of everything that was added; the meter cannot be used afterwards."""
        self.add(np.zeros(round(_TAIL_SECONDS * self._sample_rate_hz), np.float32))
        self._raise_peak(self._oversampler.resample_chunk(np.empty(0, np.float32), last=True))
        integrated = float(self._last.get("lavfi.r128.I", _SILENCE_LUFS))
        return Loudness(
            integrated_lufs=integrated if integrated > _SILENCE_LUFS else None,
            true_peak_db=20 * float(np.log10(self._peak)) if self._peak > 0 else -np.inf,
        )

    def _raise_peak(self, samples: FloatArray) -> None:
        self._peak = max(self._peak, float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))

    def _drain(self) -> None:
        frame = None
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                break
        if frame is not None:
            self._last = frame.metadata


def gain_for(loudness: Loudness, *, target_lufs: float, true_peak_limit_db: float = TRUE_PEAK_LIMIT_DB) -> float:
    """The linear gain that brings audio to the target, or as near as its true peak allows; 1 for silence."""
    if loudness.integrated_lufs is None:
        return 1.0
    gain_db = min(target_lufs - loudness.integrated_lufs, true_peak_limit_db - loudness.true_peak_db)
    return float(10 ** (gain_db / 20))


def segment_loudness(samples: FloatArray, sample_rate_hz: int) -> float | None:
    """The loudness of one utterance's voiced part in LUFS, None when it is silent.

    BS.1770's weighting and gates over frames of 50 ms in place of its 400 ms, so that one word surrounded by
    silence measures as loud as the same word in a sentence.

    Args:
        samples: float32 of shape (n,).
        sample_rate_hz: their rate.
    """
    frame_samples = round(_FRAME_SECONDS * sample_rate_hz)
    count = -(-len(samples) // frame_samples)
    if not count:
        return None
    frames = np.zeros((count, frame_samples), np.float32)
    frames.reshape(-1)[: len(samples)] = samples
    power = np.square(np.abs(np.fft.rfft(frames, axis=1))) @ _weights(frame_samples, sample_rate_hz)
    loud = power[power > _power(_SILENCE_LUFS)]
    if not loud.size:
        return None
    gate = loud.mean() * 10 ** (-_RELATIVE_GATE_LU / 10)
    return float(_lufs(loud[loud > gate].mean()))


def _lufs(power: float) -> float:
    return -0.691 + 10 * float(np.log10(power))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


@lru_cache(maxsize=4)
def _weights(frame_samples: int, sample_rate_hz: int) -> NDArray[np.float32]:
    """What each bin of a frame's squared spectrum adds to its K-weighted mean square (Parseval's theorem).

    The two filters are those of BS.1770-4, tables 1 and 2, given there for 48 kHz; their response is looked up
    at each bin's frequency, which needs no other coefficients for other rates.
    """
    frequencies = np.fft.rfftfreq(frame_samples, 1 / sample_rate_hz)
    z = np.exp(-2j * np.pi * np.minimum(frequencies, 24_000) / 48_000)
    shelf = (1.53512485958697 - 2.69169618940638 * z + 1.19839281085285 * z**2) / (
        1 - 1.69065929318241 * z + 0.73248077421585 * z**2
    )
    high_pass = (1 - 2 * z + z**2) / (1 - 1.99004745483398 * z + 0.99007225036621 * z**2)
    both_sides = np.full(len(frequencies), 2.0)  # the spectrum of real samples is kept by halves
    both_sides[0] = 1.0
    if frame_samples % 2 == 0:
        both_sides[-1] = 1.0
    weights: NDArray[np.float32] = (np.abs(shelf * high_pass) ** 2 * both_sides / frame_samples**2).astype(np.float32)
    return weights
