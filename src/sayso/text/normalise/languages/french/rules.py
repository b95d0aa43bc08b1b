"""French: its numbers, dates and times, and its rules in order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.addresses import phone_numbers
from sayso.text.normalise.books import number_rules, sign_rules, word_rules
from sayso.text.normalise.grammar import LETTER, WORD_END, Grammar, Unit, listed
from sayso.text.normalise.languages.french import tables, units
from sayso.text.normalise.languages.french.dates import dates, measures, times
from sayso.text.normalise.languages.french.feminine import is_feminine
from sayso.text.normalise.maths import functions
from sayso.text.normalise.measures import bare_units
from sayso.text.normalise.numbers import Speller, roman_value
from sayso.text.normalise.rules import Rule, RuleBook, rule, whole
from sayso.text.normalise.words import sign_chars

if TYPE_CHECKING:
    from sayso.text.normalise.rules import Reading, Words

# Thousands separated by a space or a dot; decimals after a comma, or after a dot unless three digits follow.
_NUMBER = r"(?:\d{1,3}(?:[ .]\d{3}(?!\d)){1,6}|\d{1,18})(?!\d)(?:,\d{1,18}(?!\d)|\.(?:\d{1,2}|\d{4,18})(?!\d))?"
_ELISION = re.compile(r"((?i:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu))['’](?=[^\W_])")
_PHONE = r"(?:\+33 ?(?:\(0\) ?)?|0)\d(?:[ .-]?\d\d){4}"
_FOREIGN_PHONE = r"\+(?=(?:[-. ()]{0,2}\d){8,15}(?![-. ]?\d))\d{1,3}(?:[-. ()]{0,2}\d{1,4}){2,6}"
_BEFORE_UNITS = listed("de des les quelques plusieurs combien")
_VOWELS = tuple("aeiouéèê")


def french(language: str) -> RuleBook:
    """The rules of French for the region of ``language``."""
    grammar = french_grammar(language)
    speller = grammar.speller
    phone, foreign_phone = (
        phone_numbers(pattern, lambda digits: _pairs(speller, digits), "plus") for pattern in (_PHONE, _FOREIGN_PHONE)
    )
    return RuleBook(
        words=word_rules(
            grammar,
            own=(_roman_ordinals(speller),),
            early=(functions("de"), *_titles(), bare_units(grammar, _BEFORE_UNITS)),
        ),
        numbers=number_rules(
            grammar,
            early=(phone, *measures(speller), *dates(speller), *times(speller), _listed_ordinals(speller)),
            late=_ordinals(speller),
        ),
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
        units=units.UNITS,
        per_units=units.PER_UNITS,
        currencies=units.CURRENCIES,
        scales=units.SCALES,
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
        first_ruler=re.compile(r""),
        rank=lambda speller, value: speller.ordinal(1) if value == 1 else speller.cardinal(str(value)),
        url_signs=tables.URL_SIGNS,
        raise_unit=_raise_unit,
        exponent=_exponent,
        times_ten=("fois", "dix"),
        relations=tables.RELATIONS,
        scores=re.compile(
            r"(?i:\b(?:battu|battent|bat|gagne|gagné|perd|perdu|mène|victoire|défaite|score|impose)\b)"
            r"(?: [^\s.!?]{1,20}){0,5} $"
        ),
        fraction=_fraction,
        between=re.compile(r"(?<![^\W_])[Ee]ntre $"),
        and_word="et",
        feminine=is_feminine,
        physical_units=units.PHYSICAL_UNITS,
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


def _raise_unit(unit: Unit, exponent: int, divided: bool) -> Unit:  # noqa: ARG001, FBT001 -- a callback
    """The name of a unit to a power: "mètre carré", "seconde carrée"."""
    ending = "e" if unit.feminine else ""
    power = {2: f"carré{ending}", 3: "cube"}.get(exponent, f"puissance {exponent}")
    return Unit(f"{unit.one} {power}", f"{unit.many} {power}s", unit.feminine)


def _exponent(speller: Speller, sign: str, digits: str) -> Words:
    """The words after a base: "au carré", "puissance moins trois"."""
    if digits in {"2", "3"} and not sign:
        return ("au", "carré") if digits == "2" else ("au", "cube")
    said = speller.cardinal(digits) if digits.isdecimal() else (digits,)
    return ("puissance", *(("moins",) if sign else ()), *said)


def _fraction(speller: Speller, top: int, bottom: int) -> tuple[Words, Words] | None:
    """The words of a fraction: "un septième"; a mark such as "15/20", or "24/24", is "sur"."""
    parts_of = {2: "demi", 3: "tiers", 4: "quart"}
    if top == 0 or bottom < 2 or bottom > _LARGEST_DENOMINATOR or top == bottom or (top > bottom > 9):
        return None
    if bottom in _MARKS and top > 1:
        return None
    part = parts_of.get(bottom) or "".join(speller.ordinal(bottom))
    if " " in part or len(speller.ordinal(bottom)) > 1:
        return None
    said = (*speller.cardinal(str(top)), part if top == 1 or part.endswith("s") else f"{part}s")
    return said, ("et", *said)


_LARGEST_DENOMINATOR = 100
_MARKS = frozenset({5, 10, 20, 100})  # of schools and reviews


def _of_millions(currency: str) -> Words:
    first, *rest = currency.split()
    return (f"d'{first}", *rest) if first.startswith(_VOWELS) or first == "habitants" else ("de", first, *rest)


def _pairs(speller: Speller, digits: str) -> Words:
    """The digits of a telephone number two by two; the country code and an odd digit come first."""
    if digits.startswith("33") and len(digits) == 11:
        return (*speller.cardinal("33"), *_pairs(speller, digits[2:]))
    odd = len(digits) % 2
    groups = [digits[:odd]] * odd + [digits[at : at + 2] for at in range(odd, len(digits), 2)]
    return tuple(word for group in groups for word in speller.cardinal(group))


def _ordinals(speller: Speller) -> tuple[Rule, ...]:
    """The rules for "1er", "2nde", "21e" and "1 000e", with raised endings, too."""

    def read_first(match: re.Match[str]) -> Reading:
        said = speller.ordinal(1, feminine=match["ending"] not in {"er", "ᵉʳ"})
        return whole(match, _plural(said) if match["plural"] else said)

    def read_second(match: re.Match[str]) -> Reading:
        return whole(match, ("seconde" if match["ending"][-1] in "eᵉ" else "second",))

    def read(match: re.Match[str]) -> Reading:
        value = int(match["number"].replace(" ", "").replace(".", ""))
        said = ("un", "milliardième") if value == _MILLIARD else speller.ordinal(value)
        return whole(match, _plural(said) if match["plural"] else said)

    return (
        rule(rf"1(?P<ending>er|re|ère|ᵉʳ|ʳᵉ|ᵉʳᵉ)(?P<plural>s|ˢ)?{WORD_END}", read_first),
        rule(rf"2(?P<ending>nde?|ⁿᵈᵉ?){WORD_END}", read_second),
        rule(
            rf"(?P<number>\d{{1,3}}(?:[ .]\d{{3}}){{1,4}}|\d{{1,12}})(?:ième|ème|e|ᵉ|ᵉᵐᵉ)(?P<plural>s|ˢ)?{WORD_END}",
            read,
        ),
    )


def _listed_ordinals(speller: Speller) -> Rule:
    """The rule for "6°" where it numbers a paragraph: "1° Le maire"; elsewhere these are degrees."""

    def read(match: re.Match[str]) -> Reading:
        if match.start():
            return None
        *first, last = speller.ordinal(int(match["number"]))
        if match.end() == len(match.string):
            return whole(match, (*first, last))
        return whole(match, (*first, "premièrement" if last == "premier" else f"{last}ment"))

    return rule(r"(?P<number>[1-9]\d?)°(?=$| (?![CF]\b)[A-ZÉÈÀÊÎ])", read)


_MILLIARD = 10**9


def _plural(said: Words) -> Words:
    return (*said[:-1], said[-1] + "s")


def _titles() -> tuple[Rule, ...]:
    """The rules for "S. M. le roi" and "St-Denis"."""

    def read_majesty(match: re.Match[str]) -> Reading:
        return whole(match, _MAJESTIES[match["title"]].split())

    def read_saint(match: re.Match[str]) -> Reading:
        return whole(match, (("Sainte" if match["feminine"] else "Saint") + f"-{match['name']}",))

    return (
        rule(r"(?P<title>S)\. ?M\.(?= (?:l['’]|le |la |les |impériale|royale))", read_majesty),
        rule(rf"S[tᵗ](?P<feminine>[eᵉ])?\.?-(?P<name>[A-ZÉÈÀÎÔ]{LETTER}{{1,30}}){WORD_END}", read_saint),
    )


_MAJESTIES = {"S": "Sa Majesté"}


def _roman_ordinals(speller: Speller) -> Rule:
    """The rule for "XIXe siècle" and "Ier": single letters other than I, V and X would be words ("Le", "Ce")."""

    def read(match: re.Match[str]) -> Reading:
        value = roman_value(match["number"])
        if value is None or (value == 1) != (match["ending"] in _FIRST):
            return None
        return whole(match, speller.ordinal(value, feminine=match["ending"] not in {"er", "ᵉʳ"}))

    return rule(rf"(?P<number>[IVX]|[IVXLCDM]{{2,12}})(?P<ending>er|re|ère|ème|e|ᵉ|ᵉʳ|ʳᵉ){WORD_END}", read)


_FIRST = frozenset({"er", "re", "ère", "ᵉʳ", "ʳᵉ"})
