"""Voice activity detection: the speech in a recording, and the chunks of at most half a minute that Whisper takes.

All speech is in exactly one chunk, and speech is cut only where it has no pause. Long silences are left out. A chunk
maps each of its moments to the recording, so that times do not drift.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sayso.stt.recording import SAMPLE_RATE_HZ
from sayso.stt.speech_level import without_rumble
from sayso.stt.vad_options import VadOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sayso.stt.recording import Recording
    from sayso.types import FloatArray

WINDOW_SAMPLES = 512
"""The window of Silero's model."""

_CONTEXT_SAMPLES = 64  # of the window before, which are part of the model's input
_STATE_SHAPE = (1, 1, 128)

_HYSTERESIS = 0.15
"""Speech ends so far below the threshold at which it begins; Silero's own figure."""

_LOWEST_END_THRESHOLD = 0.01  # with a low threshold, speech would never end

_DEFAULT_OPTIONS = VadOptions()

_LONGEST_CHUNK_SECONDS = 29.0
"""Whisper takes 30 s; the rest is room for rounding."""

_PAUSE_WINDOWS = 3
"""About 0.1 s: a stop within a word is shorter."""

_SHORTEST_SPEECH_WINDOWS = 4  # what is shorter is a click
_GOOD_PAUSE_SECONDS = 0.6  # a longer pause is no better place to cut


class SampleRange(NamedTuple):
    """Samples of a recording, half open."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """Audio that Whisper transcribes in one pass.

    Attributes:
        pieces: ranges of the recording, in order; the silence between them is left out.
        speech: the ranges of speech in them.
    """

    pieces: tuple[SampleRange, ...]
    speech: tuple[SampleRange, ...]

    @property
    def samples(self) -> int:
        """Its length."""
        return sum(piece.end - piece.start for piece in self.pieces)

    @property
    def start(self) -> int:
        """Where it begins in the recording."""
        return self.pieces[0].start

    @property
    def end(self) -> int:
        """Where it ends in the recording."""
        return self.pieces[-1].end

    def sample_at(self, seconds: float, *, is_end: bool = False) -> int:
        """The sample of the recording at a time that is counted from the start of the chunk.

        Where two pieces meet, an end belongs to the first and a start to the second.
        """
        left = round(seconds * SAMPLE_RATE_HZ)
        for piece in self.pieces[:-1]:
            length = piece.end - piece.start
            if left < length or (is_end and left == length):
                return piece.start + max(left, 0)
            left -= length
        return min(self.pieces[-1].start + max(left, 0), self.pieces[-1].end)

    def offset_of(self, sample: int) -> int:
        """How many samples of the chunk come before a sample of the recording."""
        return sum(max(0, min(sample, piece.end) - piece.start) for piece in self.pieces)

    def speech_between(self, start: int, end: int) -> int:
        """How many samples of speech there are between two samples of the recording."""
        return sum(max(0, min(end, speech.end) - max(start, speech.start)) for speech in self.speech)

    def clipped_to_speech(self, start: int, end: int) -> SampleRange:
        """The part of a word's time that is speech; without detected speech in it, the part within one piece.

        A model's times are rough where a word borders on silence: the silence is counted as part of a word, mostly of
        the one after it. Of several ranges of speech the one with the longest overlap counts.
        """
        margin = 2 * WINDOW_SAMPLES
        margins = (SampleRange(speech.start - margin, speech.end + margin) for speech in self.speech)
        overlaps = [(min(end, each.end) - max(start, each.start), each) for each in margins]
        most, found = max(overlaps, default=(0, SampleRange(start, end)))
        if most <= 0:
            found = next((piece for piece in self.pieces if end <= piece.end), self.pieces[-1])
        start = min(max(start, found.start), end)
        return SampleRange(start, max(start, min(end, found.end)))

    def halves(self) -> tuple[Chunk, ...]:
        """Its two parts, cut in a long pause near the middle; the chunk alone where it has no pause."""
        pauses = [
            (after.start - before.end, (before.end + after.start) // 2) for before, after in pairwise(self.speech)
        ]
        if not pauses:
            return (self,)

        def worth(pause: tuple[int, int]) -> float:
            uneven = abs(2 * self.offset_of(pause[1]) / self.samples - 1)
            return min(pause[0] / SAMPLE_RATE_HZ, _GOOD_PAUSE_SECONDS) - uneven

        cut = max(pauses, key=worth)[1]
        return self.between(self.start, cut), self.between(cut, self.end)

    def between(self, start: int, end: int) -> Chunk:
        """The part of it between two samples of the recording."""
        return Chunk(pieces=_clipped(self.pieces, start, end), speech=_clipped(self.speech, start, end))


def prepared(recording: Recording, block: FloatArray) -> FloatArray:
    """A block of a recording for the detector: without rumble, and at its level."""
    samples: FloatArray = np.clip(without_rumble(block) * np.float32(recording.detector_gain), -1.0, 1.0)
    return samples


class SpeechDetector:
    """Silero's model, which comes with faster-whisper, over one recording, from its start to its end."""

    def __init__(self) -> None:
        from faster_whisper.vad import get_vad_model

        self._session: Any = get_vad_model().session
        self._state = (np.zeros(_STATE_SHAPE, np.float32), np.zeros(_STATE_SHAPE, np.float32))
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def probabilities(self, samples: FloatArray) -> FloatArray:
        """The probability of speech in each window of the next samples; the last window is padded with silence."""
        windows = np.pad(samples, (0, -len(samples) % WINDOW_SAMPLES)).reshape(-1, WINDOW_SAMPLES)
        tails = windows[:, -_CONTEXT_SAMPLES:]
        contexts = np.concatenate([self._context[None], tails[:-1]])
        self._context = tails[-1].copy()
        hidden, cell = self._state
        likely, hidden, cell = self._session.run(
            None, {"input": np.concatenate([contexts, windows], axis=1), "h": hidden, "c": cell}
        )
        self._state = (hidden, cell)
        result: FloatArray = np.asarray(likely, np.float32).reshape(-1)
        return result


