"""Spanish: its grammar and its times of day."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import Grammar, listed
from sayso.text.normalise.languages.romance.language import Romance
from sayso.text.normalise.languages.romance.rules import NUMBER, rule_book, split_number
from sayso.text.normalise.languages.romance.speller import RomanceSpeller
from sayso.text.normalise.languages.romance.units import unit_raiser, units_of
from sayso.text.normalise.languages.spanish import numbers, tables

if TYPE_CHECKING:
    from sayso.text.normalise.numbers import Speller
    from sayso.text.normalise.rules import RuleBook, Words

_FEMININE = re.compile(r"(?:a|as|ción|sión|ciones|siones|dad|dades|tad|tades|tud|tudes|umbre|umbres)$")
_LAST_ORDINAL = 10
_NOON = 12
_NIGHT = 8


def spanish(language: str) -> RuleBook:
    """The rules of Spanish."""
    speller = RomanceSpeller(language, spell=numbers.cardinal, spell_ordinal=numbers.ordinal, agree=numbers.agree)
    return rule_book(
        Romance(
            grammar=_grammar(speller),
            speller=speller,
            months=tables.MONTHS,
            short_months=tables.SHORT_MONTHS,
            of="de",
            first_day=("uno",) if language == "es-es" else ("primero",),
            say_time=_say_time,
            before_time=frozenset({"las"}),
            dayparts=_daypart,
            ordinal_marks={
                **dict.fromkeys(("º", "ro", "do", "to", "mo", "vo", "no", "ᵉʳ", "er", "ᵒ"), False),
                **dict.fromkeys(("ª", "ra", "da", "ta", "ma", "va", "na", "ᵃ"), True),
            },
            before_ordinal=listed("el del al es un último este"),
            short_ordinal={
                "primero": "primer",
                "tercero": "tercer",
                "decimoprimero": "decimoprimer",
                "undécimo": "decimoprimer",
                "vigesimoprimero": "vigesimoprimer",
                "vigesimotercero": "vigesimotercer",
                "decimotercero": "decimotercer",
            },
            century=frozenset({"siglo", "siglos"}),
            not_nouns=tables.NOT_NOUNS,
            feminine_noun=_is_feminine,
            phone=r"(?:\+(?=(?:[-. ()]{0,2}\d){8,15}(?![-. ]?\d))\d{1,3}(?:[-. ()]{0,2}\d{1,4}){2,6}"
            r"|\(?\d{3}\)?[- ]\d{3}[- ]\d{4}|[6789]\d{2} \d{3} \d{3}(?! ?\d)|[6789]\d{2}(?: \d\d){3}|\d{3,4}-\d{4})",
            plus="más",
        )
    )


def _grammar(speller: Speller) -> Grammar:
    return Grammar(
        speller=speller,
        number=NUMBER,
        split_number=split_number,
        say_decimals=say_decimals,
        is_one=lambda digits, decimals: digits == "1" and not decimals,
        point="coma",
        dot="punto",
        per="por",
        part_of=("de",),
        fraction_last=False,
        of_millions=lambda currency: ("de", *currency.split()),
        before_cents=("y",),
        units=units_of("es"),
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
        rank=lambda speller, value: speller.ordinal(value) if value <= _LAST_ORDINAL else speller.cardinal(str(value)),
        url_signs=tables.URL_SIGNS,
        raise_unit=_raise_unit,
        exponent=_exponent,
        times_ten=("por", "diez"),
        relations=tables.RELATIONS,
        version="versión",
        fraction=lambda _speller, top, bottom: numbers.fraction(top, bottom),
    )


def say_decimals(speller: Speller, decimals: str) -> Words:
    """Pairs of digits as numbers, the last one alone if there is an odd one; any pair with a zero by its digits."""
    pairs = [decimals[at : at + 2] for at in range(0, len(decimals), 2)]
    return tuple(word for pair in pairs for word in speller.cardinal(pair))


_raise_unit = unit_raiser(square="cuadrad", cube="cúbic", to_the="a la")


def _exponent(speller: Speller, sign: str, digits: str) -> Words:
    if digits in {"2", "3"} and not sign:
        return ("al", "cuadrado") if digits == "2" else ("al", "cubo")
    said = speller.cardinal(digits) if digits.isdecimal() else (digits,)
    return ("elevado", "a", *(("menos",) if sign else ()), *said)


def _say_time(hour: int, minute: int | None, second: int | None) -> Words:
    said = numbers.agree(numbers.cardinal(hour), True)  # noqa: FBT003
    if second is not None:
        hours = (*said, "hora" if hour == 1 else "horas")
        of_seconds = ("y", *_counted(second, "segundo", "segundos")) if second else ()
        return (*hours, *_counted(minute or 0, "minuto", "minutos"), *of_seconds) if minute or second else hours
    if not minute:
        return said
    if 0 < hour <= _NOON and minute in _QUARTERS:
        return (*said, "y", _QUARTERS[minute])
    return (*said, "y", *numbers.cardinal(minute))


_QUARTERS = {15: "cuarto", 30: "media"}


def _counted(value: int, one: str, many: str) -> Words:
    return (*numbers.agree(numbers.cardinal(value), False), one if value == 1 else many)  # noqa: FBT003


def _daypart(hour: int, mark: str) -> str:
    if hour == _NOON:
        return "del mediodía" if mark == "pm" else "de la noche"
    if mark == "am":
        return "de la mañana"
    return "de la noche" if _NIGHT <= hour < _NOON else "de la tarde"


def _is_feminine(noun: str) -> bool:
    singular = noun.removesuffix("s")
    if noun in tables.MASCULINE or singular in tables.MASCULINE:
        return False
    return (
        bool(_FEMININE.search(noun))
        or noun in tables.FEMININE
        or noun.removesuffix("es") in tables.FEMININE
        or (singular in tables.FEMININE)
    )
