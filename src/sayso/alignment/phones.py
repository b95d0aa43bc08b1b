"""From IPA to the symbols of a phoneme model: each phone with the symbols that the model may hear in its place."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TIE = "\u0361"
_NASAL = "\u0303"
_IGNORED = re.compile("[ˈˌː\\-ʲ\u0329\u032f]")

# What a model of American English hears for espeak-ng's phones, the likeliest first. French ones are at the end.
_HEARD_AS: Mapping[str, str] = {
    "a͡ɪ": "aɪ i", "a͡ʊ": "aʊ", "e͡ɪ": "eɪ e ə", "o͡ʊ": "oʊ ɔ o u", "ə͡ʊ": "oʊ ɔ o u", "ɔ͡ɪ": "ɔɪ oʊ", "i͡ə": "i iə",
    "ᵻ": "ɪ ə i", "ɚ": "ɝ ɚ ə ɹ", "ɜ": "ɝ ɜ ɹ", "ɐ": "ə ʌ æ ɐ", "ə": "ə ʌ ɪ i ɛ æ", "ɪ": "ɪ i ə ɛ", "ʌ": "ʌ ə ɔ",
    "i": "i ɪ", "ɾ": "t d ɾ", "ɡ": "ɡ g", "ɑ": "ɑ ɔ ə", "ɒ": "ɑ ɔ ɒ", "ɔ": "ɔ ɑ oʊ o", "ɛ": "ɛ æ e ə", "æ": "æ ə ɛ a",
    "ʊ": "ʊ ə u", "u": "u ʊ oʊ", "t": "t d ʔ", "d": "d t", "z": "z s", "ð": "ð d θ", "θ": "θ ð t", "t͡ʃ": "t͡ʃ ʃ",
    "d͡ʒ": "d͡ʒ ʒ", "v": "v f", "h": "h", "ɹ": "ɹ ɝ", "r": "ɹ r ɾ ɝ", "ŋ": "ŋ n", "n": "n ŋ m", "m": "m n", "l": "l ɫ",
    "ʁ": "ʁ ɹ ə ɝ h x", "y": "y u i ju", "ø": "ø ə u oʊ", "œ": "œ ə ʌ ɝ", "a": "a ɑ æ ə", "e": "e eɪ i ɛ",
    "o": "o oʊ ɔ", "ɲ": "n j ɲ", "ɥ": "w ɥ j", "w": "w", "j": "j i", "x": "x h k", "ç": "ç ʃ h", "β": "b v", "ɣ": "ɡ g",
    "ʎ": "l j", "t͡s": "t s", "p͡f": "f p", "ʏ": "y u ɪ",
}  # fmt: skip
_RHOTIC = frozenset({"ɔ͡ɹ", "ɪ͡ɹ", "ɛ͡ɹ", "ɑ͡ɹ", "ʊ͡ɹ"})

_VOWELS = frozenset("aeiouyɐɑɒɔəɚɛɜɪɨʊʉʌæœøɯɤᵻɝʏ")
_STOPS = frozenset("pbtdkɡgɾʔcɟq")
_FRICATIVES = frozenset("sʃzʒfvθðhxçχʁɕʑʂʐɣβ")
_NASALS = frozenset("mnŋɲɱɴ")


def phones_of(ipa: str) -> list[str]:
    """The phones of a word in IPA: affricates and diphthongs are one, stress and length are left out."""
    ipa = _IGNORED.sub("", unicodedata.normalize("NFD", ipa))
    phones, start = [], 0
    while start < len(ipa):
        end = start + 1
        while end < len(ipa) and unicodedata.category(ipa[end]) in {"Mn", "Lm"}:
            end += 2 if ipa[end] == _TIE else 1
        phones += _simple(unicodedata.normalize("NFC", ipa[start:end]))
        start = end
    return phones


def _simple(phone: str) -> list[str]:
    if phone in _RHOTIC:
        return [phone[0], "ɹ"]
    if phone == "ə͡l":
        return ["ə", "l"]
    letters = unicodedata.normalize("NFD", phone)
    if _NASAL in letters and _TIE not in letters:
        return [letters.replace(_NASAL, "")[:1]]
    return [phone] if unicodedata.category(phone[0])[0] == "L" else []


def columns_of(phone: str, symbols: Mapping[str, int]) -> tuple[int, ...]:
    """The columns that stand for a phone in a model's probabilities, the likeliest first; empty if none does."""
    found = [symbols[each] for each in _HEARD_AS.get(phone, phone).split() if each in symbols]
    if not found and phone[0] != phone:
        found = list(columns_of(phone[0], symbols))
    return tuple(dict.fromkeys(found))


@functools.cache
def class_of(phone: str) -> str:
    """The manner of a phone: vowel, stop, affricate, fricative, nasal or approximant."""
    first = phone[0]
    if first in _VOWELS:
        return "vowel"
    if first in _STOPS:
        return "affricate" if len(phone) > 1 and phone[-1] in _FRICATIVES else "stop"
    if first in _FRICATIVES:
        return "fricative"
    return "nasal" if first in _NASALS else "approximant"


def spelled(word: str) -> Sequence[str]:
    """A stand-in for a word without phonemes, so that it takes some time: a vowel."""
    return ["ə"] if word else []
