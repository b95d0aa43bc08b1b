"""English: its numbers, dates and times, and its rules in order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.addresses import phone_numbers
from sayso.text.normalise.books import number_rules, sign_rules, word_rules
from sayso.text.normalise.grammar import WORD_END, Grammar, Unit
from sayso.text.normalise.languages.english import names, tables, units
from sayso.text.normalise.languages.english.dates import dates, days_in_row, decades, named_months, years
from sayso.text.normalise.languages.english.homographs import homographs
from sayso.text.normalise.languages.english.names import plural_numbers
from sayso.text.normalise.languages.english.places import house_numbers, places
from sayso.text.normalise.languages.english.times import times
from sayso.text.normalise.maths import functions
from sayso.text.normalise.measures import feet_and_inches
from sayso.text.normalise.numbers import Speller
from sayso.text.normalise.rules import Rule, RuleBook, rule, whole
from sayso.text.normalise.words import sign_chars

if TYPE_CHECKING:
    from sayso.text.normalise.rules import Reading, Words

_NUMBER = r"(?:(?:\d{1,3}(?:,\d{3}){1,11}|\d{1,18})(?!\d)(?:\.\d{1,18}(?!\d))?|(?<![^\W_])\.\d{1,18}(?!\d))"

# Groups of digits in North American, British and international numbers.
_PHONES = (
    r"(?:(?:\+?1[-. ]?)?\(?\d{3}(?:\)[-. ]{0,2}|[-. ]{1,2})\d{3}[-. ]\d{4}"
    r"|555-\d{4}"
    r"|0\d{2,4}[ -]\d{3,4}[ -]?\d{3,4}"
    r"|\+(?=(?:[-. ()]{0,2}\d){8,15}(?![-. ]?\d))\d{1,3}(?:[-. ()]{0,2}\d{1,4}){2,6})"
)


_FOOT = Unit("foot", "feet")
_INCH = Unit("inch", "inches")


def english(language: str) -> RuleBook:
    """The rules of English for the region of ``language``."""
    grammar = english_grammar(language)
    speller = grammar.speller
    american = language == "en-us"
    phone = phone_numbers(_PHONES, speller.digits, "plus")
    short_decade, decade, quarter = decades(speller)
    return RuleBook(
        words=word_rules(
            grammar,
            own=(homographs(american=american),),
            early=(functions("of"), *names.names_of_things(), *named_months(speller, american=american), *places()),
        ),
        numbers=number_rules(
            grammar,
            early=(
                *dates(speller, american=american),
                *times(speller),
                phone,
                *names.numbers_of_things(speller),
                short_decade,
                decade,
                quarter,
                *house_numbers(speller),
                *feet_and_inches(_FOOT, _INCH, grammar),
                *plural_numbers(speller),
            ),
            late=(_ordinals(speller), *years(speller, grammar.units)),
        ),
        signs=sign_rules(
            grammar, own=(phone, short_decade, names.dotted_names(), names.averages(speller), days_in_row("to"))
        ),
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
        units=units.UNITS,
        currencies=units.CURRENCIES,
        scales=units.SCALES,
        money_scales=units.MONEY_SCALES,
        per_units=units.PER_UNITS,
        fractions=units.FRACTIONS,
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
        raise_unit=_raise_unit,
        exponent=_exponent,
        times_ten=("times", "ten"),
        relations=tables.RELATIONS,
        scores=re.compile(
            r"\b(?i:won|wins?|beats?|lost|loses?|led|leads|drew|draws?|scores?|scored|victory|passed)"
            r"(?: (?!for |about |over |in |after |every )[^\s.!?]{1,20}){0,5} $"
        ),
        between=re.compile(r"(?<![^\W_])[Bb]etween $"),
        and_word="and",
        fraction=_fraction,
        before_attribute=re.compile(r"(?<![^\W_])[Aa]n? $"),
        silent_zero=True,
        physical_units=units.PHYSICAL_UNITS,
        by="by",
        slash="slash",
    )


def _split_number(number: str) -> tuple[str, str]:
    digits, _, decimals = number.partition(".")
    return digits, decimals


def _raise_unit(unit: Unit, exponent: int, divided: bool) -> Unit:  # noqa: FBT001 -- a callback
    """The name of a unit to a power: "square meter", but after "per" "second squared"."""
    if divided:
        power = {2: "squared", 3: "cubed"}.get(exponent, f"to the {exponent}")
        return Unit(f"{unit.one} {power}", f"{unit.many} {power}")
    if exponent not in _POWERS:
        return Unit(f"{unit.one} to the {exponent}", f"{unit.many} to the {exponent}")
    power = _POWERS[exponent]
    return Unit(f"{power} {unit.one}", f"{power} {unit.many}")


_POWERS = {2: "square", 3: "cubic"}


def _exponent(speller: Speller, sign: str, digits: str) -> Words:
    """The words after a base: "squared", "to the power of minus three"."""
    if digits in {"2", "3"} and not sign:
        return ("squared",) if digits == "2" else ("cubed",)
    said = speller.cardinal(digits) if digits.isdecimal() else (digits,)
    return ("to", "the", "power", "of", *(("minus",) if sign else ()), *said)


def _fraction(speller: Speller, top: int, bottom: int) -> tuple[Words, Words] | None:
    """The words of a fraction: "thirty-one thirty-seconds"; "24/7" and "50/50" are two numbers, 120/80 is "over"."""
    said, below = speller.cardinal(str(top)), speller.cardinal(str(bottom))
    if top == bottom and top in _FULL_MARKS:
        both = (*said, "out", "of", *below)
        return both, both
    if (top, bottom) in _NO_FRACTIONS or top == bottom or bottom < 2 or top == 0:
        both = (*said, *below)
        return both, both
    if bottom > _LARGEST_DENOMINATOR and bottom not in {1000, 10_000}:
        over = (*said, "over", *below)
        return over, over
    part = ("half",) if bottom == 2 else ("quarter",) if bottom == 4 else speller.ordinal(bottom)
    if bottom in {100, 1000} and part[0] == "one":
        part = part[1:]
    if top != 1:
        part = ("halves",) if bottom == 2 else (*part[:-1], f"{part[-1]}s")
    if top > bottom and bottom > _LARGEST_IMPROPER:
        over = (*said, "over", *below)
        return over, over
    return (*said, *part), ("and", *said, *part)


_NO_FRACTIONS = frozenset({(24, 7), (9, 11), (7, 11), (20, 20), (360, 365)})
_FULL_MARKS = frozenset({5, 10, 100})
_LARGEST_DENOMINATOR = 100
_LARGEST_IMPROPER = 9


def _ordinals(speller: Speller) -> Rule:
    def read(match: re.Match[str]) -> Reading:
        return whole(match, speller.ordinal(int(match["number"].replace(",", ""))))

    return rule(rf"(?P<number>\d{{1,3}}(?:,\d{{3}}){{1,4}}|\d{{1,15}})(?i:st|nd|rd|th){WORD_END}", read)
