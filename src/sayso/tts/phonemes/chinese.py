"""Phonemes of Mandarin: pypinyin's syllables in IPA, with their tones."""

from __future__ import annotations

import functools
import itertools
import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, NamedTuple

from sayso.errors import UnsupportedLanguage
from sayso.installation import language_not_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_INITIALS: Mapping[str, str] = {
    "": "", "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ",
    "h": "x", "j": "t͡ɕ", "q": "t͡ɕʰ", "x": "ɕ", "zh": "ʈ͡ʂ", "ch": "ʈ͡ʂʰ", "sh": "ʂ", "r": "ɻ", "z": "t͡s", "c": "t͡sʰ",
    "s": "s",
}  # fmt: skip
_FINALS: Mapping[str, str] = {
    "a": "a", "o": "wo", "e": "ɤ", "i": "i", "u": "u", "v": "y", "er": "ɚ", "ê": "ɛ", "ai": "ai", "ei": "ei",
    "ao": "au", "ou": "ou", "an": "an", "en": "ən", "ang": "aŋ", "eng": "əŋ", "ong": "ʊŋ", "ia": "ja", "ie": "je",
    "iao": "jau", "iou": "jou", "ian": "jɛn", "in": "in", "iang": "jaŋ", "ing": "iŋ", "iong": "jʊŋ", "io": "jɔ",
    "ua": "wa", "uo": "wo", "uai": "wai", "uei": "wei", "uan": "wan", "uen": "wən", "uang": "waŋ", "ueng": "wəŋ",
    "ve": "ɥe", "van": "ɥɛn", "vn": "yn",
}  # fmt: skip
_TONES: Mapping[str, str] = {"1": "˥", "2": "˧˥", "3": "˨˩˦", "4": "˥˩", "5": ""}

# The vowel of "zhi" and of "zi", which is written i.
_AFTER_RETROFLEX, _AFTER_SIBILANT = "ɻ̩", "ɹ̩"
_RETROFLEX, _SIBILANTS = frozenset({"zh", "ch", "sh", "r"}), frozenset({"z", "c", "s"})

_INTERJECTIONS: Mapping[str, str] = {"m": "m", "n": "n", "ng": "ŋ", "hm": "hm", "hng": "hŋ", "o": "ɔ"}
_HANZI = re.compile(r"[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


class _Heteronym(NamedTuple):
    """How a character is read as a word of its own, by its neighbours: patterns of what is before and after it."""

    before: str
    after: str
    syllable: str


_LETTER = r"[^\W\d_]"
_HETERONYMS: Mapping[str, Sequence[_Heteronym]] = {
    # after an adverb of two characters ("高兴地跑"), not after a measure word or demonstrative ("这块地")
    "地": (_Heteronym(rf"{_LETTER}{{2}}(?<![块片个的在各外本当该此么])$", r"[^\W\d_的是在上很]", "de5"),),
    # who must do something ("你得去"); otherwise after a verb or adjective ("跑得快")
    "得": (
        _Heteronym(r"[我你他她它您们就还也都总必非又]$", r"[^\W\d_到]", "dei3"),
        _Heteronym(rf"{_LETTER}(?<![只可先不])$", r"[^\W\d_到]", "de5"),
    ),
    # after a number or demonstrative, animals and things are counted
    "只": (
        _Heteronym(r"[一两二三四五六七八九十百千几每半]$", "", "zhi1"),
        _Heteronym("[这那]$", "[^是有要能会想不]", "zhi1"),
    ),
    # after an adverb of degree or a length, long
    "长": (_Heteronym(r"[很太更最多挺够么米里]$", "", "chang2"),),
}


class ChineseG2P:
    """The `G2P` of Mandarin; threads share it.

    Args:
        package: pypinyin.
        foreign: pronounces the words in other scripts.
    """

    def __init__(self, package: Any, foreign: Callable[[str], str]) -> None:
        self.fingerprint = f"pypinyin {version('pypinyin')}"
        self._package = package
        self._foreign = foreign

    def pronounce(self, words: Sequence[str], language: str) -> list[str]:  # noqa: ARG002
        """See `G2P.pronounce`; a tone stands after its vowel, in the letters of Y. R. Chao (˥, ˧˥, ˨˩˦, ˥˩).

        Raises:
            UnsupportedLanguage: the dictionary has no reading of a character.
        """
        text = "".join(words)
        starts = itertools.accumulate(map(len, words), initial=0)
        places = zip(words, starts, strict=False)  # the last start is the end
        return [self._pronounce(word, text[:start], text[start + len(word) :]) for word, start in places]

    def _pronounce(self, word: str, before: str, after: str) -> str:
        if not _HANZI.search(word):
            return self._foreign(word)
        return "".join(map(ipa_of, _by_context(word, before, after) or self._syllables(word)))

    def _syllables(self, word: str) -> list[str]:
        """The syllables of a word, each with the number of its tone."""
        tone3 = self._package.Style.TONE3
        found: list[str] = self._package.lazy_pinyin(word, style=tone3, neutral_tone_with_five=True, errors=_unread)
        return found


def _by_context(word: str, before: str, after: str) -> Sequence[str]:
    """The syllable of a word of one character that its neighbours decide; empty for others."""
    for each in _HETERONYMS.get(word, ()):
        if re.search(each.before, before[-3:]) and re.match(each.after, after):
            return (each.syllable,)
    return ()


def _unread(characters: str) -> list[str]:
    """What pypinyin takes for characters without a reading."""
    if hanzi := _HANZI.search(characters):
        raise UnsupportedLanguage(
            f"The Chinese dictionary has no reading of {hanzi[0]!r}",
            hint="Give the word a respelling in other characters in the lexicon.",
        )
    return []


@functools.lru_cache(maxsize=2048)
def ipa_of(syllable: str) -> str:
    """The IPA of a syllable of pinyin that ends with the number of its tone, 1 to 5: "zhong1" is ʈ͡ʂʊ˥ŋ."""
    from pypinyin.contrib.tone_convert import to_finals, to_initials

    plain, tone = syllable[:-1], _TONES[syllable[-1]]
    if plain in _INTERJECTIONS:
        return _INTERJECTIONS[plain] + tone
    initial = to_initials(plain, strict=True)
    vowel, coda = _parted(_FINALS[to_finals(plain, strict=True)])
    if vowel == "i" and not coda and initial in _RETROFLEX | _SIBILANTS:
        vowel = _AFTER_RETROFLEX if initial in _RETROFLEX else _AFTER_SIBILANT
    return _INITIALS[initial] + vowel + tone + coda


def _parted(final: str) -> tuple[str, str]:
    """A final without the nasal at its end, and the nasal."""
    return (final[:-1], final[-1]) if final[-1] in "nŋ" else (final, "")


@functools.cache
def pinyin() -> Any:
    """The package of the extra ``zh``.

    Raises:
        LanguageNotInstalled: the extra is not installed.
    """
    try:
        import pypinyin
    except ImportError as error:
        raise language_not_installed("Chinese", extra="zh") from error
    return pypinyin
