"""Pairs to be compared: which version is A, which is B, which of them is X, and under what names."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from typing import TYPE_CHECKING, Final

from sayso.tts.engines.kokoro.vocabulary import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from random import Random

    from sayso.types import FloatArray

_NAME_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
NAME_LENGTH: Final = 8


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reading:
    """One sentence by one voice, in each version.

    Attributes:
        voice: the one that reads.
        language: BCP 47.
        text: of the sentence.
        versions: float32 samples of shape (n,) at `SAMPLE_RATE_HZ` by the version's name; n is the same in all.
    """

    voice: str
    language: str
    text: str
    versions: Mapping[str, FloatArray]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return next(iter(self.versions.values())).size / SAMPLE_RATE_HZ

    def without(self, version: str) -> Reading:
        """The same with one version fewer."""
        versions = {name: samples for name, samples in self.versions.items() if name != version}
        return Reading(voice=self.voice, language=self.language, text=self.text, versions=versions)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Pair:
    """Two versions of a reading.

    Attributes:
        reading: the sentence.
        a: the version that is A.
        b: the version that is B.
        x_is_a: whether X is A, or else B.
        names: the names of the files of A, B and X, which say nothing.
    """

    reading: Reading
    a: str
    b: str
    x_is_a: bool
    names: tuple[str, str, str]

    def files(self) -> Iterator[tuple[str, FloatArray]]:
        """The name and the samples of A, B and X."""
        versions = (self.a, self.b, self.a if self.x_is_a else self.b)
        for name, version in zip(self.names, versions, strict=True):
            yield name, self.reading.versions[version]


def arrange(readings: Sequence[Reading], random: Random) -> Sequence[Pair]:
    """A pair of each two versions of each reading, all in random order.

    Of the pairs of the same two versions, each version is A as often as the other, and X is A as often as B, in each of
    the two orders: the counts differ by one where they cannot be equal.
    """
    names = _names(random)
    pairs = []
    for versions in combinations(readings[0].versions, 2):
        for reading, (swapped, x_is_a) in zip(readings, _balanced(len(readings), random), strict=True):
            a, b = reversed(versions) if swapped else versions
            three = (next(names), next(names), next(names))
            pairs.append(Pair(reading=reading, a=a, b=b, x_is_a=x_is_a, names=three))
    random.shuffle(pairs)
    return pairs


def _balanced(count: int, random: Random) -> Sequence[tuple[bool, bool]]:
    """So many of the four ways to set up a pair, each as often as the others or once more, in random order."""
    ways = list(product((False, True), (False, True)))
    left = count % len(ways)
    first = random.choice(ways)
    opposite = (not first[0], not first[1])  # two that are left over balance each other
    others = [way for way in ways if way not in (first, opposite)]
    random.shuffle(others)
    chosen = ways * (count // len(ways)) + [first, opposite, *others][:left]
    random.shuffle(chosen)
    return chosen


def _names(random: Random) -> Iterator[str]:
    """Names of files that never repeat."""
    used: set[str] = set()
    while True:
        name = "".join(random.choices(_NAME_LETTERS, k=NAME_LENGTH)) + ".wav"
        if name not in used:
            used.add(name)
            yield name
