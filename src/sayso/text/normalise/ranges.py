"""The rule for a dash between two numbers: a range, a subtraction, a result, or digits in groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sayso.text.normalise.rules import parts, rule

if TYPE_CHECKING:
    from sayso.text.normalise.grammar import Grammar
    from sayso.text.normalise.rules import Reading, Rule

_BEFORE = re.compile(
    r"(?P<number>\d(?:[\d.,:]{0,23}\d)?)(?P<unit>(?<=0)['’]?s| ?(?:%|‰|°[CF]?|[$€£¥]|"
    r"[ap]\.?m\.?|[AP]\.?M\.?|h(?:\d\d)?))?$"
)
_AFTER = re.compile(r"(?P<unit>[$€£¥']?)(?P<number>\d(?:[\d.,:]{0,23}\d)?)")
_TIGHT_BEFORE = re.compile(r"(?<![^\s,;()])[^\s,;()]*+$")
_TIGHT_AFTER = re.compile(r"[^\s,;()]*")
_EQUALS = re.compile(r" ?=")
_PAIR_BEFORE = re.compile(r"(?<!\d)(\d{1,3})[-–](\d{1,3})(?:, |; | and | et )$")
_PAIR_AFTER = re.compile(r"(?:, |; | and | et )(\d{1,3})[-–](\d{1,3})(?!\d)")
_YEARS = range(1000, 2100)
_LARGEST_SCORE = 40
_LARGEST_TOGETHER = 20  # a result with a larger number is "110 to 98": without the word they would run together


class _Sides(NamedTuple):
    """The numbers on both sides of a dash."""

    before: re.Match[str]
    after: re.Match[str]
    spaced: bool
    """Whether the dash has spaces around it."""

    @property
    def plain(self) -> bool:
        """Whether both are digits alone."""
        return self.before[0].isdecimal() and self.after[0].isdecimal()

    @property
    def measured(self) -> bool:
        """Whether the first has a unit, or both are times or prices: these are a range even with spaces."""
        both_times = ":" in self.before["number"] and ":" in self.after["number"]
        return bool(self.before["unit"]) or both_times or bool(self.after["unit"])


def dashes(grammar: Grammar) -> Rule:
    """The rule for a dash between numbers.

    - a range: "10–12", "10-12", "9 a.m.–5 p.m.", "10:30-11:45", "1960-80", "5%–10%";
    - a subtraction, where an equals sign is near: "1-2=5", "5 - 3 = 2";
    - a result: "won 6-4, 3-6, 7-5", without a word between the numbers, and "won 110-98", with it;
    - digits in groups, with more than one dash or with letters: "1-800-GO", "b-c-1-5".
    """
    unit_after = re.compile(rf"\d(?:[\d.,]{{0,23}}\d)? ?(?:{grammar.unit_pattern})(?![^\W_])")

    def read(match: re.Match[str]) -> Reading:
        sides = _sides(match)
        if sides is None:
            return None
        first_start = match.start() - sides.spaced - len(sides.before[0])
        last_end = match.end() + sides.spaced + len(sides.after[0])
        if _EQUALS.match(match.string, last_end) or match.string[first_start - 1 : first_start] == "=":
            return parts(match, ("sign", grammar.between_numbers["−"].split()))
        is_range = sides.measured if sides.spaced else _is_range(match, sides, grammar, unit_after)
        near = match.string[max(0, first_start - 12) : first_start]
        among = grammar.between is not None and grammar.between.search(near)
        word = grammar.and_word if among else grammar.between_numbers["-"]
        return parts(match, ("sign", word.split())) if is_range else None

    return rule(r"(?P<sign>[-–—])", read)


def _sides(match: re.Match[str]) -> _Sides | None:
    text, start, end = match.string, match.start(), match.end()
    before = text[max(0, start - 28) : start]
    after = text[end : end + 28]
    spaced = before.endswith(" ") and after.startswith(" ")
    left = _BEFORE.search(before.removesuffix(" ") if spaced else before)
    right = _AFTER.match(after.removeprefix(" ") if spaced else after)
    return _Sides(left, right, spaced) if left and right else None


def _is_range(match: re.Match[str], sides: _Sides, grammar: Grammar, unit_after: re.Pattern[str]) -> bool:
    text, start, end = match.string, match.start(), match.end()
    chain_before = _TIGHT_BEFORE.search(text[max(0, start - 28) : start])
    chain_after = _TIGHT_AFTER.match(text[end : end + 28])
    if (chain_before and set("-–—") & set(chain_before[0])) or (chain_after and set("-–—") & set(chain_after[0])):
        return False  # digits in groups
    if not sides.plain:
        return True
    first, second = int(sides.before["number"]), int(sides.after["number"])
    if _is_result(text, start, end, grammar):
        return max(first, second) > _LARGEST_TOGETHER
    if first < second:
        return True
    if first in _YEARS and len(sides.after["number"]) == 2 and first % 100 < second:
        return True
    with_unit = unit_after.match(text, end) is not None
    return with_unit or (match["sign"] == "–" and first > _LARGEST_SCORE)


def _is_result(text: str, start: int, end: int, grammar: Grammar) -> bool:
    """Whether the numbers are those of a game: after a word for it, or in a row with a falling pair."""
    if grammar.scores and grammar.scores.search(text[max(0, start - 48) : start].rstrip("0123456789")):
        return True
    before = _PAIR_BEFORE.search(text[max(0, start - 20) : start].rstrip("0123456789"))
    digits = _AFTER.match(text, end)
    after = _PAIR_AFTER.match(text, digits.end()) if digits else None
    return any(int(pair[1]) > int(pair[2]) for pair in (before, after) if pair)
