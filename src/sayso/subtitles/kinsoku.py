"""Kinsoku shori: which characters do not begin or end a line, in Japanese and wherever they occur.

After JIS X 4051 and "Requirements for Japanese Text Layout" of the W3C: closing marks, small kana, the long-vowel mark
and repetition marks do not begin a line; opening brackets do not end one. Between two characters that may be parted, a
Japanese line ends better where hiragana, which ends most phrases, gives way to kanji or katakana.
"""

from __future__ import annotations

import unicodedata

_NOT_FIRST = frozenset(
    "、。，．,.・：；:;？！?!‼⁇⁈⁉ー々〻ゝゞヽヾ゛゜％‰％℃°′″…‥）)〕］]｝}〉》」』】〙〗〟’”｠»‐゠–—〜～"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿ"
)
_NOT_LAST = frozenset("（(〔［[｛{〈《「『【〘〖〝‘“｟«￥＄￡№＃")
_UNPARTED = frozenset("…‥—―〳〴〵")  # two of these in a row are one mark

# The cost of a break between two wide characters of Japanese, in the unit of `passage.py`.
_AFTER_PHRASE = 20.0
_WITHIN_HIRAGANA = 40.0
_WITHIN_WORD = 60.0
_BEFORE_PARTICLE = 80.0


def may_break(before: str, after: str) -> bool:
    """Whether a line may end with ``before`` and the next begin with ``after``; neither is empty."""
    if before[-1] in _UNPARTED and after[0] == before[-1]:
        return False
    return after[0] not in _NOT_FIRST and before[-1] not in _NOT_LAST


def japanese_cost(before: str, after: str) -> float:
    """The cost of a break between two wide characters, where kinsoku allows one."""
    left, right = _script(before[-1]), _script(after[0])
    if right == "HIRAGANA":
        return _WITHIN_HIRAGANA if left == right else _BEFORE_PARTICLE
    if left == "HIRAGANA":
        return _AFTER_PHRASE
    return _WITHIN_WORD if left == right else _WITHIN_HIRAGANA


def _script(character: str) -> str:
    return unicodedata.name(character, "").split(" ", maxsplit=1)[0]
