"""What holds for any text: nothing lost, nothing out of order, nothing empty."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sayso.text.normalise import NormaliseOptions, normalise
from sayso.text.normalise.languages import LANGUAGES
from sayso.types import Boundary, Span, Token

TAGS = st.sampled_from([*LANGUAGES, "en-gb", "fr-fr", "sv", "zh", "am"])
OPTIONS = st.sampled_from([NormaliseOptions(emoji="drop"), NormaliseOptions(emoji="name")])

# Pieces that rules look for, in orders nobody writes.
FRAGMENTS = st.sampled_from(
    [
        *" \n\u00a0\u202f\u200d\u200b\x00.,:;/-–—−+×x'’\"«»“”()[]#@&%=$£€½²°_",
        *("10", "1", "2024", "007", "1,234.5", "1 234,5", "99999999999999999999", "km", "kg", "h", "million", "k", "M"),
        *("Mr.", "St.", "May", "mai", "a.m.", "pm", "XIV", "XIXe", "l’", "BBC", "NASA", "Louis", "the", "e.g."),
        *("https://", "www.", "example.com", "me@", "+33", "0612345678", "3:45", "17h30", "1st", "1er", "’90s"),
        *("e\u0301", "日本", "สวัสดี", "😀", "👍🏽", "1️⃣", "\u0301", "ℹ️", "ﷺ", "\u202e"),
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(FRAGMENTS, max_size=14).map("".join))


@st.composite
def texts_with_markup(draw: st.DrawFn) -> tuple[str, Span, list[Span]]:
    text = draw(TEXTS)
    places = st.integers(0, len(text))
    pairs = st.tuples(places, places).map(lambda pair: Span(start=min(pair), end=max(pair)))
    return text, draw(pairs), draw(st.lists(pairs, max_size=3))


def folded(text: str) -> str:
    """Text with white space and controls made single spaces."""
    return " ".join("".join(" " if unicodedata.category(char) == "Cc" else char for char in text).split())


def shown(text: str, tokens: list[Token]) -> str:
    """What a subtitle shows: each written word once, with its punctuation."""
    out = ""
    for index, token in enumerate(tokens):
        first = index == 0 or tokens[index - 1].span != token.span
        out += (
            f"{'' if token.joined or not first else ' '}{token.lead}{token.span.of(text) if first else ''}{token.trail}"
        )
    return folded(out)


@given(texts_with_markup(), TAGS, OPTIONS)
def test_every_letter_and_digit_is_in_a_span(
    case: tuple[str, Span, list[Span]], language: str, options: NormaliseOptions
) -> None:
    """Nothing that can be read is lost, whatever surrounds it."""
    text, span, skip = case
    tokens = normalise(text, span, language=language, options=options, skip=skip)
    covered = {at for token in tokens for at in range(token.span.start, token.span.end)}
    skipped = {at for gap in skip for at in range(gap.start, gap.end)}
    assert {at for at in range(span.start, span.end) if text[at].isalnum()} - skipped <= covered
    assert all(span.start <= token.span.start < token.span.end <= span.end for token in tokens)


@given(texts_with_markup(), TAGS, OPTIONS)
def test_spans_are_ordered_and_apart(
    case: tuple[str, Span, list[Span]], language: str, options: NormaliseOptions
) -> None:
    """A written word is finished before the next begins."""
    text, span, skip = case
    tokens = normalise(text, span, language=language, options=options, skip=skip)
    distinct = [token.span for at, token in enumerate(tokens) if at == 0 or tokens[at - 1].span != token.span]
    assert all(before.end <= after.start for before, after in pairwise(distinct))


@given(texts_with_markup(), TAGS, OPTIONS)
def test_tokens_are_well_formed(case: tuple[str, Span, list[Span]], language: str, options: NormaliseOptions) -> None:
    """Every token says one word, and only punctuation stands around it."""
    text, span, skip = case
    for token in normalise(text, span, language=language, options=options, skip=skip):
        assert token.spoken
        assert not re.search(r"\s", token.spoken)
        assert not any(map(str.isalnum, token.lead + token.trail))


@given(TEXTS, TAGS, OPTIONS)
def test_what_is_shown_is_what_was_written(text: str, language: str, options: NormaliseOptions) -> None:
    """A subtitle made of the tokens is the source with its white space folded."""
    tokens = normalise(text, Span(start=0, end=len(text)), language=language, options=options)
    assert not tokens or shown(text, tokens) == folded(text)


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=["L", "N", "Z", "C", "S", "M"]), max_size=30))
def test_punctuation_alone_says_nothing(text: str) -> None:
    """Where there is nothing to read, there are no tokens."""
    unsaid = "".join(char for char in text if unicodedata.normalize("NFKC", char) not in set("&@%#§"))
    assert normalise(unsaid, Span(start=0, end=len(unsaid)), language="en-us") == []


@given(
    st.integers(0, 10**7),
    st.integers(0, 99),
    st.sampled_from("$£€"),
    st.sampled_from(
        [
            ("en-us", "{sign}{whole:,}.{cents:02}"),
            ("fr-fr", "{whole},{cents:02} {sign}"),
            ("es", "{whole},{cents:02} {sign}"),
            ("it", "{sign} {whole},{cents:02}"),
            ("pt-br", "{sign} {whole},{cents:02}"),
            ("hi", "{sign}{whole}.{cents:02}"),
            ("zh", "{sign}{whole:,}.{cents:02}"),
            ("ja", "{sign}{whole:,}"),
        ]
    ),
)
def test_prices_are_said_in_words(whole: int, cents: int, sign: str, style: tuple[str, str]) -> None:
    """No price leaves a digit or a sign in what is spoken."""
    language, pattern = style
    text = pattern.format(sign=sign, whole=whole, cents=cents)
    tokens = normalise(text, Span(start=0, end=len(text)), language=language)
    assert not re.search(r"[\d$£€.,]", "".join(token.spoken for token in tokens))


@given(
    st.dates(dt.date(1000, 1, 1), dt.date(2999, 12, 31)),
    st.sampled_from(["en-us", "en-gb", "fr-fr", "es", "it", "pt-br", "hi"]),
    st.sampled_from(["%Y-%m-%d", "%d/%m/%Y"]),
)
def test_dates_are_one_written_word(date: dt.date, language: str, style: str) -> None:
    """A date in figures is read whole, and all its words share its place."""
    text = format(date, style)
    tokens = normalise(text, Span(start=0, end=len(text)), language=language)
    assert {token.span for token in tokens} == {Span(start=0, end=len(text))}
    assert not any(map(str.isdigit, "".join(token.spoken for token in tokens)))


@pytest.mark.parametrize("piece", ["a", "1", "a.", "1,", "word ", ".", " ", "😀", "é", "ก", "日", "a-", "(", "\x00"])
def test_a_hundred_thousand_of_anything_is_read(piece: str) -> None:
    """Long input without a place to stop at is cut into pieces and loses nothing."""
    text = (piece * 100_000)[:100_000]
    tokens = normalise(text, Span(start=0, end=len(text)), language="en-us")
    assert sum(map(str.isalnum, text)) == sum(
        sum(map(str.isalnum, span.of(text))) for span in {token.span for token in tokens}
    )
    assert all(token.span.end - token.span.start <= 64 for token in tokens)


def test_pieces_of_a_long_word_are_joined() -> None:
    """A word too long for any engine comes in pieces that a subtitle writes as one."""
    text = "a" * 150
    tokens = normalise(text, Span(start=0, end=150), language="en-us")
    assert [(len(token.spoken), token.joined) for token in tokens] == [(64, False), (64, True), (22, True)]


def test_markup_within_a_word_does_not_cut_it() -> None:
    """A word that emphasis interrupts is one word, and its span covers the lot."""
    text = "It is un**believ**able."
    skip = [Span(start=8, end=10), Span(start=16, end=18)]
    *_, last = normalise(text, Span(start=0, end=len(text)), language="en-us", skip=skip)
    assert (last.spoken, last.span.of(text), last.trail) == ("unbelievable", "un**believ**able", ".")


def test_offsets_are_into_the_whole_source() -> None:
    """A sentence in the middle of a text gets spans of the text, and nothing outside it."""
    text = "One. Two three. Four."
    tokens = normalise(text, Span(start=5, end=15), language="en-us")
    assert [token.span.of(text) for token in tokens] == ["Two", "three"]


def test_clauses_end_at_commas_and_spaced_dashes() -> None:
    """Breaks come after punctuation that pauses, not within words and ranges."""
    text = "First, a well-known (old) one – Paris–Dakar"
    tokens = normalise(text, Span(start=0, end=len(text)), language="en-us")
    clauses = [token.spoken for token in tokens if token.boundary is Boundary.CLAUSE]
    assert clauses == ["First", "old", "one"]


def test_dropped_emoji_are_still_shown() -> None:
    """An emoji that is not said stays in the subtitle."""
    text = "Well done 👍🏽!"
    tokens = normalise(text, Span(start=0, end=len(text)), language="en-us")
    assert tokens[-1].trail == " 👍🏽!"


@pytest.mark.parametrize(
    ("language", "name"),
    [("en-us", "thumbs up"), ("fr-fr", "pouce vers le haut"), ("de", "daumen hoch"), ("sv", "thumbs up")],
)
def test_emoji_are_named_in_the_language(language: str, name: str) -> None:
    """Where the reader asks for it, an emoji is said by its name, in English where there is no other."""
    tokens = normalise("👍", Span(start=0, end=1), language=language, options=NormaliseOptions(emoji="name"))
    assert " ".join(token.spoken for token in tokens).lower() == name


@pytest.mark.parametrize(
    ("language", "text", "spoken"),
    [
        ("de", "21 Katzen", "einundzwanzig Katzen"),
        ("pt-br", "3 gatos", "três gatos"),
        ("nb", "2 katter", "to katter"),
        ("zh", "2024年", "二零二四 年"),
        ("yue", "2024年", "2024 年"),
        ("am", "999999999", "999999999"),
    ],
)
def test_other_languages_get_numbers_where_they_can(language: str, text: str, spoken: str) -> None:
    """Numbers are said in the text's language, or left as they are."""
    tokens = normalise(text, Span(start=0, end=len(text)), language=language)
    assert " ".join(token.spoken for token in tokens) == spoken
