"""An engine's words become a transcript whose spans, punctuation and times can be relied on."""

from __future__ import annotations

from itertools import count, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.stt import SAMPLE_RATE_HZ, EngineSegment, EngineWord, Transcript, transcript_of
from sayso.types import Boundary

times = st.floats(-10, 40, allow_nan=False)
heard_words = st.builds(EngineWord, st.text(max_size=8), times, times)
heard_segments = st.lists(st.builds(EngineSegment, st.lists(heard_words, max_size=6).map(tuple)), max_size=5)


def transcript(*segments: list[str], duration_seconds: float = 60) -> Transcript:
    """What becomes of words that are said one after another, half a second each."""
    starts = count(step=0.5)
    heard = [
        EngineSegment(tuple(EngineWord(word, at := next(starts), at + 0.5) for word in words)) for words in segments
    ]
    return transcript_of(
        heard, language="en", language_probability=1.0, duration_samples=round(duration_seconds * SAMPLE_RATE_HZ)
    )


@given(heard_segments)
def test_spans_and_times_hold_for_anything_an_engine_says(segments: list[EngineSegment]) -> None:
    """Spans are ordered and give back each word, times are ordered and within the audio, nothing heard is lost."""
    duration = 30 * SAMPLE_RATE_HZ
    made = transcript_of(segments, language="en", language_probability=0.5, duration_samples=duration)
    words, parts = made.timeline.words, made.timeline.segments

    assert all(word.text and word.span.of(made.text) == word.text for word in words)
    assert all(before.span.end <= after.span.start for before, after in pairwise(words))
    assert all(before.end_sample <= after.start_sample for before, after in pairwise(words))
    assert all(0 <= word.start_sample <= word.end_sample <= duration for word in words)
    assert all(before.end_sample <= after.start_sample for before, after in pairwise(parts))
    assert all(before.span.end <= after.span.start for before, after in pairwise(parts))
    if words:
        said = "".join("".join(word.text.split()) for segment in segments for word in segment.words)
        assert "".join(made.text.split()) == said
        assert "".join("".join(word.shown.split()) for word in words) == said


def test_text_reads_as_it_was_said() -> None:
    """Words are parted by one space, whatever the engine put there, and the text begins and ends with a word."""
    assert transcript([" It", " was", "  late."], [" Nobody ", " came"]).text == "It was late. Nobody came"


def test_punctuation_goes_with_its_word() -> None:
    """Quotes and brackets lead, stops and commas trail, and what is inside a word stays there."""
    words = transcript([" “Don't,", " (he", " said)", " 3.50,", " 50%", " twenty-five!”"]).timeline.words
    assert [(word.lead, word.text, word.trail) for word in words] == [
        ("“", "Don't", ","),
        ("(", "he", ""),
        ("", "said", ")"),
        ("", "3.50", ","),
        ("", "50%", ""),
        ("", "twenty-five", "!”"),
    ]


@pytest.mark.parametrize(
    ("word", "boundary"),
    [
        (" end.", Boundary.SENTENCE),
        (" end?”", Boundary.SENTENCE),
        (" end…", Boundary.SENTENCE),
        ("了。", Boundary.SENTENCE),
        (" end,", Boundary.CLAUSE),
        (" end;", Boundary.CLAUSE),
        (" end”", Boundary.NONE),
        (" end", Boundary.NONE),
    ],
)
def test_punctuation_says_how_strong_a_break_is(word: str, boundary: Boundary) -> None:
    """A subtitle may end where the sentence does, also when a quotation mark closes it."""
    assert transcript([word, " next"]).timeline.words[0].boundary is boundary


def test_a_dash_that_stands_alone_trails_the_word_before() -> None:
    """Punctuation without a word is shown with the word it follows, and has no time of its own."""
    made = transcript([" wait", " –", " what"])
    assert made.text == "wait – what"
    assert [word.shown for word in made.timeline.words] == ["wait –", "what"]
    assert made.timeline.words[0].boundary is Boundary.CLAUSE


def test_punctuation_before_the_first_word_leads_it() -> None:
    """An ellipsis that opens the text is not lost."""
    made = transcript(["...", " and", " then"])
    assert made.text == "...and then"
    assert made.timeline.words[0].shown == "...and"


def test_words_without_a_space_are_joined() -> None:
    """Scripts without spaces are shown together."""
    chinese = transcript(["你", "好。"], ["再", "见"])
    assert chinese.text == "你好。再见"
    assert [word.joined for word in chinese.timeline.words] == [False, True, True, True]


