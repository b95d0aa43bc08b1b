"""What differs between Spanish, Italian and Portuguese, besides the tables of their `Grammar`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Mapping

    from sayso.text.normalise.grammar import Grammar
    from sayso.text.normalise.languages.romance.speller import RomanceSpeller
    from sayso.text.normalise.rules import Words


@dataclass(frozen=True, kw_only=True)
class Romance:
    """A Romance language.

    Attributes:
        grammar: its tables.
        speller: of the grammar.
        months: the names of the months.
        short_months: their short forms, with numbers from 1.
        of: the word between day, month and year ("de"), or "".
        first_day: the words of the first day of a month.
        say_time: the words of a time of day: hour, minutes and seconds, the latter None where they are not written.
        before_time: words before a time of day that is written with a point ("alle 15.30"), in lower case.
        dayparts: what "a.m." and the like mean after a time.
        ordinal_marks: the endings of an ordinal in figures; the value is whether it is feminine.
        before_ordinal: words before an ordinal that is typed with the sign of degrees ("il 2° piano"), in lower case.
        short_ordinal: the ordinal before a masculine noun ("primer"), by the long one.
        century: the words for a century, before or after its Roman numeral, which is an ordinal then.
        not_nouns: words after a number that it does not count, in lower case.
        feminine_noun: whether a noun is feminine.
        phone: the pattern of telephone numbers.
        minutes: the word after the minutes of a clock that shows "03:38", or "".
        plus: the word for the plus of an international number.
        elision: see `RuleBook.elision`.
    """

    grammar: Grammar
    speller: RomanceSpeller
    months: tuple[str, ...]
    short_months: Mapping[str, int]
    of: str
    first_day: Words
    say_time: Callable[[int, int | None, int | None], Words]
    before_time: frozenset[str]
    dayparts: Callable[[int, str], str]
    ordinal_marks: Mapping[str, bool]
    before_ordinal: frozenset[str]
    short_ordinal: Mapping[str, str]
    century: frozenset[str]
    not_nouns: frozenset[str]
    feminine_noun: Callable[[str], bool]
    phone: str
    plus: str
    minutes: str = ""
    elision: re.Pattern[str] | None = None
