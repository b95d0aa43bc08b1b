"""Where the lines of a paragraph are units of their own: chat, screenplays, dialogue, verse, and hard breaks."""

from __future__ import annotations

import re
from itertools import pairwise

_LINE = re.compile(r"[^\n]*\n?")
# "ANNA: Hello", "<anna> hello", "[12:30] Anna: hello".
_TIME = r"\[?\d{1,2}[:.h]\d\d(?::\d\d)?\]?[ \t]{0,3}(?:[-–][ \t]{0,3})?"
_SPEAKER = re.compile(
    rf"[ \t]{{0,8}}(?:{_TIME}[\w.-]{{1,24}} ?:|(?:{_TIME})?"
    r"(?:<[^<>\n]{1,32}>|[A-ZÀ-Þ][\w.’'()-]{0,24}(?: [\w.’'()-]{1,24}){0,3} ?:))(?=\s)"
)
_DIALOGUE = re.compile(r"[ \t]{0,8}[—–―-][ \t]")
_HARD_BREAK = re.compile(r"(?: {2}|\\)\r?\n$")
_OPENING = " \t\"'“”‘’«»([—–-"
_LONGEST_VERSE = 64
_LONGEST_CAPITALS = 60
_FEWEST_VERSES = 3
_MOST_IN_LOWER_CASE = 0.2  # of the lines of a poem


def line_ends(text: str) -> list[int]:
    """The offsets, each after a line break, at which a line of a paragraph ends that is not continued by the next one.

    Args:
        text: one paragraph, or a piece of it.
    """
    lines = [match for match in _LINE.finditer(text) if match[0].strip()]
    if len(lines) < 2:
        return []
    verse = _is_verse([line[0].strip() for line in lines])
    ends = []
    for line, following in pairwise(lines):
        speaks = _SPEAKER.match(following[0]) or _DIALOGUE.match(following[0])
        capitals = _is_capitals(line[0]) or _is_capitals(following[0])
        if verse or speaks or capitals or _HARD_BREAK.search(line[0]):
            ends.append(line.end())
    return ends


def _is_verse(lines: list[str]) -> bool:
    """Whether short lines begin with capitals, as prose that is wrapped does not."""
    if len(lines) < _FEWEST_VERSES or max(map(len, lines)) > _LONGEST_VERSE:
        return False
    lower = sum(line.lstrip(_OPENING)[:1].islower() for line in lines)
    return lower <= len(lines) * _MOST_IN_LOWER_CASE


def _is_capitals(line: str) -> bool:
    """Whether a line is in capitals: the heading of a scene, or the name of a speaker."""
    shown = line.strip()
    return shown.isupper() and 1 < len(shown) <= _LONGEST_CAPITALS and sum(map(str.isalpha, shown)) > 1
