"""The likeliest path of a sequence of words through the probabilities of a phoneme model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sayso.alignment.phones import columns_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sayso.alignment.base import PhonemeModel
    from sayso.types import FloatArray

_FLOOR = -9.0
"""No phoneme is less likely than this: a word that was spoken otherwise costs a little, and does not move the rest."""

_ALTERNATIVE = -1.0
"""The logarithm by which another symbol than the likeliest counts less for a phone."""

_IMPOSSIBLE = np.float32(-1e30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Spike:
    """The frames in which one phone was found: from its first to its last, and how well it fits.

    Attributes:
        first: frame.
        last: frame, at least ``first``.
        score: the mean logarithm of the phone's probability in its frames.
    """

    first: int
    last: int
    score: float


def spikes(probabilities: FloatArray, words: Sequence[Sequence[str]], model: PhonemeModel) -> list[list[Spike]] | None:
    """Where the phones of each word are heard: CTC's forced alignment.

    Time and memory grow with frames times phones; the memory is a byte for each.

    Args:
        probabilities: as the model gives them.
        words: the phones of each word; at least one each.
        model: the model that gave them.

    Returns:
        The phones of each word in order; None if the words have more phones than there are frames.
    """
    states = _States.of(words, model)
    if len(probabilities) < states.phones:
        return None
    emissions = states.emissions(probabilities, model)
    path = _path(emissions, states)
    return _read(path, emissions, states, words)


@dataclass(frozen=True, kw_only=True, slots=True)
class _States:
    """The states of a sequence of words: each phone, what may lie between two phones, and between two words.

    Attributes:
        classes: the columns of each distinct phone; the first two classes are the pause and the blank.
        emits: the class of each state.
        owners: the word of each state; -1 for pauses and blanks.
        skips: whether a state may follow the one before its predecessor.
        phones: their number.
    """

    classes: list[tuple[int, ...]]
    emits: NDArray[np.intp]
    owners: NDArray[np.intp]
    skips: NDArray[np.bool_]
    phones: int

    @classmethod
    def of(cls, words: Sequence[Sequence[str]], model: PhonemeModel) -> _States:
        classes: dict[tuple[int, ...], int] = {}
        emits, owners, skips = [0], [-1], [False]
        for number, word in enumerate(words):
            for position, phone in enumerate(word):
                if position:
                    emits.append(1)
                    owners.append(-1)
                    skips.append(False)
                columns = columns_of(phone, model.symbols)
                emits.append(2 + classes.setdefault(columns, len(classes)))
                owners.append(number)
                skips.append(len(skips) > 1)
            emits.append(0)
            owners.append(-1)
            skips.append(False)
        emitting, owning = np.array(emits, np.intp), np.array(owners, np.intp)
        skipping = np.array(skips, np.bool_)
        # Without a blank between them, two equal phones would be one.
        skipping[2:] &= emitting[2:] != emitting[:-2]
        return cls(
            classes=[(), (), *classes], emits=emitting, owners=owning, skips=skipping, phones=int((owning >= 0).sum())
        )

    def emissions(self, probabilities: FloatArray, model: PhonemeModel) -> FloatArray:
        """The logarithm of each class's probability in each frame; shape (frames, classes)."""
        blank = np.maximum(probabilities[:, model.blank], _FLOOR)
        pause = blank
        if model.word_boundary is not None:
            pause = np.logaddexp(blank, probabilities[:, model.word_boundary])
        columns = [pause, blank]
        for symbols in self.classes[2:]:
            if not symbols:
                columns.append(np.full(len(probabilities), _FLOOR, np.float32))
                continue
            weights = np.array([0.0] + [_ALTERNATIVE] * (len(symbols) - 1), np.float32)
            joined = np.logaddexp.reduce(probabilities[:, list(symbols)] + weights, axis=1)
            columns.append(np.maximum(joined, _FLOOR))
        return np.stack(columns, axis=1).astype(np.float32)


def _path(emissions: FloatArray, states: _States) -> NDArray[np.intp]:
    """The likeliest state in each frame."""
    frames, count = len(emissions), len(states.emits)
    came_from = np.zeros((frames, count), np.int8)
    best = np.full(count, _IMPOSSIBLE, np.float32)
    best[:2] = emissions[0, states.emits[:2]]
    options = np.full((3, count), _IMPOSSIBLE, np.float32)
    skipping = np.flatnonzero(states.skips)
    every = np.arange(count)
    for frame in range(1, frames):
        options[0] = best
        options[1, 1:] = best[:-1]
        options[2, skipping] = best[skipping - 2]
        chosen = options.argmax(axis=0)
        came_from[frame] = chosen
        best = options[chosen, every] + emissions[frame, states.emits]
    state = count - 1 if best[-1] >= best[-2] else count - 2
    path = np.zeros(frames, np.intp)
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        state -= int(came_from[frame, state])
    return path


def _read(
    path: NDArray[np.intp], emissions: FloatArray, states: _States, words: Sequence[Sequence[str]]
) -> list[list[Spike]]:
    found: list[list[Spike]] = [[] for _ in words]
    begins = np.flatnonzero(np.append(True, path[1:] != path[:-1]))
    ends = np.append(begins[1:], len(path))
    for begin, end in zip(begins, ends, strict=True):
        state = path[begin]
        owner = int(states.owners[state])
        if owner >= 0:
            score = float(emissions[begin:end, states.emits[state]].mean())
            found[owner].append(Spike(first=int(begin), last=int(end) - 1, score=score))
    return found
