"""Where somebody speaks: stretches of speech, and the chunks of at most half a minute that Whisper hears them in.

Every stretch is in one chunk, and no chunk is cut where somebody speaks as long as there is a pause to cut in. Long
silences are left out; a chunk knows where each of its moments is in the recording, so that no time drifts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sayso.stt.base import SAMPLE_RATE_HZ, VadOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sayso.types import FloatArray

WINDOW_SAMPLES = 512
"""How much Silero's model hears at a time."""

_CONTEXT_SAMPLES = 64  # of the window before, which the model is shown again
_STATE_SHAPE = (1, 1, 128)

_HYSTERESIS = 0.15
"""A stretch of speech ends so much below what it begins above; Silero's own."""

_LEAST = 0.01  # or a low threshold would never let it end

_OWN_WAY = VadOptions()

_LONGEST_CHUNK_SECONDS = 29.0
"""Whisper hears 30 s; the rest is room for rounding."""

_PAUSE_WINDOWS = 3
"""About 0.1 s: a stop within a word is shorter."""

_SHORTEST_SPEECH_WINDOWS = 4  # a click, not a word
_GOOD_PAUSE_SECONDS = 0.6  # a longer pause is no better place to cut


class Stretch(NamedTuple):
    """Samples of a recording, half open."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Chunk:
    """What Whisper hears in one go.

    Attributes:
        pieces: stretches of the recording, in order; the silence between them is left out.
        speech: the stretches of speech in them.
    """

    pieces: tuple[Stretch, ...]
    speech: tuple[Stretch, ...]

    @property
    def samples(self) -> int:
        """The length of what is heard."""
        return sum(piece.end - piece.start for piece in self.pieces)

    @property
    def start(self) -> int:
        """Where it begins in the recording."""
        return self.pieces[0].start

    @property
    def end(self) -> int:
        """Where it ends in the recording."""
        return self.pieces[-1].end

    def place(self, seconds: float, *, is_end: bool = False) -> int:
        """The sample of the recording that is heard so many seconds from the start of the chunk.

        Where two pieces meet, an end belongs to the first and a start to the second.
        """
        left = round(seconds * SAMPLE_RATE_HZ)
        for piece in self.pieces[:-1]:
            length = piece.end - piece.start
            if left < length or (is_end and left == length):
                return piece.start + max(left, 0)
            left -= length
        return min(self.pieces[-1].start + max(left, 0), self.pieces[-1].end)

    def offset(self, place: int) -> int:
        """How many samples of it are heard before a place of the recording."""
        return sum(max(0, min(place, piece.end) - piece.start) for piece in self.pieces)

    def speech_between(self, start: int, end: int) -> int:
        """How many samples of speech there are between two places of the recording."""
        return sum(max(0, min(end, stretch.end) - max(start, stretch.start)) for stretch in self.speech)

    def sounding(self, start: int, end: int) -> Stretch:
        """The part of a word's time in which somebody speaks; where nobody seems to, the part in one piece.

        A model's times are rough where a word borders on silence: the silence goes to the word, mostly to the one after
        it. Of several stretches the one counts that the word has most of.
        """
        margin = 2 * WINDOW_SAMPLES
        margins = (Stretch(stretch.start - margin, stretch.end + margin) for stretch in self.speech)
        overlaps = [(min(end, each.end) - max(start, each.start), each) for each in margins]
        most, found = max(overlaps, default=(0, Stretch(start, end)))
        if most <= 0:
            found = next((piece for piece in self.pieces if end <= piece.end), self.pieces[-1])
        start = min(max(start, found.start), end)
        return Stretch(start, max(start, min(end, found.end)))

    def halves(self) -> tuple[Chunk, ...]:
        """Its two parts, cut in a long pause, and rather in the middle; itself alone where nobody pauses."""
        pauses = [
            (after.start - before.end, (before.end + after.start) // 2) for before, after in pairwise(self.speech)
        ]
        if not pauses:
            return (self,)

        def worth(pause: tuple[int, int]) -> float:
            uneven = abs(2 * self.offset(pause[1]) / self.samples - 1)
            return min(pause[0] / SAMPLE_RATE_HZ, _GOOD_PAUSE_SECONDS) - uneven

        cut = max(pauses, key=worth)[1]
        return self.between(self.start, cut), self.between(cut, self.end)

    def between(self, start: int, end: int) -> Chunk:
        """The part of it between two places of the recording."""
        return Chunk(pieces=_clipped(self.pieces, start, end), speech=_clipped(self.speech, start, end))


class SpeechDetector:
    """Silero's voice detector, which comes with faster-whisper, over one recording, from its start to its end."""

    def __init__(self) -> None:
        from faster_whisper.vad import get_vad_model

        self._session: Any = get_vad_model().session
        self._state = (np.zeros(_STATE_SHAPE, np.float32), np.zeros(_STATE_SHAPE, np.float32))
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def probabilities(self, samples: FloatArray) -> FloatArray:
        """How likely somebody speaks in each window of the next samples; the last window is filled up with silence."""
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


