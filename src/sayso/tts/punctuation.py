"""Which of the marks around a word an engine hears, in one way of writing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_WRITTEN_AS: Mapping[str, str] = {
    "«": "“", "»": "”", "„": "“", "‟": "“", "‹": "“", "›": "”", "–": "—", "―": "—", "[": "(", "]": ")", "{": "(",
    "}": ")", "。": ".", "、": ",", "，": ",", "！": "!", "？": "?", "：": ":", "；": ";", "؟": "?", "،": ",",
    "؛": ";", "।": ".", "‽": "?",
}  # fmt: skip
_PROSODIC = frozenset(';:,.!?—…"()“”')


def to_prosody(punctuation: str) -> str:
    """The marks that decide pauses and melody, written as in English; all others are left out.

    What is returned holds only ``; : , . ! ? — … " ( ) “ ”``.
    """
    marks = punctuation.replace("...", "…")
    marks = "".join(_WRITTEN_AS.get(mark, mark) for mark in marks)
    return "".join(mark for mark in marks if mark in _PROSODIC)
