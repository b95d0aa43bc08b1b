"""Which sentences of a long recording were heard."""

from __future__ import annotations

from bench.long_recording import sentence_numbers
from bench.words import spoken_words


def test_a_number_is_the_same_however_it_is_written() -> None:
    """Digits and words are the same number, and a sentence that is heard twice counts twice."""
    read = spoken_words("Sentence 12, it rained. Sentence 1,205, it was late.", "en-us")
    heard = spoken_words("Sentence twelve it rained, sentence 12. It rained.", "en-us")
    assert sentence_numbers(read) - sentence_numbers(heard) == {"one thousand two hundred five": 1}
    assert sentence_numbers(heard) - sentence_numbers(read) == {"twelve": 1}


def test_the_word_alone_is_no_number() -> None:
    """A sentence that is not followed by a number is none."""
    assert not sentence_numbers(["sentence", "by", "sentence"])
