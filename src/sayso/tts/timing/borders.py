"""Where one word of a phrase gives way to the next, by a model's durations.

A model reads the space between two words, and a comma too, as a symbol with a duration. Where no pause is spoken, the
next word is already heard during it. So the border of two words is where the phonemes of the first one end, not where
those of the second one begin; how far the sound is from that edge depends a little on the kind of sound that the second
word begins with.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from sayso.tts.phonemes.phrasing import Phrasing


class Manner(StrEnum):
    """How the first sound of a word is made."""

    VOWEL = "vowel"
    SIBILANT = "sibilant"
    FRICATIVE = "fricative"
    VOICELESS_STOP = "voiceless stop"
    VOICED_STOP = "voiced stop"
    NASAL = "nasal"
    APPROXIMANT = "approximant"


BorderLags: TypeAlias = "Mapping[Manner, int]"
"""How many samples after the phonemes of one word the next one is heard to begin; negative where it is before."""

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
    """The manner of a word's first sound: of its first letter, behind the marks of stress."""
    first = next((symbol for symbol in symbols if unicodedata.category(symbol) in {"Ll", "Lu", "Lo"}), "")
    return _MANNERS.get(first, Manner.VOWEL)


def word_border(phrasing: Phrasing, edges: NDArray[np.int64], left: int, right: int, lags: BorderLags) -> int:
    """Where the word ``right`` begins and ``left`` ends when they are spoken without a pause between them.

    Args:
        phrasing: the symbols that were spoken.
        edges: where each symbol begins, in samples.
        left: a token with phonemes.
        right: the next token with phonemes.
        lags: of the engine; empty for the edge itself.

    Returns:
        Samples; it may be before the word ``left`` begins where that is very short.
    """
    begin, end = phrasing.places[right]
    return int(edges[phrasing.places[left][1]]) + lags.get(manner_of(phrasing.symbols[begin:end]), 0)
