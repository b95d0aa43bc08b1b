"""Advanced SubStation Alpha with karaoke tags: each word changes colour as it is spoken.

After the specification of ASS v4.00+ (http://www.tcax.org/docs/ass-specs.htm). Times are centiseconds there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sayso.types import Cue

_HEADER = """\
[Script Info]
ScriptType: v4.00+
PlayResX: 1920
PlayResY: 1080
WrapStyle: 2
ScaledBorderAndShadow: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, \
Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, \
MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,64,&H0000FFFF,&H00FFFFFF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,1,3,1,2,96,96,64,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
"""White text that turns yellow; a player scales it from 1920 x 1080 to the picture."""

_SPECIAL = re.compile(r"[{}]|\\")
_WORD_JOINER = "\u2060"


def render_ass(cues: Iterable[Cue]) -> str:
    r"""The cues as an ASS script; cues without word times show their lines at once.

    The ``\k`` lengths of a cue are differences of rounded times, so that they sum to its length and do not drift.
    """
    return _HEADER + "".join(_dialogue(cue) for cue in cues)


def _dialogue(cue: Cue) -> str:
    start, end = cue.start_ms // 10, cue.end_ms // 10
    text = "".join(_syllables(cue, start, end)) if cue.words else r"\N".join(map(_escaped, cue.lines))
    return f"Dialogue: 0,{_stamp(start)},{_stamp(end)},Default,,0,0,0,,{text}\n"


def _syllables(cue: Cue, start: int, end: int) -> Iterator[str]:
    """A syllable for each word, from its first sound to its last, and an empty one for each silence between words."""
    reached, line = start, 0
    for number, word in enumerate(cue.words):
        separator = r"\N" if word.line != line else "" if word.joined or number == 0 else " "
        begins = min(max(word.start_ms // 10, reached), end)
        stops = end if number == len(cue.words) - 1 else min(max(word.end_ms // 10, begins), end)
        silence = f"{{\\k{begins - reached}}}" if begins > reached else ""
        yield f"{silence}{separator}{{\\k{stops - begins}}}{_escaped(word.text)}"
        reached, line = stops, word.line


def _stamp(centiseconds: int) -> str:
    seconds, fraction = divmod(centiseconds, 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}.{fraction:02}"


def _escaped(text: str) -> str:
    r"""Braces as ``\{``; a word joiner separates a backslash from a letter that would make it a command (``\N``)."""
    return _SPECIAL.sub(lambda match: f"\\{_WORD_JOINER}" if match[0] == "\\" else f"\\{match[0]}", text)
