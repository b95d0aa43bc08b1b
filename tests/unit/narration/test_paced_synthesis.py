"""Speech for somebody who listens: its beginning at once, everything in time, nothing lost at a cut."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.cache import DirectoryCache, NoCache
from sayso.errors import EngineFailed
from sayso.narration import Document, Piece, Stream, to_script
from sayso.narration.paced_synthesis import PacedSynthesis
from sayso.testing import FakeSpeechEngine
from sayso.tts.cache import SpeechCache
from support.audio.planning import PlanningFakeEngine

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.types import Script

SENTENCE = (
    "The keeper climbed the narrow winding stairs at dusk with £3.50 in his pocket and lit the enormous old lamp "
    "that had burned above the harbour every single night since his grandfather built the tower"
)
TEXT = f"{SENTENCE}. It was late. {SENTENCE} again. {SENTENCE} once more."


def script_of(text: str) -> Script:
    return to_script(Document(text=text, name="t", markdown=False), FakeSpeechEngine(), voice="fake_en")


def stream_of(text: str, engine: FakeSpeechEngine, cache: SpeechCache | None = None, **options: bool) -> Stream:
    contended = options.pop("contended", False)
    cache = cache or SpeechCache(NoCache())
    return Stream(script_of(text), engine, cache, speed=1.0, is_contended=lambda: contended, **options)


def test_the_beginning_is_heard_when_only_it_is_made() -> None:
    """The first piece holds half a second to a second of speech; nothing else is made before it is given."""
    engine = PlanningFakeEngine()
    first = next(iter(stream_of(TEXT, engine)))
    assert 0.5 <= first.samples.size / 24_000 <= 1.1
    assert engine.made[0][1]
    assert engine.made[0][0] < 1.3


def test_every_word_comes_once_with_its_place_and_its_sound() -> None:
    """Cut or not, words are those of the text, in order, before their sound, and the timeline is as long as it."""
    stream = stream_of(TEXT, PlanningFakeEngine(workers=2))
    pieces, sent = [], 0
    for piece in stream:
        assert all(word.start_sample >= sent for word in piece.words)
        sent += piece.samples.size
        pieces.append(piece)
    words = [word for piece in pieces for word in piece.words]
    assert tuple(words) == stream.timeline.words
    assert [word.text for word in words] == TEXT.replace(".5", "·5").replace(".", "").replace("·5", ".5").split()
    assert stream.timeline.duration_samples == sent
    assert all(before.end_sample <= after.start_sample for before, after in pairwise(words))
    samples = np.concatenate([piece.samples for piece in pieces])
    assert all(np.abs(samples[word.start_sample : word.end_sample]).max() > 0.02 for word in words)
    assert stream.timing == "exact"


@pytest.mark.parametrize("pace", [0.1, 0.2, 0.35, 0.45])
def test_a_listener_waits_for_nothing_after_the_beginning(pace: float) -> None:
    """On a machine that takes so many seconds for one of speech, each piece is there when the one before was heard."""
    made_at = [0.0]
    engine = PlanningFakeEngine(lambda seconds: made_at.append(made_at[-1] + pace * (seconds + 0.25)))
    parts = list(PacedSynthesis(script_of(TEXT), engine, SpeechCache(NoCache()), speed=1.0, clock=lambda: made_at[-1]))
    heard_until = made_at[1]
    for part, at in zip(parts, made_at[1:], strict=True):
        assert at <= heard_until
        heard_until += sum(spoken.audio.duration_seconds for spoken in part.spoken)
        heard_until += part.line.pause_after_seconds - 0.16 if part.is_last else 0.0


def test_where_others_wait_few_pieces_are_made() -> None:
    """A cut costs time that others need: only the first piece is short, and later sentences are whole."""
    engine = PlanningFakeEngine()
    list(stream_of(TEXT, engine, contended=True))
    pieces = [seconds for seconds, is_piece in engine.made if is_piece]
    assert pieces[0] < 1.3
    assert all(seconds > 2 for seconds in pieces[1:-1])
    assert len([seconds for seconds, is_piece in engine.made if not is_piece]) == len(script_of(TEXT).lines) - 1


def test_the_same_text_again_comes_from_the_cache(tmp_path: Path) -> None:
    """Nothing is made a second time, and a document that has the sentence is not given the one in pieces."""
    with SpeechCache(DirectoryCache(tmp_path, maximum_bytes=2**30)) as cache:
        first = list(stream_of(TEXT, PlanningFakeEngine(), cache))
    with SpeechCache(DirectoryCache(tmp_path, maximum_bytes=2**30)) as cache:
        engine = PlanningFakeEngine()
        again = list(stream_of(TEXT, engine, cache))
        assert engine.made == []
        one, other = (np.concatenate([piece.samples for piece in pieces]) for pieces in (first, again))
        assert one.size == other.size
        assert np.abs(one - other).max() < 0.01
        list(stream_of(TEXT, engine, cache, is_awaited=False))
        assert len(engine.made) == 1


def test_a_whole_sentence_in_the_cache_is_not_divided(tmp_path: Path) -> None:
    """What a narration has made is heard at once."""
    engine = PlanningFakeEngine()
    with SpeechCache(DirectoryCache(tmp_path, maximum_bytes=2**30)) as cache:
        list(stream_of(TEXT, engine, cache, is_awaited=False))
    with SpeechCache(DirectoryCache(tmp_path, maximum_bytes=2**30)) as cache:
        list(stream_of(TEXT, engine, cache))
    assert not any(is_piece for _, is_piece in engine.made)


@pytest.mark.parametrize(
    "text", ["Yes.", "Late at night.", "[pause 2s] Yes.", "a " * 3 + "b.", "Incomprehensibilities."]
)
def test_what_is_short_or_has_no_place_to_cut_is_whole(text: str) -> None:
    """No crumbs: a short sentence, or a single long word, is made at once."""
    engine = PlanningFakeEngine()
    assert list(stream_of(text, engine))
    assert not any(is_piece for _, is_piece in engine.made)


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_failure_is_raised_in_its_place(failing: int) -> None:
    """What was made before it is given; then the error comes, and no thread is left behind."""
    made = 0

    def fail(_: float) -> None:
        nonlocal made
        made += 1
        if made == failing:
            raise EngineFailed("broken")

    given: list[Piece] = []
    with pytest.raises(EngineFailed):
        given.extend(stream_of(TEXT, PlanningFakeEngine(fail)))
    assert len([piece for piece in given if piece.samples.any()]) == failing - 1


def test_a_plan_that_fails_is_raised() -> None:
    """An engine that cannot even plan fails the stream, with nothing sent."""
    engine = PlanningFakeEngine()
    engine.plan = lambda *_, **__: (_ for _ in ()).throw(EngineFailed("broken"))  # type: ignore[method-assign]
    with pytest.raises(EngineFailed):
        next(iter(stream_of(TEXT, engine)))


def test_a_listener_who_leaves_ends_the_work() -> None:
    """Nothing further is begun."""
    engine = PlanningFakeEngine(workers=2)
    pieces = iter(stream_of(" ".join([TEXT] * 50), engine))
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert len(engine.made) < 25
