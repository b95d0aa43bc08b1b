"""Read SubRip and WebVTT files of any origin, with remarks on what is not of the format: nothing is lost silently."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from sayso.errors import NotSubtitles
from sayso.files import decode_text
from sayso.subtitles.formats.parse_srt import parse_srt
from sayso.subtitles.formats.parse_webvtt import parse_careless_webvtt, parse_webvtt
from sayso.subtitles.formats.subtitle_file import BYTE_ORDER_MARK, Remark, SubtitleFile, lines_of

if TYPE_CHECKING:
    from sayso.types import Cue

_WEBVTT = re.compile(r"WEBVTT([ \t]|$)")
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""The longer ones first: the mark of UTF-32 begins with that of UTF-16."""
_HINT = "Sayso reads SubRip and WebVTT, with times such as 00:00:01,500 --> 00:00:03,000."


def decode_subtitles(data: bytes, name: str) -> str:
    """The text of a subtitle file: UTF-8, or UTF-16 or UTF-32 with a byte order mark.

    Raises:
        NotText: it is in none of them.
    """
    for mark, encoding in _MARKS.items():
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                break
    # NUL is no character of a text; of WebVTT, the standard makes this of it.
    return decode_text(data.replace(b"\0", b"\xef\xbf\xbd") if data.startswith(b"WEBVTT") else data, name)


def read_subtitles(data: str) -> SubtitleFile:
    """A SubRip or WebVTT file; it is WebVTT if its first line says so. A file without cues is valid.

    Any line ends, a byte order mark, missing cue numbers, cue settings, notes and style sheets are of the formats.
    `lint` reports cues that overlap or are out of order.

    Raises:
        NotSubtitles: there is something in the file, and none of it is a cue; the message has a line number.
    """
    content = data.removeprefix(BYTE_ORDER_MARK)
    lines = lines_of(content)
    texts = [line.text for line in lines]
    is_webvtt = bool(texts) and _WEBVTT.match(texts[0]) is not None
    cues, remarks = parse_webvtt(texts) if is_webvtt else parse_srt(texts)
    if is_webvtt and not cues and any(remark.is_lost for remark in remarks):
        cues, remarks = parse_careless_webvtt(texts)
    lost = next((remark for remark in remarks if remark.is_lost), None)
    if not cues and lost is not None:
        raise NotSubtitles(
            f"Line {lost.line} is not the time of a cue: {texts[lost.line - 1][:60]!r}.",
            hint=_HINT,
        )
    return SubtitleFile(
        file_format="vtt" if is_webvtt else "srt",
        mark=data[: len(data) - len(content)],
        lines=lines,
        cues=tuple(cues),
        remarks=tuple(sorted(remarks, key=_line)),
    )


def _line(remark: Remark) -> int:
    return remark.line


def parse_subtitles(data: str) -> list[Cue]:
    """The cues of a SubRip or WebVTT file, in its order, as `read_subtitles` finds them.

    Raises:
        NotSubtitles: there is something in the file, and none of it is a cue.
    """
    return [found.cue for found in read_subtitles(data).cues]
