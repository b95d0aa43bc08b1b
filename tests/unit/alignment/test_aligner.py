"""A text is placed on a recording, with what is missing and what is more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.alignment import DOUBTFUL, SAMPLE_RATE_HZ, AlignedWords, Aligner, HeardWord
from sayso.errors import ModelMissing, NothingToSay
from support.alignment.written import LetterPronouncer, Writer, WrittenModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sayso.alignment import AlignableRecording, Progress
    from sayso.scheduling import RequestContext
    from sayso.types import FloatArray

FOX = "the quick brown fox jumps over the lazy dog near the quiet river bank"
SHIP = "seven ships sailed from a northern harbour with salt and amber for the king"
TOWN = "under every bridge of this town somebody keeps a boat painted blue or green"


def aligner(writer: Writer | None = None) -> Aligner:
    """One that listens by reading what was written, if it may."""

    def listen(
        recording: AlignableRecording, language: str, context: RequestContext, progress: Progress
    ) -> Sequence[HeardWord]:
        del language, context
        duration_seconds = recording.duration_samples / SAMPLE_RATE_HZ
        progress(duration_seconds, duration_seconds)
        assert writer is not None
        return writer.heard()

    return Aligner(WrittenModel(), LetterPronouncer(), listen=None if writer is None else listen)


def worst(result: AlignedWords, times: Sequence[tuple[str, float, float]]) -> float:
    """How far a word's start is from the truth at most, in seconds; the result has each spoken word."""
    return max(
        abs(word.start_sample / SAMPLE_RATE_HZ - start) for word, (_, start, _) in zip(result.words, times, strict=True)
    )


def words_of(result: AlignedWords, text: str) -> list[str]:
    return [word.span.of(text) for word in result.words]


def test_every_word_of_a_short_text_is_placed() -> None:
    """In one piece, without a transcription."""
    writer = Writer().pause(0.5).say(SHIP).pause(0.5)
    result = aligner().align(writer.recording, SHIP, "en-us")
    assert words_of(result, SHIP) == SHIP.split()
    assert worst(result, writer.times) < 0.03
    assert (result.gaps, result.insertions) == ((), ())
    assert min(word.confidence for word in result.words) > 0.9


def test_a_number_has_one_time() -> None:
    """It is read out by the normaliser, and mapped back to its place in the text."""
    text = "It was 25 then"
    writer = Writer().say("It was twenty five then")
    result = aligner().align(writer.recording, text, "en-us")
    assert words_of(result, text) == ["It", "was", "25", "then"]
    assert result.words[2].start_sample / SAMPLE_RATE_HZ == pytest.approx(writer.times[2][1], abs=0.03)
    assert result.words[2].end_sample / SAMPLE_RATE_HZ == pytest.approx(writer.times[3][2], abs=0.06)


def test_a_sentence_that_is_not_spoken_is_a_gap() -> None:
    """Its neighbours keep their times."""
    writer = Writer().say(FOX).pause(0.3).say(TOWN)
    text = f"{FOX}. {SHIP}. {TOWN}."
    result = aligner(writer).align(writer.recording, text, "en-us")
    assert [gap.of(text) for gap in result.gaps] == [SHIP]
    assert len(result.words) == len(FOX.split()) + len(TOWN.split())
    assert (
        max(
            abs(word.start_sample / SAMPLE_RATE_HZ - time[1])
            for word, time in zip(result.words, writer.times, strict=True)
        )
        < 0.05
    )


def test_speech_that_is_not_in_the_text_is_an_insertion() -> None:
    """Nothing is spread over it."""
    writer = Writer().say(FOX).pause(0.3)
    start = writer.seconds
    writer.say(SHIP)
    end = writer.seconds
    writer.pause(0.3).say(TOWN)
    text = f"{FOX}. {TOWN}."
    result = aligner(writer).align(writer.recording, text, "en-us")
    assert result.gaps == ()
    (insertion,) = result.insertions
    assert insertion.start_sample / SAMPLE_RATE_HZ == pytest.approx(start, abs=0.5)
    assert insertion.end_sample / SAMPLE_RATE_HZ == pytest.approx(end, abs=0.5)
    kept = [time for time in writer.times if not start <= time[1] < end]
    assert (
        max(abs(word.start_sample / SAMPLE_RATE_HZ - time[1]) for word, time in zip(result.words, kept, strict=True))
        < 0.05
    )


def test_without_a_transcription_what_is_not_spoken_is_a_gap_too() -> None:
    """In a recording that is short enough."""
    writer = Writer().say(FOX).pause(2.0).say(TOWN)
    text = f"{FOX}. {SHIP}. {TOWN}."
    result = aligner().align(writer.recording, text, "en-us")
    assert len(result.gaps) == 1
    assert set(result.gaps[0].of(text).split()) & set(SHIP.split())
    assert len(result.words) > 24


def test_another_text_is_placed_nowhere() -> None:
    """It is one gap, and the recording is one insertion."""
    writer = Writer().say(FOX).say(TOWN)
    result = aligner(writer).align(writer.recording, SHIP, "en-us")
    assert result.words == ()
    assert [gap.of(SHIP) for gap in result.gaps] == [SHIP]
    assert len(result.insertions) == 1


