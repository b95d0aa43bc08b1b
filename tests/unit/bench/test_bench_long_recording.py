"""Which sentences of a long recording were heard."""

from __future__ import annotations

from bench.long_recording import heard_words, sentence_numbers
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


def test_a_number_in_pairs_is_the_same_with_a_point_between_them() -> None:
    """What is read "eleven oh five" may be written 11.05, in front of a sentence only."""
    read = spoken_words("Sentence 1105, a gallon and 11.05 dollars. Sentence 1110.", "en-us")
    assert heard_words("Sentence 11.05. A gallon, and 11.05 dollars. Sentence 11.10.") == read
