"""SubRip, which every player reads. UTF-8, line feeds, a blank line after each cue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.subtitles.formats.clock import clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sayso.types import Cue

_MARKUP = re.compile(r"<(?=[/a-zA-Z])|\{(?=\\)|-(?=->)")
_WORD_JOINER = "\u2060"


def render_srt(cues: Iterable[Cue]) -> str:
    r"""The cues as a SubRip file.

    SubRip has no escapes. If the text contains what a player takes for a tag or an arrow ("<b>", "{\an8}",
    "-->"), an invisible word joiner is inserted, and `parse_subtitles` removes it again.
    """
    return "".join(_block(number, cue) for number, cue in enumerate(cues, start=1))


def _block(number: int, cue: Cue) -> str:
    start, end = (clock(time, decimal_mark=",") for time in (cue.start_ms, cue.end_ms))
    lines = "".join(_MARKUP.sub(rf"\g<0>{_WORD_JOINER}", line) + "\n" for line in cue.lines)
    return f"{number}\n{start} --> {end}\n{lines}\n"
