"""Where one word of a phrase gives way to the next, by a model's durations.

A model reads the space between two words, and a comma too, as a symbol with a duration. Where no pause is spoken, the
next word is already heard during it. So the border of two words is where the phonemes of the first one end, not where
those of the second one begin; how far the sound is from that edge depends a little on the kinds of sound that the first
one ends and the second one begins with.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from sayso.tts.phonemes.phrasing import Phrasing


class Manner(StrEnum):
    """How the sound at a border of words is made."""

    VOWEL = "vowel"
    SIBILANT = "sibilant"
    FRICATIVE = "fricative"
    VOICELESS_STOP = "voiceless stop"
    VOICED_STOP = "voiced stop"
    NASAL = "nasal"
    APPROXIMANT = "approximant"


@dataclass(frozen=True, kw_only=True, slots=True)
class BorderLags:
    """How many samples after the phonemes of one word the next one is heard to begin; negative where it is before.

    The lag of a border is the sum of both; a kind of sound that is not there has none.

    Attributes:
        before: by the first sound of the next word.
        after: by the last sound of the word before.
    """

    before: Mapping[Manner, int]
    after: Mapping[Manner, int]


_SOUNDS = {
    Manner.SIBILANT: "szʃʒʂʐɕʑʧʤʦʣʨʥ",
    Manner.FRICATIVE: "fvθðhɸβçʝxɣχʁɦ",
    Manner.VOICELESS_STOP: "ptkcqʈʔ",
    Manner.VOICED_STOP: "bdɡgɖɟɾ",
    Manner.NASAL: "mnŋɲɳɴɱ",
    Manner.APPROXIMANT: "lɹrjwɥʎɻɫʋɰɽ",
}
_MANNERS = {sound: manner for manner, sounds in _SOUNDS.items() for sound in sounds}


def manner_of(symbols: str) -> Manner:
    """The manner of a word's first sound: of its first letter, behind the marks of stress. Reverse it for the last."""
    first = next((symbol for symbol in symbols if unicodedata.category(symbol) in {"Ll", "Lu", "Lo"}), "")
    return _MANNERS.get(first, Manner.VOWEL)


def word_border(phrasing: Phrasing, edges: NDArray[np.int64], left: int, right: int, lags: BorderLags) -> int:
    """Where the word ``right`` begins and ``left`` ends when they are spoken without a pause between them.

    Args:
        phrasing: the symbols that were spoken.
        edges: where each symbol begins, in samples.
        left: a token with phonemes.
        right: the next token with phonemes.
        lags: of the engine.

    Returns:
        Samples; it may be before the word ``left`` begins where that is very short.
    """
    ended, begun = (phrasing.symbols[slice(*phrasing.places[token])] for token in (left, right))
    lag = lags.before.get(manner_of(begun), 0) + lags.after.get(manner_of(ended[::-1]), 0)
    return int(edges[phrasing.places[left][1]]) + lag
