"""The words of a text are matched with those that were heard, in order."""

from __future__ import annotations

import random

from sayso.alignment.matching import letters_of, match


def test_equal_texts_match_word_by_word() -> None:
    """Nothing is skipped, however often a word is repeated."""
    words = ("the cat and the dog and the bird " * 5).split()
    assert match(words, words) == list(range(len(words)))


def test_words_that_were_not_heard_have_no_match() -> None:
    """A sentence that is missing does not shift those after it."""
    text = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    assert match(text, text[:3] + text[6:]) == [0, 1, 2, None, None, None, 3, 4, 5, 6]


def test_words_that_were_inserted_are_skipped() -> None:
    """Speech that is not in the text belongs to no word."""
    text = ["one", "two", "three", "four", "five", "six"]
    assert match(text, [*text[:3], "x", "y", "z", "q", "r", *text[3:]]) == [0, 1, 2, 8, 9, 10]


def test_a_repeated_paragraph_is_matched_with_the_right_repetition() -> None:
    """The words around decide."""
    refrain = ["row", "row", "row", "your", "boat", "gently", "down", "the", "stream"]
    text = [*["first", "verse", "about", "a", "river"], *refrain, *["second", "verse", "about", "the", "sea"], *refrain]
    assert match(text, text) == list(range(len(text)))
    heard = text[:5] + text[14:]  # the first refrain is not spoken
    assert match(text, heard)[:5] == [0, 1, 2, 3, 4]
    assert match(text, heard)[-9:] == list(range(len(heard) - 9, len(heard)))


def test_of_two_readings_one_is_matched_as_a_whole() -> None:
    """A retake is not half of each, even where the first has a slip of the tongue."""
    text = [f"w{number}" for number in range(60)]
    first = [*text[:30], "slip", *text[31:]]
    assert match(text, [*first, *text]) == list(range(60, 120))
    assert match(text, [*text, *first]) == list(range(60))


def test_of_a_text_that_stands_twice_one_is_matched_as_a_whole() -> None:
    """It was read once."""
    words = [f"w{number}" for number in range(60)]
    heard = [*words[:30], "slip", *words[31:]]
    hits = match([*words, *words], heard)
    assert hits[:60] == [None] * 60
    assert hits[60:] == [*range(30), None, *range(31, 60)]


def test_single_common_words_are_no_match() -> None:
    """Two texts that share little but "the" and "of" are not the same."""
    text = ["the", "end", "of", "the", "long", "road", "was", "near", "to", "a", "house"]
    heard = ["we", "saw", "that", "the", "ship", "of", "my", "uncle", "came", "into", "port", "under", "the", "moon"]
    assert match(text, heard) == [None] * len(text)


def test_a_misheard_word_leaves_its_neighbours_matched() -> None:
    """As transcriptions are."""
    text = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf"]
    heard = ["alpha", "bravo", "charlie", "telta", "echo", "foxtrot", "golf"]
    assert match(text, heard) == [0, 1, 2, None, 4, 5, 6]


def test_long_texts_are_matched_across_the_blocks_of_the_table() -> None:
    """Rows that were not kept are made again."""
    chance = random.Random(17)  # noqa: S311 -- not for cryptography
    text = [f"w{chance.randrange(300)}" for _ in range(3000)]
    heard = [word for word in text if chance.random() > 0.1]
    matches = match(text, heard)
    found = [(word, hit) for word, hit in zip(text, matches, strict=True) if hit is not None]
    assert all(heard[hit] == word for word, hit in found)
    assert [hit for _, hit in found] == sorted({hit for _, hit in found})
    assert len(found) > 0.95 * len(heard)


def test_a_single_word_is_found_in_a_long_transcription() -> None:
    """What is before and after it costs nothing."""
    heard = [f"w{number}" for number in range(50)]
    assert match(["w7"], heard) == [7]
    assert match(["w7", "w8"], heard) == [7, 8]


def test_nothing_matches_nothing() -> None:
    """Empty texts, and transcriptions of silence."""
    assert match([], ["a"]) == []
    assert match(["a"], []) == [None]


def test_letters_are_compared_without_case_and_punctuation() -> None:
    """Typographic apostrophes are those of a typewriter."""
    assert letters_of("Don’t") == letters_of("don't") == "dont"
    assert letters_of("ÉTÉ") == "été"
