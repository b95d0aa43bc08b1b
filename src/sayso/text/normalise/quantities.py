"""Numbers, and rules for those without a unit: scaled ones, products, versions, long rows of digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sayso.text.normalise.grammar import CJK, WORD_END, alternatives, listed
from sayso.text.normalise.rules import Written, parts, rule, whole
from sayso.text.normalise.words import LONGEST, clean, word_after, word_before

if TYPE_CHECKING:
    import re

    from sayso.text.normalise.grammar import Grammar, Unit
    from sayso.text.normalise.numbers import Speller
    from sayso.text.normalise.rules import Reading, Rule, Words


class Numeral(NamedTuple):
    """A number as written: its whole digits and its decimals, "" if it has none."""

    digits: str
    decimals: str
    grouped: bool = False
    """Whether marks group the digits, so that the number is one however long it is."""

    def words(self, grammar: Grammar, unit: Unit | None = None) -> Words:
        """The words of the number before ``unit``."""
        if not self.digits:
            return (grammar.point, *grammar.say_decimals(grammar.speller, self.decimals))
        feminine = unit is not None and unit.feminine
        if unit is not None and not self.decimals:
            return grammar.speller.counted(self.digits, feminine=feminine, grouped=self.grouped)
        said = grammar.speller.cardinal(self.digits, feminine=feminine, grouped=self.grouped)
        return (*said, grammar.point, *grammar.say_decimals(grammar.speller, self.decimals)) if self.decimals else said

    def of(self, grammar: Grammar, unit: Unit) -> Words:
        """The words for ``unit`` after this number."""
        return tuple((unit.one if grammar.is_one(self.digits, self.decimals) else unit.many).split())


def numeral(text: str, grammar: Grammar) -> Numeral:
    """Split a match of ``grammar.number``."""
    digits, decimals = grammar.split_number(text)
    bare = "".join(char for char in digits if char.isdecimal())
    return Numeral(bare or ("" if grammar.silent_zero else "0"), decimals, grouped=bare != digits)


def scaled(grammar: Grammar) -> Rule:
    """The rule for "10k" and "3bn" without a unit."""

    def read(match: re.Match[str]) -> Reading:
        amount = numeral(match["number"], grammar)
        if match["scale"].isupper() and _is_in_place(match):
            return None
        return whole(match, (*amount.words(grammar), *amount.of(grammar, grammar.scales[match["scale"]])))

    letters = {scale: name for scale, name in grammar.scales.items() if scale not in grammar.units}
    return rule(rf"(?P<number>{grammar.number})(?P<scale>{alternatives(letters)}){WORD_END}", read)


def _is_in_place(match: re.Match[str]) -> bool:
    """Whether a number with a capital letter is that of a door or a page: "apt 4B", "221B Baker Street"."""
    before = word_before(match).lower()
    return before in _PLACES or (match["scale"] == "B" and word_after(match)[:1].isupper())


_PLACES = listed(
    "apt apartment flat room suite unit section gate seat exhibit form building floor page figure table bus no class "
    "at appartement bâtiment porte chambre salle siège page"
)


def products(grammar: Grammar) -> Rule:
    """The rule for "3×4", "1920x1080", "4x100 m" and "2x"."""

    def read(match: re.Match[str]) -> Reading:
        first = numeral(match["first"], grammar).words(grammar)
        second = numeral(match["second"], grammar).words(grammar) if match["second"] else ()
        sides = grammar.by and second and (match["unit"] or match["sign"] == "x")
        equals = match.string[match.end() : match.end() + 2].strip().startswith("=")
        times = (grammar.by,) if sides and not equals else grammar.between_numbers["×"].split()
        unit = _unit_of_product(match, grammar) if match["unit"] else ()
        return parts(match, ("product", (*first, *times, *second)), ("unit", unit))

    number = grammar.number
    unit = rf"(?: ?(?P<unit>{grammar.unit_pattern})(?!['’]|[^\W_]))?"
    return rule(rf"(?P<product>(?P<first>{number})(?P<sign>[x×])(?P<second>{number})?){unit}{WORD_END}", read)


def _unit_of_product(match: re.Match[str], grammar: Grammar) -> Words:
    """The unit after a product, in the singular where it describes a noun: "a 10x12 ft room", "the 4x100 m relay"."""
    unit = grammar.units[match["unit"]]
    near = match.string[max(0, match.start() - 12) : match.start()]
    following = word_after(match)
    article = grammar.before_attribute is not None and grammar.before_attribute.search(near)
    describes = grammar.by and ((article and following.islower()) or following.removesuffix("s") == "relay")
    return tuple((unit.one if describes else unit.many).split())


def multipliers(grammar: Grammar) -> Rule:
    """The rule for "x2"."""

    def read(match: re.Match[str]) -> Reading:
        times = grammar.between_numbers["×"].split()
        return whole(match, (*times, *grammar.speller.cardinal(match["number"])))

    return rule(rf"x(?!86|64)(?P<number>\d{{1,4}}){WORD_END}", read, "x")


_VERSION = r"\d{1,9}(?:\.\d{1,9})"


def versions(grammar: Grammar) -> Rule:
    """The rule for "1.2.3" and "192.168.0.1"."""

    def read(match: re.Match[str]) -> Reading:
        return whole(match, _say_version(match[0], grammar))

    # "1.234.567" is a number in languages that group digits with dots.
    grouped = rf"(?!{grammar.number}{WORD_END}(?!\.\d))"
    return rule(rf"{grouped}{_VERSION}{{2,6}}{WORD_END}", read)


def named_versions(grammar: Grammar) -> Rule:
    """The rule for "v2.0"; after the word itself, only the number is spoken: "version v1.2"."""

    def read(match: re.Match[str]) -> Reading:
        named = word_before(match).lower() in {grammar.version, "version"}
        return whole(match, (*(() if named else (grammar.version,)), *_say_version(match["version"], grammar)))

    return rule(rf"[vV](?P<version>{_VERSION}{{1,6}}){WORD_END}", read, "vV")


_SOFTWARE = listed(
    "version versions release python java node nodejs ruby go golang rust django rails php perl postgresql postgres "
    "mysql mariadb kubernetes docker linux kernel ios android macos firefox chrome numpy pandas pytorch tensorflow"
)


def software_versions(grammar: Grammar) -> Rule:
    """The rule for "Python 3.11" and "version 1.10", of which the second number is one, too; "22.04" keeps its zero."""

    def read(match: re.Match[str]) -> Reading:
        return whole(match, _say_version(match[0], grammar)) if word_before(match).lower() in _SOFTWARE else None

    return rule(rf"\d{{1,3}}\.(?:[1-9]\d{{0,2}}|0){WORD_END}(?!(?:[.,]?\d)| ?%)", read)


def _say_version(version: str, grammar: Grammar) -> Words:
    first, *rest = (grammar.speller.cardinal(number) for number in version.split("."))
    return (*first, *(word for number in rest for word in (grammar.dot, *number)))


def numbers(grammar: Grammar) -> Rule:
    """The rule for any other number."""

    def read(match: re.Match[str]) -> Reading:
        amount = numeral(match[0], grammar)
        counts = grammar.feminine and amount.digits.endswith("1") and not amount.decimals
        if counts and _counts_feminine(match, grammar):
            return whole(match, grammar.speller.cardinal(amount.digits, feminine=True))
        return whole(match, amount.words(grammar))

    return rule(rf"{grammar.number}{WORD_END}", read)


def _counts_feminine(match: re.Match[str], grammar: Grammar) -> bool:
    """Whether the word after a number is a feminine noun that the number counts."""
    return grammar.feminine is not None and grammar.feminine(_noun_after(match))


def _noun_after(match: re.Match[str]) -> str:
    return word_after(match) if match.string.startswith(" ", match.end()) else ""


def long_digits(speller: Speller) -> Rule:
    """The rule for more digits than a number may have: pieces of bounded length, read digit by digit."""

    def read(match: re.Match[str]) -> Reading:
        return [
            Written(at, end, speller.digits(match.string[at:end]))
            for at in range(match.start(), match.end(), LONGEST)
            for end in (min(at + LONGEST, match.end()),)
        ]

    return rule(r"\d{19,}+", read)


def other_digits(speller: Speller | None = None) -> Rule:
    """The rule for numeric characters that are not digits: "²", "Ⅳ", "①"; with a speller, "²" is "two"."""

    def read(match: re.Match[str]) -> Reading:
        plain = clean(match[0])
        return whole(match, speller.cardinal(plain[0]) if speller and plain[0].isdecimal() else plain)

    return rule(rf"[^\W_](?:(?![\d{CJK}])[^\W_]){{0,{LONGEST - 1}}}", read)
