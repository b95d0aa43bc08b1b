"""Rules for amounts of money."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import WORD_END, alternatives
from sayso.text.normalise.quantities import Numeral, numeral
from sayso.text.normalise.rules import parts, rule, whole

if TYPE_CHECKING:
    from sayso.text.normalise.grammar import Grammar
    from sayso.text.normalise.rules import Reading, Rule, Words


def money_before(grammar: Grammar) -> Rule:
    """The rule for "$3.50", "£2m" and "US$3 million": the currency is written first and spoken last."""

    def read(match: re.Match[str]) -> Reading:
        amount, counted = _money(match, grammar)
        last = "scale" if match["scale"] else "number"
        if last == "scale":
            return parts(match, ("currency", ()), ("number", amount), ("scale", counted))
        return parts(match, ("currency", ()), ("number", (*amount, *counted)))

    return rule(
        rf"(?P<currency>{grammar.currency_pattern}) ?(?P<number>{grammar.number}){_scale(grammar)}",
        read,
        grammar.currencies,
    )


def money_ranges(grammar: Grammar) -> Rule:
    """The rule for "$5-10 million" and "€10–20": the currency belongs to both numbers, and is spoken once."""

    def read(match: re.Match[str]) -> Reading:
        amount, counted = _money(match, grammar)
        amount_first = numeral(match["first"], grammar)
        first = amount_first.words(grammar)
        if match["first_scale"]:
            scale = grammar.money_scales.get(match["first_scale"]) or grammar.scales[match["first_scale"]]
            first = (*first, *amount_first.of(grammar, scale))
        range_word = grammar.between_numbers["-"].split()
        written = ("currency", ()), ("first", first), ("first_scale", ()), ("dash", range_word)
        return parts(match, *written, ("number", (*amount, *(() if match["scale"] else counted))), ("scale", counted))

    number = grammar.number
    return rule(
        rf"(?P<currency>{grammar.currency_pattern}) ?(?P<first>{number})(?P<first_scale>{grammar.money_scale_pattern})?"
        rf"(?P<dash>[-–])(?P<number>{number})"
        rf"(?![-–%]|{grammar.currency_pattern}){_scale(grammar)}",
        read,
        grammar.currencies,
    )


def _scale(grammar: Grammar) -> str:
    return rf"(?: ?(?P<scale>{grammar.money_scale_pattern}){WORD_END})?"


def money_after(grammar: Grammar) -> Rule:
    """The rule for "3,50 €", "20 USD", "5 k€" and "2 millions €"."""

    def read(match: re.Match[str]) -> Reading:
        amount, counted = _money(match, grammar)
        if not match["scale"]:
            return parts(match, ("number", amount), ("currency", counted))
        return parts(match, ("number", amount), ("scale", counted[:1]), ("currency", counted[1:]))

    scale = rf"(?: ?(?P<scale>{grammar.money_scale_pattern}))?"
    currency = rf" ?(?P<currency>{grammar.currency_pattern}){WORD_END}"
    return rule(rf"(?P<number>{grammar.number}){scale}{currency}", read)


def _money(match: re.Match[str], grammar: Grammar) -> tuple[Words, Words]:
    """The number of an amount, and its currency with what follows: "three", "pounds fifty"."""
    amount = numeral(match["number"], grammar)
    amount = amount._replace(decimals=amount.decimals[:2] + amount.decimals[2:].rstrip("0"))
    unit, cents, names_cents = grammar.currencies[match["currency"]]
    if match["scale"]:
        scale = grammar.money_scales.get(match["scale"]) or grammar.scales[match["scale"]]
        counted = tuple(unit.many.split()) if scale.one == scale.many else grammar.of_millions(unit.many)
        return amount.words(grammar), (*amount.of(grammar, scale), *counted)
    if amount.decimals.strip("0") and (len(amount.decimals) != 2 or cents is None):
        return amount.words(grammar, unit), amount.of(grammar, unit)
    euros = Numeral(amount.digits, "", grouped=amount.grouped)
    counted = euros.of(grammar, unit)
    if len(euros.digits) > 6 and euros.digits.endswith("000000"):
        counted = grammar.of_millions(unit.many)
    if not amount.decimals.strip("0") or cents is None:
        return euros.words(grammar, unit), counted
    hundredths = Numeral(amount.decimals.lstrip("0"), "")
    named = (*hundredths.words(grammar, cents), *hundredths.of(grammar, cents))
    if not amount.digits.strip("0"):
        return hundredths.words(grammar, cents), hundredths.of(grammar, cents)
    # "three pounds fifty", but "three pounds five pence".
    small = names_cents or len(hundredths.digits) == 1
    counted = (*counted, *grammar.before_cents)
    return euros.words(grammar, unit), (*counted, *(named if small else hundredths.words(grammar)))


def per_unit(grammar: Grammar) -> Rule:
    """The rule for text after a price or a number: "/kg" in "3 €/kg", "/month" in "$20/month", "12/kg"."""
    signs = "".join(symbol for symbol in grammar.currencies if len(symbol) == 1)
    after_price = re.compile(rf"[{re.escape(signs)}%][\d.,]*$")
    after_number = re.compile(r"\d$")
    named = grammar.all_units

    def read(match: re.Match[str]) -> Reading:
        near = match.string[max(0, match.start() - 24) : match.start()]
        if not after_price.search(near) and not (match["unit"] and after_number.search(near)):
            return None
        unit = named[match["unit"]].one.split() if match["unit"] else ()
        return whole(match, (grammar.per, *unit))

    return rule(rf"/(?:(?P<unit>{alternatives(named)}){WORD_END}|(?=[^\W\d_]))", read)
