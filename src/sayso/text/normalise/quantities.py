"""Rules for numbers with their units: money, units, fractions, products, versions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sayso.text.normalise.grammar import CJK, WORD_END, alternatives
from sayso.text.normalise.rules import Written, parts, rule, whole
from sayso.text.normalise.words import LONGEST, clean

if TYPE_CHECKING:
    from sayso.text.normalise.grammar import Grammar, Unit
    from sayso.text.normalise.numbers import Speller
    from sayso.text.normalise.rules import Reading, Rule, Words

# The characters that stand for a third and the like, besides "1/3" itself.
_FRACTION_SIGNS = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5",
    "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
}  # fmt: skip


class Numeral(NamedTuple):
    """A number as written: its whole digits and its decimals, "" if it has none."""

    digits: str
    decimals: str

    def words(self, grammar: Grammar, unit: Unit | None = None) -> Words:
        """The words of the number before ``unit``."""
        said = grammar.speller.cardinal(self.digits, feminine=unit is not None and unit.feminine)
        return (*said, grammar.point, *grammar.say_decimals(grammar.speller, self.decimals)) if self.decimals else said

    def of(self, grammar: Grammar, unit: Unit) -> Words:
        """The words for ``unit`` after this number."""
        return tuple((unit.one if grammar.is_one(self.digits, self.decimals) else unit.many).split())


def numeral(text: str, grammar: Grammar) -> Numeral:
    """Split a match of ``grammar.number``."""
    digits, decimals = grammar.split_number(text)
    return Numeral("".join(char for char in digits if char.isdecimal()) or "0", decimals)


def money_before(grammar: Grammar) -> Rule:
    """The rule for "$3.50", "£2m" and "US$3 million": the currency is written first and spoken last."""

    def read(match: re.Match[str]) -> Reading:
        amount, counted = _money(match, grammar)
        last = "scale" if match["scale"] else "number"
        if last == "scale":
            return parts(match, ("currency", ()), ("number", amount), ("scale", counted))
        return parts(match, ("currency", ()), ("number", (*amount, *counted)))

    scale = rf"(?: ?(?P<scale>{grammar.scale_pattern}){WORD_END})?"
    return rule(rf"(?P<currency>{grammar.currency_pattern}) ?(?P<number>{grammar.number}){scale}", read)


def money_after(grammar: Grammar) -> Rule:
    """The rule for "3,50 €", "20 USD" and "2 millions €"."""

    def read(match: re.Match[str]) -> Reading:
        amount, counted = _money(match, grammar)
        if not match["scale"]:
            return parts(match, ("number", amount), ("currency", counted))
        return parts(match, ("number", amount), ("scale", counted[:1]), ("currency", counted[1:]))

    scale = rf"(?: ?(?P<scale>{grammar.scale_pattern}))?"
    currency = rf" ?(?P<currency>{grammar.currency_pattern}){WORD_END}"
    return rule(rf"(?P<number>{grammar.number}){scale}{currency}", read)


def _money(match: re.Match[str], grammar: Grammar) -> tuple[Words, Words]:
    """The number of an amount, and its currency with what follows: "three", "pounds fifty"."""
    amount = numeral(match["number"], grammar)
    unit, cents = grammar.currencies[match["currency"]]
    if match["scale"]:
        scale = grammar.scales[match["scale"]]
        return amount.words(grammar), (*amount.of(grammar, scale), *grammar.of_millions(unit.many))
    if amount.decimals.strip("0") and (len(amount.decimals) != 2 or cents is None):
        return amount.words(grammar, unit), amount.of(grammar, unit)
    euros = Numeral(amount.digits, "")
    counted = euros.of(grammar, unit)
    if len(euros.digits) > 6 and euros.digits.endswith("000000"):
        counted = tuple(grammar.of_millions(unit.many))
    if not amount.decimals.strip("0") or cents is None:
        return euros.words(grammar, unit), counted
    hundredths = Numeral(amount.decimals.lstrip("0"), "")
    named = (*hundredths.words(grammar, cents), *hundredths.of(grammar, cents))
    if not amount.digits.strip("0"):
        return hundredths.words(grammar, cents), hundredths.of(grammar, cents)
    # "three pounds fifty", but "three pounds five pence".
    small = len(hundredths.digits) == 1
    return euros.words(grammar, unit), (*counted, *(named if small else hundredths.words(grammar)))


def units(grammar: Grammar) -> Rule:
    """The rule for "10 km", "5%", "90 km/h" and "3 €/kg" without its currency."""

    def read(match: re.Match[str]) -> Reading:
        amount = numeral(match["number"], grammar)
        unit = grammar.units[match["unit"]]
        per = (grammar.per, *grammar.units[match["per"]].one.split()) if match["per"] else ()
        return parts(
            match,
            ("number", amount.words(grammar, unit)),
            ("unit", amount.of(grammar, unit)),
            ("slash", ()),
            ("per", per),
        )

    per = rf"(?:(?P<slash>/)(?P<per>{grammar.unit_pattern}))?"
    return rule(rf"(?P<number>{grammar.number}) ?(?P<unit>{grammar.unit_pattern}){per}{WORD_END}", read)


def per_unit(grammar: Grammar) -> Rule:
    """The rule for text after a price: "/kg" in "3 €/kg", "/month" in "$20/month"."""
    signs = "".join(symbol for symbol in grammar.currencies if len(symbol) == 1)
    after_price = re.compile(rf"[{re.escape(signs)}%][\d.,]*$")

    def read(match: re.Match[str]) -> Reading:
        if not after_price.search(match.string[max(0, match.start() - 24) : match.start()]):
            return None
        unit = grammar.units[match["unit"]].one.split() if match["unit"] else ()
        return whole(match, (grammar.per, *unit))

    return rule(rf"/(?:(?P<unit>{grammar.unit_pattern}){WORD_END}|(?=[^\W\d_]))", read)


def scaled(grammar: Grammar) -> Rule:
    """The rule for "10k" and "3bn" without a unit."""

    def read(match: re.Match[str]) -> Reading:
        amount = numeral(match["number"], grammar)
        return whole(match, (*amount.words(grammar), *amount.of(grammar, grammar.scales[match["scale"]])))

    letters = {scale: name for scale, name in grammar.scales.items() if scale not in grammar.units}
    return rule(rf"(?P<number>{grammar.number})(?P<scale>{alternatives(letters)}){WORD_END}", read)


def fractions(grammar: Grammar) -> Rule:
    """The rule for "½", "1½", "1 1/2" and "3/4 km"."""

    def read(match: re.Match[str]) -> Reading:
        fraction = _FRACTION_SIGNS.get(match["fraction"], match["fraction"])
        if fraction not in grammar.fractions:
            return None
        said, after_whole = grammar.fractions[fraction]
        unit = grammar.units[match["unit"]] if match["unit"] else None
        if not match["whole"]:
            return parts(match, ("fraction", said), ("unit", (*grammar.part_of, *unit.one.split()) if unit else ()))
        amount = Numeral(match["whole"], "")
        counted = amount.of(grammar, unit._replace(one=unit.many)) if unit else ()
        said_whole = amount.words(grammar, unit)
        if grammar.fraction_last and unit:
            ending = "e" if unit.feminine and after_whole[-1] == "demi" else ""
            counted = (*amount.of(grammar, unit), *after_whole[:-1], after_whole[-1] + ending)
            return parts(match, ("whole", said_whole), ("fraction", ()), ("unit", counted))
        return parts(match, ("whole", said_whole), ("fraction", after_whole), ("unit", counted))

    signs = "".join(_FRACTION_SIGNS)
    fraction = rf"(?P<fraction>[{signs}]|(?<![/.,])\d/\d(?![/\d]|[.,]\d))"
    unit = rf"(?: ?(?P<unit>{grammar.unit_pattern}))?{WORD_END}"
    return rule(rf"(?:(?P<whole>\d{{1,9}})(?: |(?=[{signs}])))?{fraction}{unit}", read)


def products(grammar: Grammar) -> Rule:
    """The rule for "3×4", "1920x1080" and "2x"."""

    def read(match: re.Match[str]) -> Reading:
        times = grammar.between_numbers["×"].split()
        first = numeral(match["first"], grammar).words(grammar)
        second = numeral(match["second"], grammar).words(grammar) if match["second"] else ()
        return whole(match, (*first, *times, *second))

    number = grammar.number
    return rule(rf"(?P<first>{number})[x×](?P<second>{number})?{WORD_END}", read)


def multipliers(grammar: Grammar) -> Rule:
    """The rule for "x2"."""

    def read(match: re.Match[str]) -> Reading:
        times = grammar.between_numbers["×"].split()
        return whole(match, (*times, *grammar.speller.cardinal(match["number"])))

    return rule(rf"x(?P<number>\d{{1,4}}){WORD_END}", read)


_VERSION = r"\d{1,9}(?:\.\d{1,9})"


def versions(grammar: Grammar) -> Rule:
    """The rule for "1.2.3" and "192.168.0.1"."""

    def read(match: re.Match[str]) -> Reading:
        return whole(match, _say_version(match[0], grammar))

    # "1.234.567" is a number in languages that group digits with dots.
    grouped = rf"(?!{grammar.number}{WORD_END}(?!\.\d))"
    return rule(rf"{grouped}{_VERSION}{{2,6}}{WORD_END}", read)


def named_versions(grammar: Grammar) -> Rule:
    """The rule for "v2.0", a version in English and in French."""

    def read(match: re.Match[str]) -> Reading:
        return whole(match, ("version", *_say_version(match["version"], grammar)))

    return rule(rf"[vV](?P<version>{_VERSION}{{1,6}}){WORD_END}", read)


def _say_version(version: str, grammar: Grammar) -> Words:
    first, *rest = (grammar.speller.cardinal(number) for number in version.split("."))
    return (*first, *(word for number in rest for word in (grammar.dot, *number)))


def numbers(grammar: Grammar) -> Rule:
    """The rule for any other number."""

    def read(match: re.Match[str]) -> Reading:
        return whole(match, numeral(match[0], grammar).words(grammar))

    return rule(rf"{grammar.number}{WORD_END}", read)


def long_digits(speller: Speller) -> Rule:
    """The rule for more digits than a number may have: pieces of bounded length, read digit by digit."""

    def read(match: re.Match[str]) -> Reading:
        return [
            Written(at, end, speller.digits(match.string[at:end]))
            for at in range(match.start(), match.end(), LONGEST)
            for end in (min(at + LONGEST, match.end()),)
        ]

    return rule(r"\d{19,}+", read)


def other_digits() -> Rule:
    """The rule for numeric characters that are not digits: "²", "Ⅳ", "①"."""
    return rule(rf"[^\W_](?:(?![\d{CJK}])[^\W_]){{0,{LONGEST - 1}}}", lambda match: whole(match, clean(match[0])))
