"""Italian: its grammar and its times of day."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import Grammar, listed
from sayso.text.normalise.languages.italian import numbers, tables
from sayso.text.normalise.languages.romance.language import Romance
from sayso.text.normalise.languages.romance.rules import NUMBER, rule_book, split_number
from sayso.text.normalise.languages.romance.speller import RomanceSpeller
from sayso.text.normalise.languages.romance.units import unit_raiser, units_of

if TYPE_CHECKING:
    from sayso.text.normalise.numbers import Speller
    from sayso.text.normalise.rules import RuleBook, Words

_ELISION = re.compile(
    r"((?i:l|un|c|d|m|t|s|v|n|gl|dell|nell|sull|dall|all|coll|quell|quest|bell|sant|tutt|mezz|quarant|trent|cent))"
    r"['’](?=[^\W_])"
)
_FEMININE = re.compile(r"(?:a|zione|sione|gione|tà|tù|trice)$")
_NOON = 12
_EVENING = 6


def italian(language: str) -> RuleBook:
    """The rules of Italian."""
    speller = RomanceSpeller(language, spell=numbers.cardinal, spell_ordinal=numbers.ordinal, agree=numbers.agree)
    return rule_book(
        Romance(
            grammar=_grammar(speller),
            speller=speller,
            months=tables.MONTHS,
            short_months=tables.SHORT_MONTHS,
            of="",
            first_day=("primo",),
            say_time=_say_time,
            before_time=frozenset({"alle", "ore", "dalle", "le"}),
            dayparts=_daypart,
            ordinal_marks={"º": False, "ª": True, "ᵒ": False, "ᵃ": True},
            before_ordinal=listed("il lo del al dal nel sul è era ogni un arrivato classificato"),
            short_ordinal={},
            century=frozenset({"secolo", "sec"}),
            not_nouns=tables.NOT_NOUNS,
            feminine_noun=lambda noun: (
                noun not in tables.MASCULINE and (_FEMININE.search(noun) is not None or noun in tables.FEMININE)
            ),
            phone=r"(?:\+(?=(?:[-. ()]{0,2}\d){8,15}(?![-. ]?\d))\d{1,3}(?:[-. ()]{0,2}\d{1,4}){2,6}"
            r"|3\d{2}[- ]\d{6,7}|3\d{2} \d{3} \d{4}|0\d{1,3}[-/ ]\d{5,8})",
            plus="più",
            minutes="minuti",
            elision=_ELISION,
        )
    )


def _grammar(speller: Speller) -> Grammar:
    return Grammar(
        speller=speller,
        number=NUMBER,
        split_number=split_number,
        say_decimals=_say_decimals,
        is_one=lambda digits, decimals: digits == "1" and not decimals,
        point="virgola",
        dot="punto",
        per="al",
        part_of=("di",),
        fraction_last=False,
        of_millions=lambda currency: ("di", *currency.split()),
        before_cents=("e",),
        units=units_of("it"),
        per_units=tables.PER_UNITS,
        currencies=tables.CURRENCIES,
        scales=tables.SCALES,
        fractions={},
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
        rank=lambda speller, value: speller.ordinal(value),
        url_signs=tables.URL_SIGNS,
        raise_unit=_raise_unit,
        exponent=_exponent,
        times_ten=("per", "dieci"),
        relations=tables.RELATIONS,
        version="versione",
        fraction=lambda _speller, top, bottom: numbers.fraction(top, bottom),
    )


def _say_decimals(speller: Speller, decimals: str) -> Words:
    """A number if it is short ("virgola quattordici"), with its leading zeros one by one."""
    if len(decimals) > 3:
        return speller.digits(decimals)
    number = decimals.lstrip("0")
    zeros = decimals[: len(decimals) - len(number)]
    return (*speller.digits(zeros), *(speller.cardinal(number) if number else ()))


_raise_unit = unit_raiser(square="quadrat", cube="cub", to_the="alla", masculine=("o", "i"), feminine=("a", "e"))


def _exponent(speller: Speller, sign: str, digits: str) -> Words:
    if digits in {"2", "3"} and not sign:
        return ("al", "quadrato") if digits == "2" else ("al", "cubo")
    said = speller.cardinal(digits) if digits.isdecimal() else (digits,)
    return ("alla", *(("meno",) if sign else ()), *said)


def _say_time(hour: int, minute: int | None, second: int | None) -> Words:
    said = ("una",) if hour == 1 else numbers.cardinal(hour)
    if minute:
        said = (*said, "e", *({15: ("un", "quarto"), 30: ("mezza",)}.get(minute) or numbers.cardinal(minute)))
    if second:
        said = (*said, "e", *numbers.agree(numbers.cardinal(second), False), "secondo" if second == 1 else "secondi")  # noqa: FBT003
    return said


def _daypart(hour: int, mark: str) -> str:
    if hour == _NOON:
        return "" if mark == "pm" else "di notte"
    if mark == "am":
        return "di mattina"
    return "di sera" if _EVENING <= hour < _NOON else "di pomeriggio"
