"""The rules of Spanish, Italian and Portuguese in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.text.normalise.addresses import phone_numbers
from sayso.text.normalise.books import number_rules, sign_rules, word_rules
from sayso.text.normalise.grammar import WORD_END, alternatives
from sayso.text.normalise.languages.romance.dates import dates, named_months, times
from sayso.text.normalise.numbers import roman_value
from sayso.text.normalise.quantities import numeral
from sayso.text.normalise.rules import Rule, RuleBook, parts, rule, whole
from sayso.text.normalise.words import sign_chars, word_after, word_before

if TYPE_CHECKING:
    import re

    from sayso.text.normalise.languages.romance.language import Romance
    from sayso.text.normalise.rules import Reading

# Thousands separated by a space or a dot; decimals after a comma, or after a dot unless three digits follow.
NUMBER = (
    r"(?:(?:\d{1,3}(?:[ .]\d{3}(?!\d)){1,7}|\d{1,18})(?!\d)(?:,\d{1,18}(?!\d)|\.(?:\d{1,2}|\d{4,18})(?!\d))?"
    r"|(?<![^\W_])\.\d{1,18}(?!\d))"
)


def split_number(number: str) -> tuple[str, str]:
    """Split a match of `NUMBER` into its whole digits and its decimals."""
    if "," in number:
        digits, _, decimals = number.partition(",")
        return digits, decimals
    digits, _, decimals = number.rpartition(".")
    if number.startswith("."):
        return "", decimals
    return (number, "") if not digits or len(decimals) == 3 else (digits, decimals)


def rule_book(language: Romance) -> RuleBook:
    """The rules of a language."""
    grammar = language.grammar
    phone = phone_numbers(language.phone, language.speller.digits, language.plus)
    return RuleBook(
        words=word_rules(grammar, own=(_centuries(language),), early=named_months(language)),
        numbers=number_rules(
            grammar,
            early=(phone, *dates(language), *times(language), _ordinals(language), _typed_ordinals(language)),
            late=(_scaled_words(language), _counted(language)),
        ),
        signs=sign_rules(grammar, own=(phone,)),
        sign_chars=sign_chars(grammar) + "(",
        prefixes=grammar.prefixes,
        elision=language.elision,
    )


def _ordinals(language: Romance) -> Rule:
    """The rule for "1º", "2.ª", "3er" and "1.000.ª"."""

    def read(match: re.Match[str]) -> Reading:
        value = int("".join(filter(str.isdecimal, match["number"])))
        if not 0 < value <= _LARGEST_ORDINAL:
            return None
        mark = match["mark"]
        said = language.speller.ordinal(value, feminine=language.ordinal_marks[mark])
        if mark in {"er", "ᵉʳ"}:
            said = (*said[:-1], language.short_ordinal.get(said[-1], said[-1]))
        return whole(match, said)

    marks = alternatives(language.ordinal_marks)
    return rule(rf"(?P<number>\d{{1,3}}(?:[ .]\d{{3}}){{1,2}}|\d{{1,6}})\.?(?P<mark>{marks}){WORD_END}", read)


def _typed_ordinals(language: Romance) -> Rule:
    """The rule for an ordinal that is typed with the sign of degrees: "il 2° piano", "el 1° de mayo", "o 3° lugar"."""

    def read(match: re.Match[str]) -> Reading:
        if word_before(match).lower() not in language.before_ordinal or not 0 < int(match["number"]) < _FEWEST_DEGREES:
            return None
        return whole(match, language.speller.ordinal(int(match["number"])))

    return rule(rf"(?P<number>\d{{1,2}})°(?= |[^\w ]|$)(?! [CF]{WORD_END})", read)


_FEWEST_DEGREES = 60
_LARGEST_ORDINAL = 999_999


def _scaled_words(language: Romance) -> Rule:
    """The rule for "1 millón" and "3,2 milhões", whose number agrees with the scale."""
    grammar = language.grammar
    scales = {word: scale for word, scale in grammar.scales.items() if len(word) > 2}

    def read(match: re.Match[str]) -> Reading:
        amount = numeral(match["number"], grammar)
        said = amount.words(grammar, scales[match["scale"]])
        return parts(match, ("number", said), ("scale", (match["scale"],)))

    return rule(rf"(?P<number>{grammar.number}) (?P<scale>{alternatives(scales)}){WORD_END}", read)


def _counted(language: Romance) -> Rule:
    """The rule for a number before the noun that it counts: "21 años", "1 casa", "200 pessoas"."""
    grammar = language.grammar

    def read(match: re.Match[str]) -> Reading:
        amount = numeral(match["number"], grammar)
        noun = word_after(match)
        if amount.decimals or not noun.islower() or noun in language.not_nouns or len(noun) < _SHORTEST_NOUN:
            return None
        if word_before(match).lower() in grammar.numbered:
            return None
        feminine = language.feminine_noun(noun)
        return whole(match, language.speller.counted(amount.digits, feminine=feminine, grouped=amount.grouped))

    return rule(rf"(?P<number>{grammar.number})(?= [^\W\d_])", read)


_SHORTEST_NOUN = 3


def _centuries(language: Romance) -> Rule:
    """The rule for "XX secolo" and "século V", which are ordinals where the language says so."""

    def read(match: re.Match[str]) -> Reading:
        value = roman_value(match[0])
        before = match.string[max(0, match.start() - 16) : match.start()].rstrip(" .").lower()
        near = {before.rpartition(" ")[2], word_after(match).lower()}
        if value is None or near.isdisjoint(language.century):
            return None
        return whole(match, language.grammar.rank(language.speller, value))

    return rule(rf"[IVXLCDM]{{1,8}}{WORD_END}", read)
