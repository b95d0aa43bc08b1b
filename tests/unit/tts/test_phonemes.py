"""Sharing out a phrase's phonemes, and IPA as people write it."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.tts.phonemes.ipa import STRESS_MARKS, TIE, from_dictionary, share_out

IPA = st.text(st.sampled_from("aɪəˈˌːtʃdʒvðnzs\u0303" + TIE), max_size=12)
WORD = st.lists(st.sampled_from(["a", "ˈa͡ɪ", "ˌɑ\u0303", "iː", "ə", "t͡ʃ", "tʰ", "n", "v"]), max_size=6).map("".join)


@given(phrase=st.text(st.sampled_from("aɪəˈˌːtʃdʒvðnzs\u0303" + TIE), max_size=60), alone=st.lists(IPA, min_size=1))
def test_nothing_is_lost_or_added(phrase: str, alone: list[str]) -> None:
    """However little the phrase resembles its words, every phoneme goes to exactly one of them, in order."""
    shares = share_out(phrase, alone)

    assert len(shares) == len(alone)
    assert "".join(shares) == phrase


@given(st.lists(WORD, min_size=1, max_size=5))
def test_words_that_sound_as_they_do_alone_get_themselves(alone: list[str]) -> None:
    """Without linking or weak forms, sharing out gives back each word, stress marks and accents with their letters."""
    assert share_out("".join(alone), alone) == alone


@pytest.mark.parametrize(
    ("phrase", "alone", "expected"),
    [
        ("ʌvðə", ["ʌv", "ðˈə"], ["ʌv", "ðə"]),
        ("ʌvðɪˈɛnd", ["ʌv", "ðə", "ˈɛnd"], ["ʌv", "ðɪ", "ˈɛnd"]),
        ("lez‿amˈi".replace("‿", ""), ["lˈe", "amˈi"], ["lez", "amˈi"]),
        ("ɡˈʊddˈe͡ɪ", ["ɡˈʊd", "", "dˈe͡ɪ"], ["ɡˈʊd", "", "dˈe͡ɪ"]),
        ("", ["a", "b"], ["", ""]),
        ("abc", ["abc"], ["abc"]),
    ],
)
def test_known_phrases(phrase: str, alone: list[str], expected: list[str]) -> None:
    """Weak forms stay with their word, a linking consonant with the word before, silence takes nothing."""
    assert share_out(phrase, alone) == expected


def test_no_words_share_nothing() -> None:
    """No words, no shares."""
    assert share_out("", []) == []


@given(phrase=WORD, alone=st.lists(IPA, min_size=2, max_size=4))
def test_no_letter_is_cut_in_two(phrase: str, alone: list[str]) -> None:
    """A word never begins with the length mark, accent or tied half of the letter that ended the word before."""
    shares = [share for share in share_out(phrase, alone) if share]

    for before, after in itertools.pairwise(shares):
        assert before[-1] != TIE
        assert after[0] in STRESS_MARKS or unicodedata.category(after[0]) not in {"Lm", "Mn"}


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("/ˈmi.tʃəl/", "ˈmit͡ʃəl"),
        ("'gəʊ", "ˈɡə͡ʊ"),
        ("[ʤaɪənt]", "d͡ʒa͡ɪənt"),
        ("d͡ʒ", "d͡ʒ"),
        ("si:", "siː"),
        ("two words", "twowords"),
    ],
)
def test_ipa_of_a_dictionary_is_brought_into_form(written: str, spoken: str) -> None:
    """A lexicon may be written as dictionaries print it."""
    assert from_dictionary(written) == spoken


@pytest.mark.parametrize(
    ("phrase", "alone", "cut"),
    [
        ("lˈɛɾɚɹɔn", ["lˈɛɾɚ", "ˈɔn"], ["lˈɛɾɚɹ", "ɔn"]),
        ("lezɑ̃fˈɑ̃", ["le", "ɑ̃fˈɑ̃"], ["lez", "ɑ̃fˈɑ̃"]),
    ],
)
def test_linking_goes_with_the_word_before_it(phrase: str, alone: list[str], cut: list[str]) -> None:
    """A sound that is heard only between two words ends the first, whatever the stress of the second alone."""
    assert share_out(phrase, alone) == cut
