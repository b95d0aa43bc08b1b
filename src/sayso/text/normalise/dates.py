"""Rules for numeric dates, shared by the languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import WORD_END
from sayso.text.normalise.rules import rule, whole

if TYPE_CHECKING:
    import re
    from collections.abc import Callable

    from sayso.text.normalise.rules import Reading, Rule, Words

_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def numeric_dates(
    say_date: Callable[[int, int, int], Words],
    *,
    month_first: bool,
    say_other_order: Callable[[int, int, int], Words] | None = None,
) -> tuple[Rule, ...]:
    """The rules for "2024-12-25" and "2016/07/03", and for "25/12/2024" or "12/25/2024".

    Args:
        say_date: returns the words of a day, month and year.
        month_first: which of the two orders is tried first; if it gives no valid date, the other one is used.
        say_other_order: returns the words of a date in the order that is tried second; by default as `say_date`.
    """

    def read_iso(match: re.Match[str]) -> Reading:
        year, month, day = (int(match[name]) for name in ("year", "month", "day"))
        return whole(match, say_date(day, month, year)) if _is_date(day, month) else None

    def read(match: re.Match[str]) -> Reading:
        first, second, year = (int(match[name]) for name in ("first", "second", "year"))
        orders = [(second, first), (first, second)] if month_first else [(first, second), (second, first)]
        for say, (day, month) in zip((say_date, say_other_order or say_date), orders, strict=True):
            if _is_date(day, month):
                return whole(match, say(day, month, _full_year(year)))
        return None

    end = rf"{WORD_END}(?![-/.]\d)"
    year = r"(?P<year>[12]\d{3})"
    figures = r"(?P<first>\d{1,2})(?P<mark>[/.-])(?P<second>\d{1,2})(?P=mark)"
    return (
        rule(rf"{year}(?P<mark>[-/.])(?P<month>\d\d)(?P=mark)(?P<day>\d\d)(?:{end}|(?=T\d))", read_iso),
        rule(rf"{figures}{year}{end}", read),
        rule(rf"(?P<first>\d{{1,2}})/(?P<second>\d{{1,2}})/(?P<year>\d\d){end}", read),
    )


def _is_date(day: int, month: int) -> bool:
    return 1 <= month <= len(_DAYS) and 1 <= day <= _DAYS[month - 1]


def _full_year(year: int) -> int:
    """The full year of two digits, 1950 to 2049."""
    if year >= 100:
        return year
    return year + (2000 if year < 50 else 1900)
