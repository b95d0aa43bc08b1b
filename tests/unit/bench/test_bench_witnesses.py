"""The judges of word times within a phrase, on sounds whose borders are known."""

from __future__ import annotations

import numpy as np
import pytest

from bench.witnesses import _Bands, class_of

RATE = 24_000


def bands(*pieces: tuple[str, int]) -> _Bands:
    """Sounds after one another, each with its length in milliseconds."""
    random = np.random.default_rng(1)
    parts = []
    for kind, milliseconds in pieces:
        clock = np.arange(milliseconds * RATE // 1000) / RATE
        noise = random.standard_normal(clock.size)
        if kind == "vowel":
            parts.append(0.3 * np.sin(2 * np.pi * 700 * clock) + 0.0003 * noise)
        elif kind == "hiss":
            parts.append(0.1 * noise)
        else:
            parts.append(0.0003 * noise)
    return _Bands(np.concatenate(parts), RATE)


@pytest.mark.parametrize("around", [0.27, 0.3, 0.34])
def test_a_sibilant_begins_with_its_hiss(around: float) -> None:
    """Wherever an aligner puts it nearby: at 300 ms."""
    sounds = bands(("vowel", 300), ("hiss", 100), ("vowel", 300))

    assert sounds.start("sibilant", "vowel", around) == pytest.approx(0.3, abs=0.006)


@pytest.mark.parametrize("around", [0.37, 0.4, 0.44])
def test_a_sibilant_ends_with_its_hiss(around: float) -> None:
    """A word that ends with one, before a vowel: at 400 ms."""
    sounds = bands(("vowel", 300), ("hiss", 100), ("vowel", 300))

    assert sounds.end("vowel", "sibilant", around) == pytest.approx(0.4, abs=0.006)


@pytest.mark.parametrize("around", [0.27, 0.3, 0.33])
def test_a_stop_begins_with_its_closure(around: float) -> None:
    """Not with its burst: at 300 ms."""
    sounds = bands(("vowel", 300), ("closure", 80), ("hiss", 20), ("vowel", 300))

    assert sounds.start("stop", "vowel", around) == pytest.approx(0.3, abs=0.006)


def test_the_sound_cannot_tell_every_border() -> None:
    """A vowel behind a vowel has none, nor has a sibilant that is not heard, nor one without a place."""
    sounds = bands(("vowel", 600))

    assert sounds.start("vowel", "vowel", 0.3) is None
    assert sounds.start("sibilant", "vowel", 0.3) is None
    assert sounds.start("sibilant", "vowel", float("nan")) is None


@pytest.mark.parametrize(
    ("ipa", "first", "last"),
    [("ˈt\u0361ʃɜːt\u0361ʃ", "stop", "sibilant"), ("juː", "approximant", "vowel"), ("mˈiːnz", "nasal", "sibilant")],
)
def test_classes_of_phones(ipa: str, first: str, last: str) -> None:
    """Marks of stress and length are no phones; an affricate begins as a stop and ends as a sibilant."""
    assert (class_of(ipa), class_of(ipa, last=True)) == (first, last)