def test_a_long_recording_is_placed_between_anchors() -> None:
    """A long silence shifts nothing; each repetition has its own words."""
    writer = Writer()
    for _ in range(4):
        writer.say(FOX).pause(0.4).say(SHIP).pause(35.0)
    text = f"{FOX}. {SHIP}. " * 4
    result = aligner(writer).align(writer.recording, text, "en-us")
    assert len(result.words) == len(writer.times)
    assert result.gaps == ()
    assert worst(result, writer.times) < 0.05


def test_words_that_the_transcription_has_wrong_are_placed_too() -> None:
    """As long as they are spoken."""
    writer = Writer().say(FOX).say(SHIP)
    text = f"{FOX} {SHIP}"
    heard = writer.heard(wrong=[3, 9, 10, 17])
    result = aligner().align(writer.recording, text, "en-us", heard=heard)
    assert len(result.words) == len(writer.times)
    assert result.gaps == ()


def test_words_are_in_order_and_within_the_recording() -> None:
    """Whatever the transcription says."""
    writer = Writer().say(FOX).say(SHIP).say(TOWN)
    heard = [HeardWord(word.text, word.start_seconds + 99, word.end_seconds + 99) for word in writer.heard()]
    result = aligner().align(writer.recording, f"{FOX} {SHIP} {TOWN}", "en-us", heard=heard)
    edges = [edge for word in result.words for edge in (word.start_sample, word.end_sample)]
    assert edges == sorted(edges)
    assert all(0 <= edge <= result.duration_samples for edge in edges)


def test_a_long_recording_needs_a_transcription() -> None:
    """The error says what helps."""
    writer = Writer().say(FOX).pause(70.0)
    with pytest.raises(ModelMissing, match="transcription") as raised:
        aligner().align(writer.recording, FOX, "en-us")
    assert "models pull" in str(raised.value)


def test_a_text_without_words_is_refused() -> None:
    """There is nothing to place."""
    with pytest.raises(NothingToSay):
        aligner().align(Writer().pause(1.0).recording, " … — ", "en-us")


@pytest.mark.parametrize("seconds", [0.01, 0.2])
def test_a_recording_that_is_too_short_has_no_words(seconds: float) -> None:
    """The text is a gap."""
    result = aligner().align(Writer().pause(seconds).recording, FOX, "en-us")
    assert result.words == ()
    assert [gap.of(FOX) for gap in result.gaps] == [FOX]


def test_silence_has_no_words() -> None:
    """Without a transcription the words would be spread over it; their confidence says that they are not there."""
    result = aligner(Writer()).align(Writer().pause(20.0).recording, FOX, "en-us")
    assert result.words == ()


@pytest.mark.parametrize(("language", "asked"), [("en", "en-us"), ("EN", "en-us"), ("en-gb", "en-gb"), ("fr", "fr")])
def test_english_without_a_variety_is_that_of_the_model(language: str, asked: str) -> None:
    """espeak-ng would take it for British."""

    class Noting(LetterPronouncer):
        language = ""

        def pronounce(self, words: Sequence[str], language: str) -> list[str]:
            self.language = language
            return super().pronounce(words, language)

    pronouncer = Noting()
    Aligner(WrittenModel(), pronouncer).align(Writer().say(SHIP).recording, SHIP, language)
    assert pronouncer.language == asked


class Elsewhere:
    """A second aligner that has the words at given times."""

    name = "elsewhere"

    def __init__(self, times: Sequence[tuple[float, float]]) -> None:
        self._times = np.array(times)

    def speaks(self, language: str) -> bool:
        return language.startswith("en")

    def align(self, samples: FloatArray, words: Sequence[str], ipa: Sequence[str]) -> NDArray[np.float64]:
        del samples, words, ipa
        return self._times


def test_a_word_that_the_model_does_not_hear_is_where_the_second_aligner_has_it() -> None:
    """A filler, for example; a word that it hears stays, and neither gains confidence."""
    writer = Writer().pause(0.5).say("seven ships").pause(1.2).say("sailed").pause(0.5)
    times = [(start, end) for _, start, end in writer.times]
    unheard = (times[1][1] + 0.6, times[1][1] + 0.8)
    text = "seven ships um sailed"

    def placed(found: Sequence[tuple[float, float]]) -> AlignedWords:
        second = Elsewhere(found)
        return Aligner(WrittenModel(), LetterPronouncer(), second=second).align(writer.recording, text, "en-us")

    filler = placed([*times[:2], unheard, times[2]]).words[2]
    assert filler.method == "hmm"
    assert filler.start_sample / SAMPLE_RATE_HZ == pytest.approx(unheard[0], abs=0.06)
    assert filler.confidence < DOUBTFUL
    moved = placed([*times[:2], unheard, (unheard[1], unheard[1] + 0.1)]).words[3]
    assert moved.method == "ctc"
    assert moved.start_sample / SAMPLE_RATE_HZ == pytest.approx(times[2][0], abs=0.03)
    beyond = placed([*times[:2], (times[2][0] + 1, times[2][1] + 1), times[2]]).words[2]
    assert beyond.method == "ctc"


def test_a_word_whose_sounds_are_far_apart_is_not_spoken() -> None:
    """One word does not last as long as the recording, even if each of its sounds is heard somewhere."""
    writer = Writer().pause(0.5).say("bridge").pause(1.5).say("over").pause(1.5).say("town").pause(0.5)
    assert aligner().align(writer.recording, "bridgeovertown", "en-us").words == ()
    assert len(aligner().align(writer.recording, "bridge over town", "en-us").words) == 3
