"""A language's data for the rules: tables of words, and a few functions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sayso.text.normalise.numbers import Speller
    from sayso.text.normalise.rules import Words

# A letter or digit that belongs to a longer word: not one of a script that writes each word as one character.
CJK = r"\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
LETTER = rf"[^\W_{CJK}]"
WORD_END = rf"(?!{LETTER})"


class Unit(NamedTuple):
    """The name of a unit or currency: singular, plural, and whether "one" is feminine."""

    one: str
    many: str
    feminine: bool = False


class Currency(NamedTuple):
    """A currency and its hundredth; ``cents`` is None where prices have no hundredths.

    ``names_cents`` is whether the hundredth is named after the unit: "two dollars fifty cents", "two pounds fifty".
    """

    unit: Unit
    cents: Unit | None
    names_cents: bool = False


class When(Enum):
    """Where a text is an abbreviation; elsewhere it is an ordinary word."""

    ALWAYS = "always"
    BEFORE_NAME = "before a capital letter"
    AFTER_NAME = "after a word with a capital letter, and not before one"
    BETWEEN_NAMES = "between two words with a capital letter"
    BEFORE_NUMBER = "before a digit"
    AFTER_NUMBER = "after a digit"


class Abbreviation(NamedTuple):
    """The words of an abbreviation, and where it applies."""

    words: str
    when: When = When.ALWAYS


@dataclass(frozen=True, kw_only=True)
class Grammar:
    """A language's tables. Keys are written forms, values are spoken forms.

    Attributes:
        speller: spells out its numbers.
        number: the pattern of a number without its sign, with its thousands marks and decimals; has no groups.
        split_number: splits a match of ``number`` into whole digits (with their marks) and decimals.
        say_decimals: returns the words of the digits after the decimal mark.
        is_one: whether a number (whole digits, decimals) takes the singular of its unit.
        point, dot: the decimal mark, and the dot of versions and addresses.
        per: "per" in "kilometers per hour".
        part_of: the words between a fraction and its unit ("three quarters *of a* mile").
        fraction_last: whether a fraction after a whole number follows the unit ("une heure et demie").
        of_millions: a currency's name after "million".
        before_cents: the words between a currency and its hundredths ("doze reais *e* cinco centavos").
        units, currencies: by symbol.
        scales: words that multiply an amount: "million", "bn", "k".
        fractions: a fraction alone, and after a whole number.
        prefixes: signs that are spoken before the number that follows them without a space.
        between_numbers: signs that are spoken between two numbers only.
        signs: signs that are always spoken.
        abbreviations: the possible meanings of each, in order of trial.
        acronyms: capitals that are spoken as a word.
        initialisms: capitals that are always spelled, though they could be spoken as a word.
        short_words: ordinary words of two or three letters, which stay words in capitals.
        numbered: words before a Roman numeral that is a cardinal ("chapter"), in lower case.
        rulers: names before a Roman numeral that is an ordinal ("Henry").
        first_ruler: must match near a ruler's "I", which could be a word.
        rank: returns the words of a ruler's number.
        url_signs: the signs of web and e-mail addresses.
        money_scales: scales that count as such before a currency or after its sign only ("$30b").
        per_units: units that are written so only after "per" or a slash ("/yr").
        raise_unit: the name of a unit to a power: the unit, the exponent, and whether it stands after "per".
        exponent: the words after a base: sign ("" or "-") and digits or letter of the exponent ("squared").
        times_ten: the words for the "e" of "1e-5".
        relations: signs of comparison: between two operands, and before a number alone.
        scores: is searched in the text before two numbers with a hyphen, which are a result then and no range.
        between, and_word: matches the text before a range that is spoken with "and" ("between 10-12"), and that word.
        fraction: the words of any other fraction, alone and after a whole number; None if it is read as two numbers.
        before_attribute: matches the text before a number whose unit stays singular ("a 5 km run").
        silent_zero: whether ".5" is "point five".
        physical_units: symbols of one letter that are a unit only after a number such as "1.6e-19".
        by: the word between the sides of something ("4x100 m"), "" if it is that of a product.
        slash: the word for a slash between two words, "" if it is not spoken.
        version: the word for the "v" of "v2.0".
        feminine: whether a noun is feminine, where a number before it depends on that ("21 pages").
    """

    speller: Speller
    number: str
    split_number: Callable[[str], tuple[str, str]]
    say_decimals: Callable[[Speller, str], Words]
    is_one: Callable[[str, str], bool]
    point: str
    dot: str
    per: str
    part_of: Words
    fraction_last: bool
    of_millions: Callable[[str], Words]
    units: Mapping[str, Unit]
    currencies: Mapping[str, Currency]
    scales: Mapping[str, Unit]
    fractions: Mapping[str, tuple[Words, Words]]
    prefixes: Mapping[str, str]
    between_numbers: Mapping[str, str]
    signs: Mapping[str, str]
    abbreviations: Mapping[str, tuple[Abbreviation, ...]]
    acronyms: frozenset[str]
    initialisms: frozenset[str]
    short_words: frozenset[str]
    numbered: frozenset[str]
    rulers: frozenset[str]
    first_ruler: re.Pattern[str]
    rank: Callable[[Speller, int], Words]
    url_signs: Mapping[str, str]
    before_cents: Words = ()
    money_scales: Mapping[str, Unit] = field(default_factory=dict)
    per_units: Mapping[str, Unit] = field(default_factory=dict)
    raise_unit: Callable[[Unit, int, bool], Unit] = lambda unit, _exponent, _divided: unit
    exponent: Callable[[Speller, str, str], Words] | None = None
    times_ten: Words = ()
    relations: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    scores: re.Pattern[str] | None = None
    between: re.Pattern[str] | None = None
    and_word: str = ""
    fraction: Callable[[Speller, int, int], tuple[Words, Words] | None] | None = None
    before_attribute: re.Pattern[str] | None = None
    silent_zero: bool = False
    physical_units: Mapping[str, Unit] = field(default_factory=dict)
    by: str = ""
    slash: str = ""
    version: str = "version"
    feminine: Callable[[str], bool] | None = None

    @cached_property
    def all_units(self) -> Mapping[str, Unit]:
        """The units, with those that stand after "per" only."""
        return {**self.units, **self.per_units}

    @cached_property
    def unit_pattern(self) -> str:
        """Any unit's symbol."""
        return alternatives(self.units)

    @cached_property
    def currency_pattern(self) -> str:
        """Any currency's symbol."""
        return alternatives(self.currencies)

    @cached_property
    def money_scale_pattern(self) -> str:
        """Any scale of an amount of money."""
        return alternatives({**self.scales, **self.money_scales})

    @cached_property
    def scale_pattern(self) -> str:
        """Any scale."""
        return alternatives(self.scales)


def listed(words: str) -> frozenset[str]:
    """The words of a list, which is written with spaces."""
    return frozenset(words.split())


def alternatives(words: Mapping[str, object]) -> str:
    """A pattern of any of ``words``, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
