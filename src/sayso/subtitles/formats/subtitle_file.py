"""A subtitle file as it was read: its cues, where they stand in it, and what was wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from sayso.types import Cue

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n)|([^\r\n]+)$")
_DOUBLED_LINE = re.compile(r"([^\r\n]*)(\r\r\n|\r\n|\r|\n)|([^\r\n]+)$")
BYTE_ORDER_MARK = "\ufeff"

FileFormat: TypeAlias = Literal["srt", "vtt", "ttml"]
"""The formats that are read."""


class Line(NamedTuple):
    """A line of a file without its end, and its end."""

    text: str
    end: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """Something that is not as the format has it.

    Attributes:
        line: its number in the file, from 1.
        message: what is there, and what was made of it; a clause without a full stop.
        is_lost: whether something that may have been a cue, or text of one, is left out.
        is_note: whether nothing is wrong: the format has it, and cues do not.
    """

    line: int
    message: str
    is_lost: bool = False
    is_note: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class CueInFile:
    """A cue and its place.

    Attributes:
        cue: its times, and its lines as a viewer reads them: without tags, with entities resolved.
        times_line: the index of the line with its times; of TTML, of its paragraph's start tag.
        times_span: the columns in that line from the start's first to after the end's last; of TTML, none.
        text_end: the index of the line after its text; of TTML, after ``times_line``.
    """

    cue: Cue
    times_line: int
    times_span: tuple[int, int]
    text_end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SubtitleFile:
    """What was read.

    Attributes:
        file_format: which it is by its content.
        mark: the byte order mark, if it has one.
        lines: of the file; of TTML, none.
        cues: in the file's order.
        remarks: what is not as the format has it, in the file's order.
    """

    file_format: FileFormat
    mark: str
    lines: tuple[Line, ...]
    cues: tuple[CueInFile, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CueTime:
    """When a cue is shown, in milliseconds."""

    start_ms: int
    end_ms: int


def lines_of(data: str) -> tuple[Line, ...]:
    """The lines of a file, whatever its line ends are.

    A carriage return too many at every line's end, which a program wrote that translated line ends twice, is a part of
    the end.
    """
    is_doubled = "\r\r\n" in data and data.count("\r\r\n") == data.count("\n")
    pattern = _DOUBLED_LINE if is_doubled else _LINE
    return tuple(Line(found[1] or found[3] or "", found[2] or "") for found in pattern.finditer(data))


def milliseconds(hours: str | None, minutes: str, seconds: str, fraction: str | None) -> int:
    """The time that these digits are; those of the fraction are decimals of a second, cut after the third."""
    whole = (int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * 1000 + int((fraction or "0")[:3].ljust(3, "0"))
