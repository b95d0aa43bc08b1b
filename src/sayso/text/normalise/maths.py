"""Rules for formulas in prose: powers, scientific notation, comparisons, functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import LETTER, WORD_END, alternatives
from sayso.text.normalise.quantities import numeral
from sayso.text.normalise.rules import parts, rule, whole

if TYPE_CHECKING:
    from sayso.text.normalise.grammar import Grammar
    from sayso.text.normalise.rules import Reading, Rule, Words

_SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹ⁿⁱˣʸᵏᵐ"
_SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉"
_PLAIN = str.maketrans(_SUPERSCRIPTS + _SUBSCRIPTS + "⁻⁺−", "0123456789nixykm" + "0123456789" + "-+-")
# What is raised in brackets has no words in it: after them, it is the mark of a note.
_FORMULA_BEFORE = re.compile(r"[(\[](?:(?![^\W\d_]{3})[^()\[\]\n]){1,40}[)\]]$")
_RAISED = rf"[⁻⁺]?[{_SUPERSCRIPTS}]{{1,6}}"
# "With p < .05": a preposition leaves no place for a verb.
_PREPOSITION_BEFORE = re.compile(r"(?<![^\W_])(?i:with|for|avec|pour|con|com|para|per) [^\W\d_] ?$")
_VERBS = frozenset({"is", "est", "es", "è", "é"})
_OPERAND_BEFORE = re.compile(r"(?:(?<![^\W_])[^\W_]|[\d)\]²³]) ?$")


def powers(grammar: Grammar) -> tuple[Rule, ...]:
    """The rules for "10⁻³", "x²", "2^10" and "xⁿ"; a raised digit after a longer word is the mark of a note."""
    say = grammar.exponent
    if say is None:
        return ()

    def exponent(raised: str) -> Words:
        plain = raised.translate(_PLAIN).strip("^{}()+")
        return say(grammar.speller, "-" if plain.startswith("-") else "", plain.lstrip("-"))

    def read_number(match: re.Match[str]) -> Reading:
        return whole(match, (*numeral(match["base"], grammar).words(grammar), *exponent(match["raised"])))

    def read_letters(match: re.Match[str]) -> Reading:
        if match[0] in grammar.units:
            return whole(match, grammar.units[match[0]].many.split())
        return whole(match, (*match["base"], *exponent(match["raised"])))

    caret = r"\^(?:\d{1,15}|[-−]\d{1,15}|[a-z](?![^\W_])|[{(][-−]?[^\W_]{1,4}[)}])"
    raised = rf"(?P<raised>{_RAISED}|{caret})"
    return (
        rule(rf"(?P<base>{grammar.number}){raised}{WORD_END}", read_number),
        rule(rf"(?P<base>(?:(?![{_SUPERSCRIPTS}]){LETTER}){{1,2}}){raised}(?![^\W\d_])", read_letters),
    )


def raised_signs(grammar: Grammar) -> Rule:
    """The rule for the power of what stands in brackets: "(a + b)²"."""
    say = grammar.exponent

    def read(match: re.Match[str]) -> Reading:
        plain = match[0].translate(_PLAIN).lstrip("+")
        if say is None or not _FORMULA_BEFORE.search(match.string[max(0, match.start() - 42) : match.start()]):
            return None
        return whole(match, say(grammar.speller, "-" if plain.startswith("-") else "", plain.lstrip("-")))

    return rule(rf"{_RAISED}(?![^\W_])", read)


def scientific(grammar: Grammar) -> Rule:
    """The rule for "1e-5", "6.02e23" and "1.6e-19 C"."""

    def read(match: re.Match[str]) -> Reading:
        if grammar.exponent is None:
            return None
        amount = numeral(match["number"], grammar).words(grammar)
        sign = "-" if match["sign"] in {"-", "−"} else ""
        power = grammar.exponent(grammar.speller, sign, match["digits"])
        unit = named[match["unit"]].many.split() if match["unit"] else ()
        return parts(match, ("amount", (*amount, *grammar.times_ten, *power)), ("unit", unit))

    named = {**grammar.units, **grammar.physical_units}
    digits = rf"(?P<amount>(?P<number>{grammar.number})[eE](?P<sign>[-−+]?)(?P<digits>\d{{1,3}}))"
    unit = rf"(?: ?(?P<unit>{alternatives(named)}){WORD_END}(?!['’/²³+]))?"
    return rule(rf"{digits}{WORD_END}{unit}", read)


def formulas(grammar: Grammar) -> Rule:
    """The rule for subscripts in a formula: "H₂O", "CO₂", "x₁"."""

    def read(match: re.Match[str]) -> Reading:
        said: list[str] = []
        for symbol, digits in _ELEMENTS.findall(match[0]):
            said += symbol.upper() if len(symbol) == 1 and len(match[0]) > 2 else (symbol,)
            said += grammar.speller.cardinal(digits.translate(_PLAIN)) if digits else ()
        return whole(match, said)

    return rule(rf"(?=[A-Za-z]{{1,6}}[{_SUBSCRIPTS}])(?:[A-Z][a-z]?|[a-z]|[{_SUBSCRIPTS}]){{2,16}}{WORD_END}", read)


_ELEMENTS = re.compile(rf"([A-Z][a-z]?|[a-z])([{_SUBSCRIPTS}]*)")


def relations(grammar: Grammar) -> Rule:
    """The rule for "a < b" and "p ≤ .05", which are "is less than" and so on, and for "aged ≥ 18", "at least"."""

    def read(match: re.Match[str]) -> Reading:
        text, start, end = match.string, match.start(), match.end()
        after = text[end : end + 2]
        if text[start - 1 : start] not in {" ", ""} and text[start - 1].isspace():
            return None
        between, alone = grammar.relations[match[0]]
        before = text[max(0, start - 6) : start]
        spaced = before.endswith(" ") and after[:1] == " "
        tight = before[-1:].isalnum() and (after[:1].isalnum() or after[:1] in "-−.")
        if _OPERAND_BEFORE.search(before) and (spaced or (tight and match[0] not in "<>")):
            verb, *said = between.split()
            without = verb in _VERBS and _PREPOSITION_BEFORE.search(text[max(0, start - 10) : start])
            return whole(match, said if without else (verb, *said))
        number_follows = after.lstrip(" ")[:1].isdecimal() or (after[:1] == "." and after[1:].isdecimal())
        number_follows = number_follows or after in {" .", " -", " −"}
        return whole(match, alone.split()) if number_follows and (spaced or not before[-1:].isalnum()) else None

    signs = sorted(grammar.relations, key=len, reverse=True)
    pattern = "|".join(map(re.escape, signs)) if signs else "(?!)"
    return rule(rf"(?:{pattern})(?![<>=])", read)


def functions(of: str) -> Rule:
    """The rule for "f(x)" and "O(n log n)": a letter directly before brackets; not for "a(n)" and "s(he)"."""

    def read(match: re.Match[str]) -> Reading:
        return parts(match, ("name", (match["name"][0], of)))

    return rule(r"(?P<name>(?![aAsSI])[A-Za-z]\()(?=[^\W_][^()\n]{0,24}\))(?!(?:e?s|e)\))", read)
