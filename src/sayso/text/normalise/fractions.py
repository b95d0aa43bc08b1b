"""The rule for fractions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import WORD_END, listed
from sayso.text.normalise.quantities import Numeral
from sayso.text.normalise.rules import parts, rule
from sayso.text.normalise.words import word_after

if TYPE_CHECKING:
    import re

    from sayso.text.normalise.grammar import Grammar, Unit
    from sayso.text.normalise.rules import Reading, Rule, Words

# The characters that stand for a third and the like, besides "1/3" itself.
_FRACTION_SIGNS = {
    "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "⅕": "1/5", "⅖": "2/5", "⅗": "3/5", "⅘": "4/5",
    "⅙": "1/6", "⅚": "5/6", "⅛": "1/8", "⅜": "3/8", "⅝": "5/8", "⅞": "7/8",
}  # fmt: skip


def fractions(grammar: Grammar) -> Rule:
    """The rule for "½", "1½", "1 1/2", "3/4 km", "31/32" and "1/4th"."""

    def read(match: re.Match[str]) -> Reading:
        words = _fraction_words(_FRACTION_SIGNS.get(match["fraction"], match["fraction"]), grammar)
        if words is None:
            return None
        said, after_whole = words
        if grammar.feminine and not match["whole"] and not match["unit"]:
            said = _before_noun(match, said, grammar)
        unit = grammar.units[match["unit"]] if match["unit"] else None
        if unit and not match["whole"] and _is_improper(match["fraction"]):
            return parts(match, ("fraction", said), ("unit", unit.many.split()))
        if not match["whole"]:
            of = () if unit and _measures_directly(match, unit) else grammar.part_of
            if unit and of == ("of", "a") and unit.one.startswith(("ounce", "hour", "inch", "amp")):
                of = ("of", "an")
            return parts(match, ("fraction", said), ("unit", (*of, *unit.one.split()) if unit else ()))
        amount = Numeral(match["whole"], "")
        counted = amount.of(grammar, unit._replace(one=unit.many)) if unit else ()
        said_whole = amount.words(grammar, unit)
        if grammar.fraction_last and unit:
            ending = "e" if unit.feminine and after_whole[-1] == "demi" else ""
            counted = (*amount.of(grammar, unit), *after_whole[:-1], after_whole[-1] + ending)
            return parts(match, ("whole", said_whole), ("fraction", ()), ("unit", counted))
        return parts(match, ("whole", said_whole), ("fraction", after_whole), ("unit", counted))

    signs = "".join(_FRACTION_SIGNS)
    fraction = rf"(?P<fraction>[{signs}]|(?<![/.,])\d{{1,3}}[/⁄]\d{{1,4}}(?![/\d]|[.,]\d)(?:(?i:st|nd|rd|th)s?)?)"
    unit = rf"(?: ?(?P<unit>{grammar.unit_pattern}))?{WORD_END}"
    return rule(rf"(?:(?P<whole>\d{{1,9}})(?: |(?=[{signs}])))?{fraction}{unit}", read)


def _measures_directly(match: re.Match[str], unit: Unit) -> bool:
    """Whether what is measured follows without "of", as in a recipe: "1/4 tsp salt"."""
    following = word_after(match) if match.string.startswith(" ", match.end()) else ""
    return unit.one in _SPOONS and following.isalpha() and following.islower() and following not in _AFTER_SPOONS


_SPOONS = frozenset({"teaspoon", "tablespoon", "ounce", "fluid ounce"})
_AFTER_SPOONS = listed("of and or per each in into on at to for from with at a an the if then more less was is")


def _is_improper(fraction: str) -> bool:
    """Whether a fraction is more than one, as the two values of a blood pressure: "120/80 mmHg"."""
    top, _, bottom = fraction.partition("/")
    return top.isdecimal() and bottom.isdecimal() and int(top) > int(bottom)


def _before_noun(match: re.Match[str], said: Words, grammar: Grammar) -> Words:
    """The words of a fraction before a noun: "une demi tasse", "un quart de tasse"."""
    noun = word_after(match).lower() if match.string.startswith(" ", match.end()) else ""
    if said == ("un", "demi"):
        return ("une", "demi") if grammar.feminine and grammar.feminine(noun) else said
    return (*said, *grammar.part_of) if noun.removesuffix("s") in _MEASURES else said


_MEASURES = listed("tasse verre cuillère cuillerée gousse botte oignon bouteille sachet")


def _fraction_words(fraction: str, grammar: Grammar) -> tuple[Words, Words] | None:
    fraction = fraction.replace("⁄", "/").rstrip("stndrhSTNDRH")
    if fraction in grammar.fractions:
        return grammar.fractions[fraction]
    if grammar.fraction is None:
        return None
    top, _, bottom = fraction.partition("/")
    return grammar.fraction(grammar.speller, int(top), int(bottom)) if bottom[0] != "0" else None
