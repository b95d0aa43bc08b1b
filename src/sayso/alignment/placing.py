"""Place the words of one stretch of a recording, all of which are spoken in it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sayso.alignment.base import SAMPLE_RATE_HZ
from sayso.alignment.edges import set_edges
from sayso.alignment.phones import phones_of
from sayso.alignment.viterbi import spikes
from sayso.types import Boundary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from sayso.alignment.base import Method, PhonemeModel, Pronouncer, SecondAligner
    from sayso.alignment.viterbi import Spike
    from sayso.types import FloatArray, Token

# Tuned on two of the readings by people, acoustic_corpus and cold_corpus; docs/design/alignment.md has the figures.
SPIKE_LATE_SECONDS = 0.05
"""The model is sure of a phone this long after it begins."""

SPIKE_LATER_SHARE = 0.15
_USUAL_GAP_SECONDS = 0.08
_LONGEST_GAP_SECONDS = 0.2
_PAUSE_SECONDS = 0.25
"""It is later by this share of the time since the phone before, as far as that is longer than usual; not at pauses."""

AFTER_SPIKE_SECONDS = 0.005
"""A word begins at least this long after the model is sure of the last phone of the word before."""

SECOND_EARLIEST_SECONDS = 0.12
SECOND_LATEST_SECONDS = 0.05
SECOND_FARTHEST_SECONDS = 0.25
"""The second aligner agrees where its start lies between the spikes on both sides, by these tolerances, and near."""

SECOND_WEIGHT = 0.85
"""Its weight where it agrees: it is more precise, and more often wrong."""

NOT_HEARD_SCORE = -2.5
"""A word whose phones have so small a mean logarithm is where the second aligner has it, if that is elsewhere."""

LATER_SECONDS: Mapping[str, float] = {"ð": 0.01}
"""Phones that begin later than both aligners have them: before this one, both count some of the silence."""

_MOVED_AT_MOST_SECONDS = 0.12

_LOWEST_SCORE = -6.0
"""A phone with such a logarithm of its probability counts as not heard at all."""

_AGREEMENT_CONFIDENCE = 0.25

_APART_SECONDS = 1.0
_APART_CONFIDENCE = 0.2
"""The most confidence in a word of which two phones are so far from each other: its sounds are those of others."""

_PHRASE_WORDS = 12

_FEWEST_OTHER_PHONES = 10
"""Fewer phones in a pause are a cough, a breath, or a false start of the reader."""

_OTHER_MARGIN_SECONDS = 0.1

_QUIET_PEAK = 0.05
_WANTED_PEAK = 0.5
_LARGEST_GAIN = 1000.0


class Placed(NamedTuple):
    """A token's time in seconds from the start of the stretch."""

    start: float
    end: float
    confidence: float
    method: Method


@dataclass(frozen=True, kw_only=True, slots=True)
class Pronounced:
    """A token with its IPA."""

    token: Token
    ipa: str


def pronounce(tokens: Sequence[Token], language: str, pronouncer: Pronouncer) -> list[Pronounced]:
    """The pronunciation of each token within its phrase.

    Raises:
        UnsupportedLanguage: there are no phonemes for the language.
    """
    pronounced: list[Pronounced] = []
    for phrase in _phrases(tokens):
        ipa = pronouncer.pronounce([token.spoken for token in phrase], language)
        for token, own in zip(phrase, ipa, strict=True):
            pronounced.append(Pronounced(token=token, ipa=own if token.ipa is None else token.ipa))
    return pronounced


