"""Parse SubRip and WebVTT: strict about times, lenient about everything else."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, NamedTuple

from sayso.errors import NotSubtitles
from sayso.types import Cue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_TIME = r"(?:(\d{1,9}):)?([0-5]?\d):([0-5]?\d)[.,](\d{3})"
_TIMING = re.compile(rf"{_TIME}\s*+-->\s*+{_TIME}(?:\s.*)?", re.ASCII)
_WEBVTT = re.compile(r"WEBVTT(\s|$)")
_NOT_CUES = re.compile(r"(NOTE|STYLE|REGION)(\s|$)")
_VTT_TAG = re.compile(r"<")
_SRT_TAG = re.compile(r"</?[a-zA-Z]|\{\\")
_TAG_ENDS = {"<": ">", "{": "}"}
_NO_CHARACTER = re.compile(r"&(?=#[0-9]{8})")  # `html.unescape` does not accept these
_SRT_GUARD = re.compile("([<{-])\u2060")


class _Block(NamedTuple):
    """Lines without a blank one between them, and the number of the first."""

    number: int
    lines: list[str]


def parse_subtitles(data: str) -> list[Cue]:
    """The cues of a SubRip or WebVTT file, in its order; it is WebVTT if its first line says so.

    The lines are what a viewer reads: without tags, with entities resolved. A byte order mark, any line ends, missing
    cue numbers, cue settings, notes and style sheets are accepted. A file without cues is valid; `lint` reports cues
    that overlap or are out of order.

    Raises:
        NotSubtitles: a cue has no valid times; the message has the line number.
    """
    lines = data.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    blocks = _blocks(lines)
    if is_webvtt(data):
        next(blocks)
        return [_cue(block, _vtt_text) for block in blocks if not is_note(block.lines[0])]
    return [_cue(block, _srt_text) for block in blocks]


def is_webvtt(data: str) -> bool:
    """Whether a file is WebVTT, by its first line."""
    return _WEBVTT.match(data.removeprefix("\ufeff")) is not None


def is_note(line: str) -> bool:
    """Whether the block of WebVTT that begins with a line is no cue."""
    return _NOT_CUES.match(line) is not None


def _blocks(lines: list[str]) -> Iterator[_Block]:
    block: list[str] = []
    for number, line in enumerate([*lines, ""], start=1):
        if line.strip():
            block.append(line)
        elif block:
            yield _Block(number - len(block), block)
            block = []


def _cue(block: _Block, plain_text: Callable[[str], str]) -> Cue:
    numbered = int("-->" not in block.lines[0] and len(block.lines) > 1)
    timing = _TIMING.fullmatch(block.lines[numbered].lstrip())
    if timing is None:
        raise NotSubtitles(
            f"Line {block.number + numbered} is not the time of a cue: {block.lines[numbered][:60]!r}.",
            hint="Sayso reads SubRip and WebVTT, with times such as 00:00:01,500 --> 00:00:03,000.",
        )
    texts = (plain_text(line).strip() for line in block.lines[numbered + 1 :])
    return Cue(
        start_ms=_milliseconds(*timing.groups()[:4]),
        end_ms=_milliseconds(*timing.groups()[4:]),
        lines=tuple(text for text in texts if text),
    )


def _milliseconds(hours: str | None, minutes: str, seconds: str, fraction: str) -> int:
    return ((int(hours or 0) * 60 + int(minutes)) * 60 + int(seconds)) * 1000 + int(fraction)


def _vtt_text(line: str) -> str:
    return html.unescape(_NO_CHARACTER.sub("&amp;", _without_tags(line, _VTT_TAG)))


def _srt_text(line: str) -> str:
    return _SRT_GUARD.sub(r"\1", _without_tags(line, _SRT_TAG))


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
