"""The punctuation around a word that affects prosody, in one notation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.text import as_dashes

if TYPE_CHECKING:
    from collections.abc import Mapping

_WRITTEN_AS: Mapping[str, str] = {
    "«": "“", "»": "”", "„": "“", "‟": "“", "‹": "“", "›": "”", "–": "—", "―": "—", "[": "(", "]": ")", "{": "(",
    "}": ")", "。": ".", "、": ",", "，": ",", "！": "!", "？": "?", "：": ":", "；": ";", "؟": "?", "،": ",",
    "؛": ";", "।": ".", "‽": "?",
}  # fmt: skip
PROSODIC = frozenset(';:,.!?—…"()“”')
"""The marks that decide pauses and intonation."""


def to_prosody(punctuation: str) -> str:
    """The marks that are among `PROSODIC`, or stand for one of them; all others are left out."""
    marks = as_dashes(punctuation).replace("...", "…")
    marks = "".join(_WRITTEN_AS.get(mark, mark) for mark in marks)
    return "".join(mark for mark in marks if mark in PROSODIC)
