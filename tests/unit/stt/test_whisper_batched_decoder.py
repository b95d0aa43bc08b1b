"""Chunks go out in batches that suit the machine, and what a model left out is noticed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.scheduling import UNBOUNDED
from sayso.stt import SAMPLE_RATE_HZ
from sayso.stt.recording import open_recording
from sayso.stt.vad import Chunk, SampleRange
from sayso.stt.whisper.batched_decoder import BatchedDecoder, batches, first_gap, words_in_recording
from sayso.stt.whisper.decoding import DecodedChunk, DecodingOptions, TimedWord
from sayso.types import Audio

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.scheduling import RequestContext
    from sayso.stt.whisper.model import LoadedWhisper
    from sayso.types import FloatArray


def span(start_seconds: float, end_seconds: float) -> SampleRange:
    return SampleRange(round(start_seconds * SAMPLE_RATE_HZ), round(end_seconds * SAMPLE_RATE_HZ))


CHUNK = Chunk(pieces=(span(10, 20), span(50, 60)), speech=(span(10.5, 19.5), span(50.5, 59.5)))
DECODED = DecodedChunk(
    tokens=(1, 2),
    temperature=0.0,
    average_log_probability=-0.2,
    compression_ratio=1.1,
    no_speech_probability=0.1,
    words=(TimedWord(" over", 9.0, 9.6, (1,)), TimedWord(" there.", 9.6, 11.0, (2,))),
)


@given(st.integers(0, 300), st.integers(1, 32))
def test_batches_hold_every_chunk_in_order(count: int, workers: int) -> None:
    """None is lost, no batch is too large for a permit, and the first is small so that text comes soon."""
    chunks = [replace(CHUNK, pieces=(span(number, number + 1),)) for number in range(count)]
    made = list(batches(chunks, workers))
    assert [chunk for batch in made for chunk in batch] == chunks
    assert all(1 <= len(batch) <= 4 for batch in made)
    assert not made or len(made[0]) <= 2
    assert not made or len(made[-1]) == 1


def test_words_are_placed_in_the_recording() -> None:
    """Words before and after a silence that was left out have the times of the recording."""
    over, there = words_in_recording(CHUNK, DECODED)
    assert over.word.start_seconds == pytest.approx(19.0, abs=0.1)
    assert over.word.end_seconds == pytest.approx(19.55, abs=0.1)
    assert there.word.start_seconds == pytest.approx(50.45, abs=0.1)
    assert there.word.end_seconds == pytest.approx(51.0, abs=0.1)
    assert (there.tokens, there.details.compression_ratio) == ((2,), 1.1)


def test_silence_has_no_words() -> None:
    """What the model is unsure of and takes for silence is not written down; if it is sure of the words it is."""
    unsure = replace(DECODED, average_log_probability=-1.3, no_speech_probability=0.7)
    assert words_in_recording(CHUNK, unsure) == []
    assert len(words_in_recording(CHUNK, replace(DECODED, no_speech_probability=0.7))) == 2


def a_chunk_of_speech() -> tuple[Chunk, tuple[TimedWord, ...]]:
    """Nine seconds in which somebody speaks, and a word for each."""
    whole = span(0, 9)
    words = tuple(TimedWord(" on", float(second), second + 1.0, (1,)) for second in range(9))
    return Chunk(pieces=(whole,), speech=(whole,)), words


def word_before(chunk: Chunk, words: tuple[TimedWord, ...]) -> int | None:
    """The number of the word that has too much speech to itself."""
    gap = first_gap(chunk, words_in_recording(chunk, replace(DECODED, words=words)) if words else [], 0)
    return None if gap is None else gap.word


def test_what_was_left_out_is_noticed() -> None:
    """Seconds of speech to one word, or to none at all, mean that words are missing; silence does not."""
    chunk, every_second = a_chunk_of_speech()
    assert first_gap(chunk, words_in_recording(chunk, replace(DECODED, words=every_second)), 0) is None
    assert word_before(chunk, every_second[:5]) == 4
    assert word_before(chunk, every_second[:2] + every_second[6:]) == 1
    assert word_before(chunk, ()) == 0
    assert first_gap(replace(chunk, speech=(span(0, 2),)), [], 0) is None


def test_what_is_left_out_before_the_first_word_is_noticed() -> None:
    """A model that begins in the middle of a chunk has left its beginning out, whatever it heard after it."""
    chunk, every_second = a_chunk_of_speech()
    gap = first_gap(chunk, words_in_recording(chunk, replace(DECODED, words=every_second[5:])), 0)
    assert gap is not None
    assert (gap.start, gap.word, gap.following) == (chunk.start, 0, 0)
    assert gap.end == pytest.approx(every_second[5].start_seconds * SAMPLE_RATE_HZ, abs=2000)
    assert first_gap(chunk, words_in_recording(chunk, replace(DECODED, words=every_second[5:])), gap.end) is None


def test_what_failed_the_checks_is_no_context() -> None:
    """A later chunk is told nothing that was guessed, repeated or not said."""
    assert DECODED.context_tokens == (1, 2)
    assert replace(DECODED, tokens=tuple(range(500))).context_tokens == tuple(range(420, 500))
    assert replace(DECODED, compression_ratio=3.0).context_tokens == ()
    assert replace(DECODED, average_log_probability=-1.2).context_tokens == ()
    assert replace(DECODED, temperature=0.6).context_tokens == ()


class HastyModel:
    """Ends after the heading of what is long, and places it anywhere; in what is short each level is a word."""

    def encode(self, sounds: Sequence[FloatArray], _context: RequestContext) -> list[FloatArray]:
        return list(sounds)

    def decode(
        self,
        encoded: list[FloatArray],
        _counts: Sequence[int],
        _options: DecodingOptions,
        _context_tokens: Sequence[int],
        _context: RequestContext,
    ) -> list[DecodedChunk]:
        return [replace(DECODED, words=self._words(sound)) for sound in encoded]

    def _words(self, sound: FloatArray) -> tuple[TimedWord, ...]:
        seconds = len(sound) / SAMPLE_RATE_HZ
        if seconds > 8:
            return TimedWord(" Reading", seconds - 6, seconds - 3, (1,)), TimedWord(" 11.", seconds - 3, seconds, (2,))
        levels, firsts, counts = np.unique(np.rint(100 * sound), return_index=True, return_counts=True)
        return tuple(
            TimedWord(f" {level:.0f}", first / SAMPLE_RATE_HZ, first / SAMPLE_RATE_HZ + 0.5, (3,))
            for level, first, count in zip(levels, firsts, counts, strict=True)
            if count > SAMPLE_RATE_HZ / 2
        )


def test_a_chunk_that_the_model_ends_too_early_is_heard_in_halves() -> None:
    """Of a text that is far too short for its speech no word's time is right, so nothing is built on it."""
    speech = tuple(span(second, second + 0.7) for second in range(24))
    chunk = Chunk(pieces=(span(0, 24),), speech=speech)
    samples: FloatArray = np.repeat(np.arange(24, dtype=np.float32) / 100, SAMPLE_RATE_HZ)
    options = DecodingOptions(language="en", task="transcribe", temperature=0.0)
    with open_recording(Audio(samples=samples, sample_rate_hz=SAMPLE_RATE_HZ), UNBOUNDED) as recording:
        decoder = BatchedDecoder(cast("LoadedWhisper", HastyModel()), recording, UNBOUNDED, workers=1)
        (result,) = decoder.decode([chunk], decoder.encode(chunk), options)
    assert [word.word.text for word in result.words] == [f" {second}" for second in range(24)]
    assert result.context_tokens == ()
