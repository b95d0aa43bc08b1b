"""How the words of a text get their times."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.stt import EngineSegment, EngineWord, SegmentDetails, transcript_of
from sayso.stt.openai.word_alignment import TimedText, timed_segments


def timed(text: str, listed: str, *, seconds_each: float = 1.0) -> list[tuple[str, float, float]]:
    """The words of one segment with their times, when the listed words last a second each."""
    words = [
        EngineWord(word, place * seconds_each, (place + 1) * seconds_each) for place, word in enumerate(listed.split())
    ]
    made = timed_segments([TimedText(text, 0.0, len(words) * seconds_each)], words)
    return [(word.text, word.start_seconds, word.end_seconds) for segment in made for word in segment.words]


def test_punctuation_comes_back_from_the_text() -> None:
    """The listed words are bare; what is shown is what is written."""
    assert timed(" “Stop,” he said.", "Stop he said") == [
        (" “Stop,”", 0.0, 1.0),
        (" he", 1.0, 2.0),
        (" said.", 2.0, 3.0),
    ]


def test_a_word_that_is_listed_in_pieces_is_one_word() -> None:
    """A compound has the time of all its pieces, and the other way round each word has a time."""
    assert timed("A well-known fact", "A well known fact")[1] == (" well-known", 1.0, 3.0)
    assert timed("cannot stop", "can not stop")[0] == ("cannot", 0.0, 2.0)
    assert timed("it's 3.50 now", "it's 3.50 now")[1] == (" 3.50", 1.0, 2.0)


@pytest.mark.parametrize(
    ("text", "listed"),
    [
        ("C'est aujourd'hui que l'on part.", "C est aujourd hui que l on part"),
        ("It costs $3.50 today", "It costs 3 50 today"),
        ("It costs $3.50 today", "It costs three dollars fifty today"),
        ("Take 25% off", "Take 25 off"),
        ("At 10:30am sharp", "At 10 30am sharp"),
        ("A well-known fact", "A well known fact"),
    ],
)
def test_each_written_word_has_one_time(text: str, listed: str) -> None:
    """Elisions, money, percentages, clock times and compounds are one word, however they are listed."""
    made = timed(text, listed)
    assert [word.strip() for word, _, _ in made] == text.split()
    assert all(start < end for _, start, end in made)
    assert made[-1][2] == len(listed.split())


def test_words_that_are_listed_otherwise_take_their_places() -> None:
    """A number in digits here and in letters there is the same word."""
    assert timed("He had 7 cats", "He had seven cats")[2] == (" 7", 2.0, 3.0)


def test_words_that_are_not_listed_share_the_time_between() -> None:
    """A word that the list lacks gets the time between its neighbours, or a share of it by its characters."""
    words = [EngineWord("one", 0.0, 1.0), EngineWord("four", 4.0, 5.0)]
    made = timed_segments([TimedText("one two threes four", 0.0, 5.0)], words)

    assert [(word.start_seconds, word.end_seconds) for word in made[0].words] == [
        (0.0, 1.0),
        (1.0, 2.0),
        (2.0, 4.0),
        (4.0, 5.0),
    ]


def test_without_a_list_the_segment_is_shared_out() -> None:
    """Each segment's words share its own time by their characters."""
    made = timed_segments([TimedText(" ab abcdef.", 2.0, 4.0), TimedText(" z", 9.0, 9.5)], [])

    times = [[(word.start_seconds, word.end_seconds) for word in segment.words] for segment in made]
    assert times == [[(2.0, 2.4444444444444446), (2.4444444444444446, 4.0)], [(9.0, 9.5)]]


def test_a_script_without_spaces_is_parted_as_it_is_listed() -> None:
    """Chinese words are those of the list, and their punctuation stays with them."""
    assert timed("今天天气很好。", "今天 天气 很 好") == [
        ("今天", 0.0, 1.0),
        ("天气", 1.0, 2.0),
        ("很", 2.0, 3.0),
        ("好。", 3.0, 4.0),
    ]


def test_scripts_may_be_mixed() -> None:
    """Latin letters among Chinese ones are a word, and a bracket before them changes nothing."""
    assert [word for word, _, _ in timed("「iPhone很好」。", "iPhone 很 好")] == ["「iPhone", "很", "好」。"]


def test_words_that_only_the_list_has_are_not_text() -> None:
    """The text is what was said."""
    assert [word for word, _, _ in timed("one two", "one uh two")] == ["one", " two"]


def test_segments_keep_their_words_and_details() -> None:
    """A word that both segments could have goes to the one whose text holds it."""
    details = SegmentDetails(speaker="A")
    words = [EngineWord("no", 0.0, 1.0), EngineWord("no", 1.0, 2.0), EngineWord("no", 2.0, 3.0)]

    made = timed_segments([TimedText(" No, no.", 0.0, 2.0, details), TimedText(" No!", 2.0, 3.0)], words)

    assert made == [
        EngineSegment((EngineWord(" No,", 0.0, 1.0), EngineWord(" no.", 1.0, 2.0)), details),
        EngineSegment((EngineWord(" No!", 2.0, 3.0),)),
    ]


WORDS = st.text(st.sampled_from("abcé'5-"), min_size=1, max_size=6).filter(lambda word: any(map(str.isalnum, word)))


@given(
    written=st.lists(st.tuples(WORDS, st.sampled_from(["", ",", ".", "…”", "!"])), min_size=1, max_size=40),
    missing=st.sets(st.integers(0, 39)),
)
def test_every_written_word_has_a_time_in_order(written: list[tuple[str, str]], missing: set[int]) -> None:
    """Whatever the list lacks, the text stays as it was, and times are ordered within the audio."""
    text = " ".join(f"{word}{mark}" for word, mark in written)
    listed = [
        EngineWord(word, float(place), place + 0.9) for place, (word, _) in enumerate(written) if place not in missing
    ]

    made = transcript_of(
        timed_segments([TimedText(text, 0.0, float(len(written)))], listed),
        language="en",
        language_probability=1.0,
        duration_samples=16_000 * len(written),
    )

    assert made.text == text
    assert all(before.end_sample <= after.start_sample for before, after in pairwise(made.timeline.words))
    if not missing:
        assert [word.start_sample for word in made.timeline.words] == [16_000 * place for place in range(len(written))]
