"""Words of Japanese and how they are read, from Open JTalk's dictionary (the extra ``ja``)."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from sayso.installation import language_not_installed

if TYPE_CHECKING:
    from collections.abc import Sequence

_SPELLED = "フィラー"  # what the dictionary lacks and reads letter by letter, or sign by sign
_READ_ALONE = {"〇": "マル"}
_REWRITTEN = 3
"""How many characters in a row Open JTalk writes otherwise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Morpheme:
    """A word, ending or particle of Japanese.

    Attributes:
        surface: as it is written.
        kana: as it is said, in katakana with "ー" for long vowels; empty if that is not known.
        is_known: whether it is in the dictionary as such.
    """

    surface: str
    kana: str
    is_known: bool


class JapaneseDictionary:
    """Open JTalk's analysis of Japanese; threads share it, one call at a time.

    The dictionary is mapped into memory, so that processes share it, and a sentence takes half a millisecond.
    """

    def __init__(self, package: Any) -> None:
        self.fingerprint = f"pyopenjtalk-plus {version('pyopenjtalk-plus')}"
        self._package = package
        self._analyser = package.OpenJTalk(dn_mecab=package.OPEN_JTALK_DICT_DIR)
        self._lock = threading.Lock()

    def morphemes(self, text: str) -> list[Morpheme]:
        """The morphemes of a text without white space; their surfaces, joined, are the text."""
        if not text:
            return []
        with self._lock:
            features = self._features(text)
            plain = self._analyser.normalize_for_mecab(text)
        if len(plain) != len(text):
            return [Morpheme(surface=text, kana="".join(map(_kana, features)), is_known=False)]
        found: list[Morpheme] = []
        start, kana = 0, ""
        for feature in features:
            place = plain.find(feature["string"], start, start + len(feature["string"]) + _REWRITTEN)
            if place < 0 or not feature["string"]:  # a number that is said otherwise: 二〇二四 as 二千二十四
                kana += _kana(feature)
                continue
            if place > start:
                found.append(Morpheme(surface=text[start:place], kana=kana, is_known=bool(kana)))
                kana = ""
            start = place + len(feature["string"])
            found.append(_morpheme(text[place:start], kana, feature))
            kana = ""
        if start < len(text):
            found.append(Morpheme(surface=text[start:], kana=kana, is_known=bool(kana)))
        return found

    def _features(self, text: str) -> Sequence[Any]:
        features = self._analyser.run_frontend(text, restore_unknown_katakana=True, modify_numeral_reading=True)
        # Without the text, kanji that the dictionary lacks get their readings from Unihan, which comes in the package;
        # with it, SudachiDict would be loaded, another 200 MB, which the images do not have.
        return self._package.apply_postprocessing(  # type: ignore[no-any-return]
            None, features, use_sudachi_kanji_yomi=False, jtalk=self._analyser
        )


def _morpheme(surface: str, before: str, feature: Any) -> Morpheme:
    kana = before + (_READ_ALONE.get(surface) or _kana(feature))
    return Morpheme(surface=surface, kana=kana, is_known=feature["pos"] != _SPELLED and bool(kana))


def _kana(feature: Any) -> str:
    """The pronunciation of Open JTalk, without its marks of vowels that are not voiced."""
    kana: str = feature["pron"].replace("’", "")
    return "" if kana in {"、", "。", "？", "！"} else kana


@functools.cache
def japanese_dictionary() -> JapaneseDictionary:
    """The process's one dictionary.

    Raises:
        LanguageNotInstalled: the extra is not installed.
    """
    try:
        import pyopenjtalk
    except ImportError as error:
        raise language_not_installed("Japanese", extra="ja") from error
    return JapaneseDictionary(pyopenjtalk)
