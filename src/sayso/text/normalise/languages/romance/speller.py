"""Numbers in words where num2words stumbles or has no gender: a speller made of a language's own functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.text.normalise.numbers import MOST_DIGITS, Speller

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.text.normalise.rules import Words

_MOST_GROUPED_DIGITS = 24


@dataclass(frozen=True)
class RomanceSpeller(Speller):
    """Spells out numbers by a language's own functions.

    Attributes:
        spell: the words of a number from 0 to 10^24 - 1.
        spell_ordinal: the words of an ordinal, and whether it is feminine.
        agree: the words of a number before a noun that it counts, and whether that is feminine ("veintiún", "una").
    """

    spell: Callable[[int], Words]
    spell_ordinal: Callable[[int, bool], Words]
    agree: Callable[[Words, bool], Words]

    def cardinal(self, digits: str, *, feminine: bool = False, grouped: bool = False) -> Words:
        """See `Speller.cardinal`."""
        longest = _MOST_GROUPED_DIGITS if grouped else MOST_DIGITS
        if len(digits) > longest or (digits[0] == "0" and len(digits) > 1):
            return self.digits(digits)
        said = self.spell(int(digits))
        return self.agree(said, True) if feminine else said  # noqa: FBT003 -- a callback

    def counted(self, digits: str, *, feminine: bool, grouped: bool = False) -> Words:
        """See `Speller.counted`."""
        return self.agree(self.cardinal(digits, grouped=grouped), feminine)

    def digits(self, digits: str) -> Words:
        """See `Speller.digits`."""
        return tuple(word for digit in digits for word in self.spell(int(digit)))

    def ordinal(self, value: int, *, feminine: bool = False) -> Words:
        """See `Speller.ordinal`."""
        return self.spell_ordinal(value, feminine)

    def year(self, value: int) -> Words:
        """See `Speller.year`."""
        return self.spell(value)
