"""The aligner's times replace those of a recognition model, and nothing is lost where it finds nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from sayso.alignment import AlignedWord, AlignedWords
from sayso.errors import EngineFailed, ModelMissing, UnsupportedLanguage
from sayso.stt import (
    SAMPLE_RATE_HZ,
    EngineSegment,
    EngineWord,
    Recording,
    Transcript,
    open_recording,
    transcript_of,
    with_placed_words,
)
from sayso.types import Audio, Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sayso.alignment import Aligner, HeardWord

RATE = SAMPLE_RATE_HZ


class GivenAligner:
    """Finds some words of the text at given times, in seconds, each with a confidence."""

    def __init__(self, **found: tuple[float, float, float]) -> None:
        self._found = found
        self.heard: Sequence[HeardWord] | None = None

    def align(
        self, recording: Recording, text: str, _language: str, *, heard: Sequence[HeardWord] | None, **_context: object
    ) -> AlignedWords:
        self.heard = heard
        words = []
        for word, (start, end, confidence) in self._found.items():
            at = text.index(word)
            words.append(
                AlignedWord(
                    span=Span(start=at, end=at + len(word)),
                    start_sample=round(start * RATE),
                    end_sample=round(end * RATE),
                    confidence=confidence,
                    method="ctc",
                )
            )
        words.sort(key=lambda word: word.span)
        return AlignedWords(words=tuple(words), duration_samples=recording.duration_samples, model="given")


@pytest.fixture
def recording() -> Iterator[Recording]:
    with open_recording(Audio(samples=np.zeros(20 * RATE, np.float32), sample_rate_hz=RATE)) as opened:
        yield opened


def transcript(*words: tuple[str, float, float]) -> Transcript:
    half = len(words) // 2
    segments = [EngineSegment(tuple(EngineWord(*word) for word in part)) for part in (words[:half], words[half:])]
    return transcript_of(segments, language="en", language_probability=1.0, duration_samples=20 * RATE)


MADE = transcript((" one", 1, 2), (" well-known", 2, 3), (" and", 3, 4), (" last.", 9, 10))


def times(made: Transcript) -> list[tuple[float, float]]:
    return [(word.start_sample / RATE, word.end_sample / RATE) for word in made.timeline.words]


def placed(made: Transcript, aligner: GivenAligner, recording: Recording) -> Transcript:
    return with_placed_words(made, recording, lambda: cast("Aligner", aligner))


def test_words_are_where_the_aligner_finds_them(recording: Recording) -> None:
    """A written word lasts from its first spoken part to its last, and segments follow their words."""
    aligner = GivenAligner(
        one=(1.2, 1.5, 0.9),
        well=(2.1, 2.3, 0.9),
        known=(2.4, 2.8, 0.8),
        **{"and": (3.1, 3.2, 0.9), "last": (9.5, 9.9, 1)},
    )
    made = placed(MADE, aligner, recording)
    assert times(made) == [(1.2, 1.5), (2.1, 2.8), (3.1, 3.2), (9.5, 9.9)]
    assert [(part.start_sample / RATE, part.end_sample / RATE) for part in made.timeline.segments] == [
        (1.2, 2.8),
        (3.1, 9.9),
    ]
    assert (made.timing, made.text, made.details) == ("aligned", MADE.text, MADE.details)
    assert aligner.heard is not None
    assert [(word.text, word.start_seconds) for word in aligner.heard][:2] == [("one", 1.0), ("well-known", 2.0)]


def test_a_word_that_is_not_found_keeps_its_time_between_its_neighbours(recording: Recording) -> None:
    """No word is without a time, or in another one's."""
    aligner = GivenAligner(one=(1.2, 2.5, 0.9), known=(3.2, 3.6, 0.9), last=(9.5, 9.9, 1))
    made = placed(MADE, aligner, recording)
    assert times(made) == [(1.2, 2.5), (3.2, 3.6), (3.6, 4.0), (9.5, 9.9)]


def test_doubtful_words_far_away_are_not_believed(recording: Recording) -> None:
    """What the aligner is unsure of and puts seconds away stays where the engine heard it."""
    aligner = GivenAligner(one=(1.2, 1.5, 0.9), last=(5.0, 5.2, 0.1))
    made = placed(MADE, aligner, recording)
    assert times(made)[-1] == (9.0, 10.0)
    assert made.timing == "estimated"


@pytest.mark.parametrize("error", [ModelMissing("none"), UnsupportedLanguage("none"), EngineFailed("broken")])
def test_without_an_aligner_the_times_stay(recording: Recording, error: Exception) -> None:
    """A transcript is not lost because its words cannot be placed, and says what its times are."""

    def broken() -> Aligner:
        raise error

    assert with_placed_words(MADE, recording, broken) is MADE


def test_shares_of_the_length_are_no_hint(recording: Recording) -> None:
    """Of a text without times, the aligner is not told where the words are."""
    aligner = GivenAligner(
        one=(11.2, 11.5, 0.1), known=(12.2, 12.6, 0.9), last=(14.5, 14.9, 1), **{"and": (13, 13.2, 0.9)}
    )
    made = placed(replace(MADE, timing="naive"), aligner, recording)
    assert aligner.heard is None
    assert times(made) == [(11.2, 11.5), (12.2, 12.6), (13, 13.2), (14.5, 14.9)]
    assert made.timing == "aligned"


def test_silence_is_not_aligned(recording: Recording) -> None:
    """Without words there is nothing to place."""
    empty = transcript()
    aligner = GivenAligner()
    assert placed(empty, aligner, recording) is empty
    assert aligner.heard is None
