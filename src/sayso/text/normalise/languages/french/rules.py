"""French: its numbers, dates and times, and its rules in order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.addresses import phone_numbers
from sayso.text.normalise.books import number_rules, sign_rules, word_rules
from sayso.text.normalise.dates import numeric_dates
from sayso.text.normalise.grammar import WORD_END, Grammar, alternatives
from sayso.text.normalise.languages.french import tables
from sayso.text.normalise.numbers import Speller, roman_value
from sayso.text.normalise.rules import Rule, RuleBook, parts, rule, whole
from sayso.text.normalise.words import sign_chars

if TYPE_CHECKING:
    from sayso.text.normalise.rules import Reading, Words

# Thousands separated by a space or a dot; decimals after a comma, or after a dot unless three digits follow.
_NUMBER = r"(?:\d{1,3}(?:[ .]\d{3}(?!\d)){1,6}|\d{1,18})(?!\d)(?:,\d{1,18}(?!\d)|\.(?:\d{1,2}|\d{4,18})(?!\d))?"
_MONTH = alternatives(tables.MONTHS)
_ELISION = re.compile(r"((?i:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu))['’](?=[^\W_])")
_PHONE = r"(?:\+33 ?(?:\(0\) ?)?|0)\d(?:[ .-]?\d\d){4}"
_FOREIGN_PHONE = r"\+(?=(?:[-. ()]{0,2}\d){8,15}(?![-. ]?\d))\d{1,3}(?:[-. ()]{0,2}\d{1,4}){2,6}"
_HOUR = r"(?P<hour>[01]?\d|2[0-4])"
_VOWELS = tuple("aeiouéèê")


def french(language: str) -> RuleBook:
    """The rules of French for the region of ``language``."""
    grammar = french_grammar(language)
    speller = grammar.speller
    phone, foreign_phone = (
        phone_numbers(pattern, lambda digits: _pairs(speller, digits), "plus") for pattern in (_PHONE, _FOREIGN_PHONE)
    )
    return RuleBook(
        words=word_rules(grammar, own=(_roman_ordinals(speller),)),
        numbers=number_rules(grammar, early=(phone, *_dates(speller), *_times(speller)), late=_ordinals(speller)),
        signs=sign_rules(grammar, own=(phone, foreign_phone)),
        sign_chars=sign_chars(grammar),
        prefixes=grammar.prefixes,
        elision=_ELISION,
    )


def french_grammar(language: str) -> Grammar:
    """The tables of French."""
    return Grammar(
        speller=Speller(language),
        number=_NUMBER,
        split_number=_split_number,
        say_decimals=_say_decimals,
        is_one=lambda digits, _decimals: digits in {"0", "1"},  # singular below two: "1,5 litre"
        point="virgule",
        dot="point",
        per="par",
        part_of=("de",),
        fraction_last=True,
        of_millions=_of_millions,
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
        first_ruler=re.compile(r""),
        rank=lambda speller, value: speller.ordinal(1) if value == 1 else speller.cardinal(str(value)),
        url_signs=tables.URL_SIGNS,
    )


def _split_number(number: str) -> tuple[str, str]:
    if "," in number:
        digits, _, decimals = number.partition(",")
        return digits, decimals
    digits, _, decimals = number.rpartition(".")
    return (number, "") if not digits or len(decimals) == 3 else (digits, decimals)


def _say_decimals(speller: Speller, decimals: str) -> Words:
    """A number if it is short ("virgule quatorze"), with its leading zeros one by one."""
    if len(decimals) > 3:
        return speller.digits(decimals)
    number = decimals.lstrip("0")
    zeros = decimals[: len(decimals) - len(number)]
    return (*(speller.digits(zeros) if zeros else ()), *(speller.cardinal(number) if number else ()))


def _of_millions(currency: str) -> Words:
    first, *rest = currency.split()
    return (f"d'{first}", *rest) if first.startswith(_VOWELS) else ("de", first, *rest)


def _pairs(speller: Speller, digits: str) -> Words:
    """The digits of a telephone number two by two; the country code and an odd digit come first."""
    if digits.startswith("33") and len(digits) == 11:
        return (*speller.cardinal("33"), *_pairs(speller, digits[2:]))
    odd = len(digits) % 2
    groups = [digits[:odd]] * odd + [digits[at : at + 2] for at in range(odd, len(digits), 2)]
    return tuple(word for group in groups for word in speller.cardinal(group))


def _dates(speller: Speller) -> tuple[Rule, ...]:
    def say_day(day: int) -> Words:
        return speller.ordinal(1) if day == 1 else speller.cardinal(str(day))

    def say_date(day: int, month: int, year: int) -> Words:
        return (*say_day(day), tables.MONTH_NAMES[month - 1], *speller.cardinal(str(year)))

    def read_first(match: re.Match[str]) -> Reading:
        return whole(match, say_day(1))

    return (
        *numeric_dates(say_date, month_first=False),
        rule(rf"1(?= (?:{_MONTH}){WORD_END})", read_first),
    )


def _times(speller: Speller) -> tuple[Rule, ...]:
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


def _ordinals(speller: Speller) -> tuple[Rule, ...]:
    def read_first(match: re.Match[str]) -> Reading:
        said = speller.ordinal(1, feminine=match["ending"] != "er")
        return whole(match, _plural(said) if match["plural"] else said)

    def read_second(match: re.Match[str]) -> Reading:
        return whole(match, ("seconde" if match["ending"] == "nde" else "second",))

    def read(match: re.Match[str]) -> Reading:
        said = speller.ordinal(int(match["number"]))
        return whole(match, _plural(said) if match["plural"] else said)

    return (
        rule(rf"1(?P<ending>er|re|ère)(?P<plural>s)?{WORD_END}", read_first),
        rule(rf"2(?P<ending>nde?){WORD_END}", read_second),
        rule(rf"(?P<number>\d{{1,12}})(?:ième|ème|e|ᵉ)(?P<plural>s)?{WORD_END}", read),
    )


def _plural(said: Words) -> Words:
    return (*said[:-1], said[-1] + "s")


def _roman_ordinals(speller: Speller) -> Rule:
    """The rule for "XIXe siècle" and "Ier": single letters other than I, V and X would be words ("Le", "Ce")."""

    def read(match: re.Match[str]) -> Reading:
        value = roman_value(match["number"])
        if value is None or (value == 1) != (match["ending"] in {"er", "re", "ère"}):
            return None
        return whole(match, speller.ordinal(value, feminine=match["ending"] != "er"))

    return rule(rf"(?P<number>[IVX]|[IVXLCDM]{{2,12}})(?P<ending>er|re|ère|ème|e|ᵉ){WORD_END}", read)
