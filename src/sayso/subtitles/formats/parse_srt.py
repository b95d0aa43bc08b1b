"""Read SubRip as players do: a line with two times begins a cue, whatever is around it.

SubRip has no standard. What players take and the format's own programs do not write is read, with a remark.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.subtitles.formats.markup import shown, srt_text
from sayso.subtitles.formats.subtitle_file import CueInFile, Remark, milliseconds
from sayso.types import Cue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TIME = r"(?:([0-9]{1,9}) ?: ?)?([0-9]{1,2}) ?: ?([0-9]{1,2})(?: ?[.,:;] ?([0-9]{1,9}))?(?![0-9])"
_TIMES = re.compile(rf"({_TIME}\s*+[-\u2010-\u2015\u2212]{{1,3}}(?: -)? ?>\s*+{_TIME})")
_WRITTEN = r"[0-9]{2,9}:[0-5][0-9]:[0-5][0-9][,.][0-9]{3}"
_REGULAR = re.compile(rf"{_WRITTEN} ?--> ?{_WRITTEN}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_ARROW = "-->"


def parse_srt(lines: list[str], *, plain_text: Callable[[str], str] = srt_text) -> tuple[list[CueInFile], list[Remark]]:
    """The cues of a SubRip file, and what is not as it should be; ``plain_text`` is what a viewer reads of a line."""
    starts = [(at, times) for at, line in enumerate(lines) if (times := _times_in(line)) is not None]
    firsts = _first_lines(lines, [at for at, _ in starts])
    remarks = list(_before(lines, firsts[0] if firsts else len(lines)))
    cues = []
    ends = [*firsts, len(lines)][1:]
    for (at, times), end in zip(starts, ends, strict=True):
        if not _REGULAR.fullmatch(times[1]):
            remarks.append(Remark(line=at + 1, message=f"the times {times[1]!r} are not written as they should be"))
        found, text_remarks = _text(lines, at + 1, end, is_last=end == len(lines))
        remarks += text_remarks
        cues.append(_cue(times, at, end, shown(found, plain_text)))
    return cues, remarks


def _times_in(line: str) -> re.Match[str] | None:
    """The times with which a line begins, behind any white space."""
    return _TIMES.match(line, len(line) - len(line.lstrip()))


def _is_number(line: str) -> bool:
    return _NUMBER.fullmatch(line.strip()) is not None


def _first_lines(lines: list[str], starts: list[int]) -> list[int]:
    """The first line of each cue: its number, where it has one, or its times."""
    firsts: list[int] = []
    above, last = -1, 0  # the line with the times of the cue before, and its number
    for at in starts:
        number = _number_above(lines, at, above, last)
        firsts.append(at if number is None else number)
        last = last + 1 if number is None else int(lines[number])
        above = at
    return firsts


def _number_above(lines: list[str], at: int, floor: int, last: int) -> int | None:
    """The index of the line with the number of the cue whose times are at ``at``; None if it has none.

    A number after a blank line is one. So is the one that is due, although the blank line is missing before it or
    there is one behind it; any other is text of the cue before.
    """
    has_gap = at - 1 > floor and not lines[at - 1].strip()
    above = at - 2 if has_gap else at - 1
    found = _NUMBER.fullmatch(lines[above].strip()) if above > floor else None
    if found is None:
        return None
    is_apart = above == 0 or not lines[above - 1].strip()
    is_due = int(found[0]) == last + 1
    return above if is_due or (is_apart and not has_gap) else None


def _before(lines: list[str], end: int) -> Iterator[Remark]:
    """What stands before the first cue."""
    for at in range(end):
        if lines[at].strip():
            yield Remark(
                line=at + 1, message=f"{lines[at][:60]!r} is not the time of a cue and is left out", is_lost=True
            )
            return


def _text(lines: list[str], start: int, end: int, *, is_last: bool) -> tuple[list[str], list[Remark]]:
    """The lines of a cue's text, and what is wrong with them."""
    remarks: list[Remark] = []
    damaged = next((at for at in range(start, end) if _is_damaged(lines, at, start)), None)
    if damaged is not None:
        message = f"{lines[damaged][:60]!r} is not the time of a cue and is left out with what follows it"
        remarks.append(Remark(line=damaged + 1, message=message, is_lost=True))
        end = damaged - 1 if _is_number(lines[damaged - 1]) else damaged
    end = _without_blanks(lines, start, end)
    is_number_apart = end - 2 >= start and not lines[end - 2].strip() and _is_number(lines[end - 1])
    if is_last and damaged is None and is_number_apart:
        remarks.append(Remark(line=end, message=f"the number {lines[end - 1].strip()} has no cue"))
        end = _without_blanks(lines, start, end - 1)
    blank = next((at for at in range(start + 1, end) if not lines[at].strip()), None)
    if blank is not None:
        remarks.append(Remark(line=blank + 1, message="a blank line stands within the text of a cue"))
    return lines[start:end], remarks


def _is_damaged(lines: list[str], at: int, start: int) -> bool:
    """Whether a line was the time of another cue: it has the arrow, after a blank line and perhaps a number."""
    above = at - 1 if at == 0 or not _is_number(lines[at - 1]) else at - 2
    return _ARROW in lines[at] and above >= start and not lines[above].strip()


def _without_blanks(lines: list[str], start: int, end: int) -> int:
    """The end without the blank lines before it."""
    while end > start and not lines[end - 1].strip():
        end -= 1
    return end


def _cue(times: re.Match[str], at: int, end: int, text: tuple[str, ...]) -> CueInFile:
    start, finish = times.groups()[1:5], times.groups()[5:9]
    return CueInFile(
        cue=Cue(start_ms=milliseconds(*start), end_ms=milliseconds(*finish), lines=text),
        times_line=at,
        times_span=times.span(1),
        text_end=end,
    )
