"""Cutting what is too long to be spoken in one go."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.text.cutting import LONGEST_UTTERANCE, cut_to_length, split_utterance, spoken_length
from sayso.types import Boundary, Span, Token, Utterance


def words(text: str) -> tuple[Token, ...]:
    """A token per word; commas and full stops make boundaries."""
    tokens: list[Token] = []
    position = 0
    for written in text.split(" "):
        bare = written.rstrip(",.")
        breaks = {",": Boundary.CLAUSE, ".": Boundary.SENTENCE}
        span = Span(start=position, end=position + len(bare))
        trail = written[len(bare) :]
        tokens.append(Token(spoken=bare, span=span, trail=trail, boundary=breaks.get(trail, Boundary.NONE)))
        position += len(written) + 1
    return tuple(tokens)


def halves(tokens: tuple[Token, ...], language: str = "en-us") -> tuple[str, str]:
    first, second = split_utterance(Utterance(tokens=tokens, language=language))
    return said(first.tokens), said(second.tokens)


def said(tokens: tuple[Token, ...]) -> str:
    return " ".join(token.spoken for token in tokens)


@pytest.mark.parametrize(
    ("text", "language", "first"),
    [
        ("one two three four five six", "en", "one two three"),
        ("one two, three four five six", "en", "one two"),
        ("one two, three four. five six", "en", "one two three four"),
        ("one two three four and five", "en", "one two three four"),
        ("un deux trois mais quatre cinq", "fr-fr", "un deux trois"),
        ("one, two three four five six", "en", "one two three"),
    ],
)
def test_an_utterance_is_split_at_the_strongest_place_near_the_middle(text: str, language: str, first: str) -> None:
    """Sentence, clause, conjunction, word: but a comma after the first word is not near the middle."""
    assert halves(words(text), language)[0] == first


def test_a_word_that_is_said_as_several_stays_together() -> None:
    """£3.50 is not parted from its pence where there is another place to cut."""
    shared = Span(start=2, end=7)
    money = [Token(spoken=word, span=shared) for word in ("three", "hundred", "pounds", "fifty")]
    tokens = (Token(spoken="a", span=Span(start=0, end=1)), *money)
    assert halves(tokens) == ("a", "three hundred pounds fifty")
    assert halves(tuple(money)) == ("three hundred", "pounds fifty")


def test_a_single_word_is_cut_in_two_with_its_characters() -> None:
    """Each half stands for the characters that it says, and the marks stay at the ends."""
    token = Token(
        spoken="abcdef", span=Span(start=10, end=16), lead="(", trail="),", boundary=Boundary.CLAUSE, ipa="abcd"
    )
    first, second = (half.tokens for half in split_utterance(Utterance(tokens=(token,), language="en")))
    assert first == (Token(spoken="abc", span=Span(start=10, end=13), lead="(", ipa="ab"),)
    expected = Token(
        spoken="def",
        span=Span(start=13, end=16),
        trail="),",
        joined=True,
        boundary=Boundary.CLAUSE,
        ipa="cd",
    )
    assert second == (expected,)


def test_halves_of_a_word_that_is_said_otherwise_share_its_characters() -> None:
    """Nobody can say which character of "8" is "ei"."""
    token = Token(spoken="eight", span=Span(start=0, end=1))
    first, second = split_utterance(Utterance(tokens=(token,), language="en"))
    assert first.tokens[0].span == second.tokens[0].span == token.span


def test_a_cut_does_not_part_an_accent_from_its_letter() -> None:
    """A combining accent goes with the letter before it."""
    assert halves((Token(spoken="abe\u0301f", span=Span(start=0, end=5)),)) == ("ab", "e\u0301f")
    assert halves((Token(spoken="e\u0301", span=Span(start=0, end=2)),)) == ("e", "\u0301")


def test_what_cannot_be_split_says_so() -> None:
    """A single character is the end of it."""
    token = Token(spoken="a", span=Span(start=0, end=1))
    with pytest.raises(ValueError, match="one character"):
        split_utterance(Utterance(tokens=(token,), language="en"))


TOKENS = st.lists(
    st.builds(
        Token,
        spoken=st.text(alphabet="abé\u0301", min_size=1, max_size=12),
        span=st.builds(lambda start: Span(start=start, end=start + 3), st.integers(0, 3)),
        boundary=st.sampled_from(Boundary),
        joined=st.booleans(),
    ),
    min_size=1,
    max_size=40,
).map(tuple)


@given(TOKENS)
def test_splitting_again_and_again_loses_nothing(tokens: tuple[Token, ...]) -> None:
    """Down to single characters, what is said stays the same and in order."""
    waiting = [Utterance(tokens=tokens, language="en")]
    characters: list[str] = []
    while waiting:
        utterance = waiting.pop()
        if sum(len(token.spoken) for token in utterance.tokens) == 1:
            characters.append(utterance.tokens[0].spoken)
        else:
            waiting += reversed(split_utterance(utterance))
    assert "".join(characters) == "".join(token.spoken for token in tokens)


@given(TOKENS, st.integers(min_value=12, max_value=60))
def test_parts_are_no_longer_than_asked_and_make_up_the_whole(tokens: tuple[Token, ...], longest: int) -> None:
    """A part may exceed the limit by the space before its only word, and no token is lost."""
    parts = cut_to_length(tokens, "en", longest)
    assert [token for part in parts for token in part] == list(tokens)
    assert all(spoken_length(part) <= longest or len(part) == 1 for part in parts)


def test_a_giant_word_comes_back_in_pieces() -> None:
    """A megabyte without a space is spoken, an utterance at a time."""
    token = Token(spoken="a" * 1_000_000, span=Span(start=0, end=1_000_000))
    parts = cut_to_length([token], "en")
    assert "".join(piece.spoken for part in parts for piece in part) == token.spoken
    assert max(map(spoken_length, parts)) <= LONGEST_UTTERANCE + 1
    spans = [piece.span for part in parts for piece in part]
    assert all(before.end == after.start for before, after in pairwise(spans))
