"""Which words a line should not end with."""

from __future__ import annotations

import pytest

from sayso.subtitles.grammar import Grammar


@pytest.mark.parametrize(
    ("language", "word", "leans"),
    [
        ("en-us", "the", True),
        ("en-GB", "The", True),
        ("en", "I’m", True),
        ("en", "cat", False),
        ("fr-fr", "à", True),
        ("fr", "jusqu’à", True),
        ("fr", "l’homme", False),
        ("de", "der", True),
        ("de", "Haus", False),
        ("de", "12", False),
        ("ja", "は", False),
    ],
)
def test_words_that_lean_on_the_next(language: str, word: str, leans: bool) -> None:
    """Articles and prepositions by table in English and French, short words elsewhere; curly apostrophes count."""
    assert Grammar(language).leans_on_next(word) is leans


@pytest.mark.parametrize(
    ("language", "word", "needs"),
    [
        ("en", "An", True),
        ("en", "that", False),
        ("fr", "Les", True),
        ("es", "del", True),
        ("it", "gli", True),
        ("pt-BR", "às", True),
        ("de-AT", "einem", True),
        ("de", "sein", False),
        ("la", "a", False),
    ],
)
def test_words_that_no_cue_ends_with(language: str, word: str, needs: bool) -> None:
    """Articles and determiners of six languages, but not words that are pronouns or verbs as often."""
    assert Grammar(language).needs_next(word) is needs


@pytest.mark.parametrize(
    ("language", "word", "opens"),
    [
        ("en", "and", True),
        ("en", "lamp", False),
        ("fr", "qu’elle", True),
        ("fr", "l’homme", False),
        ("de", "und", False),
    ],
)
def test_words_that_open_a_phrase(language: str, word: str, opens: bool) -> None:
    """A conjunction or a preposition begins a phrase, in French also an elided one."""
    assert Grammar(language).opens_phrase(word) is opens