def chunks_of(probabilities: FloatArray, duration_samples: int, vad: VadOptions = _DEFAULT_OPTIONS) -> list[Chunk]:
    """The chunks of a recording.

    Args:
        probabilities: of speech, in each window of `WINDOW_SAMPLES`.
        duration_samples: its length.
        vad: what counts as speech.
    """
    speech = _speech_ranges(probabilities, duration_samples, vad.threshold)
    longest = round(_LONGEST_CHUNK_SECONDS * SAMPLE_RATE_HZ)
    chunks: list[tuple[SampleRange, ...]] = []
    pieces: list[SampleRange] = []
    room = longest
    for passage in _passages(speech, duration_samples, vad):
        rest = passage
        while rest.end - rest.start > room:
            cut = _cut_sample(rest.start, room, speech, probabilities, must_cut=room == longest)
            if cut is not None:
                pieces.append(SampleRange(rest.start, cut))
                rest = SampleRange(cut, rest.end)
            chunks.append(tuple(pieces))
            pieces, room = [], longest
        pieces.append(rest)
        room -= rest.end - rest.start
    if pieces:
        chunks.append(tuple(pieces))
    return [Chunk(pieces=pieces, speech=_within(speech, pieces)) for pieces in chunks]


def _speech_ranges(probabilities: FloatArray, duration_samples: int, threshold: float) -> list[SampleRange]:
    """The ranges of speech; pauses of less than about 0.1 s are part of them."""
    bounds: list[list[int]] = []
    speaking = False
    for window, likely in enumerate(probabilities.tolist()):
        if likely >= threshold and not speaking:
            speaking = True
            if bounds and window - bounds[-1][1] < _PAUSE_WINDOWS:
                continue
            bounds.append([window, window])
        elif likely < max(threshold - _HYSTERESIS, _LOWEST_END_THRESHOLD) and speaking:
            speaking = False
            bounds[-1][1] = window
    if speaking:
        bounds[-1][1] = len(probabilities)
    return [
        SampleRange(start * WINDOW_SAMPLES, min(end * WINDOW_SAMPLES, duration_samples))
        for start, end in bounds
        if start * WINDOW_SAMPLES < duration_samples
    ]


def _passages(speech: Sequence[SampleRange], duration_samples: int, vad: VadOptions) -> Iterator[SampleRange]:
    """The audio to transcribe: the speech with the shorter silences in it, and with some padding."""
    # At most half of the silence between two passages, so that no audio is transcribed twice.
    padding = int(min(vad.padding_seconds, vad.silence_seconds / 2) * SAMPLE_RATE_HZ)
    groups: list[list[SampleRange]] = []
    for each in speech:
        if groups and each.start - groups[-1][-1].end < vad.silence_seconds * SAMPLE_RATE_HZ:
            groups[-1].append(each)
        else:
            groups.append([each])
    for group in groups:
        if sum(each.end - each.start for each in group) >= _SHORTEST_SPEECH_WINDOWS * WINDOW_SAMPLES:
            yield SampleRange(max(0, group[0].start - padding), min(group[-1].end + padding, duration_samples))


def _cut_sample(
    start: int, room: int, speech: Sequence[SampleRange], probabilities: FloatArray, *, must_cut: bool
) -> int | None:
    """Where to cut a passage so that its first part fits into the room: late, and in a long pause.

    Without a pause in the second half of the room: None, or where speech is least likely if it must be cut.
    """
    earliest, latest = start + room // 2, start + room
    best: tuple[float, int] | None = None
    for before, after in pairwise(speech):
        middle = (before.end + after.start) // 2
        if earliest <= middle <= latest:
            pause_seconds = (after.start - before.end) / SAMPLE_RATE_HZ
            lateness = (middle - earliest) / max(latest - earliest, 1)
            best = max(best or (0.0, 0), (min(pause_seconds, _GOOD_PAUSE_SECONDS) + lateness / 2, middle))
    if best is not None:
        return best[1]
    if not must_cut:
        return None
    first = earliest // WINDOW_SAMPLES
    return (first + int(np.argmin(probabilities[first : latest // WINDOW_SAMPLES]))) * WINDOW_SAMPLES


def _within(ranges: Sequence[SampleRange], pieces: Sequence[SampleRange]) -> tuple[SampleRange, ...]:
    return tuple(part for piece in pieces for part in _clipped(ranges, piece.start, piece.end))


def _clipped(ranges: Sequence[SampleRange], start: int, end: int) -> tuple[SampleRange, ...]:
    """The parts of the ranges that are within bounds."""
    parts = (SampleRange(max(each.start, start), min(each.end, end)) for each in ranges)
    return tuple(part for part in parts if part.start < part.end)
