"""New times for the cues of a subtitle file, whose every other character stays as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.subtitles.formats.clock import clock
from sayso.subtitles.formats.parse import read_subtitles
from sayso.subtitles.formats.retime_ttml import with_ttml_times

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.subtitles.formats.subtitle_file import CueTime
    from sayso.types import Cue

_WORD_TIME = re.compile(r"<((?:(\d{1,9}):)?([0-5]?\d):([0-5]?\d)[.,](\d{3}))>", re.ASCII)


def with_times(data: str, times: Sequence[CueTime]) -> str:
    """A file with other times: texts, tags, numbers, settings, notes and line ends are unchanged.

    The times of words within a cue (``<00:00:01.500>``) are moved in proportion. Of TTML, see `with_ttml_times`.

    Args:
        data: the file.
        times: one for each of its cues, in the file's order.

    Raises:
        NotSubtitles: none of the file is a cue.
        ValueError: there is not one time per cue.
    """
    file = read_subtitles(data)
    if len(file.cues) != len(times):
        raise ValueError(f"{len(times)} times for {len(file.cues)} cues")
    if file.file_format == "ttml":
        return file.mark + with_ttml_times(data.removeprefix(file.mark), times)
    texts = [line.text for line in file.lines]
    for found, time in zip(file.cues, times, strict=True):
        start, end = found.times_span
        line = texts[found.times_line]
        texts[found.times_line] = line[:start] + _arrow(time, webvtt=file.file_format == "vtt") + line[end:]
        for at in range(found.times_line + 1, found.text_end):
            texts[at] = _with_word_times(texts[at], found.cue, time)
    return file.mark + "".join(text + line.end for text, line in zip(texts, file.lines, strict=True))


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
