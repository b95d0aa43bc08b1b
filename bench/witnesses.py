"""When words within a phrase begin, by the sound alone and by two aligners: the judges of word times where no pause is.

None shares code or constants with what it judges (`sayso.tts.timing`), and none sees a model's durations:

- a **sibilant** (s, z, sh, ch …) beside a vowel or a sonorant: where the level above 4 kHz crosses the middle, in dB,
  between the sibilant's peak and the quietest moment within 150 ms on the other side;
- a **stop** (p, t, k, b, d, g, ch, j) behind a vowel or a sonorant: where its closure begins, the middle in dB of the
  fall between 400 Hz and 4 kHz, before the burst;
- **pocketsphinx** with the true text, where the phoneme model agrees within `ALIGNERS_AGREE_SECONDS`; English;
- the **phoneme model**, where pocketsphinx does not speak the language.

Both aligners place words in any recording. The sound is looked at around the place that they give; where it disagrees
with it by more than `SOUND_AGREES_SECONDS`, the word is not judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sayso.alignment.placing import place, pronounce
from sayso.alignment.sphinx import SphinxAligner
from sayso.audio import resample
from sayso.tts.phonemes.espeak import espeak

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sayso.alignment.base import PhonemeModel
    from sayso.types import Audio, Utterance

ALIGNERS_AGREE_SECONDS = 0.08
SOUND_AGREES_SECONDS = 0.06

_RATE = 16_000
_HOP_SECONDS = 0.002
_FRAME_SECONDS = 0.01
_BINS = 512
_BEFORE_SECONDS = 0.08
_AFTER_SECONDS = 0.12
_REACH_SECONDS = 0.15
_BURST_SECONDS = 0.12
_LEAST_CHANGE_DB = {"sibilant": 15.0, "stop": 12.0}

_FIRST = {
    "sibilant": "szʃʒ",
    "stop": "ptkbdɡ",
    "fricative": "fvθðhxʁ",
    "nasal": "mnŋɲ",
    "approximant": "lɹrjwɥ",
}
_SONOROUS = frozenset({"vowel", "nasal", "approximant"})


def class_of(ipa: str, *, last: bool = False) -> str:
    """The class of the first or the last phone of a word's IPA; an affricate begins as a stop, ends as a sibilant."""
    letters = [letter for letter in ipa if letter.isalpha() and letter not in "ˈˌːʰʲ"]
    letter = letters[-1 if last else 0] if letters else ""
    return next((name for name, phones in _FIRST.items() if letter in phones), "vowel")


@dataclass(frozen=True, kw_only=True, slots=True)
class Witnessed:
    """When one token begins and the one before it ends, in seconds; NaN where nothing can tell.

    Attributes:
        index: of the token.
        begins: the class of its first phone.
        follows: the class of the last phone of the token before.
        start: by the sound, else by an aligner.
        end: of the token before, in the same way.
        by_sound: whether the start, and whether the end is by the sound.
    """

    index: int
    begins: str
    follows: str
    start: float
    end: float
    by_sound: tuple[bool, bool]


class Witnesses:
    """What the aligners and the sound say of an utterance."""

    def __init__(self, model: PhonemeModel) -> None:
        self._model = model
        self._sphinx = SphinxAligner()

    def of(self, utterance: Utterance, audio: Audio) -> list[Witnessed]:
        """One for each token but the first, where both aligners placed the utterance."""
        words = pronounce(utterance.tokens, utterance.language, espeak())
        samples = resample(audio, _RATE).samples
        placed = place(samples, words, self._model)
        if placed is None or len(words) != len(utterance.tokens):
            return []
        heard = np.array([(word.start, word.end) for word in placed.words])
        times = heard
        if self._sphinx.speaks(utterance.language):
            found = self._sphinx.align(samples, [word.token.spoken for word in words], [word.ipa for word in words])
            if found is None:
                return []
            times = np.where(np.abs(found - heard) <= ALIGNERS_AGREE_SECONDS, found, np.nan)
        bands = _Bands(audio.samples.astype(np.float64), audio.sample_rate_hz)
        witnessed = []
        for index in range(1, len(words)):
            begins, follows = class_of(words[index].ipa), class_of(words[index - 1].ipa, last=True)
            around = times[index, 0]
            start = bands.start(begins, follows, around)
            end = bands.end(begins, follows, around)
            witnessed.append(
                Witnessed(
                    index=index,
                    begins=begins,
                    follows=follows,
                    start=_agreed(start, around),
                    end=_agreed(end, around),
                    by_sound=(start is not None, end is not None),
                )
            )
        return witnessed


