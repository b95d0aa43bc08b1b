"""Speech as it is made: what comes, in which order, and when."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from sayso.cache import NoCache
from sayso.errors import EngineFailed
from sayso.narration import Document, Piece, Stream, to_script
from sayso.testing import FakeSpeechEngine
from sayso.tts.cache import SpeechCache

TEXT = "When the evening came, £3.50 was all that the keeper’s purse held, and the lamp wanted oil. It was late."


def streamed(text: str, engine: FakeSpeechEngine | None = None) -> tuple[Stream, list[Piece]]:
    engine = engine or FakeSpeechEngine()
    script = to_script(Document(text=text, name="t", markdown=False), engine, voice="fake_en")
    stream = Stream(script, engine, SpeechCache(NoCache()), speed=1.0)
    return stream, list(stream)


def test_every_word_comes_once_with_its_place() -> None:
    """The words of all pieces are those of the timeline, as the author wrote them."""
    stream, pieces = streamed(TEXT)
    words = [word for piece in pieces for word in piece.words]
    assert tuple(words) == stream.timeline.words
    assert [word.text for word in words][:8] == ["When", "the", "evening", "came", "£3.50", "was", "all", "that"]
    assert all(word.span.of(TEXT) == word.text for word in words)
    assert "keeper’s" in {word.text for word in words}


def test_words_come_before_their_sound() -> None:
    """When a piece is heard its words are known, and lie in what was or is being sent."""
    _, pieces = streamed(TEXT)
    sent = 0
    for piece in pieces:
        assert all(word.start_sample >= sent for word in piece.words)
        sent += piece.samples.size


def test_times_are_those_of_the_samples() -> None:
    """Words are ordered, and where a word is, there is sound; the timeline is as long as the sound."""
    stream, pieces = streamed(TEXT)
    samples = np.concatenate([piece.samples for piece in pieces])
    timeline = stream.timeline
    assert timeline.duration_samples == samples.size
    assert all(before.end_sample <= after.start_sample for before, after in pairwise(timeline.words))
    assert all(np.abs(samples[word.start_sample : word.end_sample]).max() > 0.05 for word in timeline.words)


def test_a_long_first_sentence_begins_with_its_first_clause() -> None:
    """The listener waits for a clause, not for the sentence; a short sentence, or one without clauses, stays whole."""
    stream, pieces = streamed(TEXT)
    assert [word.text for word in next(piece.words for piece in pieces if piece.words)] == [
        "When",
        "the",
        "evening",
        "came",
    ]
    assert len(stream.timeline.segments) == 2
    assert len(streamed("Late at night, she came.")[0].timeline.segments) == 1
    assert len(streamed("word " * 15 + "end.")[0].timeline.segments) == 1


def test_silence_comes_in_small_pieces() -> None:
    """However long a pause is, no piece is longer than a few seconds, and together they are as long as was asked."""
    _, pieces = streamed("It was late. " + "[pause 60s]" * 60 + " The lamp burned on.")
    assert sum(piece.samples.size for piece in pieces) > 3600 * 24_000
    assert max(piece.samples.size for piece in pieces) < 5 * 24_000


def test_naive_times_are_said_to_be() -> None:
    """An engine without times gives naive ones, and the stream says so."""
    stream, _ = streamed(TEXT, FakeSpeechEngine(timed=False))
    assert stream.timing == "naive"
    assert streamed(TEXT)[0].timing == "exact"


def test_nothing_comes_before_the_first_utterance() -> None:
    """An engine that fails at once fails before anything was sent, a pause at the beginning included."""
    engine = FakeSpeechEngine(failing_calls={1}, workers=1)
    script = to_script(Document(text="[pause 2s]\n\nIt was late.", name="t", markdown=False), engine, voice="fake_en")
    with pytest.raises(EngineFailed):
        next(iter(Stream(script, engine, SpeechCache(NoCache()), speed=1.0)))
