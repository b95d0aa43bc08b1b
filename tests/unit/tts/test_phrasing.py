"""From utterances to symbols."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import EngineFailed
from sayso.testing import FakeG2P
from sayso.tts.engines.kokoro.vocabulary import NOTATION, SYMBOLS
from sayso.tts.phonemes.espeak import espeak
from sayso.tts.phonemes.phrasing import Notation, phrase
from sayso.types import Boundary, Span, Token, Utterance
from support.text.utterances import utterance

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKENS = st.lists(
    st.builds(
        Token,
        spoken=st.text(st.sampled_from("abcxyz世☃'9"), min_size=1, max_size=5),
        span=st.just(Span(start=0, end=1)),
        lead=st.sampled_from(["", "“", "(", "«"]),
        trail=st.sampled_from(["", ",", ".", " —", "…”", "*"]),
        joined=st.booleans(),
        boundary=st.sampled_from(Boundary),
    ),
    min_size=1,
    max_size=12,
)


@given(tokens=TOKENS)
def test_each_token_s_place_holds_its_phonemes(tokens: list[Token]) -> None:
    """Places are in order and together cover every phoneme; what is between them is spaces and marks."""
    made = phrase(Utterance(tokens=tuple(tokens), language="en-us"), FakeG2P(), NOTATION)

    assert len(made.places) == len(tokens)
    position, outside = 0, ""
    for begin, end in made.places:
        assert position <= begin <= end <= len(made.symbols)
        outside += made.symbols[position:begin]
        position = end
    outside += made.symbols[position:]
    assert not any(symbol.isalpha() for symbol in outside)
    for token, (begin, end) in zip(tokens, made.places, strict=True):
        (ipa,) = FakeG2P().pronounce([token.spoken], "en-us")
        assert made.symbols[begin:end] == NOTATION.phonemes(ipa, "en-us")


@given(tokens=TOKENS)
def test_what_the_model_reads_is_well_formed(tokens: list[Token]) -> None:
    """There is always something to read, in known symbols, without double spaces or one at the front."""
    symbols = phrase(Utterance(tokens=tuple(tokens), language="en-us"), FakeG2P(), NOTATION).symbols

    assert symbols
    assert set(symbols) <= SYMBOLS.keys()
    assert "  " not in symbols
    assert not symbols.startswith(" ")


def test_a_sentence_is_written_with_its_punctuation() -> None:
    """Words, spaces, quotes and stops as the model was taught them."""
    made = phrase(utterance("“Stop,” he said."), espeak(), NOTATION)

    assert made.symbols == "“stˈɑp,” hi sˈɛd."
    assert [made.symbols[begin:end] for begin, end in made.places] == ["stˈɑp", "hi", "sˈɛd"]


def test_a_heading_gets_a_full_stop() -> None:
    """What ends a sentence without saying so is spoken as the end of one."""
    token = Token(spoken="Chapter", span=Span(start=0, end=7), boundary=Boundary.PARAGRAPH)

    assert phrase(Utterance(tokens=(token,), language="en-us"), espeak(), NOTATION).symbols == "ʧˈæptəɹ."


def test_the_middle_of_a_sentence_gets_none() -> None:
    """Where a long sentence was split, the voice stays up."""
    assert not phrase(utterance("Chapter one and"), espeak(), NOTATION).symbols.endswith(".")


def test_spelled_letters_are_not_words() -> None:
    """The A of ABC is the letter, the A before a noun is the article."""
    spelled = Utterance(
        tokens=tuple(Token(spoken=letter, span=Span(start=0, end=3), joined=letter != "A") for letter in "ABC"),
        language="en-us",
    )
    letters = phrase(spelled, espeak(), NOTATION)

    assert [letters.symbols[begin:end] for begin, end in letters.places] == ["ˈA", "bˈi", "sˈi"]
    assert phrase(utterance("A cat"), espeak(), NOTATION).symbols[0] in "əɐ"


def test_joined_tokens_have_no_space_between_them() -> None:
    """What is written without a space is spoken without one."""
    tokens = (
        Token(spoken="and", span=Span(start=0, end=3)),
        Token(spoken="or", span=Span(start=4, end=6), lead="/", joined=True),
    )

    assert " " not in phrase(Utterance(tokens=tokens, language="en-us"), FakeG2P(), NOTATION).symbols


def test_a_lexicon_s_pronunciation_is_used() -> None:
    """IPA given for a token replaces what the phoneme source says, in a dictionary's way of writing."""
    token = Token(spoken="Leigh", span=Span(start=0, end=5), ipa="/ˈdʒaɪ/")

    assert phrase(Utterance(tokens=(token,), language="en-us"), espeak(), NOTATION).symbols == "ˈʤI"


def test_no_weak_form_reaches_over_punctuation() -> None:
    """A phrase ends at a mark that the model hears, and the words on either side are pronounced apart."""
    asked: list[list[str]] = []

    class Transcription(FakeG2P):
        def pronounce(self, words: Sequence[str], language: str) -> list[str]:
            asked.append(list(words))
            return super().pronounce(words, language)

    phrase(utterance("well, I never (so far) did"), Transcription(), NOTATION)

    assert asked == [["well"], ["I", "never"], ["so", "far"], ["did"]]


def test_a_source_that_loses_words_is_found_out() -> None:
    """A pronunciation too few would shift every later word's time, so it is an error."""

    class Forgetful(FakeG2P):
        def pronounce(self, words: Sequence[str], language: str) -> list[str]:
            return super().pronounce(words, language)[1:]

    with pytest.raises(EngineFailed, match="1 pronunciations for 2 words"):
        phrase(utterance("two words"), Forgetful(), NOTATION)


def test_a_notation_without_brackets_reads_on() -> None:
    """Marks that a model does not hear end no phrase and leave no symbol."""
    deaf = Notation(phonemes=lambda ipa, _: ipa, marks=lambda _: "")

    assert phrase(utterance("so (they say) it is"), FakeG2P(), deaf).symbols == "so they say it is"
