"""Phones are found where the model hears them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sayso.alignment.phones import class_of, columns_of, phones_of
from sayso.alignment.viterbi import spikes

if TYPE_CHECKING:
    from sayso.types import FloatArray


class Drawn:
    """A phoneme model with the symbols of a few words."""

    name = "drawn"
    symbols: ClassVar[dict[str, int]] = {"k": 0, "æ": 1, "t": 2, "d": 3, "s": 4}
    blank = 5
    word_boundary = 6
    frame_samples = 160

    def log_probabilities(self, samples: FloatArray) -> FloatArray:
        raise NotImplementedError


def heard(frames: int, *phones: tuple[int, str]) -> FloatArray:
    """Probabilities in which each phone is heard in one frame, and nothing in the others."""
    rows = np.full((frames, 7), np.log(0.01), np.float32)
    rows[:, Drawn.blank] = np.log(0.94)
    for frame, symbol in phones:
        rows[frame, Drawn.blank] = np.log(0.01)
        rows[frame, Drawn.symbols[symbol]] = np.log(0.94)
    return rows


def frames_of(rows: FloatArray, *words: list[str]) -> list[list[int]]:
    found = spikes(rows, words, Drawn())
    assert found is not None
    return [[phone.first for phone in word] for word in found]


def test_each_phone_is_in_its_frame() -> None:
    """Pauses may be of any length."""
    rows = heard(60, (5, "k"), (9, "æ"), (12, "t"), (40, "s"), (50, "æ"))
    assert frames_of(rows, ["k", "æ", "t"], ["s", "æ"]) == [[5, 9, 12], [40, 50]]


def test_a_phone_that_was_spoken_otherwise_moves_no_other() -> None:
    """A word with a phone that was not heard keeps the places of its others."""
    rows = heard(60, (5, "k"), (9, "æ"), (40, "s"), (50, "æ"))
    first, second = frames_of(rows, ["k", "æ", "t"], ["s", "æ"])
    assert (first[:2], second) == ([5, 9], [40, 50])
    assert 9 < first[2] < 40


def test_equal_phones_are_two() -> None:
    """The end of a word and the same sound at the start of the next are heard twice."""
    rows = heard(40, (5, "æ"), (10, "t"), (20, "t"), (25, "æ"))
    assert frames_of(rows, ["æ", "t"], ["t", "æ"]) == [[5, 10], [20, 25]]


def test_too_many_phones_do_not_fit() -> None:
    """There is a frame for each."""
    assert spikes(heard(4), [["k", "æ", "t"], ["k", "æ"]], Drawn()) is None


def test_an_unlikely_phone_has_a_low_score() -> None:
    """So its word gets a low confidence."""
    found = spikes(heard(30, (5, "k"), (10, "æ")), [["k", "æ", "d"]], Drawn())
    assert found is not None
    assert found[0][0].score > -0.5
    assert found[0][2].score < -3


def test_ipa_is_read_as_phones() -> None:
    """Diphthongs and affricates are one phone; stress and length are none; nasal vowels are vowels."""
    assert phones_of("ˈt͡ʃɑːkə͡l") == ["t͡ʃ", "ɑ", "k", "ə", "l"]
    assert phones_of("bɔ̃ʒˈuʁ") == ["b", "ɔ", "ʒ", "u", "ʁ"]
    assert phones_of("") == []
    assert phones_of("1 ?") == []


def test_a_phone_the_model_lacks_has_a_stand_in() -> None:
    """Or none, where nothing is like it."""
    assert columns_of("a", {"ɑ": 3, "æ": 4}) == (3, 4)
    assert columns_of("ǃ", {"ɑ": 3}) == ()


def test_phones_have_a_manner() -> None:
    """Affricates are not stops."""
    assert [class_of(phone) for phone in ("a͡ɪ", "t", "t͡ʃ", "s", "m", "w")] == [
        "vowel", "stop", "affricate", "fricative", "nasal", "approximant",
    ]  # fmt: skip