def _phrases(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    start = 0
    for index, token in enumerate(tokens, 1):
        if token.boundary > Boundary.NONE or index - start >= _PHRASE_WORDS or index == len(tokens):
            yield tokens[start:index]
            start = index


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """The words of a stretch, and speech that is between none of its words' edges.

    Attributes:
        words: one for each word, in order.
        others: stretches of other speech: start and end in seconds.
    """

    words: list[Placed]
    others: list[tuple[float, float]]


def place(
    samples: FloatArray,
    words: Sequence[Pronounced],
    model: PhonemeModel,
    second: SecondAligner | None = None,
) -> Placement | None:
    """The time of each word.

    Args:
        samples: of the stretch, at `SAMPLE_RATE_HZ`; about a minute at most.
        words: all of them are spoken, and little else is.
        model: the phoneme model.
        second: another aligner for the language, if there is one.

    Returns:
        A time for each word; None if they do not fit into the stretch.

    Raises:
        EngineFailed: the model broke.
    """
    phones = [phones_of(word.ipa) or ["ə"] for word in words]
    samples = _audible(samples)
    probabilities = model.log_probabilities(samples)
    found = spikes(probabilities, phones, model)
    if found is None:
        return None
    frame_seconds = model.frame_samples / SAMPLE_RATE_HZ
    first = np.array([word[0].first for word in found]) * frame_seconds
    last = np.array([word[-1].last for word in found]) * frame_seconds
    starts = _starts(first, last)
    agreed = elsewhere = np.zeros(len(words), np.bool_)
    ends = np.full(len(words), np.nan)
    if second is not None:
        times = second.align(samples, [word.token.spoken for word in words], [word.ipa for word in words])
        if times is not None:
            agreed = _agreement(times[:, 0], starts, first, last)
            elsewhere = ~agreed & _elsewhere(times, starts, first, last, found)
            starts = np.where(agreed, SECOND_WEIGHT * times[:, 0] + (1 - SECOND_WEIGHT) * starts, starts)
            starts = np.where(elsewhere, times[:, 0], starts)
            ends = np.where(agreed | elsewhere, times[:, 1], np.nan)
            first = np.where(elsewhere, times[:, 0] + SPIKE_LATE_SECONDS, first)
            last = np.where(elsewhere, np.maximum(times[:, 1] - SPIKE_LATE_SECONDS, first), last)
    starts += np.array([LATER_SECONDS.get(word[0], 0.0) for word in phones])
    begun, ended = set_edges(
        samples,
        starts,
        first_heard=first,
        last_heard=last,
        known_ends=ends,
        agreement_seconds=_MOVED_AT_MOST_SECONDS,
    )
    placed = [
        Placed(
            start=float(begun[index]),
            end=float(ended[index]),
            confidence=_confidence(found[index], frame_seconds, agreed=bool(agreed[index])),
            method="ctc+hmm" if agreed[index] else "hmm" if elsewhere[index] else "ctc",
        )
        for index in range(len(words))
    ]
    return Placement(words=placed, others=list(_other_speech(probabilities, first, last, model)))


def _audible(samples: FloatArray) -> FloatArray:
    """The samples without values that are no numbers, and louder where they are very quiet."""
    finite: FloatArray = np.nan_to_num(samples, nan=0.0, posinf=1.0, neginf=-1.0)
    peak = float(np.abs(finite).max(initial=0.0))
    gain = min(_WANTED_PEAK / peak, _LARGEST_GAIN) if 0.0 < peak < _QUIET_PEAK else 1.0
    return finite if gain == 1.0 else (finite * gain).astype(np.float32)


def _other_speech(
    probabilities: FloatArray, first: NDArray[np.float64], last: NDArray[np.float64], model: PhonemeModel
) -> Iterator[tuple[float, float]]:
    """The pauses between the words in which the model hears many phones nevertheless."""
    frame_seconds = model.frame_samples / SAMPLE_RATE_HZ
    best = probabilities.argmax(axis=1)
    is_phone = (best != model.blank) & (best != model.word_boundary)
    begins = np.flatnonzero(is_phone & np.append(True, best[1:] != best[:-1]))
    heard = begins * frame_seconds
    duration = len(probabilities) * frame_seconds
    for start, end in zip(np.append(0.0, last), np.append(first, duration), strict=True):
        within = heard[(heard > start + _OTHER_MARGIN_SECONDS) & (heard < end - _OTHER_MARGIN_SECONDS)]
        if len(within) >= _FEWEST_OTHER_PHONES:
            yield float(within[0]), float(within[-1]) + _OTHER_MARGIN_SECONDS


def _starts(first: NDArray[np.float64], last: NDArray[np.float64]) -> NDArray[np.float64]:
    """The starts of words by the frames in which the model is sure of their first and last phones."""
    before = np.append(first[0] - _USUAL_GAP_SECONDS, last[:-1])
    gaps = first - before
    later = SPIKE_LATER_SHARE * (np.minimum(gaps, _LONGEST_GAP_SECONDS) - _USUAL_GAP_SECONDS)
    starts = first - SPIKE_LATE_SECONDS - np.where(gaps < _PAUSE_SECONDS, later, 0.0)
    bounded: NDArray[np.float64] = np.maximum(starts, np.append(0.0, last[:-1] + AFTER_SPIKE_SECONDS))
    return bounded


def _agreement(
    other: NDArray[np.float64],
    starts: NDArray[np.float64],
    first: NDArray[np.float64],
    last: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Where the second aligner's start is between the spikes on both sides of the edge, and not far."""
    before = np.append(first[0] - 0.4, last[:-1])
    with np.errstate(invalid="ignore"):
        agreed: NDArray[np.bool_] = (
            (other >= before - SECOND_EARLIEST_SECONDS)
            & (other <= first + SECOND_LATEST_SECONDS)
            & (np.abs(other - starts) < SECOND_FARTHEST_SECONDS)
        )
    return agreed


def _elsewhere(
    other: NDArray[np.float64],
    starts: NDArray[np.float64],
    first: NDArray[np.float64],
    last: NDArray[np.float64],
    found: Sequence[Sequence[Spike]],
) -> NDArray[np.bool_]:
    """Where the model does not hear a word, and the second aligner has it elsewhere between the words around it."""
    heard = np.array([np.mean([phone.score for phone in word]) for word in found])
    before, after = np.append(-np.inf, last[:-1]), np.append(first[1:], np.inf)
    with np.errstate(invalid="ignore"):
        elsewhere: NDArray[np.bool_] = (
            (heard < NOT_HEARD_SCORE)
            & (np.abs(other[:, 0] - starts) >= SECOND_FARTHEST_SECONDS)
            & (other[:, 0] >= before - SECOND_EARLIEST_SECONDS)
            & (other[:, 1] <= after + SECOND_LATEST_SECONDS)
        )
    return elsewhere


def _confidence(phones: Sequence[Spike], frame_seconds: float, *, agreed: bool) -> float:
    heard = float(np.mean([max(0.0, 1.0 - phone.score / _LOWEST_SCORE) for phone in phones]))
    if (
        max((after.first - before.last for before, after in pairwise(phones)), default=0) * frame_seconds
        > _APART_SECONDS
    ):
        return round(min(heard, _APART_CONFIDENCE), 3)
    return round(min(1.0, heard + _AGREEMENT_CONFIDENCE * agreed), 3)
