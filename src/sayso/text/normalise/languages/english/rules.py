"""English: its numbers, dates and times, and its rules in order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.addresses import phone_numbers
from sayso.text.normalise.books import number_rules, sign_rules, word_rules
from sayso.text.normalise.dates import numeric_dates
from sayso.text.normalise.grammar import WORD_END, Grammar, alternatives
from sayso.text.normalise.languages.english import tables
from sayso.text.normalise.numbers import Speller
from sayso.text.normalise.rules import Rule, RuleBook, parts, rule, whole
from sayso.text.normalise.words import sign_chars, word_before

if TYPE_CHECKING:
    from sayso.text.normalise.rules import Reading, Words

_NUMBER = r"(?:\d{1,3}(?:,\d{3}){1,6}|\d{1,18})(?!\d)(?:\.\d{1,18}(?!\d))?"
_HALF_DAY = r"(?P<half>[ap]\.m\.|[AP]\.M\.|[ap]m|[AP]M)"
_MONTH = alternatives(tables.MONTHS)
_BEFORE_DAY = re.compile(rf"(?<![^\W_])(?:{_MONTH})\.? $")

# Groups of digits in North American, British and international numbers.
_PHONES = (
    r"(?:(?:\+?1[-. ]?)?\(?\d{3}\)?[-. ]{1,2}\d{3}[-. ]\d{4}"
    r"|555-\d{4}"
    r"|0\d{2,4}[ -]\d{3,4}[ -]?\d{3,4}"
    r"|\+(?=(?:[-. ()]{0,2}\d){8,15}(?![-. ]?\d))\d{1,3}(?:[-. ()]{0,2}\d{1,4}){2,6})"
)


def english(language: str) -> RuleBook:
    """The rules of English for the region of ``language``."""
    grammar = english_grammar(language)
    speller = grammar.speller
    american = language == "en-us"
    phone = phone_numbers(_PHONES, speller.digits, "plus")
    short_decade, decade = _decades(speller)
    return RuleBook(
        words=word_rules(grammar),
        numbers=number_rules(
            grammar,
            early=(*_dates(speller, american=american), *_times(speller), phone, short_decade, decade),
            late=(_ordinals(speller), _years(speller)),
        ),
        signs=sign_rules(grammar, own=(phone, short_decade)),
        sign_chars=sign_chars(grammar) + "'’",
        prefixes=grammar.prefixes,
    )


def english_grammar(language: str) -> Grammar:
    """The tables of English."""
    return Grammar(
        speller=Speller(language),
        number=_NUMBER,
        split_number=_split_number,
        say_decimals=Speller.digits,
        is_one=lambda digits, decimals: digits == "1" and not decimals,
        point="point",
        dot="point",
        per="per",
        part_of=("of", "a"),
        fraction_last=False,
        of_millions=lambda currency: tuple(currency.split()),
        units=tables.UNITS,
        currencies=tables.CURRENCIES,
        scales=tables.SCALES,
        fractions=tables.FRACTIONS,
        prefixes=tables.PREFIXES,
        between_numbers=tables.BETWEEN_NUMBERS,
        signs=tables.SIGNS,
        abbreviations=tables.ABBREVIATIONS,
        acronyms=tables.ACRONYMS,
        initialisms=tables.INITIALISMS,
        short_words=tables.SHORT_WORDS,
        numbered=tables.NUMBERED,
        rulers=tables.RULERS,
        first_ruler=re.compile(r"(?:King|Queen|Pope|Emperor|Empress|Tsar|Czar|Kaiser)\s\w+ I\b|I of "),
        rank=lambda speller, value: ("the", *speller.ordinal(value)),
        url_signs=tables.URL_SIGNS,
    )


def _split_number(number: str) -> tuple[str, str]:
    digits, _, decimals = number.partition(".")
    return digits, decimals


def _dates(speller: Speller, *, american: bool) -> tuple[Rule, ...]:
    def say_date(day: int, month: int, year: int) -> Words:
        name = tables.MONTH_NAMES[month - 1]
        said = speller.ordinal(day)
        date = (name, *said) if american else ("the", *said, "of", name)
        return (*date, *speller.year(year))

    def read_day_before(match: re.Match[str]) -> Reading:
        the = () if word_before(match).lower() == "the" else ("the",)
        of = () if match["of"] else ("of",)
        return whole(match, (*the, *speller.ordinal(int(match["day"])), *of)) if _is_day(match["day"]) else None

    def read_day_after(match: re.Match[str]) -> Reading:
        near = match.string[max(0, match.start() - 12) : match.start()]
        if not _is_day(match["day"]) or not _BEFORE_DAY.search(near):
            return None
        return whole(match, (*(() if american else ("the",)), *speller.ordinal(int(match["day"]))))

    day = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
    return (
        *numeric_dates(say_date, month_first=american),
        rule(rf"{day}(?=(?P<of> of)? (?:{_MONTH}){WORD_END})", read_day_before),
        rule(rf"{day}{WORD_END}(?![:.,/]\d)", read_day_after),
    )


def _is_day(digits: str) -> bool:
    return 1 <= int(digits) <= 31


def _times(speller: Speller) -> tuple[Rule, ...]:
    def letters(match: re.Match[str]) -> Words:
        return tuple((match["half"] or "").replace(".", "").upper())

    def read_clock(match: re.Match[str]) -> Reading:
        hour, minute = str(int(match["hour"])), match["minute"]
        said = [*speller.cardinal(hour)]
        if minute != "00":
            said += ("oh", *speller.cardinal(minute[1])) if minute[0] == "0" else speller.cardinal(minute)
        elif not match["half"] and not match["second"]:
            said.append("o'clock" if 1 <= int(hour) <= 12 else "hundred")
        if match["second"]:
            seconds = str(int(match["second"]))
            said += ("and", *speller.cardinal(seconds), "second" if seconds == "1" else "seconds")
        return parts(match, ("clock", said), ("half", letters(match)))

    def read_hour(match: re.Match[str]) -> Reading:
        return parts(match, ("hour", speller.cardinal(str(int(match["hour"])))), ("half", letters(match)))

    clock = r"(?P<clock>(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d))?)(?![:\d])"
    return (
        rule(rf"{clock}(?: ?{_HALF_DAY})?{WORD_END}", read_clock),
        rule(rf"(?P<hour>1[0-2]|0?[1-9]) ?{_HALF_DAY}{WORD_END}", read_hour),
    )


def _ordinals(speller: Speller) -> Rule:
    def read(match: re.Match[str]) -> Reading:
        return whole(match, speller.ordinal(int(match["number"].replace(",", ""))))

    return rule(rf"(?P<number>\d{{1,3}}(?:,\d{{3}}){{1,4}}|\d{{1,15}})(?:st|nd|rd|th){WORD_END}", read)


def _years(speller: Speller) -> Rule:
    """The rule for four figures that are most likely a year: "1984"."""
    return rule(
        rf"(?:1[1-9]\d\d|20\d\d){WORD_END}(?![,.]\d)",
        lambda match: whole(match, speller.year(int(match[0]))),
    )


def _decades(speller: Speller) -> tuple[Rule, Rule]:
    """The rules for "'90s" and "80s", and for "1990s"."""

    def read_short(match: re.Match[str]) -> Reading:
        return whole(match, _plural(speller.cardinal(match["decade"])))

    def read_long(match: re.Match[str]) -> Reading:
        return whole(match, _plural(speller.year(int(match["decade"]))))

    return (
        rule(rf"(?:['’](?=\d)|(?=[2-9]))(?P<decade>[1-9]0)['’]?s{WORD_END}", read_short),
        rule(rf"(?P<decade>1[1-9]\d0|20\d0)['’]?s{WORD_END}", read_long),
    )


def _plural(said: Words) -> Words:
    last = said[-1]
    return (*said[:-1], f"{last[:-1]}ies" if last.endswith("y") else f"{last}s")
