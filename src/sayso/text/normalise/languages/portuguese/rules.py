"""Portuguese: its grammar and its times of day."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import Grammar, listed
from sayso.text.normalise.languages.portuguese import numbers, tables
from sayso.text.normalise.languages.romance.language import Romance
from sayso.text.normalise.languages.romance.rules import NUMBER, rule_book, split_number
from sayso.text.normalise.languages.romance.speller import RomanceSpeller
from sayso.text.normalise.languages.romance.units import unit_raiser, units_of

if TYPE_CHECKING:
    from sayso.text.normalise.numbers import Speller
    from sayso.text.normalise.rules import RuleBook, Words

_FEMININE = re.compile(r"(?:a|as|ção|são|ções|sões|dade|dades|tude|tudes|gem|gens)$")
_LAST_ORDINAL = 10
_NOON = 12
_EVENING = 7


def portuguese(language: str) -> RuleBook:
    """The rules of Portuguese, of Brazil or, for "pt-pt" and the like, of Portugal."""
    brazil = language == "pt-br"
    speller = RomanceSpeller(
        language,
        spell=numbers.cardinals(brazil=brazil),
        spell_ordinal=numbers.ordinal,
        agree=numbers.agree,
    )
    return rule_book(
        Romance(
            grammar=_grammar(speller, brazil=brazil),
            speller=speller,
            months=tables.MONTHS,
            short_months=tables.SHORT_MONTHS,
            of="de",
            first_day=("primeiro",) if brazil else ("um",),
            say_time=partial(_say_time, speller),
            before_time=frozenset({"às", "as", "das"}),
            dayparts=_daypart,
            ordinal_marks={"º": False, "ª": True, "ᵒ": False, "ᵃ": True},
            before_ordinal=listed("o do no ao pelo é foi um em"),
            short_ordinal={},
            century=frozenset({"século", "séculos"}),
            not_nouns=tables.NOT_NOUNS,
            feminine_noun=_is_feminine,
            phone=r"(?:\+(?=(?:[-. ()]{0,2}\d){8,15}(?![-. ]?\d))\d{1,3}(?:[-. ()]{0,2}\d{1,5}){2,6}"
            r"|(?:\(?\d\d\)? )?9?\d{4}-\d{4}|\d{3}-\d{4}|[29]\d{2} \d{3} \d{3}(?! ?\d)|(?<=ext\. )\d{1,5})",
            plus="mais",
        )
    )


def _grammar(speller: RomanceSpeller, *, brazil: bool) -> Grammar:
    units = units_of("pt")
    if not brazil:
        units = {
            symbol: unit._replace(one=unit.one.replace("ômetro", "ómetro"), many=unit.many.replace("ômetro", "ómetro"))
            for symbol, unit in units.items()
        }
    return Grammar(
        speller=speller,
        number=NUMBER,
        split_number=split_number,
        say_decimals=lambda speller, decimals: speller.digits(decimals),
        is_one=lambda digits, _decimals: digits == "1",
        point="vírgula",
        dot="ponto",
        per="por",
        part_of=("de",),
        fraction_last=False,
        of_millions=lambda currency: ("de", *currency.split()),
        before_cents=("e",),
        units=units,
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
        times_ten=("vezes", "dez"),
        relations=tables.RELATIONS,
        version="versão",
        fraction=lambda _speller, top, bottom: numbers.fraction(speller.spell, top, bottom),
    )


_raise_unit = unit_raiser(square="quadrad", cube="cúbic", to_the="à")


def _exponent(speller: Speller, sign: str, digits: str) -> Words:
    if digits in {"2", "3"} and not sign:
        return ("ao", "quadrado") if digits == "2" else ("ao", "cubo")
    said = speller.cardinal(digits) if digits.isdecimal() else (digits,)
    return ("elevado", "a", *(("menos",) if sign else ()), *said)


def _say_time(speller: RomanceSpeller, hour: int, minute: int | None, second: int | None) -> Words:
    hours = (*numbers.agree(speller.spell(hour), True), "hora" if hour == 1 else "horas")  # noqa: FBT003
    if second is not None:
        of_minutes = ("e", *speller.spell(minute or 0), "minuto" if minute == 1 else "minutos")
        return (*hours, *of_minutes, "e", *speller.spell(second), "segundo" if second == 1 else "segundos")
    return (*hours, "e", *speller.spell(minute)) if minute else hours


def _daypart(hour: int, mark: str) -> str:
    if mark == "am":
        return "da manhã"
    return "da noite" if _EVENING <= hour < _NOON else "da tarde"


def _is_feminine(noun: str) -> bool:
    singular = noun.removesuffix("s")
    if noun in tables.MASCULINE or singular in tables.MASCULINE:
        return False
    return bool(_FEMININE.search(noun)) or noun in tables.FEMININE or singular in tables.FEMININE
