"""Read WebVTT by the standard's algorithm (https://www.w3.org/TR/webvtt1/#file-parsing): browsers show these cues.

One thing is read beyond it: a decimal comma, which files have that were SubRip before.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sayso.subtitles.formats.markup import open_tag_line, vtt_lines, vtt_text
from sayso.subtitles.formats.parse_srt import parse_srt
from sayso.subtitles.formats.subtitle_file import CueInFile, Remark, milliseconds
from sayso.types import Cue

_TIME = r"(?:([0-9]{1,9}):)?([0-5][0-9]):([0-5][0-9])([.,])([0-9]{3})(?![0-9])"
_TIMES = re.compile(rf"({_TIME}[ \t\f]*+-->[ \t\f]*+{_TIME})")
_NOT_CUES = re.compile(r"(NOTE|STYLE|REGION)([ \t]|$)")
_ARROW = "-->"


class _Block(NamedTuple):
    """Lines that belong together.

    Attributes:
        first: the index of the first line.
        arrow: the index of the line with the times; None for what is no cue.
        end: the index of the line after the last.
    """

    first: int
    arrow: int | None
    end: int


def parse_webvtt(lines: list[str]) -> tuple[list[CueInFile], list[Remark]]:
    """The cues of a WebVTT file, whose first line is the signature, and what was left out."""
    cues: list[CueInFile] = []
    remarks: list[Remark] = []
    at = _after_header(lines)
    while at < len(lines):
        if not lines[at]:
            at += 1
            continue
        block = _block(lines, at)
        at = block.end
        if block.arrow is None:
            if lines[block.first].strip() and not _NOT_CUES.match(lines[block.first]):
                remarks.append(_left_out(block.first, lines[block.first], "has no times"))
            continue
        line = lines[block.arrow]
        times = _TIMES.match(line, len(line) - len(line.lstrip(" \t\f")))
        if times is None:
            remarks.append(_left_out(block.arrow, line, "is not the time of a cue"))
            continue
        if "," in times[1]:
            remarks.append(Remark(line=block.arrow + 1, message="the times have commas in place of points"))
        open_tag = open_tag_line(lines[block.arrow + 1 : block.end])
        if open_tag is not None:
            number = block.arrow + open_tag + 2
            message = f"a tag in {lines[number - 1][:60]!r} does not end, and browsers show nothing from there on"
            remarks.append(Remark(line=number, message=message))
        cues.append(_cue(lines, block.arrow, block.end, times))
    return cues, remarks


def parse_careless_webvtt(lines: list[str]) -> tuple[list[CueInFile], list[Remark]]:
    """The cues of a file that says it is WebVTT and has no cue of the standard, by the rules for SubRip."""
    header = _after_header(lines)
    return parse_srt([""] * header + lines[header:], plain_text=vtt_text)


def _after_header(lines: list[str]) -> int:
    """The index of the first line after the header, which ends at a blank line or at a cue."""
    at = 1
    while at < len(lines) and lines[at] and _ARROW not in lines[at]:
        at += 1
    return at


def _block(lines: list[str], first: int) -> _Block:
    """The block that begins at a line, up to a blank line or a second arrow."""
    arrow: int | None = None
    at = first
    while at < len(lines) and lines[at]:
        if _ARROW in lines[at]:
            if arrow is not None or at > first + 1:
                break
            arrow = at
        at += 1
    return _Block(first, arrow, at)


def _left_out(index: int, line: str, reason: str) -> Remark:
    return Remark(line=index + 1, message=f"{line[:60]!r} {reason} and is left out with what follows it", is_lost=True)


def _cue(lines: list[str], arrow: int, end: int, times: re.Match[str]) -> CueInFile:
    hours, minutes, seconds, _, fraction = times.groups()[1:6]
    end_hours, end_minutes, end_seconds, _, end_fraction = times.groups()[6:11]
    return CueInFile(
        cue=Cue(
            start_ms=milliseconds(hours, minutes, seconds, fraction),
            end_ms=milliseconds(end_hours, end_minutes, end_seconds, end_fraction),
            lines=vtt_lines(lines[arrow + 1 : end]),
        ),
        times_line=arrow,
        times_span=times.span(1),
        text_end=end,
    )
