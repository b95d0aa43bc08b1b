"""New times for the cues of a TTML document, whose every other character stays as it is."""

from __future__ import annotations

import re
from bisect import bisect_right
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from sayso.subtitles.formats.parse_ttml import TtmlReader
from sayso.subtitles.formats.ttml_paragraph import is_finite

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sayso.subtitles.formats.subtitle_file import CueTime
    from sayso.subtitles.formats.ttml_paragraph import Paragraph, TimedElement
    from sayso.subtitles.formats.ttml_times import Time
    from sayso.types import Cue

_NAME = re.compile(rb"<[^\s/>]+")
_ATTRIBUTE = re.compile(rb"""(\s+)([^\s=>/]+)(\s*=\s*)("[^"]*"|'[^']*')""")
_DECLARED = re.compile(rb"""(\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*)("[^"]*"|'[^']*')""")
_NO_TIMES: dict[bytes, str | None] = dict.fromkeys((b"begin", b"end", b"dur"))
_NO_CONTAINER = _NO_TIMES | {b"timeContainer": None}

_Change: TypeAlias = tuple[int, dict[bytes, str | None]]
"""Where a start tag begins, and the new values of its attributes; None for those to remove."""


class _Shift(NamedTuple):
    """A moment in milliseconds before, and after."""

    old: int
    new: int


def with_ttml_times(content: str, times: Sequence[CueTime]) -> str:
    """A document with other times.

    Each paragraph says when it begins and ends. Times of the bodies and divisions around it are removed, for it has
    taken them in; text that they hide stays hidden, and animations directly in them are not moved. Times within a
    paragraph are moved in proportion. A declaration of another encoding becomes UTF-8.

    Args:
        content: the document, without a byte order mark.
        times: one for each of its cues, in its order.

    Raises:
        ValueError: there is not one time per cue.
    """
    reader = TtmlReader(content)
    if len(reader.cues) != len(times):
        raise ValueError(f"{len(times)} times for {len(reader.cues)} cues")
    changes: dict[int, dict[bytes, str | None]] = {}
    for paragraph in reader.paragraphs:
        numbers = range(paragraph.first_cue, paragraph.first_cue + paragraph.cue_count)
        moved = _MovedParagraph(
            paragraph, [reader.cues[number].cue for number in numbers], [times[number] for number in numbers]
        )
        changes.update(moved.changes(reader))
        changes.update((at, _NO_CONTAINER) for at in _holders(paragraph))
    for paragraph in reader.hidden:
        if any(at in changes for at in _holders(paragraph)):
            changes[paragraph.element.at] = _NO_TIMES | dict.fromkeys(
                (b"begin", b"end"), reader.rules.written(Fraction(0))
            )
    data = _applied(content.encode("utf-8", "replace"), sorted(changes.items()))
    return _DECLARED.sub(rb'\1"UTF-8"', data, count=1).decode() if _DECLARED.match(data) else data.decode()


def _holders(paragraph: Paragraph) -> Iterator[int]:
    """Where the start tags of all that holds a paragraph begin."""
    holder = paragraph.element.parent
    while holder is not None:
        yield holder.at
        holder = holder.parent


