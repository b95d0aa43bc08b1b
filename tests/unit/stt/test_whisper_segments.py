"""Segments are sentences, or clauses of them, that can be read as subtitles; nothing is lost between them."""

from __future__ import annotations

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.stt import EngineSegment, EngineWord, SegmentDetails
from sayso.stt.segments import LONGEST_CHARACTERS, LONGEST_SECONDS, DecodedWord, Segmenter

FIRST, SECOND = SegmentDetails(temperature=0.0), SegmentDetails(temperature=0.2)


def placed(text: str, *, start: float = 0.0, step: float = 0.4, details: SegmentDetails = FIRST) -> list[DecodedWord]:
    """The words, one after the other without pauses, each with its number as its token."""
    return [
        DecodedWord(EngineWord(f" {word}", start + number * step, start + (number + 1) * step), (number,), details)
        for number, word in enumerate(text.split())
    ]


def texts(segments: list[EngineSegment]) -> list[str]:
    return ["".join(word.text for word in segment.words).strip() for segment in segments]


def test_sentences_are_segments() -> None:
    """Each sentence is a segment of its own, and an abbreviation or a number does not end one."""
    made = Segmenter("en").add(placed("Mr. Stone paid 3.50. He left! Did Dr. Green stay?"))
    assert texts(made) == ["Mr. Stone paid 3.50.", "He left!", "Did Dr. Green stay?"]


def test_a_sentence_goes_on_in_the_next_chunk() -> None:
    """Where a recording was cut within a sentence, its segment is not."""
    segmenter = Segmenter("en")
    assert texts(segmenter.add(placed("It was late. Nobody"))) == ["It was late."]
    assert texts(segmenter.add(placed("came. And", start=1.6))) == ["Nobody came."]
    assert texts(segmenter.finish()) == ["And"]
    assert segmenter.finish() == []


def test_no_segment_goes_on_over_a_long_silence() -> None:
    """Words without a full stop before a minute of silence are not shown through it."""
    made = Segmenter("en").add([*placed("and so we"), *placed("went home.", start=60)])
    assert texts(made) == ["and so we", "went home."]


def test_long_sentences_are_cut_at_their_clauses() -> None:
    """A sentence that no subtitle holds is cut after a comma rather than in the middle of a clause."""
    text = (
        "When the last ship had left the harbour and the lamps were lit, the keeper climbed the stairs, "
        "wound the clock and wrote down the weather."
    )
    made = Segmenter("en").add(placed(text))
    assert texts(made)[0] == "When the last ship had left the harbour and the lamps were lit,"
    assert " ".join(texts(made)) == text


@pytest.mark.parametrize("gap", [0.5, 0.9])
def test_long_sentences_are_cut_in_their_pauses(gap: float) -> None:
    """Without punctuation a pause says where to cut."""
    words = [*placed("one two three four five six seven eight"), *placed("nine ten eleven twelve", start=3.2 + gap)]
    words += placed("thirteen fourteen fifteen sixteen seventeen eighteen", start=4.8 + gap)
    made = [*(segmenter := Segmenter("en")).add(words), *segmenter.finish()]
    assert texts(made)[0] == "one two three four five six seven eight"


sentences = st.lists(
    st.tuples(st.text(alphabet="abcxyz", min_size=1, max_size=14), st.sampled_from(["", "", "", ",", ".", "?"])),
    max_size=80,
)


@given(sentences, st.lists(st.floats(0.02, 3), min_size=80, max_size=80), st.integers(1, 30))
def test_segments_hold_every_word_once(words: list[tuple[str, str]], lengths: list[float], chunk: int) -> None:
    """In whatever pieces words come, all are in segments in their order, each short enough or a single word."""
    ends = list(accumulate(lengths))
    said = [
        DecodedWord(EngineWord(f" {word}{mark}", end - length, end), (number,), FIRST)
        for number, ((word, mark), length, end) in enumerate(zip(words, lengths, ends, strict=False))
    ]
    segmenter = Segmenter("en")
    made = [segment for start in range(0, len(said), chunk) for segment in segmenter.add(said[start : start + chunk])]
    made += segmenter.finish()

    assert [word for segment in made for word in segment.words] == [word.word for word in said]
    assert [token for segment in made for token in segment.details.tokens] == list(range(len(said)))
    for segment in made:
        seconds = segment.words[-1].end_seconds - segment.words[0].start_seconds
        characters = len("".join(word.text for word in segment.words).strip())
        assert len(segment.words) == 1 or (seconds <= LONGEST_SECONDS and characters <= LONGEST_CHARACTERS)


def test_details_are_those_of_the_chunk() -> None:
    """A segment has its own words' tokens, and the rest from where it begins."""
    made = Segmenter("en").add([*placed("It was late."), *placed("He left.", start=2, details=SECOND)])
    assert [segment.details.temperature for segment in made] == [0.0, 0.2]
    assert [segment.details.tokens for segment in made] == [(0, 1, 2), (0, 1)]
