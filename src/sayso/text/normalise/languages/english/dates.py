"""English dates, years, decades, and years with an era."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.dates import numeric_dates
from sayso.text.normalise.grammar import WORD_END, alternatives, listed
from sayso.text.normalise.languages.english import tables
from sayso.text.normalise.rules import Rule, parts, rule, whole
from sayso.text.normalise.words import word_before

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sayso.text.normalise.numbers import Speller
    from sayso.text.normalise.rules import Reading, Words

_SHORT = {short.lower(): name for short, number in tables.MONTHS.items() for name in (tables.MONTH_NAMES[number - 1],)}
_MONTH = rf"(?i:{alternatives(_SHORT)})"
# In lower case these are words; a month needs a year beside it.
_INITIALS_OF_MONTHS = "JFMASONDjfmasond"
_WORDS = listed("may march mar sun sat dec jan")
_BEFORE_DAY = re.compile(rf"(?<![^\W_])({_MONTH})\.?[ -]$")
_DAY_BEFORE = re.compile(r"(?<![\d.,])(?:[12]?\d|3[01])(?:st|nd|rd|th)?(?: of)?[ -]$")
_DAY_AFTER = re.compile(r"\.?[ -](?:[12]?\d|3[01])(?:st|nd|rd|th)?(?![^\W_])(?![:.,/]\d)")
_YEAR_AFTER = re.compile(r"(?:st|nd|rd|th)?,? \d{4}(?!\d)")
_DECADE_AFTER = re.compile(r",? (?:and|or|to) (?:the )?\d0s")
_SECONDS_BEFORE = listed("a an for in within after every wait takes took about than of another to")
_DAY_NAMES = "Mon|Tue|Tues|Wed|Thu|Thur|Thurs|Fri|Sat|Sun"
_WEEKDAYS = {
    "Mon": "Monday", "Tue": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Fri": "Friday", "Sat": "Saturday",
    "Sun": "Sunday",
}  # fmt: skip
_BEFORE_DATE = listed("on since until by from dated before after")
_BEFORE_EARLY_YEAR = re.compile(
    r"(?<![^\W_])(?i:in|since|until|before|after|year|(?:conquest|battle) of|(?:older|earlier|later) than) $"
)
_ERA = r"(?:A\.?D|B\.?C\.?E|B\.?C|C\.?E)"


def dates(speller: Speller, *, american: bool) -> tuple[Rule, ...]:
    """The rules for dates.

    "12/25/2024", "2016/07/03", "Jan-15-2020", "on 06/17", and the day of "3 May", "june 30", "the 3rd of May".
    """

    def say_day_first(day: int, month: int, year: int) -> Words:
        return ("the", *speller.ordinal(day), "of", tables.MONTH_NAMES[month - 1], *speller.year(year))

    def say_month_first(day: int, month: int, year: int) -> Words:
        return (tables.MONTH_NAMES[month - 1], *speller.ordinal(day), *speller.year(year))

    def read_day_before(match: re.Match[str]) -> Reading:
        if not _is_day(match["day"]) or _is_word(match["month"], match, match.end("month")):
            return None
        the = () if word_before(match).lower() == "the" else ("the",)
        of = () if match["of"] else ("of",)
        return whole(match, (*the, *speller.ordinal(int(match["day"])), *of))

    def read_day_after(match: re.Match[str]) -> Reading:
        before = _BEFORE_DAY.search(match.string[max(0, match.start() - 12) : match.start()])
        if not _is_day(match["day"]) or not before or _is_word(before[1], match, match.end()):
            return None
        return whole(match, (*(() if american else ("the",)), *speller.ordinal(int(match["day"]))))

    def read_named(match: re.Match[str]) -> Reading:
        month = tables.MONTH_NAMES.index(_SHORT[match["month"].lower()]) + 1
        say = say_month_first if match.start("month") == match.start() and american else say_day_first
        return whole(match, say(int(match["day"]), month, int(match["year"]))) if _is_day(match["day"]) else None

    day = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
    year = r"(?P<year>[12]\d{3})(?![^\W_])"
    return (
        *numeric_dates(
            say_month_first if american else say_day_first, month_first=american, say_other_order=say_day_first
        ),
        rule(rf"{day}[-/](?P<month>{_MONTH})[-/]{year}", read_named),
        _dates_without_year(speller, american=american),
        rule(rf"{day}(?=(?P<of> of)? (?P<month>{_MONTH}){WORD_END})", read_day_before),
        rule(rf"{day}{WORD_END}(?![:.,/]\d)", read_day_after),
    )


def _dates_without_year(speller: Speller, *, american: bool) -> Rule:
    """The rule for "on 06/17"."""

    def read(match: re.Match[str]) -> Reading:
        if word_before(match).lower() not in _BEFORE_DATE:
            return None
        first, second = int(match["first"]), int(match["second"])
        month, day = (first, second) if american else (second, first)
        if not (1 <= month <= len(tables.MONTH_NAMES) and 1 <= day <= _LONGEST_MONTH):
            return None
        name = tables.MONTH_NAMES[month - 1]
        said = speller.ordinal(day)
        return whole(match, (name, *said) if american else ("the", *said, "of", name))

    figures = r"(?P<first>\d{1,2})/(?P<second>\d{1,2})(?![\d/]|\.\d)"
    return rule(rf"(?=\d/\d\d|\d\d/\d){figures}{WORD_END}", read)


_LONGEST_MONTH = 31


def named_months(speller: Speller, *, american: bool) -> tuple[Rule, ...]:
    """The rules for "Jan-15-2020", and for a short month in any case beside a day: "JAN. 15", "25 jul"."""

    def read_date(match: re.Match[str]) -> Reading:
        if not _is_day(match["day"]):
            return None
        said = (() if american else ("the",), speller.ordinal(int(match["day"])), speller.year(int(match["year"])))
        return whole(match, (_SHORT[match["month"].lower()], *said[0], *said[1], *said[2]))

    def read(match: re.Match[str]) -> Reading:
        text, start, end = match.string, match.start(), match.end()
        near = text[max(0, start - 9) : start]
        if not (_DAY_AFTER.match(text, end - match[0].endswith(".")) or _DAY_BEFORE.search(near)):
            return None
        return whole(match, (_SHORT[match["month"].lower()],))

    def read_days(match: re.Match[str]) -> Reading:
        first, last = _WEEKDAYS[match["first"][:3]], _WEEKDAYS[match["last"][:3]]
        return parts(match, ("first", (first,)), ("dash", ("to",)), ("last", (last,)))

    shorts = alternatives({short: name for short, name in _SHORT.items() if len(short) <= len("sept")})
    return (
        rule(
            rf"(?P<month>{_MONTH})[-/](?P<day>\d{{1,2}})[-/](?P<year>[12]\d{{3}}){WORD_END}",
            read_date,
            _INITIALS_OF_MONTHS,
        ),
        rule(rf"(?P<first>{_DAY_NAMES})(?P<dash>[-–])(?P<last>{_DAY_NAMES}){WORD_END}", read_days, "MTWFS"),
        rule(rf"(?P<month>(?i:{shorts}))(?<!may)(?<!May)(?<!MAY)(?:\.|{WORD_END})", read, _INITIALS_OF_MONTHS),
    )


_DAY_OR_MONTH = rf"(?:(?:{_DAY_NAMES})(?:\.|[a-z]{{3,6}})?|{_MONTH}\.?)"
_NAME_BEFORE_DASH = re.compile(rf"(?<![^\W_]){_DAY_OR_MONTH}$")


def days_in_row(to: str) -> Rule:
    """The rule for the dash of "Mon.–Fri." and "May–June"."""

    def read(match: re.Match[str]) -> Reading:
        near = match.string[max(0, match.start() - 12) : match.start()]
        return whole(match, (to,)) if _NAME_BEFORE_DASH.search(near) else None

    return rule(rf"[-–](?={_DAY_OR_MONTH}(?![^\W_]))", read)


def _is_word(month: str, match: re.Match[str], end: int) -> bool:
    """Whether the name of a month in lower case is rather a word: "you may 5 times"."""
    return month in _WORDS and not _YEAR_AFTER.match(match.string, end)


def _is_day(digits: str) -> bool:
    return 1 <= int(digits) <= _LONGEST_MONTH


def years(speller: Speller, units: Iterable[str]) -> tuple[Rule, ...]:
    """The rules for "1984" and for "340 A.D.", which has an era; "1980-1970 kg" are amounts."""

    def read_era(match: re.Match[str]) -> Reading:
        return whole(match, _say_year(speller, int(match["year"])))

    def read(match: re.Match[str]) -> Reading:
        return None if amount.match(match.string, match.end()) else whole(match, speller.year(int(match[0])))

    amount = re.compile(rf"[-–]\d{{1,5}} ?(?:{alternatives(dict.fromkeys(units))})(?![^\W_])")

    def read_early(match: re.Match[str]) -> Reading:
        near = match.string[max(0, match.start() - 16) : match.start()]
        return read_era(match) if _BEFORE_EARLY_YEAR.search(near) else None

    return (
        rule(rf"(?P<year>\d{{3}})(?= {_ERA}\b)", read_era),
        rule(rf"(?P<year>10[1-9]\d){WORD_END}(?![,.]\d|[-–:/%]| [a-z]{{2,24}}s\b| [A-Z]?\d)", read_early),
        rule(rf"(?:1[1-9]\d\d|20\d\d){WORD_END}(?![,.]\d)", read),
    )


def _say_year(speller: Speller, year: int) -> Words:
    hundreds, rest = divmod(year, 100)
    if not rest:
        return speller.cardinal(str(year))
    oh = ("oh",) if rest < len("0123456789") else ()
    return (*speller.cardinal(str(hundreds)), *oh, *speller.cardinal(str(rest)))


def decades(speller: Speller) -> tuple[Rule, Rule, Rule]:
    """The rules for "'90s" and "80s", for "1990s" and "the 1980 s", and for "2Q22"; "wait 30s" are seconds."""

    def read_short(match: re.Match[str]) -> Reading:
        seconds = match[0].isascii() and match[0][0].isdecimal() and "'" not in match[0]
        listed_ones = _DECADE_AFTER.match(match.string, match.end())
        if seconds and not listed_ones and word_before(match).lower() in _SECONDS_BEFORE:
            return None
        return whole(match, plural(speller.cardinal(match["decade"])))

    def read_long(match: re.Match[str]) -> Reading:
        return whole(match, plural(speller.year(int(match["decade"]))))

    def read_quarter(match: re.Match[str]) -> Reading:
        year = match["year"]
        said = speller.cardinal(year) if len(year) == len("22") else speller.year(int(year))
        the = () if word_before(match).lower() == "the" else ("the",)
        return whole(match, (*the, *speller.ordinal(int(match["quarter"])), "quarter", "of", *said))

    return (
        rule(rf"(?:['’](?=\d)|(?=[2-9]))(?P<decade>[1-9]0)['’]?s{WORD_END}", read_short),
        rule(rf"(?P<decade>1[1-9]\d0|20\d0)[ '’]?s{WORD_END}(?!['’])", read_long),
        rule(rf"(?P<quarter>[1-4])Q ?(?P<year>\d\d(?:\d\d)?){WORD_END}", read_quarter),
    )


def plural(said: Words) -> Words:
    """The plural of a number in words: "nineties"."""
    last = said[-1]
    if last.endswith("x"):
        return (*said[:-1], f"{last}es")
    return (*said[:-1], f"{last[:-1]}ies" if last.endswith("y") else f"{last}s")
