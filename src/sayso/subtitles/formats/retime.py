"""New times for the cues of a SubRip or WebVTT file, whose every other character stays as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.subtitles.formats.clock import clock
from sayso.subtitles.formats.parse import is_note, is_webvtt, parse_subtitles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.types import Cue

_ARROW = re.compile(r"^(\s*)(\S+)\s*-->\s*(\S+)(.*)$", re.DOTALL)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$")
_WORD_TIME = re.compile(r"<((?:(\d{1,9}):)?([0-5]?\d):([0-5]?\d)[.,](\d{3}))>", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class CueTime:
    """When a cue is shown, in milliseconds."""

    start_ms: int
    end_ms: int


def with_times(data: str, times: Sequence[CueTime]) -> str:
    """A file with other times: texts, tags, numbers, settings, notes and line ends are unchanged.

    The times of words within a cue (``<00:00:01.500>``) are moved in proportion.

    Args:
        data: the file.
        times: one for each of its cues, in the file's order.

    Raises:
        NotSubtitles: a cue of the file has no valid times.
        ValueError: there is not one time per cue.
    """
    cues = parse_subtitles(data)
    if len(cues) != len(times):
        raise ValueError(f"{len(times)} times for {len(cues)} cues")
    webvtt = is_webvtt(data)
    lines = _LINE.findall(data)
    waiting = iter(zip(cues, times, strict=True))
    current: tuple[Cue, CueTime] | None = None
    begins_block = skips_block = True
    for number, line in enumerate(lines):
        if not line.strip():
            current, begins_block, skips_block = None, True, False
            continue
        if begins_block:
            skips_block = webvtt and (number == 0 or is_note(line))
            begins_block = False
        if skips_block:
            continue
        arrow = _ARROW.match(line) if current is None else None
        if arrow is not None:
            current = next(waiting)
            lines[number] = f"{arrow[1]}{_arrow(current[1], webvtt=webvtt)}{arrow[4]}"
        elif current is not None:
            lines[number] = _with_word_times(line, *current)
    return "".join(lines)


def _arrow(time: CueTime, *, webvtt: bool) -> str:
    mark = "." if webvtt else ","
    return f"{clock(time.start_ms, decimal_mark=mark)} --> {clock(time.end_ms, decimal_mark=mark)}"


def _with_word_times(line: str, cue: Cue, time: CueTime) -> str:
    scale = (time.end_ms - time.start_ms) / max(1, cue.end_ms - cue.start_ms)

    def moved(match: re.Match[str]) -> str:
        hours, minutes, seconds, milliseconds = (int(part or 0) for part in match.groups()[1:])
        old = ((hours * 60 + minutes) * 60 + seconds) * 1000 + milliseconds
        return f"<{clock(round(time.start_ms + (old - cue.start_ms) * scale), decimal_mark='.')}>"

    return _WORD_TIME.sub(moved, line)
