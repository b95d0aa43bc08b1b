"""Words that are one thing to a reader: a number and what it counts, the parts of a name."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"[^\W\d_]{0,3}[$€£¥]?\d[\d.,:/\u00a0\u202f]*")
_ENDS_NAME = frozenset({"jr", "sr", "ii", "iii", "iv", "vi", "vii", "viii", "xii", "xiv", "xvi", "esq", "phd"})
_COUNTED_WORDS = """
    hundred thousand million billion trillion percent per cent mille million millions milliard milliards mil millones
    millón milhões mila milioni miliardi
    a.m p.m am pm bc ad heures h min s ms km m cm mm mi ft in kg g mg lb lbs oz l ml kb mb gb tb hz khz mhz ghz w kw kwh
    v °c °f % € $ £ °
"""
_COUNTED = frozenset(_COUNTED_WORDS.split())
_NAMES_ARE_CAPITALISED = frozenset({"en", "fr", "es", "it", "pt"})
"""Where a word with a capital within a sentence is a name; in German it is any noun."""


def is_number_with_next(before: str, after: str) -> bool:
    """Whether ``before`` is a number and ``after`` goes on with it or says what it counts: 3 million, 06 12, 10 kg."""
    if not _NUMBER.fullmatch(before):
        return False
    return after.casefold() in _COUNTED or _NUMBER.fullmatch(after) is not None


def is_name_with_next(before: str, after: str, language: str) -> bool:
    """Whether two neighbours within a sentence are parts of one name: Martin Luther, King Jr, Louis XIV."""
    if not before[:1].isupper() or not after[:1].isupper():
        return False
    return after.casefold() in _ENDS_NAME or (
        language in _NAMES_ARE_CAPITALISED and before[1:].islower() and after[1:].islower()
    )
