"""What the benchmark of cards makes of the provider's log, and of the texts that it sends."""

from __future__ import annotations

import pytest

from bench.cards_place import Request, new_phrases, smallest_distance_ms


def test_the_smallest_distance_is_found() -> None:
    """Between neighbours, wherever it is."""
    requests = [Request(text="", voice="", began_at=at) for at in (10.0, 10.5, 10.9, 11.5)]
    assert smallest_distance_ms(requests) == pytest.approx(400)


def test_every_phrase_is_another_text() -> None:
    """Within a deck, and from deck to deck, so that nothing is found that was bought before."""
    phrases = [*new_phrases(200, name="a"), *new_phrases(200, name="b")]
    assert len({text for phrase in phrases for text in phrase.values()}) == 800
