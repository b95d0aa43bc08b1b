"""Choosing where cues end: the cheapest way through the gaps between words, by dynamic programming."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, NamedTuple

from sayso.subtitles.layout import LineBreaker
from sayso.subtitles.measure import reading_ms
from sayso.subtitles.timing import Start, time_cost

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.subtitles.passage import Passage
    from sayso.subtitles.style import Style


class Stretch(NamedTuple):
    """A candidate for a cue: where it ends, what its text costs, how long it must be shown, and its lines."""

    end: int
    cost: float
    needed_ms: int
    line_starts: tuple[int, ...]


class PlannedCue(NamedTuple):
    """A cue as chosen: its first piece, the rest of it, and when it starts."""

    first: int
    stretch: Stretch
    start_ms: int


class Plan(NamedTuple):
    """The cues of a passage, in order, and their cost together."""

    cost: float
    cues: tuple[PlannedCue, ...]


class _Arrival(NamedTuple):
    """The cheapest known way to have a cue begin at one gap and one time, and the cue that leads there."""

    cost: float
    cue: PlannedCue | None
    previous: _Arrival | None


_NEVER = _Arrival(inf, None, None)


def best_plan(passage: Passage, style: Style, starts: list[list[Start]]) -> Plan:
    """The cheapest plan in which every cue begins at one of the ``starts`` of its gap.

    A state is a gap and a start of the cue after it; a step is a cue. Work and memory grow with the number of
    pieces, the pieces that fit in a cue, and the square of the starts of a gap.
    """
    after_all = Start(passage.duration_ms + style.min_gap_ms, 0.0)
    starts = [*starts, [after_all]]
    arrivals = [[_NEVER] * len(options) for options in starts]
    arrivals[0] = [_Arrival(start.cost, None, None) for start in starts[0]]
    breaker = LineBreaker(passage, style)
    for first in range(len(passage.pieces)):
        origins = _worthwhile(starts[first], arrivals[first])
        for stretch in _stretches(passage, style, breaker, first):
            spoken_until = passage.pieces[stretch.end - 1].end_ms
            reached = arrivals[stretch.end]
            for option, (next_ms, shift_cost) in enumerate(starts[stretch.end]):
                latest_end = next_ms - style.min_gap_ms
                for start_ms, origin in origins:
                    cost = origin.cost + stretch.cost + shift_cost
                    if cost >= reached[option].cost:
                        continue
                    cost += time_cost(start_ms, latest_end, stretch.needed_ms, spoken_until, style)
                    if cost < reached[option].cost:
                        reached[option] = _Arrival(cost, PlannedCue(first, stretch, start_ms), origin)
    return _traced(arrivals[-1][0])


def _stretches(passage: Passage, style: Style, breaker: LineBreaker, first: int) -> Iterator[Stretch]:
    """Every cue that can begin with piece ``first``: what fits in it, up to the paragraph's end."""
    for end in range(first + 1, len(passage.pieces) + 1):
        layout = breaker.best(first, end)
        if layout is None:
            return
        cost = layout.cost + passage.break_costs[end] + passage.run_on_cost(first, end)
        needed = max(reading_ms(passage.width(first, end), style), style.min_duration_ms)
        yield Stretch(end, cost, needed, layout.line_starts)
        if passage.must_break[end]:
            return


def _worthwhile(starts: list[Start], arrivals: list[_Arrival]) -> list[tuple[int, _Arrival]]:
    """The starts worth going on from: a later one only where it was cheaper to arrive at."""
    worthwhile: list[tuple[int, _Arrival]] = []
    cheapest = inf
    for start, arrival in sorted(zip(starts, arrivals, strict=True), key=lambda pair: pair[0].ms):
        if arrival.cost < cheapest:
            cheapest = arrival.cost
            worthwhile.append((start.ms, arrival))
    return worthwhile


def _traced(arrival: _Arrival) -> Plan:
    cost = arrival.cost
    cues = []
    while arrival.cue is not None and arrival.previous is not None:
        cues.append(arrival.cue)
        arrival = arrival.previous
    return Plan(cost, tuple(reversed(cues)))
