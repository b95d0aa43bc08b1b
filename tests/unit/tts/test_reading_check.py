"""Whether speech says its text: what counts as the same words, and what decides where the sound is suspected."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sayso.errors import Cancelled, ModelMissing
from sayso.scheduling import UNBOUNDED
from sayso.tts.reading_check import ReadingCheck, same_words, wrong_share
from sayso.types import Audio

AUDIO = Audio(samples=np.zeros(24_000, np.float32), sample_rate_hz=24_000)
TEXT = "The keeper lit the lamp at ten."


@pytest.mark.parametrize(
    ("text", "transcript", "same"),
    [
        ("The keeper lit the lamp.", "the keeper lit the lamp", True),
        ("It costs $3.50.", "It costs three dollars and fifty cents.", True),
        ("In 1999 they left.", "In nineteen ninety-nine they left.", True),
        ("In 1999 they left.", "In nineteen ninety-nine they stayed.", False),
        ("In 1999 they left.", "In they left.", False),
        ("Call 555 0199 now.", "Call five five five oh one nine nine now.", True),
        ("“Good night,” he said—twice.", "Good night, he said twice.", True),
        ("ice-cream", "ice cream", True),
        ("I'm here.", "I am here.", False),
        ("Don’t go.", "Don't go.", True),
        ("The keeper lit the lamp.", "The keeper lit a lamp.", False),
        ("Say no more.", "Sure! Say no more.", False),
        ("One. Two.", "One.", False),
        ("What is two plus two?", "Four.", False),
        ("Hello.", "", False),
    ],
)
def test_words_and_not_how_they_are_written(text: str, transcript: str, same: bool) -> None:
    assert same_words(text, transcript, "en-us") is same


def test_a_table_of_numbers_takes_no_longer() -> None:
    """Its words are compared as a whole: each number may be read in too many ways."""
    assert not same_words("1 a " * 1000, "b" * 4000, "en-us")


def test_the_share_of_wrong_words() -> None:
    assert wrong_share("one two three four", "one two three four", "en-us") == 0
    assert wrong_share("one two three four", "one three four", "en-us") == pytest.approx(0.25)
    assert wrong_share("one two", "nothing of the kind", "en-us") >= 1


def accepts(transcript: str = TEXT, *, suspected: Any = False, heard: Any = TEXT) -> bool:
    def raise_or(value: Any) -> Any:
        if isinstance(value, BaseException):
            raise value
        return value

    check = ReadingCheck(is_suspected=lambda *_: raise_or(suspected), hear=lambda *_: raise_or(heard))
    return check.accepts(AUDIO, TEXT, transcript, language="en-us", context=UNBOUNDED)


def test_a_transcript_that_admits_it_is_enough() -> None:
    assert not accepts("The keeper lit a lamp.", heard=AssertionError("it was asked"))


def test_speech_that_fits_is_not_listened_to() -> None:
    assert accepts(heard=AssertionError("it was asked"))


def test_what_is_heard_decides() -> None:
    """A misheard name is no rewording; other words are."""
    assert accepts(suspected=True)
    assert accepts(suspected=True, heard="The keeper lit the lamb at ten.")
    assert not accepts(suspected=True, heard="Well, at ten a light was lit, I think.")


def test_without_a_recogniser_the_transcript_decides() -> None:
    assert accepts(suspected=ModelMissing("not pulled"))
    assert accepts(suspected=True, heard=ModelMissing("not pulled"))


def test_a_cancellation_is_passed_on() -> None:
    with pytest.raises(Cancelled):
        accepts(suspected=Cancelled("It was cancelled."))
