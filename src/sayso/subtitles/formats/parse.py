"""Read SubRip, WebVTT and TTML files of any origin, with remarks on what is not of the format.

Nothing is lost silently.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput, NotSubtitles, NotText
from sayso.files import decode_text
from sayso.subtitles.formats.parse_srt import parse_srt
from sayso.subtitles.formats.parse_ttml import is_ttml, parse_ttml
from sayso.subtitles.formats.parse_webvtt import parse_careless_webvtt, parse_webvtt
from sayso.subtitles.formats.subtitle_file import BYTE_ORDER_MARK, FileFormat, Remark, SubtitleFile, lines_of

if TYPE_CHECKING:
    from sayso.types import Cue

_WEBVTT = re.compile(r"WEBVTT(?:[ \t\r\n]|\Z)")
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""The longer ones first: the mark of UTF-32 begins with that of UTF-16."""
_DECLARED = re.compile(rb"""\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,40})["']""")
_ENCODING_HINT = "Name the encoding that it is in, for example: --encoding windows-1252"
_HINT = "Sayso reads SubRip, WebVTT and TTML, the first two with times such as 00:00:01,500 --> 00:00:03,000."


def decode_subtitles(data: bytes, name: str, *, encoding: str | None = None) -> str:
    """The text of a subtitle file: UTF-8, UTF-16 or UTF-32 with a byte order mark, or what XML says that it is in.

    Args:
        data: the file's content.
        name: of the file, for messages.
        encoding: that it is in, if it is another, such as ``windows-1252`` or ``gb2312``.

    Raises:
        NotText: it is not in that encoding.
        InvalidInput: there is no such encoding.
    """
    for mark, marked in _MARKS.items():
        if encoding is None and data.startswith(mark):
            return _decoded(data, name, marked)
    if encoding is None:
        encoding = _declared(data)
    if encoding is not None:
        text = _decoded(data, name, encoding)
        if "\0" in text and not text.startswith("WEBVTT"):
            raise NotText(f"{name} is not {encoding}: character {text.index(chr(0))} is NUL.", hint=_ENCODING_HINT)
        return text.replace("\0", "\ufffd")
    # NUL is no character of a text; of WebVTT, the standard makes this of it.
    try:
        return decode_text(data.replace(b"\0", b"\xef\xbf\xbd") if data.startswith(b"WEBVTT") else data, name)
    except NotText as error:
        raise NotText(error.message, hint=_ENCODING_HINT) from error


def _declared(data: bytes) -> str | None:
    """The encoding that XML says it is in; None for UTF-8, and for one in which it could not say so in these bytes."""
    found = _DECLARED.match(data)
    if found is None or found[1].lower() in {b"utf-8", b"utf8"}:
        return None
    name = found[1].decode("ascii")
    try:
        return name if found[0].decode(name) == found[0].decode("ascii") else None
    except UnicodeError:
        return None
    except (LookupError, ValueError):  # there is no such encoding, which is said where it is used
        return name


def _decoded(data: bytes, name: str, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        found = f"byte {error.start} is 0x{data[error.start]:02x}" if error.start < len(data) else error.reason
        raise NotText(f"{name} is not {encoding}: {found}.", hint=_ENCODING_HINT) from error
    except (LookupError, ValueError) as error:  # the codec raises its own, of which a program has no use
        raise InvalidInput(
            f"There is no encoding named {encoding[:60]!r}.",
            hint="Names are such as windows-1252, gb2312, shift_jis, utf-16-le.",
        ) from error


def format_of(content: str) -> FileFormat:
    """The format of a file, with or without a byte order mark; all that is not one of the others is read as SubRip."""
    content = content.removeprefix(BYTE_ORDER_MARK)
    if is_ttml(content):
        return "ttml"
    return "vtt" if _WEBVTT.match(content) else "srt"


def read_subtitles(data: str) -> SubtitleFile:
    """A SubRip, WebVTT or TTML file; its beginning says which of the last two it is. A file without cues is valid.

    Any line ends, a byte order mark, missing cue numbers, cue settings, notes and style sheets are of the formats.
    `lint` reports cues that overlap or are out of order.

    Raises:
        NotSubtitles: there is something in the file, and none of it is a cue; the message has a line number.
    """
    content = data.removeprefix(BYTE_ORDER_MARK)
    if format_of(content) == "ttml":
        return _ttml(content, mark=data[: len(data) - len(content)])
    lines = lines_of(content)
    texts = [line.text for line in lines]
    is_webvtt = format_of(content) == "vtt"
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


def _ttml(content: str, *, mark: str) -> SubtitleFile:
    cues, remarks = parse_ttml(content)
    ordered = tuple(sorted(remarks, key=_line))
    lost = next((remark for remark in ordered if remark.is_lost), None)
    if not cues and lost is not None:
        raise NotSubtitles(f"There is no cue, and in line {lost.line} {lost.message}.", hint=_HINT)
    return SubtitleFile(file_format="ttml", mark=mark, lines=(), cues=tuple(cues), remarks=ordered)


def _line(remark: Remark) -> int:
    return remark.line


def parse_subtitles(data: str) -> list[Cue]:
    """The cues of a SubRip, WebVTT or TTML file, in its order, as `read_subtitles` finds them.

    Raises:
        NotSubtitles: there is something in the file, and none of it is a cue.
    """
    return [found.cue for found in read_subtitles(data).cues]