def test_segments_of_spaced_scripts_never_run_together() -> None:
    """A segment that lacks its first space is still parted from the one before."""
    assert transcript([" It", " was."], ["Nobody", " came."]).text == "It was. Nobody came."


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_times_that_are_no_numbers_lose_no_word(bad: float) -> None:
    """A bad time moves its word, and the text stays."""
    words = (EngineWord(" one", bad, 1.0), EngineWord(" two", 1.0, bad), EngineWord(" three", 2.0, 3.0))
    made = transcript_of(
        [EngineSegment(words)], language="en", language_probability=1.0, duration_samples=10 * SAMPLE_RATE_HZ
    )
    assert made.text == "one two three"
    assert all(word.start_sample < word.end_sample for word in made.timeline.words)
    assert made.timeline.words[2].start_sample == 2 * SAMPLE_RATE_HZ


def test_nothing_heard_is_an_empty_transcript() -> None:
    """Silence has no text, no words and no segments, and keeps its length."""
    made = transcript(duration_seconds=5)
    assert made.text == ""
    assert not made.timeline.words
    assert not made.timeline.segments
    assert made.timeline.duration_samples == 5 * SAMPLE_RATE_HZ


@pytest.mark.parametrize(
    ("pieces", "words"),
    [
        ([" C", "'", "est", " l", "'", "on", "."], ["C'est", "l'on"]),
        ([" aujourd", "’", "hui"], ["aujourd’hui"]),
        ([" $", "3", ".", "50", ","], ["$3.50"]),
        ([" 25", "%"], ["25%"]),
        ([" 10", ":", "30", "am", "?"], ["10:30am"]),
        ([" well", "-", "known", "."], ["well-known"]),
        ([" twenty", "-five"], ["twenty-five"]),
        ([" and", "/", "or"], ["and/or"]),
        ([" 1", ",", "000", ",", "000"], ["1,000,000"]),
        ([" e", ".", "g", "."], ["e.g"]),
        ([" word", "(s)"], ["word(s"]),
        ([" rock", " '", "n", "'", " roll"], ["rock", "n", "roll"]),
        ([" well", " -", "known"], ["well", "known"]),
        ([" л", "'", "один"], ["л'один"]),
        (["很", "好，", "iPhone", "，", "Android"], ["很", "好", "iPhone", "Android"]),
        (["iP", "hone", "が", "好", "き"], ["iPhone", "が", "好", "き"]),
        ([" 안녕", "하세요"], ["안녕하세요"]),
    ],
)
def test_a_written_word_is_one_word(pieces: list[str], words: list[str]) -> None:
    """However the engine splits it, and with the time from its first piece to its last."""
    made = transcript(pieces)
    assert [word.text for word in made.timeline.words] == words
    assert made.text == "".join(pieces).strip()


def test_a_word_lasts_from_its_first_piece_to_its_last() -> None:
    """Punctuation that ends it has no time of its own."""
    only = transcript([" 10", ":", "30", "am", "?"]).timeline.words[0]
    assert (only.start_sample, only.end_sample, only.trail) == (0, 2 * SAMPLE_RATE_HZ, "?")


spaced_pieces = st.lists(
    st.tuples(st.sampled_from(["", " "]), st.text("abé7", min_size=1, max_size=3), st.text("',.-:%$–?", max_size=2)),
    max_size=12,
)


@given(spaced_pieces)
def test_words_are_what_stands_between_spaces(pieces: list[tuple[str, str, str]]) -> None:
    """Joined by spaces, the words with their punctuation are the text, and each has letters or digits."""
    made = transcript(["".join(piece) for piece in pieces])
    tokens = made.text.split()
    assert " ".join(word.shown for word in made.timeline.words) == made.text
    assert [word.shown for word in made.timeline.words] == tokens
    assert not any(word.joined for word in made.timeline.words)


@given(st.lists(st.sampled_from(["a", "b-", "'", " ", " c", ",", " “", "”", "%", " –", "。", "好", "7"]), max_size=14))
def test_joined_words_give_the_text(pieces: list[str]) -> None:
    """Whatever is joined, nothing is lost or doubled."""
    made = transcript(pieces)
    joined = "".join(word.shown if word.joined else f" {word.shown}" for word in made.timeline.words)
    assert joined.strip() == made.text
