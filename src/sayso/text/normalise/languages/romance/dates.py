"""Dates and times of day in Spanish, Italian and Portuguese."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.dates import numeric_dates
from sayso.text.normalise.grammar import WORD_END, alternatives
from sayso.text.normalise.rules import Rule, rule, whole
from sayso.text.normalise.words import word_before

if TYPE_CHECKING:
    from sayso.text.normalise.languages.romance.language import Romance
    from sayso.text.normalise.rules import Reading, Words

_LAST_DAY = 31
_DAY_BEFORE = re.compile(r"(?<!\d)\d{1,2} (?:de )?$")


def dates(language: Romance) -> tuple[Rule, ...]:
    """The rules for "12/05/2024", "8 marzo" and "5 de febrero de 1990"."""
    of = (language.of,) if language.of else ()
    month = rf"(?i:{alternatives(dict.fromkeys(language.months))}|(?:{alternatives(language.short_months)})\b\.?)"

    def say_date(day: int, month: int, year: int) -> Words:
        return (*_say_day(language, day), *of, language.months[month - 1], *of, *language.speller.year(year))

    def read_day(match: re.Match[str]) -> Reading:
        day = int(match["day"])
        return whole(match, (*_say_day(language, day), *(() if match["of"] else of))) if 1 <= day <= _LAST_DAY else None

    def read_year(match: re.Match[str]) -> Reading:
        is_year = of and word_before(match).lower() in language.months
        return whole(match, (*of, *language.speller.year(int(match[0])))) if is_year else None

    return (
        *numeric_dates(say_date, month_first=False),
        rule(rf"(?P<day>\d{{1,2}})[°º]?(?= (?P<of>(?:de )?){month}{WORD_END})", read_day),
        rule(rf"[12]\d{{3}}{WORD_END}", read_year),
    )


def named_months(language: Romance) -> tuple[Rule, ...]:
    """The rule for a short month beside a day: "5 feb. 2024", "abr. 22"."""

    def read(match: re.Match[str]) -> Reading:
        after_day = _DAY_BEFORE.search(match.string[max(0, match.start() - 8) : match.start()])
        if not after_day and not match.string[match.end() : match.end() + 2].strip()[:1].isdecimal():
            return None
        name = match["month"].lower()
        return whole(match, (language.months[language.short_months[name] - 1],)) if after_day or match["mark"] else None

    return (rule(rf"(?i:(?P<month>{alternatives(language.short_months)}))\b(?P<mark>\.?){WORD_END}", read),)


def _say_day(language: Romance, day: int) -> Words:
    return language.first_day if day == 1 else language.speller.cardinal(str(day))


def times(language: Romance) -> tuple[Rule, ...]:
    """The rules for "10:30", "10:30:05", "15h30", "5.30 p.m." and "5 pm"."""

    def read(match: re.Match[str]) -> Reading:
        found = match.groupdict()
        hour = int(match["hour"])
        minute, second = (int(found[name]) if found.get(name) else None for name in ("minute", "second"))
        said = language.say_time(hour, minute, second)
        if language.minutes and match["hour"].startswith("0") and not second and (minute or 0) % 15 > 1:
            said = (*said, language.minutes)
        if found.get("part"):
            mark = match["part"].replace(".", "").replace(" ", "").lower()
            said = (*said, *language.dayparts(hour, mark).split())
        return whole(match, said)

    def read_after_word(match: re.Match[str]) -> Reading:
        return read(match) if word_before(match).lower() in language.before_time else None

    hour = r"(?P<hour>[01]?\d|2[0-4])"
    minute = r"(?P<minute>[0-5]\d)"
    part = r"(?P<part>[ap]\. ?m\.?|[ap]m|[AP]\. ?M\.?|[AP]M)"
    hours = r"(?: ?(?:hs?|hrs?|horas|ore)\b\.?)"
    return (
        rule(rf"{hour}:{minute}(?::(?P<second>[0-5]\d))?(?![:\d])(?:{hours}| ?{part})?{WORD_END}", read),
        rule(rf"{hour}[hH]{minute}(?:m(?P<second>[0-5]\d)s|min|m)?(?: ?{part})?{WORD_END}", read),
        rule(rf"{hour}(?:\.{minute})? ?{part}{WORD_END}", read),
        rule(rf"{hour}\.{minute}{hours}{WORD_END}", read),
        rule(rf"{hour}\.{minute}{WORD_END}(?!\.?\d| ?[%€$£])", read_after_word),
    )