def chunks_of(probabilities: FloatArray, duration_samples: int, vad: VadOptions = _OWN_WAY) -> list[Chunk]:
    """The chunks of a recording.

    Args:
        probabilities: how likely somebody speaks in each window of `WINDOW_SAMPLES`.
        duration_samples: its length.
        vad: what counts as speech.
    """
    speech = _speech(probabilities, duration_samples, vad.threshold)
    longest = round(_LONGEST_CHUNK_SECONDS * SAMPLE_RATE_HZ)
    chunks: list[tuple[Stretch, ...]] = []
    held: list[Stretch] = []
    room = longest
    for passage in _passages(speech, duration_samples, vad):
        rest = passage
        while rest.end - rest.start > room:
            cut = _cut(rest.start, room, speech, probabilities, must=room == longest)
            if cut is not None:
                held.append(Stretch(rest.start, cut))
                rest = Stretch(cut, rest.end)
            chunks.append(tuple(held))
            held, room = [], longest
        held.append(rest)
        room -= rest.end - rest.start
    if held:
        chunks.append(tuple(held))
    return [Chunk(pieces=pieces, speech=_within(speech, pieces)) for pieces in chunks]


def _speech(probabilities: FloatArray, duration_samples: int, threshold: float) -> list[Stretch]:
    """The stretches of speech; pauses of less than about 0.1 s are part of them."""
    stretches: list[list[int]] = []
    speaking = False
    for window, likely in enumerate(probabilities.tolist()):
        if likely >= threshold and not speaking:
            speaking = True
            if stretches and window - stretches[-1][1] < _PAUSE_WINDOWS:
                continue
            stretches.append([window, window])
        elif likely < max(threshold - _HYSTERESIS, _LEAST) and speaking:
            speaking = False
            stretches[-1][1] = window
    if speaking:
        stretches[-1][1] = len(probabilities)
    return [
        Stretch(start * WINDOW_SAMPLES, min(end * WINDOW_SAMPLES, duration_samples))
        for start, end in stretches
        if start * WINDOW_SAMPLES < duration_samples
    ]


def _passages(speech: Sequence[Stretch], duration_samples: int, vad: VadOptions) -> Iterator[Stretch]:
    """What is to be heard: the speech with the shorter silences in it, and with some padding."""
    # At most half of the silence between two passages, so that nothing is heard twice.
    padding = int(min(vad.padding_seconds, vad.silence_seconds / 2) * SAMPLE_RATE_HZ)
    groups: list[list[Stretch]] = []
    for stretch in speech:
        if groups and stretch.start - groups[-1][-1].end < vad.silence_seconds * SAMPLE_RATE_HZ:
            groups[-1].append(stretch)
        else:
            groups.append([stretch])
    for group in groups:
        if sum(stretch.end - stretch.start for stretch in group) >= _SHORTEST_SPEECH_WINDOWS * WINDOW_SAMPLES:
            yield Stretch(max(0, group[0].start - padding), min(group[-1].end + padding, duration_samples))


def _cut(start: int, room: int, speech: Sequence[Stretch], probabilities: FloatArray, *, must: bool) -> int | None:
    """Where to cut a passage so that its first part fits into the room: late, and in a long pause.

    With no pause in the second half of the room it is not cut at all, unless it must: where speech is least likely.
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
    if not must:
        return None
    first = earliest // WINDOW_SAMPLES
    return (first + int(np.argmin(probabilities[first : latest // WINDOW_SAMPLES]))) * WINDOW_SAMPLES


def _within(stretches: Sequence[Stretch], pieces: Sequence[Stretch]) -> tuple[Stretch, ...]:
    return tuple(part for piece in pieces for part in _clipped(stretches, piece.start, piece.end))


def _clipped(stretches: Sequence[Stretch], start: int, end: int) -> tuple[Stretch, ...]:
    """The parts of the stretches that are within bounds."""
    parts = (Stretch(max(stretch.start, start), min(stretch.end, end)) for stretch in stretches)
    return tuple(part for part in parts if part.start < part.end)
