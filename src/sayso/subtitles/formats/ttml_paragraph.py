"""A paragraph of TTML as it is read: its text, each part with its time, and the cues that a viewer sees of it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sayso.subtitles.formats.ttml_times import Time

_SPACE = re.compile(r"[ \t\r\n]+")
_LINE_END = re.compile(r"\r\n|[\r\n\u2028]")
SHOWN, LEFT_OUT, LOST = "shown", "left out", "lost"
"""What becomes of text directly in an element."""

SILENT = frozenset({"head", "metadata", "set", "animate", "image", "audio", "data"})
"""Elements in which no text is to be shown."""

_RUBY = frozenset({"text", "textContainer", "delimiter"})
_RUBY_CONTAINERS = frozenset({"container", "baseContainer"})
_MOST_PARTS = 2_000_000
"""The product of parts and moments of a paragraph up to which each moment is looked at."""


@dataclass(kw_only=True, slots=True)
class TimedElement:
    """An element of the content, with its time on the document's clock.

    Attributes:
        at: the byte at which its start tag begins.
        name: its local name.
        begin: when it begins.
        end: when it ends, within its parent's time; infinite if nothing says so.
        stated_end: when it would end without its parent.
        parent: what holds it.
        has_times: whether its start tag has any attribute of time.
        is_sequence: whether its children follow one another.
        next_begin: of a sequence, when the next child begins.
        last_end: when the last of its children ends; once it has ended, when that was.
        keeps_space: whether white space within it is kept.
        text: what becomes of text directly in it: it is shown, left out, or lost.
        paragraph: that it is in, or is.
    """

    at: int
    name: str
    begin: Time
    end: Time
    stated_end: Time
    parent: TimedElement | None
    has_times: bool
    is_sequence: bool
    next_begin: Time
    last_end: Time
    keeps_space: bool
    text: str
    paragraph: Paragraph | None = None


class Part(NamedTuple):
    """A piece of a paragraph's text, or a line break; both times are the document's."""

    text: str
    begin: Time
    end: Time
    is_break: bool = False
    keeps_space: bool = False

    @property
    def shows(self) -> bool:
        """Whether what is seen changes with it."""
        return self.is_break or bool(self.text.strip())


class Moment(NamedTuple):
    """A stretch of time in which a paragraph shows the same lines."""

    begin: Time
    end: Time
    lines: tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class Paragraph:
    """A paragraph.

    Attributes:
        element: it.
        line: of its start tag, from 1.
        parts: of its text.
        inner: the elements in it that have times.
        is_broken: whether a time of it cannot be read.
        first_cue: the index of its first cue in the file; the others follow.
        cue_count: how many it has.
    """

    element: TimedElement
    line: int
    parts: list[Part] = field(default_factory=list)
    inner: list[TimedElement] = field(default_factory=list)
    is_broken: bool = False
    first_cue: int = 0
    cue_count: int = 0

    @property
    def shows_text(self) -> bool:
        """Whether there is any text in it."""
        return any(part.text.strip() for part in self.parts)

    def moments(self) -> list[Moment]:
        """What is shown, one after the other; all of it at once where the times contradict one another."""
        element = self.element
        if element.stated_end <= element.begin:
            return [Moment(element.begin, element.stated_end, lines_of(self.parts))]
        times = {(part.begin, part.end) for part in self.parts if part.begin < part.end and part.shows}
        edges = sorted({edge for time in times for edge in time})
        if len(edges) * len(self.parts) > _MOST_PARTS:
            return [Moment(edges[0], edges[-1], lines_of(self.parts))]
        return list(_joined(self._between(edges)))

    def _between(self, edges: list[Time]) -> Iterator[Moment]:
        for begin, end in pairwise(edges):
            lines = lines_of([part for part in self.parts if part.begin <= begin < part.end])
            if lines:
                yield Moment(begin, end, lines)


def _joined(moments: Iterator[Moment]) -> Iterator[Moment]:
    """Moments that show the same without a gap are one."""
    last: Moment | None = None
    for moment in moments:
        if last is not None and last.end == moment.begin and last.lines == moment.lines:
            last = Moment(last.begin, moment.end, last.lines)
            continue
        if last is not None:
            yield last
        last = moment
    if last is not None:
        yield last


def lines_of(parts: list[Part]) -> tuple[str, ...]:
    """The lines that show something, without white space around them; within, it is one space unless it is kept."""
    lines = [""]
    for part in parts:
        if part.is_break:
            lines.append("")
            continue
        first, *others = _LINE_END.split(part.text) if part.keeps_space else (_SPACE.sub(" ", part.text),)
        follows_space = not part.keeps_space and lines[-1].endswith(" ")
        lines[-1] += first.removeprefix(" ") if follows_space else first
        lines += others
    return tuple(text for line in lines if (text := line.strip()))


def is_finite(time: Time) -> bool:
    """Whether a time is one, and not that of what does not end or begin."""
    return time != math.inf


def is_timed(element: TimedElement) -> bool:
    """Whether its times are not just those of what holds it."""
    return element.has_times or (element.parent is not None and element.parent.is_sequence)


def text_rule(local: str, parent: TimedElement | None, attributes: Mapping[str, str]) -> str:
    """What becomes of text directly in an element; below what is left out, everything is."""
    if parent is not None and parent.text == LEFT_OUT:
        return LEFT_OUT
    ruby = next((value for name, value in attributes.items() if name.endswith("#styling ruby")), "")
    if local in SILENT or ruby in _RUBY:
        return LEFT_OUT
    return SHOWN if local in {"p", "span", "br"} and ruby not in _RUBY_CONTAINERS else LOST
