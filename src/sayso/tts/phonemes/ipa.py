"""IPA between phoneme sources and engines, and each word's part of a phrase's IPA."""

from __future__ import annotations

import itertools
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TIE = "\u0361"
STRESS_MARKS = frozenset("ˈˌ")

# What people type, and dictionaries print, for espeak-ng's symbols.
_AS_SPOKEN = {
    **{pair: f"{pair[0]}{TIE}{pair[1]}" for pair in ("tʃ", "dʒ", "aɪ", "aʊ", "eɪ", "oʊ", "əʊ", "ɔɪ")},
    "g": "ɡ",
    "'": "ˈ",
    ":": "ː",
    "ʧ": f"t{TIE}ʃ",
    "ʤ": f"d{TIE}ʒ",
}
_NOT_SPOKEN = re.compile(r"[/\[\].\s‿]")  # brackets, syllable breaks, linking

_SKIP_COST = 2
_SWAP_COST = 3
_VOWEL_SWAP_COST = 1
_STRESS_SWAP_COST = 5  # more than leaving out both: a stress mark stands for no phoneme
_VOWELS = frozenset("aeiouyɐɑɒɔəɚɛɜɪɨʊʉʌæœøɯɤ")


def from_dictionary(ipa: str) -> str:
    """IPA as a dictionary or a person writes it, in the form of `sayso.tts.base.G2P`.

    ``/ˈmi.tʃəl/`` becomes ``ˈmit͡ʃəl``: diphthongs and affricates are tied, syllables are not parted.
    """
    ipa = _NOT_SPOKEN.sub("", ipa)
    for written, spoken in _AS_SPOKEN.items():
        ipa = ipa.replace(written, spoken)
    return ipa


def share_out(phrase: str, alone: Sequence[str]) -> list[str]:
    """Cut the phonemes of a phrase into its words.

    A synthesiser's phrase differs from its words spoken alone: weak forms ("the": ðə, ðɪ), linking, stress. We
    align the phrase with the words spoken one after another (Needleman and Wunsch, J. Mol. Biol. 48:443, 1970; one
    vowel easily stands for another, never for a consonant) and cut where a word's phonemes begin.

    Args:
        phrase: the phonemes of the whole phrase, without spaces.
        alone: the phonemes of each word on its own; a word may be empty.

    Returns:
        One string per word; joined they are ``phrase``.
    """
    if not alone:
        return []
    places = _places(phrase, "".join(alone))
    cuts, position = [0], 0
    for word in alone[:-1]:
        position += len(word)
        cuts.append(max(cuts[-1], _between_phonemes(phrase, places[position])))
    cuts.append(len(phrase))
    return [phrase[start:end] for start, end in itertools.pairwise(cuts)]


def _places(phrase: str, together: str) -> list[int]:
    """For each position in ``together``, its end included, the position in ``phrase`` that it falls on."""
    cost = _costs(phrase, together)
    i, j = len(phrase), len(together)
    places = [i] * (j + 1)
    while j > 0:
        if i > 0 and cost[i][j] == cost[i - 1][j - 1] + _swap_cost(phrase[i - 1], together[j - 1]):
            i, j = i - 1, j - 1
        elif cost[i][j] == cost[i][j - 1] + _SKIP_COST:
            j -= 1
        else:
            i -= 1  # in the phrase alone: linking, which belongs to the word before
            continue
        places[j] = i
    return places


def _costs(phrase: str, together: str) -> list[list[int]]:
    above = [column * _SKIP_COST for column in range(len(together) + 1)]
    cost = [above]
    for left in phrase:
        row = [above[0] + _SKIP_COST]
        for column, right in enumerate(together):
            row.append(
                min(
                    above[column] + _swap_cost(left, right),
                    above[column + 1] + _SKIP_COST,
                    row[column] + _SKIP_COST,
                )
            )
        cost.append(row)
        above = row
    return cost


def _swap_cost(left: str, right: str) -> int:
    if left == right:
        return 0
    if left in STRESS_MARKS or right in STRESS_MARKS:
        return _STRESS_SWAP_COST
    return _VOWEL_SWAP_COST if left in _VOWELS and right in _VOWELS else _SWAP_COST


def _between_phonemes(phrase: str, cut: int) -> int:
    """The place nearest to ``cut`` that leaves a letter with its modifiers and a stress mark with its vowel."""
    while 0 < cut < len(phrase) and _is_inside_letter(phrase, cut):
        cut += 1
    while cut > 0 and phrase[cut - 1] in STRESS_MARKS:
        cut -= 1
    return cut


def _is_inside_letter(phrase: str, cut: int) -> bool:
    """Whether a letter reaches over ``cut``: it is tied there to the next, or a length mark or accent follows."""
    before, after = phrase[cut - 1], phrase[cut]
    return before == TIE or (after not in STRESS_MARKS and unicodedata.category(after) in {"Lm", "Mn"})
