"""Choose the ends of cues: the cheapest path through the gaps between words, by dynamic programming."""

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
    """A candidate for a cue: its end, the cost of its text, the time needed to read it, and its lines."""

    end: int
    cost: float
    needed_ms: int
    line_starts: tuple[int, ...]


class PlannedCue(NamedTuple):
    """A chosen cue: its first piece, the other data, and its start."""

    first: int
    stretch: Stretch
    start_ms: int


class Plan(NamedTuple):
    """The cues of a passage, in order, and their total cost."""

    cost: float
    cues: tuple[PlannedCue, ...]


class _Arrival(NamedTuple):
    """The cheapest known path to a cue that begins at one gap and one time, and the cue before it."""

    cost: float
    cue: PlannedCue | None
    previous: _Arrival | None


_NEVER = _Arrival(inf, None, None)


def best_plan(passage: Passage, style: Style, starts: list[list[Start]]) -> Plan:
    """The cheapest plan in which every cue begins at one of the ``starts`` of its gap.

    A state is a gap and a start of the cue after it; a step is a cue. Work and memory grow with the number of
    pieces, the pieces that fit in a cue, and the square of the starts of a gap.
    """
    search = _Search(passage, style, starts)
    for first in range(len(passage.pieces)):
        search.step_from(first)
    return search.result()


class _Search:
    """The cheapest arrivals so far, for each gap and each start of the cue after it."""

    def __init__(self, passage: Passage, style: Style, starts: list[list[Start]]) -> None:
        self._passage = passage
        self._style = style
        self._breaker = LineBreaker(passage, style)
        self._starts = [*starts, [Start(passage.duration_ms + style.min_gap_ms, 0.0)]]
        self._arrivals = [[_NEVER] * len(options) for options in self._starts]
        self._arrivals[0] = [_Arrival(start.cost, None, None) for start in starts[0]]

    def step_from(self, first: int) -> None:
        """Try every cue that begins with piece ``first``; all cues that end there have been tried before."""
        origins = _worthwhile(self._starts[first], self._arrivals[first])
        cheapest = min(origin.cost for _, origin in origins)
        for stretch in self._stretches(first, cheapest):
            for option, start in enumerate(self._starts[stretch.end]):
                self._arrive(first, stretch, origins, option, start)

    def result(self) -> Plan:
        """The cheapest path to the end of the passage."""
        arrival = self._arrivals[-1][0]
        cost = arrival.cost
        cues = []
        while arrival.cue is not None and arrival.previous is not None:
            cues.append(arrival.cue)
            arrival = arrival.previous
        return Plan(cost, tuple(reversed(cues)))

    def _stretches(self, first: int, cost_before: float) -> Iterator[Stretch]:
        """The cues from piece ``first`` on that fit, stay in the paragraph, and could make any path cheaper."""
        passage, style = self._passage, self._style
        for end in range(first + 1, len(passage.pieces) + 1):
            if passage.width(first, end) > self._breaker.room:
                return
            cost = passage.break_costs[end] + passage.run_on_cost(first, end) + self._breaker.cue_cost(first, end)
            if cost_before + cost < max(arrival.cost for arrival in self._arrivals[end]):
                layout = self._breaker.best(first, end)
                if layout is None:
                    return
                needed = max(reading_ms(passage.width(first, end), style), style.min_duration_ms)
                yield Stretch(end, cost + layout.cost, needed, layout.line_starts)
            if passage.must_break[end]:
                return

    def _arrive(
        self, first: int, stretch: Stretch, origins: list[tuple[int, _Arrival]], option: int, start: Start
    ) -> None:
        """Extend each of the ``origins`` by the candidate to one start of the next cue, and keep the cheapest path."""
        spoken_until = self._passage.pieces[stretch.end - 1].end_ms
        latest_end = start.ms - self._style.min_gap_ms
        best = self._arrivals[stretch.end][option]
        for start_ms, origin in origins:
            cost = origin.cost + stretch.cost + start.cost
            if cost < best.cost:
                cost += time_cost(start_ms, latest_end, stretch.needed_ms, spoken_until, self._style)
                if cost < best.cost:
                    best = _Arrival(cost, PlannedCue(first, stretch, start_ms), origin)
        self._arrivals[stretch.end][option] = best


def _worthwhile(starts: list[Start], arrivals: list[_Arrival]) -> list[tuple[int, _Arrival]]:
    """The starts from which to continue: a later one only if it was cheaper to reach."""
    worthwhile: list[tuple[int, _Arrival]] = []
    cheapest = inf
    for start, arrival in sorted(zip(starts, arrivals, strict=True), key=lambda pair: pair[0].ms):
        if arrival.cost < cheapest:
            cheapest = arrival.cost
            worthwhile.append((start.ms, arrival))
    return worthwhile
