"""Rules for numbers with units: simple ones, powers of units, and units per units."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import LETTER, WORD_END, Unit, alternatives
from sayso.text.normalise.quantities import numeral
from sayso.text.normalise.rules import parts, rule, whole
from sayso.text.normalise.words import word_before

if TYPE_CHECKING:
    from sayso.text.normalise.grammar import Grammar
    from sayso.text.normalise.rules import Reading, Rule, Words

# "En 2020 l'équipe", "In 2015 L'Oréal", "In 2015 L. Smith": a letter before an apostrophe or an initial is no unit.
UNIT_END = rf"{WORD_END}(?!['’]{LETTER})"
_NO_INITIAL = r"(?! [A-Z]\. ?[A-Z])"
_RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_RAISE = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_AFTER_FEET = re.compile(r"(?:ft|ft\.|['’′]) ?$")
_QUOTATION = 400  # how far back the opening mark of a quotation is looked for
_POWER = "[⁻²³⁴⁵⁶¹]{1,3}"
_FACTOR = re.compile(rf"([/·⋅])?([^/·⋅⁻²³⁴⁵⁶¹]+)({_POWER})?")


def units(grammar: Grammar) -> Rule:
    """The rule for "10 km", "5%", "90 km/h", "9.81 m/s²", "40 s⁻¹" and "100 million kg"."""
    named = grammar.all_units

    def read(match: re.Match[str]) -> Reading:
        amount = numeral(match["number"], grammar)
        expression = match["expression"]
        unit = grammar.units[match["unit"]] if expression == match["unit"] else _composed(expression, grammar)
        said = amount.of(grammar, _attributive(match, unit, grammar))
        if not match["scale"]:
            return parts(match, ("number", amount.words(grammar, unit)), ("expression", said))
        scale = grammar.scales[match["scale"]]
        counted = tuple(unit.many.split()) if scale.one == scale.many else grammar.of_millions(unit.many)
        return parts(
            match,
            ("number", amount.words(grammar)),
            ("scale", amount.of(grammar, scale)),
            ("expression", counted),
        )

    symbol = grammar.unit_pattern
    further = rf"(?:[/·⋅](?:{alternatives(named)})(?:{_POWER})?){{0,3}}"
    scales = alternatives({word: scale for word, scale in grammar.scales.items() if len(word) > 2})
    return rule(
        rf"(?P<number>{grammar.number})(?: (?P<scale>{scales})(?= ))?{_NO_INITIAL} ?"
        rf"(?P<expression>(?P<unit>{symbol})(?:{_POWER})?{further}){UNIT_END}(?!/{LETTER})",
        read,
    )


def units_alone(grammar: Grammar) -> Rule:
    """The rule for a unit per another one that follows no number: "in km/h", "mg/L"."""
    simple = {symbol: unit for symbol, unit in grammar.units.items() if symbol.isalpha() or symbol[0] == "µ"}

    def read(match: re.Match[str]) -> Reading:
        unit = grammar.units.get(match[0]) or _composed(match[0], grammar)
        return whole(match, unit.many.split())

    symbols = alternatives({symbol: unit for symbol, unit in simple.items() if len(symbol) > 1 or symbol in "mgLs"})
    return rule(rf"(?:{symbols})/(?:{alternatives(simple)})(?:{_POWER})?{UNIT_END}(?!/)", read)


def bare_units(grammar: Grammar, after: frozenset[str]) -> Rule:
    """The rule for a unit that follows a word for a number: "cent millions de km"."""
    simple = {symbol: unit for symbol, unit in grammar.units.items() if symbol.isalpha() and len(symbol) > 1}

    def read(match: re.Match[str]) -> Reading:
        return whole(match, grammar.units[match[0]].many.split()) if word_before(match).lower() in after else None

    return rule(rf"(?:{alternatives(simple)}){UNIT_END}", read)


def _composed(expression: str, grammar: Grammar) -> Unit:
    """The name of a unit with powers or of one per another: "m/s²" is "meters per second squared"."""
    first: Unit | None = None
    one: list[str] = []
    many: list[str] = []
    for sign, symbol, raised in _FACTOR.findall(expression):
        divided = sign == "/" or raised.startswith("⁻")
        unit = _raised(symbol, raised.translate(_RAISED).strip("-"), grammar, divided=divided)
        per = (grammar.per,) if divided else ()
        one += (*per, unit.one)
        many += (*per, unit.one if divided else unit.many)
        first = first or unit
    feminine = first is not None and first.feminine
    return Unit(" ".join(one), " ".join(many), feminine)


def _raised(symbol: str, exponent: str, grammar: Grammar, *, divided: bool) -> Unit:
    named = grammar.all_units
    written = symbol + exponent.translate(_RAISE) if exponent else symbol
    if written in named:
        return named[written]
    return grammar.raise_unit(named[symbol], int(exponent), divided) if exponent not in {"", "1"} else named[symbol]


def _attributive(match: re.Match[str], unit: Unit, grammar: Grammar) -> Unit:
    """The unit in the singular where it describes a noun: "a 5 km run"."""
    if grammar.before_attribute is None or not match.string[match.end() : match.end() + 2].strip().islower():
        return unit
    near = match.string[max(0, match.start() - 12) : match.start()]
    return unit._replace(many=unit.one) if grammar.before_attribute.search(near) else unit


def feet_and_inches(foot: Unit, inch: Unit, grammar: Grammar) -> tuple[Rule, ...]:
    """The rules for ``5'10"``, ``12"`` and "5ft 10in"; "in" is a unit only there and directly after its number."""

    def counted(digits: str, unit: Unit) -> Words:
        amount = numeral(digits, grammar)
        return (*amount.words(grammar), *amount.of(grammar, unit))

    def read_both(match: re.Match[str]) -> Reading:
        return whole(match, (*counted(match["feet"], foot), *counted(match["inches"], inch)))

    def read_inches(match: re.Match[str]) -> Reading:
        near = match.string[max(0, match.start() - _QUOTATION) : match.start()]
        if near.count('"') % 2 or near.count("“") > near.count("”"):
            return None  # it closes a quotation
        return whole(match, counted(match["inches"], _attributive(match, inch, grammar)))

    def read_in(match: re.Match[str]) -> Reading:
        near = match.string[max(0, match.start() - 4) : match.start()]
        if match["space"] and not _AFTER_FEET.search(near):
            return None
        amount = numeral(match["inches"], grammar)
        unit = _attributive(match, inch, grammar)
        return parts(match, ("inches", amount.words(grammar)), ("unit", amount.of(grammar, unit)))

    return (
        rule(r"(?P<feet>\d{1,3})['’′] ?(?P<inches>\d{1,2}(?:\.\d)?)(?:[\"”″]|['’′]{2})", read_both),
        rule(r"(?P<inches>\d{1,4}(?:\.\d{1,2})?)[\"”″](?![^\W_])", read_inches),
        rule(rf"(?P<inches>\d{{1,4}})(?P<space> ?)(?P<unit>in)\b\.?{WORD_END}", read_in),
    )
