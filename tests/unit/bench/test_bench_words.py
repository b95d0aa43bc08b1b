"""What counts as the same words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.words import plain_words, spoken_words


@pytest.mark.parametrize(
    ("read", "heard"),
    [
        ("“Dr. Green paid $1.25,” she said.", "Doctor Green paid one dollar twenty-five cents she said"),
        ("On March 3, 24 boats left.", "On march third twenty-four boats left"),
        ("Don’t!", "don't"),
        ("twenty-four steps", "twenty four steps"),
    ],
)
def test_a_way_of_writing_is_no_error(read: str, heard: str) -> None:
    """Figures, abbreviations, case, hyphens and punctuation are all the same words in English."""
    assert spoken_words(read, "en-us") == spoken_words(heard, "en-us")


def test_french_elisions_are_words() -> None:
    """In French what stands before an apostrophe is a word, of either apostrophe."""
    assert plain_words(["l’huile", "qu'il"], "fr-fr") == ["l", "huile", "qu", "il"]


def test_accents_are_heard() -> None:
    """An accent is not dropped, however it is encoded."""
    assert plain_words(["e\u0301te\u0301"], "fr-fr") == ["été"]
    assert plain_words(["été"], "fr-fr") != plain_words(["ete"], "fr-fr")


@given(st.lists(st.text(max_size=12), max_size=8))
def test_words_are_plain_for_good(spoken: list[str]) -> None:
    """Whatever is given, no word is empty or holds white space, and doing it again changes nothing."""
    words = plain_words(spoken, "en-us")
    assert all(word and not any(character.isspace() for character in word) for word in words)
    assert plain_words(words, "en-us") == words