class _MovedParagraph:
    """A paragraph whose cues have other times; it knows where every moment of it has gone."""

    def __init__(self, paragraph: Paragraph, cues: Sequence[Cue], times: Sequence[CueTime]) -> None:
        self._paragraph = paragraph
        self._times = times
        pairs = list(zip(cues, times, strict=True))
        self._starts = {cue.start_ms: time.start_ms for cue, time in pairs}
        self._ends = {cue.end_ms: time.end_ms for cue, time in pairs}
        self._shifts = sorted(_Shift(old, new) for old, new in {**self._ends, **self._starts}.items())
        self._begins: dict[int, Fraction] = {}
        self._next_begins: dict[int, Fraction] = {}  # of sequences, when the next child begins

    def changes(self, reader: TtmlReader) -> Iterator[_Change]:
        """The changes of its start tag and of those in it."""
        element, inner = self._paragraph.element, self._paragraph.inner
        first, last = min(time.start_ms for time in self._times), max(time.end_ms for time in self._times)
        begin, end = Fraction(first, 1000), Fraction(last, 1000)
        if inner:
            begin = max(min(begin, self._moved(element.begin, self._starts)), Fraction(0))
            end = max(end, self._moved(element.end, self._ends)) if is_finite(element.end) else end
        self._begins[element.at] = begin
        yield (
            element.at,
            {
                **_NO_TIMES,
                b"begin": reader.rules.written(begin),
                b"end": reader.rules.written(end),
            },
        )
        for each in inner:
            yield each.at, self._inner(each, reader)

    def _inner(self, element: TimedElement, reader: TtmlReader) -> dict[bytes, str | None]:
        """The times of an element in the paragraph, since what its own count from."""
        if element.parent is None or not is_finite(element.begin):
            return {}
        begin = self._moved(element.begin, self._starts)
        is_in_sequence = element.parent.is_sequence
        ended = element.last_end if is_in_sequence else element.end
        reference = self._begin_of(element.parent)
        if is_in_sequence:
            reference = self._next_begins.get(element.parent.at, reference)
        if reader.rules.is_absolute:
            reference = Fraction(0)
        self._begins[element.at] = begin
        values = _NO_TIMES | {b"begin": reader.rules.written(max(begin - reference, Fraction(0)))}
        if is_finite(ended) and (is_in_sequence or is_finite(element.stated_end)):
            end = max(self._moved(ended, self._ends), begin)
            self._next_begins[element.parent.at] = end
            values[b"end"] = reader.rules.written(max(end - reference, Fraction(0)))
        return values

    def _begin_of(self, element: TimedElement | None) -> Fraction:
        """When an element in the paragraph begins now: with what holds it, if it has no times."""
        while element is not None and element.at not in self._begins:
            element = element.parent
        return self._begins[element.at] if element is not None else Fraction(0)

    def _moved(self, time: Time, known: dict[int, int]) -> Fraction:
        """Where a moment has gone: with the cue that begins or ends there, or in proportion."""
        exact = Fraction(time) * 1000
        nearest = int(exact + Fraction(1, 2))
        if nearest in known:
            return Fraction(known[nearest], 1000)
        at = bisect_right(self._shifts, exact, key=_old)
        before, after = self._shifts[max(at - 1, 0)], self._shifts[min(at, len(self._shifts) - 1)]
        if before.old == after.old:
            return (exact + before.new - before.old) / 1000
        share = (exact - before.old) / (after.old - before.old)
        return (before.new + share * (after.new - before.new)) / 1000


def _old(shift: _Shift) -> Fraction:
    return Fraction(shift.old)


def _applied(data: bytes, changes: Sequence[_Change]) -> bytes:
    """The bytes with the changed start tags."""
    pieces: list[bytes] = []
    reached = 0
    for at, values in changes:
        pieces.append(data[reached:at])
        changed, reached = _changed_tag(data, at, values)
        pieces.append(changed)
    return b"".join([*pieces, data[reached:]])


def _changed_tag(data: bytes, at: int, values: dict[bytes, str | None]) -> tuple[bytes, int]:
    """The attributes of a start tag with their new values, new ones last, and where they end."""
    name = _NAME.match(data, at)
    if name is None:
        raise ValueError(f"no start tag at byte {at}")
    missing = {key: value for key, value in values.items() if value is not None}
    pieces, reached = [name[0]], name.end()
    while found := _ATTRIBUTE.match(data, reached):
        reached = found.end()
        if found[2] not in values:
            pieces.append(found[0])
        elif (value := missing.pop(found[2], None)) is not None:
            pieces.append(found[1] + found[2] + found[3] + found[4][:1] + value.encode() + found[4][:1])
    pieces += [b' %s="%s"' % (key, value.encode()) for key, value in missing.items()]
    return b"".join(pieces), reached
