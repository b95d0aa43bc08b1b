"""WebVTT, which browsers read (https://www.w3.org/TR/webvtt1/)."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from sayso.subtitles.formats.clock import clock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sayso.types import Cue, CueWord

_HEADER = "WEBVTT\n\n"
_MARKED_HEADER = "WEBVTT\n\nSTYLE\n::cue(c:future) { color: #a0a0a0; }\n\n"
"""With word marks: words that have not been spoken yet are grey. Only text inside a tag has a past and a future."""


def render_vtt(cues: Iterable[Cue], *, word_marks: bool = False) -> str:
    """The cues as a WebVTT file; with ``word_marks``, a time stamp before each word that starts inside its cue."""
    blocks = (_block(cue, word_marks=word_marks) for cue in cues)
    return (_MARKED_HEADER if word_marks else _HEADER) + "".join(blocks)


def _block(cue: Cue, *, word_marks: bool) -> str:
    lines = _marked_lines(cue) if word_marks and cue.words else map(_escaped, cue.lines)
    text = "".join(f"{line}\n" for line in lines)
    return f"{_stamp(cue.start_ms)} --> {_stamp(cue.end_ms)}\n{text}\n"


def _marked_lines(cue: Cue) -> Iterator[str]:
    marked_until = cue.start_ms
    for _, words in groupby(cue.words, key=_line):
        line = ""
        for word in words:
            line += " " if line and not word.joined else ""
            if marked_until < word.start_ms < cue.end_ms:  # the standard's rule for time stamps inside a cue
                line += f"<{_stamp(word.start_ms)}>"
                marked_until = word.start_ms
            line += f"<c>{_escaped(word.text)}</c>"
        yield line


def _line(word: CueWord) -> int:
    return word.line


def _stamp(milliseconds: int) -> str:
    return clock(milliseconds, decimal_mark=".")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
