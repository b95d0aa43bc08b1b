"""The words of a text as they sound, so that a way of writing is no error.

Both sides of a comparison, what was read and what was heard, go through the same steps:

1. Sayso's normaliser: "$1.25", "Dr." and "4:30 p.m." become the words that are spoken.
2. Unicode NFKC and case folding.
3. Apostrophes: in French they end a word ("l'huile" is "l" and "huile"), elsewhere they vanish ("don't" is "dont").
4. Whatever is no letter and no digit parts words: hyphens, punctuation, symbols. Accents stay: é is not e.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from sayso.text.dictionaries.japanese import japanese_dictionary
from sayso.text.normalise import NormaliseOptions, normalise
from sayso.tts.phonemes.chinese import pinyin
from sayso.types import Span

if TYPE_CHECKING:
    from collections.abc import Iterable

_APOSTROPHES = re.compile("['’ʼ]")
_NO_WORD = re.compile(r"[\W_]+")


def spoken_words(text: str, language: str) -> list[str]:
    """The words of a plain text as they are spoken, by the four steps above.

    Args:
        text: without markup.
        language: BCP 47.
    """
    span = Span(start=0, end=len(text))
    tokens = normalise(text, span, language=language, options=NormaliseOptions(emoji="drop"), skip=())
    return plain_words((token.spoken for token in tokens), language)


def sounds(text: str, language: str) -> list[str]:
    """What a Japanese or Chinese text sounds like, mora by mora or syllable by syllable, with tones.

    One word has several spellings there, of which a listener cannot know the one that was read.
    """
    said = "".join(spoken_words(text, language))
    if language.startswith("ja"):
        return list("".join(morpheme.kana for morpheme in japanese_dictionary().morphemes(said)))
    package = pinyin()
    syllables: list[str] = package.lazy_pinyin(said, style=package.Style.TONE3, neutral_tone_with_five=True)
    return syllables


def plain_words(spoken: Iterable[str], language: str) -> list[str]:
    """Steps 2 to 4 for words that are in spoken form already."""
    text = unicodedata.normalize("NFKC", " ".join(spoken)).casefold()
    text = _APOSTROPHES.sub(" " if language.startswith("fr") else "", text)
    return _NO_WORD.sub(" ", text).split()
