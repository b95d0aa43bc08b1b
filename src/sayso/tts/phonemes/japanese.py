"""Phonemes of Japanese: the dictionary's readings, mora by mora, in the IPA that Kokoro's Japanese voices learned.

Its trainers wrote narrow IPA without pitch (misaki's for Kokoro 1.0): "u" is ɨ after s, z and ts and in "kyu", "wa" is
βa, a doubled consonant is ʔ, and a nasal takes the place of the consonant after it.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from sayso.errors import UnsupportedLanguage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sayso.text.dictionaries.japanese import JapaneseDictionary, Morpheme

_VOWELS = "aiɯeo"
_ROWS: Mapping[str, str] = {
    "": "アイウエオ", "k": "カキクケコ", "ɡ": "ガギグゲゴ", "s": "サシスセソ", "d͡z": "ザジズゼゾ", "t": "タチツテト",
    "d": "ダヂヅデド", "n": "ナニヌネノ", "h": "ハヒフヘホ", "b": "バビブベボ", "p": "パピプペポ", "m": "マミムメモ",
    "ɾ": "ラリルレロ", "j": "ヤ\0ユ\0ヨ", "β": "ワヰ\0ヱヲ", "v": "ヷヸヴヹヺ",
}  # fmt: skip
_PALATAL: Mapping[str, str] = {"s": "ɕ", "d͡z": "d͡ʑ", "t": "t͡ɕ", "n": "ɲ", "h": "ç"}
"""What the consonant of a row is before i; others are followed by ʲ."""

_SOFT = frozenset("ʲɕʑçɲjβᵝ")
_ODD = {
    "ス": "sɨ", "ズ": "zɨ", "ツ": "t͡sɨ", "ヅ": "zɨ", "フ": "ɸɯ", "ヰ": "i", "ヱ": "e", "ヲ": "o", "ヂ": "d͡ʑi",
}  # fmt: skip
_SMALL = {"ァ": "a", "ィ": "i", "ゥ": "ɯ", "ェ": "e", "ォ": "o", "ャ": "ja", "ュ": "jɨ", "ョ": "jo", "ヮ": "a"}
_ROUNDED = {"ウ": "β", "ク": "kᵝ", "グ": "ɡᵝ"}
"""The consonant before a small vowel: "ウィ" is βi, "クァ" is kᵝa."""

_LONG, _DOUBLED, _NASAL = "ー", "ッ", "ン"
_MORA = re.compile(f".[{''.join(_SMALL)}]?")
_NASALS = (("mpb", "m"), ("kɡ", "ŋ"), ("ɲ", "ɲ"), ("ndtɾz", "n"))
_HISSING = {"t͡ɕ": "ɲ", "d͡ʑ": "ɲ", "t͡s": "ɴ", "d͡z": "ɴ"}
_LATIN = re.compile(r"[^\W\d_\u3005-\U0003ffff]")
_JAPANESE = re.compile(r"[\u3005-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA = re.compile(r"[ぁ-ゖァ-ヺー]+")
_TO_KATAKANA = ord("ァ") - ord("ぁ")
_KANJI = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


def ipa_of(kana: str) -> str:
    """The IPA of katakana, in which "ー" is a long vowel; other characters have no sound."""
    return "".join(_moras(kana))


def read_kana(word: str) -> str:
    """The IPA of a word of hiragana and katakana; empty for any other."""
    if not _KANA.fullmatch(word):
        return ""
    return ipa_of("".join(chr(ord(each) + _TO_KATAKANA) if "ぁ" <= each <= "ゖ" else each for each in word))


def has_kanji(text: str) -> bool:
    """Whether a text has Chinese characters."""
    return _KANJI.search(text) is not None


def _moras(kana: str) -> Iterator[str]:
    """The IPA of each mora, in order."""
    moras = [mora for mora in _MORA.findall(kana) if mora in _MORAS or mora[0] in _MORAS]
    for mora, following in itertools.pairwise([*moras, ""]):
        if mora[0] == _NASAL:
            yield _nasal_before(_MORAS.get(following, ""))
        else:
            yield _MORAS.get(mora) or _MORAS[mora[0]]


def _nasal_before(sound: str) -> str:
    if hissing := _HISSING.get(sound[:3]):
        return hissing
    return next((nasal for consonants, nasal in _NASALS if sound and sound[0] in consonants), "ɴ")


def _table() -> dict[str, str]:
    """The IPA of every mora, from its row and its vowel."""
    single = {kana: sound for row in _ROWS.items() for kana, sound in _of_row(*row)}
    double = {
        kana + small: _with_small(kana, sound, after)
        for kana, sound in single.items()
        for small, after in _SMALL.items()
    }
    small = {**_SMALL, "ュ": "jɯ", "ヵ": "ka", "ヶ": "ke"}
    return {**single, **double, **small, _LONG: "ː", _DOUBLED: "ʔ", _NASAL: "ɴ"}


def _of_row(consonant: str, row: str) -> Iterator[tuple[str, str]]:
    for kana, vowel in zip(row, _VOWELS, strict=True):
        if kana != "\0":
            yield kana, _ODD.get(kana) or _softened(consonant, vowel) + vowel


def _softened(consonant: str, vowel: str) -> str:
    """The consonant, palatal before i and j: k is kʲ, s is ɕ."""
    if vowel not in {"i", "j"} or not consonant or consonant[-1] in _SOFT:
        return consonant
    return _PALATAL.get(consonant, f"{consonant}ʲ")


def _with_small(kana: str, sound: str, small: str) -> str:
    """The mora of a kana and a small one: "キャ" is kʲa, "シェ" is ɕe, "ティ" is tʲi, "ファ" is ɸa, "ウィ" is βi."""
    if kana == "イ":
        return f"j{small.removeprefix('j')}"
    consonant = _ROUNDED.get(kana, sound[:-1])
    if small[0] in "ij" and consonant and consonant[-1] not in _SOFT:
        consonant += "ʲ"
    return consonant + (small[1:] if consonant and small[0] == "j" else small)


_MORAS: Mapping[str, str] = _table()


class JapaneseG2P:
    """The `G2P` of Japanese; threads share it.

    Args:
        dictionary: of Japanese.
        foreign: pronounces the words in other scripts that the dictionary lacks.
    """

    def __init__(self, dictionary: JapaneseDictionary, foreign: Callable[[str], str]) -> None:
        self.fingerprint = dictionary.fingerprint
        self._dictionary = dictionary
        self._foreign = foreign

    def pronounce(self, words: Sequence[str], language: str) -> list[str]:  # noqa: ARG002
        """See `G2P.pronounce`.

        Raises:
            UnsupportedLanguage: the dictionary has no reading of a kanji.
        """
        pronounced: list[str] = []
        for is_japanese, run in itertools.groupby(words, lambda word: _JAPANESE.search(word) is not None):
            together = list(run)
            pronounced += self._read(together) if is_japanese else map(self._read_foreign, together)
        return pronounced

    def _read(self, words: Sequence[str]) -> list[str]:
        """Each word of a phrase; a morpheme that reaches over several is divided between moras."""
        kana = [""] * len(words)
        ends = list(itertools.accumulate(map(len, words)))
        start = index = 0
        for morpheme in self._dictionary.morphemes("".join(words)):
            if not morpheme.kana and (unread := _KANJI.search(morpheme.surface)):
                raise UnsupportedLanguage(
                    f"The Japanese dictionary has no reading of {unread[0]!r}",
                    hint="Give the word a respelling in kana in the lexicon.",
                )
            first, end = start, start + len(morpheme.surface)
            while start < end:
                while ends[index] <= start:
                    index += 1
                stop = min(end, ends[index])
                kana[index] += _part(morpheme, start - first, stop - first)
                start = stop
        return [ipa_of(word) for word in kana]

    def _read_foreign(self, word: str) -> str:
        """A word in another script: as the dictionary knows it, capitals letter by letter, or as it is in English."""
        found = self._dictionary.morphemes(word)
        if _LATIN.search(word) and (word.isupper() or (len(found) == 1 and found[0].is_known)):
            return ipa_of("".join(morpheme.kana for morpheme in found))
        return self._foreign(word)


def _part(morpheme: Morpheme, start: int, end: int) -> str:
    """The kana of these characters of a morpheme, in proportion where they are kanji."""
    moras = _MORA.findall(morpheme.kana)
    length = len(morpheme.surface)
    return "".join(moras[start * len(moras) // length : end * len(moras) // length])
