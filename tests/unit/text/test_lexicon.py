"""How an author wants words to be said."""

from __future__ import annotations

import pytest

from sayso.errors import InvalidInput
from sayso.text import load_lexicon
from sayso.text.lexicon import Lexicon
from sayso.text.normalise import normalise
from sayso.types import Span, Token

LEXICON = """\ufeff# Names
Siobhan = shivawn   # an Irish name
Dr. Grieg = doctor greeg
SQL = sequel
New York = /nuː jɔːk/
well-known = /wɛlnoʊn/
McDonald’s = mac donalds

[fr]
Nantes = /nɑ̃t/
Siobhan = chivonne
[en-GB]
SQL=S Q L
"""


def said(text: str, language: str = "en-us", lexicon: str = LEXICON) -> list[Token]:
    tokens = normalise(text, Span(start=0, end=len(text)), language=language)
    return load_lexicon(lexicon).apply(text, tokens, language)


def spoken(text: str, language: str = "en-us") -> str:
    return " ".join(token.spoken for token in said(text, language))


def test_a_respelling_is_said_in_place_of_the_word() -> None:
    """Case and the kind of apostrophe make no difference."""
    assert spoken("I met SIOBHAN, siobhan at McDonald's.") == "I met shivawn shivawn at mac donalds"


def test_a_respelling_shares_the_span_and_keeps_the_marks() -> None:
    """Subtitles show what was written, with the punctuation around it."""
    text = "He saw “Dr.\nGrieg”, once."
    tokens = said(text)[2:4]
    assert [token.spoken for token in tokens] == ["doctor", "greeg"]
    assert {token.span.of(text) for token in tokens} == {"Dr.\nGrieg"} or {token.span.of(text) for token in tokens} == {
        "Dr\nGrieg"
    }
    assert tokens[0].lead == "“"
    assert tokens[1].trail == "”,"


@pytest.mark.parametrize(
    ("text", "entry"),
    [("AT&T rules", "AT&T = at"), ("pages 12-15 are", "12-15 = some"), ("in 10:30 at", "10:30 = ten")],
)
def test_a_word_of_several_parts_has_one_entry(text: str, entry: str) -> None:
    """Signs and digits are spoken by themselves, and an entry may hold them."""
    written, _, said_as = entry.partition(" = ")
    found = [token for token in said(text, lexicon=entry) if token.span.of(text) == written]
    assert [token.spoken for token in found] == [said_as]


def test_capitals_within_a_word_ask_for_that_spelling() -> None:
    """SQL is said otherwise, sql is not."""
    assert spoken("SQL or sql") == "sequel or sql"


def test_ipa_goes_to_the_words_that_it_has_parts_for() -> None:
    """Two sounds for two words; one sound for a word that is marked as two is for the whole."""
    text = "New York is well-known."
    tokens = said(text)
    assert [(token.span.of(text), token.ipa) for token in tokens if token.ipa] == [
        ("New", "nuː"),
        ("York", "jɔːk"),
        ("well-known", "wɛlnoʊn"),
    ]
    assert all(token.spoken and not any(map(str.isspace, token.spoken)) for token in tokens)


def test_entries_of_a_language_hold_for_it_and_before_the_general_ones() -> None:
    """The narrowest language wins; others do not see the entry."""
    assert spoken("Siobhan", "fr-fr") == "chivonne"
    assert [token.ipa for token in said("Nantes", "fr-fr")] == ["nɑ̃t"]
    assert [token.ipa for token in said("Nantes", "en-us")] == [None]
    assert spoken("SQL", "en-gb") == "S Q L"


def test_the_longest_entry_wins() -> None:
    """A name of two words is not read word by word."""
    tokens = said("New York", lexicon="New = noo\nNew York = the city\nYork = yawk")
    assert [token.spoken for token in tokens] == ["the", "city"]


def test_an_empty_lexicon_changes_nothing() -> None:
    """It is the default."""
    tokens = normalise("New York", Span(start=0, end=8), language="en")
    assert Lexicon.empty().apply("New York", tokens, "en") == tokens
    assert load_lexicon("# nothing\n\n").apply("New York", tokens, "en") == tokens


@pytest.mark.parametrize(
    "line",
    [
        "word",
        "= value",
        "word =",
        "word = /a",
        "word = /a/ b",
        "word = //",
        "word = / /",
        "word = /!/",
        "word = …",
        "... = x",
        "[english",
    ],
)
def test_a_line_that_is_no_entry_is_named(line: str) -> None:
    """An author finds the mistake at once."""
    with pytest.raises(InvalidInput, match="line 2") as caught:
        load_lexicon(f"a = b\n{line}\nc = d")
    assert caught.value.hint
