"""The order of the rules that all languages share, and the places of a language's own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.text.normalise import fractions, maths, measures, money, quantities, ranges, roman, words
from sayso.text.normalise.addresses import addresses, options, paths
from sayso.text.normalise.rules import first_reading, rule

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

    from sayso.text.normalise.grammar import Grammar
    from sayso.text.normalise.rules import Reading, Rule


def word_rules(grammar: Grammar, own: Iterable[Rule] = (), early: Iterable[Rule] = ()) -> tuple[Rule, ...]:
    """The rules for words that begin with a letter.

    Args:
        grammar: the language.
        own: its rules that precede Roman numerals and capitals.
        early: its rules that precede abbreviations.
    """
    return (
        words.ideographs(),
        *addresses(grammar),
        money.money_ranges(grammar),
        money.money_before(grammar),
        quantities.multipliers(grammar),
        quantities.named_versions(grammar),
        *early,
        measures.units_alone(grammar),
        *maths.powers(grammar)[1:],
        words.abbreviations(grammar),
        words.dotted_initials(),
        *own,
        roman.roman_numerals(grammar),
        words.initials(),
        maths.formulas(grammar),
        words.capitals(grammar),
        words.plain_words(grammar.speller),
    )


def number_rules(grammar: Grammar, *, early: Iterable[Rule], late: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules for words that begin with a digit.

    Args:
        grammar: the language.
        early: its rules for what could be mistaken for an amount: dates, times, telephone numbers.
        late: its rules for what could be mistaken for a plain number: ordinals, years.
    """
    return (
        quantities.long_digits(grammar.speller),
        maths.raised_signs(grammar),
        *addresses(grammar),
        *early,
        quantities.software_versions(grammar),
        money.money_after(grammar),
        fractions.fractions(grammar),
        *maths.powers(grammar)[:1],
        maths.scientific(grammar),
        measures.units(grammar),
        quantities.scaled(grammar),
        *late,
        quantities.products(grammar),
        quantities.versions(grammar),
        quantities.numbers(grammar),
        words.plain_words(grammar.speller),
        quantities.other_digits(grammar.speller),
    )


def sign_rules(grammar: Grammar, own: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules for words that begin with a sign. Prices come first: they may follow a prefix ("-$5")."""
    return (
        money.money_ranges(grammar),
        money.money_before(grammar),
        *own,
        leading_points(grammar),
        ranges.dashes(grammar),
        maths.relations(grammar),
        words.signs_between_numbers(grammar),
        money.per_unit(grammar),
        paths(grammar),
        words.slashes(grammar),
        words.hashtags(),
        options(grammar),
        words.attached_signs(grammar),
        maths.raised_signs(grammar),
        words.signs(grammar),
    )


def leading_points(grammar: Grammar) -> Rule:
    """The rule for ".5", ".25%" and ".75 in": a number that begins with its decimal point."""
    rules = (
        money.money_after(grammar),
        measures.units(grammar),
        quantities.scaled(grammar),
        quantities.numbers(grammar),
    )

    def read(match: re.Match[str]) -> Reading:
        return first_reading(rules, match.string, match.start(), match.endpos)

    return rule(r"\.(?<![^\W_]\.)(?<!\.\.)(?=\d)", read)
