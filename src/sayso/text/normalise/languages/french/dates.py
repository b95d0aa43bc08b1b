"""French dates, times of day, and numbers that are said like them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.dates import numeric_dates
from sayso.text.normalise.grammar import WORD_END, alternatives, listed
from sayso.text.normalise.languages.french import tables
from sayso.text.normalise.rules import Rule, parts, rule, whole
from sayso.text.normalise.words import word_before

if TYPE_CHECKING:
    from sayso.text.normalise.numbers import Speller
    from sayso.text.normalise.rules import Reading, Words

_MONTH = alternatives(tables.MONTHS)
_HOUR = r"(?P<hour>[01]?\d|2[0-4])"


def dates(speller: Speller) -> tuple[Rule, ...]:
    """The rules for "25/12/2024", "le 17/06", "17.06" alone, "1 mai", and "les 17/18/19 mars"."""

    def say_day(day: int) -> Words:
        return speller.ordinal(1) if day == 1 else speller.cardinal(str(day))

    def say_date(day: int, month: int, year: int) -> Words:
        return (*say_day(day), tables.MONTH_NAMES[month - 1], *speller.cardinal(str(year)))

    def read_first(match: re.Match[str]) -> Reading:
        return whole(match, say_day(1))

    def read_days(match: re.Match[str]) -> Reading:
        days = _DIGITS.findall(match[0])
        if not all(1 <= int(day) <= _LONGEST_MONTH for day in days):
            return None
        return whole(match, [word for day in days for word in say_day(int(day))])

    def read_without_year(match: re.Match[str]) -> Reading:
        day, month = int(match["day"]), int(match["month"])
        alone = match["mark"] == "." and len(match[0]) == len(match.string.strip())
        known = alone or word_before(match).lower() in _BEFORE_DATE
        if not known or not (1 <= day <= _LONGEST_MONTH and 1 <= month <= len(tables.MONTH_NAMES)):
            return None
        return whole(match, (*say_day(day), tables.MONTH_NAMES[month - 1]))

    return (
        *numeric_dates(say_date, month_first=False),
        rule(rf"1(?= (?:{_MONTH}){WORD_END})", read_first),
        rule(rf"\d{{1,2}}(?:/\d{{1,2}}){{1,3}}(?= (?:{_MONTH}){WORD_END})", read_days),
        rule(rf"\d{{1,2}}(?:-\d{{1,2}}){{2,3}}(?= (?:{_MONTH}){WORD_END})", read_days),
        rule(
            rf"(?P<day>\d{{1,2}})(?P<mark>[/.])(?P<month>0[1-9]|1[0-2]){WORD_END}(?![/.,]\d| ?[€$£%])",
            read_without_year,
        ),
    )


_DIGITS = re.compile(r"\d+")
_LONGEST_MONTH = 31
_BEFORE_DATE = listed("le au du dès depuis lundi mardi mercredi jeudi vendredi samedi dimanche")


def measures(speller: Speller) -> tuple[Rule, ...]:
    """The rules for "24h/24", "7j/7", "1m80" and "les 80s"."""

    def read_always(match: re.Match[str]) -> Reading:
        hours = match["unit"] == "h"
        number = speller.cardinal(match["number"], feminine=hours)
        return whole(match, (*number, "heures" if hours else "jours", "sur", *speller.cardinal(match["number"])))

    def read_height(match: re.Match[str]) -> Reading:
        metre = "mètre" if match["metres"] == "1" else "mètres"
        said = speller.cardinal(match["centimetres"])
        return parts(match, ("metres", speller.cardinal(match["metres"])), ("mark", (metre,)), ("centimetres", said))

    def read_decade(match: re.Match[str]) -> Reading:
        return whole(match, (_DECADES[match["decade"]],))

    return (
        rule(rf"(?P<number>24|7) ?(?P<unit>[hj]) ?/ ?(?P=number){WORD_END}", read_always),
        rule(rf"(?P<metres>\d{{1,2}}) ?(?P<mark>m) ?(?P<centimetres>\d\d){WORD_END}(?![.,]\d| ?[€%])", read_height),
        rule(rf"(?P<decade>[5-9]0)['’]?s{WORD_END}", read_decade),
    )


# As French speakers say them.
_DECADES = {"50": "fifties", "60": "sixties", "70": "seventies", "80": "eighties", "90": "nineties"}


def times(speller: Speller) -> tuple[Rule, ...]:
    """The rules for "17h30", "9 h" and "10:30"."""

    def say(digits: str, one: str, many: str) -> tuple[Words, str]:
        value = str(int(digits))
        return speller.cardinal(value, feminine=True), one if value in {"0", "1"} else many

    def read_hours(match: re.Match[str]) -> Reading:
        number, hours = say(match["hour"], "heure", "heures")
        minutes = say(match["minute"], "", "")[0] if match["minute"] and int(match["minute"]) else ()
        if not minutes:
            # "17h00": the zeros belong to the hour.
            return parts(match, ("hour", number), ("mark", (hours,)), ("minute", ()))
        return parts(match, ("hour", number), ("mark", (hours,)), ("minute", minutes))

    def read_clock(match: re.Match[str]) -> Reading:
        number, hours = say(match["hour"], "heure", "heures")
        said = [*number, hours]
        if int(match["minute"]):
            said += say(match["minute"], "", "")[0]
        if match["second"]:
            seconds, unit = say(match["second"], "seconde", "secondes")
            said += ("et", *seconds, unit)
        return whole(match, said)

    minute = r"(?P<minute>[0-5]\d)"
    return (
        rule(rf"{_HOUR} ?(?P<mark>[hH])(?: ?{minute}(?!\d| ?[€$%]))?{WORD_END}", read_hours),
        rule(rf"{_HOUR}:{minute}(?::(?P<second>[0-5]\d))?(?![:\d]){WORD_END}", read_clock),
    )
