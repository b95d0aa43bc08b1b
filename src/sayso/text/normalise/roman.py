"""The rule for Roman numerals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import LETTER, WORD_END
from sayso.text.normalise.numbers import roman_value
from sayso.text.normalise.rules import rule, whole
from sayso.text.normalise.words import word_before

if TYPE_CHECKING:
    from sayso.text.normalise.grammar import Grammar
    from sayso.text.normalise.rules import Reading, Rule

_LONE_ROMAN = re.compile(r"[IVX]{2,}|[IVXLCDM]{5,}")
_SMALL_ROMAN = re.compile(r"[IVX]+")
_HEADING_WORD = re.compile(
    r"(?:Introduction|Background|Methods?|Results?|Discussion|Conclusions?|Summary|Overview|Prologue|Epilogue|General|"
    r"Définitions?|Definitions?|Contexte|Méthodes?|Résultats?|Généralités|The|Les?|La|Des?|Du|[A-ZÉÈÀ]{3,})\b"
)


def roman_numerals(grammar: Grammar) -> Rule:
    """The rule for Roman numerals where nothing else can be meant: "Chapter IV", "Henry VIII", "XXI"."""

    def read(match: re.Match[str]) -> Reading:
        value = roman_value(match[0])
        if value is None:
            return None
        before = word_before(match)
        if before.lower() in grammar.numbered or _follows_short_form(match, grammar):
            return whole(match, grammar.speller.cardinal(str(value)))
        if before in grammar.rulers and (match[0] != "I" or grammar.first_ruler.search(_near(match))):
            return whole(match, grammar.rank(grammar.speller, value))
        # Alone, only a numeral that is not a word, a size or initials.
        alone = _LONE_ROMAN.fullmatch(match[0]) and match[0] not in {"IV", "XX", "XXX"}
        named = before[:1].isupper() and len(match[0]) > 1 and _SMALL_ROMAN.fullmatch(match[0])
        heading = match.start() == 0 and _is_heading(match)
        return whole(match, grammar.speller.cardinal(str(value))) if alone or named or heading else None

    return rule(rf"[IVXLCDM]{{1,15}}{WORD_END}(?!['’-]{LETTER})", read, "IVXLCDM")


def _follows_short_form(match: re.Match[str], grammar: Grammar) -> bool:
    """Whether the word before is short for one that is numbered: "cap. IV"."""
    before = match.string[max(0, match.start() - 16) : match.start()].rstrip(" ").rpartition(" ")[2]
    meant = grammar.abbreviations.get(before, ()) if before.endswith(".") else ()
    return any(each.words.rpartition(" ")[2] in grammar.numbered for each in meant)


def _is_heading(match: re.Match[str]) -> bool:
    """Whether a numeral at the beginning is a heading's number; other single letters are initials ("V. Hugo")."""
    if not match.string.startswith(". ", match.end()):
        return False
    after = match.string[match.end() + 2 : match.end() + 34]
    return len(match[0]) > 1 or (match[0] in {"I", "V", "X"} and _HEADING_WORD.match(after) is not None)


def _near(match: re.Match[str]) -> str:
    """A Roman numeral with some text on both sides."""
    return match.string[max(0, match.start() - 48) : match.end() + 12]
