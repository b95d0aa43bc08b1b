"""Words of Japanese and Chinese: the normaliser reads these scripts character by character, a dictionary has the words.

Without the dictionaries (the extras ``ja`` and ``zh``) the characters stay as they are.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from sayso.errors import LanguageNotInstalled
from sayso.text.dictionaries.chinese import chinese_dictionary
from sayso.text.dictionaries.japanese import japanese_dictionary
from sayso.text.normalise.grammar import CJK
from sayso.types import Boundary, Span, Token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

_CHARACTER = re.compile(f"[{CJK}]")
# What is heard with the sound before it, or lengthens the consonant after it, and so does not part two words.
_NOT_FIRST = frozenset("ーっッぁぃぅぇぉゃゅょァィゥェォャュョゎヮんン々ゝゞヽヾ")
_NOT_LAST = frozenset("っッ")


def join_words(text: str, tokens: Sequence[Token], language: str) -> list[Token]:
    """Join the characters of a text into its words.

    Args:
        text: the source that the tokens' spans refer to.
        tokens: as the normaliser and the lexicon make them; what they gave a spoken form stays a word of its own.
        language: a BCP 47 tag; other languages than Japanese and Chinese are returned as they are.
    """
    words_of = _DICTIONARIES.get(language.lower().partition("-")[0])
    if words_of is None:
        return list(tokens)
    joined: list[Token] = []
    for run in _runs(text, tokens):
        joined += _words(text, run, words_of) if len(run) > 1 else run
    return joined


def has_spaces(language: str) -> bool:
    """Whether a language (a BCP 47 tag) is written with spaces between its words."""
    return language.lower().partition("-")[0] not in _DICTIONARIES


def _runs(text: str, tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The tokens, in runs of characters that follow one another with nothing between them."""
    run: list[Token] = []
    for token in tokens:
        if run and not (_is_character(text, run[-1]) and _is_character(text, token) and _adjoin(run[-1], token)):
            yield run
            run = []
        run.append(token)
    if run:
        yield run


def _is_character(text: str, token: Token) -> bool:
    shown = token.span.of(text) if token.shown is None else token.shown
    return token.ipa is None and token.spoken == shown and _CHARACTER.fullmatch(shown) is not None


def _adjoin(before: Token, after: Token) -> bool:
    return after.joined and before.boundary is Boundary.NONE and not before.trail and not after.lead


def _words(text: str, run: Sequence[Token], words_of: Callable[[str], Sequence[str]]) -> list[Token]:
    """The words of a run, each of at least one of its tokens; the run as it is where there is no dictionary."""
    try:
        words = words_of("".join(token.spoken for token in run))
    except LanguageNotInstalled:
        return list(run)
    ends = itertools.accumulate(map(len, words))
    return [_joined(text, run[start:end]) for start, end in itertools.pairwise((0, *ends))]


def _joined(text: str, characters: Sequence[Token]) -> Token:
    """One token for these; what is shown of it leaves out markup between them."""
    span = Span(start=characters[0].span.start, end=characters[-1].span.end)
    word = "".join(token.spoken for token in characters)
    return replace(
        characters[-1],
        spoken=word,
        span=span,
        lead=characters[0].lead,
        joined=characters[0].joined,
        shown=None if span.of(text) == word else word,
    )


def _japanese(text: str) -> list[str]:
    words: list[str] = []
    for morpheme in japanese_dictionary().morphemes(text):
        if words and (morpheme.surface[0] in _NOT_FIRST or words[-1][-1] in _NOT_LAST):
            words[-1] += morpheme.surface
        else:
            words.append(morpheme.surface)
    return words


def _chinese(text: str) -> list[str]:
    return chinese_dictionary().words(text)


_DICTIONARIES: Mapping[str, Callable[[str], Sequence[str]]] = {"ja": _japanese, "zh": _chinese, "cmn": _chinese}
