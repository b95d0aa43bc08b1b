"""How long a script takes, before it is spoken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.cache import NoCache
from sayso.errors import SpeechTooLong
from sayso.narration import Document, Stream, estimated_seconds, require_length, to_script
from sayso.testing import FakeSpeechEngine
from sayso.tts.cache import SpeechCache

if TYPE_CHECKING:
    from sayso.types import Script

PROSE = "The keeper’s lamp burned on through the night, and nobody came to see it. " * 20


def script_of(text: str) -> Script:
    return to_script(Document(text=text, name="t", markdown=False), FakeSpeechEngine(), voice="fake_en")


@pytest.mark.parametrize("text", ["It was late. " + "[pause 60s]" * 30 + "The lamp burned on.", "[pause 9s] Late."])
def test_pauses_count_exactly(text: str) -> None:
    """What the author's pauses add to the estimate is what they add to the sound."""
    engine = FakeSpeechEngine()
    script = script_of(text)
    sound = sum(piece.samples.size for piece in Stream(script, engine, SpeechCache(NoCache()), speed=1.0))
    assert estimated_seconds(script, speed=1.0) == pytest.approx(sound / engine.sample_rate_hz, abs=1.5)


def test_slow_speech_is_long() -> None:
    """At a quarter of the pace the words take four times as long."""
    script = script_of(PROSE)
    slow, plain = (estimated_seconds(script, speed=speed) for speed in (0.25, 1.0))
    assert 3 * plain < slow < 4 * plain


def test_prose_is_estimated_as_it_is_read() -> None:
    """English is read at about fifteen letters and spaces a second."""
    assert len(PROSE) / 18 < estimated_seconds(script_of(PROSE), speed=1.0) < len(PROSE) / 10


def test_a_bound_is_kept_and_told() -> None:
    """Up to the bound is taken, beyond it the error says how long it is and how long it may be."""
    require_length(3600.0, 3600.0)
    require_length(1e9, None)
    with pytest.raises(SpeechTooLong, match=r"16\.7 hours .* 90 s"):
        require_length(60_000.0, 90.0)
