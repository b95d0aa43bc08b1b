"""The text of a cue as a viewer reads it: without tags, with entities resolved."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_VTT_TAG = re.compile(r"<")
_SRT_TAG = re.compile(r"</?[a-zA-Z]|\{\\")
_TAG_ENDS = {"<": ">", "{": "}"}
_NO_CHARACTER = re.compile(r"&(?=#[0-9]{8})")  # `html.unescape` does not accept these
_SRT_GUARD = re.compile("([<{-])\u2060")


def vtt_text(line: str) -> str:
    """A line of WebVTT."""
    return html.unescape(_NO_CHARACTER.sub("&amp;", _without_tags(line, _VTT_TAG)))


def vtt_lines(lines: list[str]) -> tuple[str, ...]:
    """The lines of a WebVTT cue that show something; a tag may go on in the next line."""
    return shown(vtt_text("\n".join(lines)).split("\n"), str)


def open_tag_line(lines: list[str]) -> int | None:
    """The index of the line with a tag that does not end before the cue does; None if there is none."""
    text = "\n".join(lines)
    at = text.find("<", text.rfind(">") + 1)
    return None if at < 0 else text.count("\n", 0, at)


def srt_text(line: str) -> str:
    """A line of SubRip, which has no entities; tags of HTML and of ASS are known to all players."""
    return _SRT_GUARD.sub(r"\1", _without_tags(line, _SRT_TAG))


def shown(lines: Iterable[str], plain_text: Callable[[str], str]) -> tuple[str, ...]:
    """The lines that show something."""
    return tuple(text for line in lines if (text := plain_text(line).strip()))


def _without_tags(line: str, beginning: re.Pattern[str]) -> str:
    """The line without its tags; a tag that does not end is text."""
    last_ends = {first: line.rfind(last) for first, last in _TAG_ENDS.items()}
    kept: list[str] = []
    position = 0
    for match in beginning.finditer(line):
        first = line[match.start()]
        if position <= match.start() and match.end() <= last_ends[first]:
            kept.append(line[position : match.start()])
            position = line.index(_TAG_ENDS[first], match.end()) + 1
    return "".join([*kept, line[position:]])
