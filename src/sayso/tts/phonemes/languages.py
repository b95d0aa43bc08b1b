"""The phonemes of every language: Japanese and Chinese from dictionaries, all others from espeak-ng."""

from __future__ import annotations

import functools
import re
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from sayso.errors import LanguageNotInstalled
from sayso.text.dictionaries.chinese import chinese_dictionary
from sayso.text.dictionaries.japanese import japanese_dictionary
from sayso.tts.phonemes.chinese import ChineseG2P, pinyin
from sayso.tts.phonemes.espeak import espeak
from sayso.tts.phonemes.japanese import JapaneseG2P, has_kanji, read_kana

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sayso.tts.base import G2P

_PACKAGES = ("pyopenjtalk-plus", "pypinyin", "jieba-py")
_FOREIGN = "en-us"
_SIGNS = re.compile(r"[\u3000-\u303f]+")  # repetition marks and the like, which espeak-ng would call by their numbers


class LanguageG2P:
    """The `G2P` that chooses a source by language; threads share it.

    Args:
        others: speaks every language but Japanese and Chinese, and the words of other scripts in those.
    """

    def __init__(self, others: G2P) -> None:
        self.fingerprint = "; ".join((others.fingerprint, *_installed()))
        self._others = others
        self._dictionaries: Mapping[str, Callable[[], G2P]] = {
            "ja": lambda: self._japanese,
            "zh": lambda: self._chinese,
            "cmn": lambda: self._chinese,
        }

    def pronounce(self, words: Sequence[str], language: str) -> list[str]:
        """See `G2P.pronounce`.

        Raises:
            LanguageNotInstalled: the text needs a dictionary that is not installed.
        """
        return self._source(words, language).pronounce(words, language)

    def _source(self, words: Sequence[str], language: str) -> G2P:
        primary = language.lower().partition("-")[0]
        if primary not in self._dictionaries:
            return self._others
        try:
            return self._dictionaries[primary]()
        except LanguageNotInstalled:
            if primary != "ja" or has_kanji("".join(words)):
                raise
            return self._others  # espeak-ng reads kana

    @functools.cached_property
    def _japanese(self) -> G2P:
        return JapaneseG2P(japanese_dictionary(), self._pronounce_foreign)

    @functools.cached_property
    def _chinese(self) -> G2P:
        package = pinyin()
        chinese_dictionary()  # without it there are no words, which decide how a character is read
        return ChineseG2P(package, self._pronounce_foreign)

    def _pronounce_foreign(self, word: str) -> str:
        """A word in another script than that of its text."""
        if _SIGNS.fullmatch(word):
            return ""
        return read_kana(word) or self._others.pronounce([word], _FOREIGN)[0]


def _installed() -> Iterator[str]:
    for package in _PACKAGES:
        try:
            yield f"{package} {version(package)}"
        except PackageNotFoundError:
            continue


@functools.cache
def phonemes() -> LanguageG2P:
    """The process's one source of the phonemes of every language.

    Raises:
        NotInstalled: espeak-ng is not installed.
        EngineFailed: it does not start.
    """
    return LanguageG2P(espeak())