def _agreed(by_sound: float | None, around: float) -> float:
    """By the sound, if an aligner is near; by the aligner where the sound cannot tell."""
    if by_sound is None:
        return around
    return by_sound if abs(by_sound - around) <= SOUND_AGREES_SECONDS else float("nan")


class _Bands:
    """The level above 4 kHz and that between 400 Hz and 4 kHz, every 2 ms."""

    def __init__(self, samples: NDArray[np.float64], rate: int) -> None:
        length = round(_FRAME_SECONDS * rate)
        self._begins = np.arange(0.0, max(1, samples.size - length), _HOP_SECONDS * rate).astype(np.int64)
        frames = np.pad(samples, (0, length))[self._begins[:, None] + np.arange(length)]
        power = np.abs(np.fft.rfft(frames * np.hanning(length), _BINS)) ** 2
        tones = np.fft.rfftfreq(_BINS, 1 / rate)
        self._high = 10 * np.log10(power[:, tones >= 4000].sum(axis=1) + 1e-9)
        self._middle = 10 * np.log10(power[:, (tones >= 400) & (tones < 4000)].sum(axis=1) + 1e-9)

    def start(self, begins: str, follows: str, around: float) -> float | None:
        """When a sibilant or a stop begins after a sound of another class, near a time in seconds."""
        if np.isnan(around):
            return None
        if begins == "sibilant" and follows in _SONOROUS:
            return self._rise(self._high, around, forward=True)
        if begins == "stop" and follows in _SONOROUS:
            return self._closure(around)
        return None

    def end(self, begins: str, follows: str, around: float) -> float | None:
        """When the word before ends: a sibilant before a sonorous sound, or what a stop's closure ends."""
        if np.isnan(around):
            return None
        if follows == "sibilant" and begins in _SONOROUS:
            return self._rise(self._high, around, forward=False)
        return self.start(begins, follows, around)

    def _rise(self, levels: NDArray[np.float64], around: float, *, forward: bool) -> float | None:
        """Where a peak near a time begins (or, read backwards, ends)."""
        if not forward:
            levels, around = levels[::-1], self._seconds(levels.size - 1) + self._seconds(0) - around
        peak = self._extreme(levels, around - _BEFORE_SECONDS, around + _AFTER_SECONDS, np.argmax)
        low = self._extreme(levels, self._seconds(peak) - _REACH_SECONDS, self._seconds(peak), np.argmin)
        if levels[peak] - levels[low] < _LEAST_CHANGE_DB["sibilant"]:
            return None
        middle = (levels[peak] + levels[low]) / 2
        first = int(np.flatnonzero(levels[low : peak + 1] <= middle)[-1]) + low
        found = self._seconds(first) + _HOP_SECONDS / 2
        return found if forward else self._seconds(levels.size - 1) + self._seconds(0) - found

    def _closure(self, around: float) -> float | None:
        """Where the closure near a time begins: the last fall through the middle before its quietest moment."""
        levels = self._middle
        low = self._extreme(levels, around - _BEFORE_SECONDS, around + _AFTER_SECONDS, np.argmin)
        at = self._seconds(low)
        before = self._extreme(levels, at - _BURST_SECONDS, at, np.argmax)
        burst = self._extreme(levels, at, at + _BURST_SECONDS, np.argmax)
        if min(levels[before], levels[burst]) - levels[low] < _LEAST_CHANGE_DB["stop"]:
            return None
        middle = (levels[before] + levels[low]) / 2
        loud = int(np.flatnonzero(levels[before : low + 1] >= middle)[-1]) + before
        return self._seconds(loud) + _HOP_SECONDS / 2

    def _extreme(self, levels: NDArray[np.float64], begin: float, end: float, which: object) -> int:
        first, last = self._frame(begin), self._frame(end)
        return first + int(which(levels[first : last + 1]))  # type: ignore[operator]

    def _frame(self, seconds: float) -> int:
        return int(np.clip(round((seconds - _FRAME_SECONDS / 2) / _HOP_SECONDS), 0, self._begins.size - 1))

    def _seconds(self, frame: int) -> float:
        return frame * _HOP_SECONDS + _FRAME_SECONDS / 2
