"""How long the next piece may be, and where it ends."""

from __future__ import annotations

import pytest

from sayso.narration.pacing import Pacing, first_end, next_end
from sayso.tts.planned import Cut, PlannedSpeech
from sayso.types import Boundary, Speech

RATE = 1000


class Plan:
    """An utterance with cuts at some seconds, each with its level."""

    overlap_samples = 10

    def __init__(self, seconds: float, cuts: dict[float, float]) -> None:
        self.begin, self.end = self._cut(0, 0.0), self._cut(len(cuts) + 1, seconds)
        self.cuts = [self._cut(index, place, level) for index, (place, level) in enumerate(cuts.items(), 1)]

    def synthesise(self, begin: Cut, end: Cut) -> Speech:
        raise NotImplementedError

    @staticmethod
    def _cut(token: int, seconds: float, level_db: float = -90.0) -> Cut:
        return Cut(token=token, sample=round(RATE * seconds), boundary=Boundary.NONE, level_db=level_db)


def ends(planned: PlannedSpeech, *, first: bool = True, allowed: float = 0.0, contended: bool = False) -> float:
    if first:
        return first_end(planned, RATE).sample / RATE
    end = next_end(planned, planned.begin, RATE, allowed_seconds=allowed, is_contended=contended)
    return end.sample / RATE


@pytest.mark.parametrize(
    ("seconds", "cuts", "end"),
    [
        (0.9, {0.6: -30}, 0.9),  # short enough
        (4.0, {0.3: -80, 0.6: -30, 0.9: -30}, 0.6),  # no piece under half a second
        (4.0, {0.6: -30, 0.9: -80}, 0.9),  # a pause is worth a wait
        (4.0, {0.6: -30, 0.9: -40}, 0.6),  # a little quieter is not
        (4.0, {1.8: -30, 2.5: -80}, 1.8),  # the first there is
        (1.4, {1.2: -80}, 1.4),  # no crumbs
        (4.0, {}, 4.0),
    ],
)
def test_where_the_first_piece_ends(seconds: float, cuts: dict[float, float], end: float) -> None:
    """Soon, after half a second, and where a join is hidden."""
    assert ends(Plan(seconds, cuts)) == end


@pytest.mark.parametrize(
    ("allowed", "contended", "end"),
    [(-1.0, False, 1.0), (1.6, False, 1.5), (3.2, False, 3.0), (50.0, False, 8.0), (-1.0, True, 2.5)],
)
def test_where_a_later_piece_ends(allowed: float, end: float, *, contended: bool) -> None:
    """As far as is allowed; where others wait, no short pieces are made."""
    cuts = {number / 2: -30.0 for number in range(1, 16)}
    assert ends(Plan(8.0, cuts), first=False, allowed=allowed, contended=contended) == end


def test_what_is_allowed_follows_what_is_in_hand_and_the_pace() -> None:
    """More is allowed when more is promised, less as it is heard, and less on a slower machine."""
    now = 0.0
    pacing = Pacing(lambda: now)
    assert pacing.allowed_seconds() < 0
    pacing.promise(2.0)
    at_first = pacing.allowed_seconds()
    pacing.made(0.1, 2.0)
    fast = pacing.allowed_seconds()
    assert fast > at_first
    now += 1.0
    assert pacing.allowed_seconds() < fast
    for _ in range(5):
        pacing.made(3.0, 2.0)
    assert pacing.allowed_seconds() < 1.0
