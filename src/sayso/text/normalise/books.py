"""The order of the rules that all languages share, and the places of a language's own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.text.normalise import quantities, words
from sayso.text.normalise.addresses import addresses

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sayso.text.normalise.grammar import Grammar
    from sayso.text.normalise.rules import Rule


def word_rules(grammar: Grammar, own: Iterable[Rule] = ()) -> tuple[Rule, ...]:
    """The rules for words that begin with a letter; a language's own ones precede Roman numerals and capitals."""
    return (
        words.ideographs(),
        *addresses(grammar),
        quantities.money_before(grammar),
        quantities.multipliers(grammar),
        quantities.named_versions(grammar),
        words.abbreviations(grammar),
        words.dotted_initials(),
        *own,
        words.roman_numerals(grammar),
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
        *addresses(grammar),
        *early,
        quantities.money_after(grammar),
        quantities.fractions(grammar),
        quantities.units(grammar),
        quantities.scaled(grammar),
        *late,
        quantities.products(grammar),
        quantities.versions(grammar),
        quantities.numbers(grammar),
        words.plain_words(grammar.speller),
        quantities.other_digits(),
    )


def sign_rules(grammar: Grammar, own: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules for words that begin with a sign. Prices come first: they may follow a prefix ("-$5")."""
    return (
        quantities.money_before(grammar),
        *own,
        words.signs_between_numbers(grammar),
        quantities.per_unit(grammar),
        words.signs(grammar),
    )
