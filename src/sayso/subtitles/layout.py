"""Break the text of one cue into lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sayso.subtitles.passage import Passage
    from sayso.subtitles.style import Style

# In the same unit as the costs of `passage.py`.
_CUE = 20.0
_UNUSED_ROOM = 15.0  # times the square of the empty share of the cue's room: few cues, evenly filled
_LINE_BREAK = 0.5  # of the cost of ending the cue there
_IMBALANCE = 30.0  # times the square of the difference between lines, in line lengths
_TOP_HEAVY = 1.5  # times the cost of a bottom-heavy cue: the eye moves less, and less of the picture is covered


class Layout(NamedTuple):
    """The lines of a cue: their cost, and the first piece of each."""

    cost: float
    line_starts: tuple[int, ...]


class LineBreaker:
    """Finds the best line breaks for parts of one passage in one style.

    Attributes:
        room: the columns on one line of the longest text that can fit in a cue; the spaces that end lines count.
    """

    def __init__(self, passage: Passage, style: Style) -> None:
        self._passage = passage
        self._max_columns = style.max_columns
        self._max_lines = style.max_lines
        self.room = self._room_on(style.max_lines)

    def cue_cost(self, first: int, end: int) -> float:
        """The cost of a cue of ``[first, end)``: for being one more cue, and for the room that it leaves empty."""
        unused = 1 - self._passage.width(first, end) / self.room
        return _CUE + _UNUSED_ROOM * unused * unused

    def best(self, first: int, end: int) -> Layout | None:
        """The best layout of ``[first, end)`` on as few lines as it needs; None when it does not fit."""
        for line_count in range(1, self._max_lines + 1):
            layout = self._on_lines(line_count, first, end)
            if layout is not None:
                return layout
        return None

    def _room_on(self, line_count: int) -> int:
        return (self._max_columns + 1) * line_count - 1

    def _on_lines(self, line_count: int, first: int, end: int) -> Layout | None:
        """The best layout on exactly ``line_count`` lines, determined by the place of the last break."""
        width = self._passage.width
        if width(first, end) > self._room_on(line_count):
            return None
        if line_count == 1:
            return Layout(0.0, (first,))
        best = None
        for last in range(end - 1, first, -1):
            last_width = width(last, end)
            if last_width > self._max_columns:
                break
            above = self._on_lines(line_count - 1, first, last)
            if above is None:
                continue
            difference = (width(first, last) / (line_count - 1) - last_width) / self._max_columns
            imbalance = _IMBALANCE * difference * difference * (_TOP_HEAVY if difference > 0 else 1.0)
            cost = above.cost + _LINE_BREAK * self._passage.break_costs[last] + imbalance
            if best is None or cost < best.cost:
                best = Layout(cost, (*above.line_starts, last))
        return best
