"""Any other language: words as they are, numbers where num2words supports the language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.text.normalise.grammar import WORD_END
from sayso.text.normalise.numbers import Speller
from sayso.text.normalise.quantities import long_digits, other_digits
from sayso.text.normalise.rules import RuleBook, rule, whole
from sayso.text.normalise.words import ideographs, plain_words

if TYPE_CHECKING:
    import re

    from sayso.text.normalise.rules import Reading


def generic(language: str) -> RuleBook:
    """The rules that hold for every language."""
    speller = Speller(language)

    def read_number(match: re.Match[str]) -> Reading:
        return whole(match, speller.cardinal(match[0]))

    plain = plain_words(speller)
    return RuleBook(
        words=(ideographs(), plain),
        numbers=(long_digits(speller), rule(rf"\d{{1,18}}{WORD_END}", read_number), plain, other_digits()),
        signs=(),
        sign_chars="",
        prefixes={},
    )
