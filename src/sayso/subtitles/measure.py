"""The width of a text on the screen and the time to read it.

The compiler and the lint both use these functions, so that they cannot disagree.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.subtitles.style import Style

_INVISIBLE = frozenset({"Mn", "Me", "Cf"})
"""Categories of zero width: accents, enclosing marks, joiners and direction marks."""


@lru_cache(maxsize=4096)
def _columns_of(character: str) -> int:
    if unicodedata.category(character) in _INVISIBLE:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def columns(text: str) -> int:
    """The width of a line: 2 for a wide East Asian character or emoji, 0 for a mark on another one, else 1.

    Counting a wide character twice (Unicode Standard Annex 11) lets one limit serve every script: the 42 columns
    and 20 a second of an English subtitle are 21 and 10 in Chinese, where the trade's own limits are 16 and 9.
    Columns add up: the width of a whole is the sum of the widths of its parts.
    """
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def reading_columns(lines: Sequence[str]) -> int:
    """The columns to read: those of all lines; a line break counts nothing."""
    return sum(map(columns, lines))


def reading_ms(width: int, style: Style) -> int:
    """The shortest time, in milliseconds, in which ``width`` columns can be read in this style."""
    return -(-width * 1000 // style.max_columns_per_second)
