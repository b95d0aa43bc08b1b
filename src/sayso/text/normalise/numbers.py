"""Numbers in words: the output of num2words, corrected where a listener would stumble."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sayso.text.normalise.rules import Words

# Numbers with more digits than this are read digit by digit.
MOST_DIGITS = 15
_MOST_GROUPED_DIGITS = 36
# num2words has languages that overflow above this many digits, and its Amharic never returns for large numbers.
_MOST_DIGITS_ELSEWHERE = 9
_BROKEN = frozenset({"am"})

_ROMAN = re.compile(r"(?=.)M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


@dataclass(frozen=True)
class Speller:
    """Spells out numbers in one language.

    Attributes:
        language: a BCP 47 tag in lower case.
    """

    language: str

    @cached_property
    def converter(self) -> str | None:
        """The language's name in num2words, or None if num2words has no working one."""
        from num2words import CONVERTER_CLASSES  # imports every language, so it waits for the first number

        primary, _, region = self.language.partition("-")
        primary = {"nb": "no", "nn": "no"}.get(primary, primary)
        for name in (f"{primary}_{region.upper()}", primary):
            if name in CONVERTER_CLASSES and name not in _BROKEN:
                return name
        return None

    def cardinal(self, digits: str, *, feminine: bool = False, grouped: bool = False) -> Words:
        """A cardinal: "21" is "twenty-one"; read digit by digit when it is long or begins with a zero.

        Args:
            digits: the number.
            feminine: whether "one" is feminine in it.
            grouped: whether marks group its digits, so that it may be longer.
        """
        known = self.language.startswith(("en", "fr"))
        longest = (_MOST_GROUPED_DIGITS if grouped else MOST_DIGITS) if known else _MOST_DIGITS_ELSEWHERE
        if not self.converter or len(digits) > longest or (digits[0] == "0" and len(digits) > 1):
            return self.digits(digits)
        words = self._spoken(int(digits), "cardinal")
        if feminine and words[-1].endswith("un"):
            return (*words[:-1], words[-1] + "e")
        return words

    def counted(self, digits: str, *, feminine: bool, grouped: bool = False) -> Words:
        """A cardinal before the unit that it counts; some languages shorten it there ("un kilómetro")."""
        return self.cardinal(digits, feminine=feminine, grouped=grouped)

    def digits(self, digits: str) -> Words:
        """Digit by digit: "007" is "zero zero seven"."""
        if not self.converter:
            return (digits,)
        return tuple(word for digit in digits for word in self._spoken(int(digit), "cardinal"))

    def ordinal(self, value: int, *, feminine: bool = False) -> Words:
        """An ordinal: 21 is "twenty-first"."""
        words = self._spoken(value, "ordinal")
        return ("première",) if feminine and words == ("premier",) else words

    def year(self, value: int) -> Words:
        """A year: 1984 is "nineteen eighty-four" in English."""
        return self._spoken(value, "year")

    def _spoken(self, value: int, form: str) -> Words:
        # A language without a converter never comes here: `cardinal` and `digits` check first, the others have rules.
        return _spoken(value, self.converter or "en", form, british=self.language != "en-us")


@lru_cache(maxsize=4096)
def _spoken(value: int, converter: str, form: str, *, british: bool) -> Words:
    from num2words import num2words

    said = num2words(value, lang=converter, to=form).replace(",", "")
    if converter.startswith("fr"):
        # "quatre-vingtsième", "deux centsième": the plural s is dropped before the ending.
        said = said.replace("ngtsième", "ngtième").replace("centsième", "centième")
    words = said.replace("oh-", "oh ").split()
    keep_and = british or not converter.startswith("en")
    return tuple(word for word in words if keep_and or word != "and")


def roman_value(letters: str) -> int | None:
    """The value of a Roman numeral in capitals and in its canonical form (1 to 3999), else None."""
    if not _ROMAN.fullmatch(letters):
        return None
    values = [_ROMAN_VALUES[letter] for letter in letters]
    following = [*values[1:], 0]
    return sum(-value if value < after else value for value, after in zip(values, following, strict=True))
