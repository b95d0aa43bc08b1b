"""From an utterance to the symbols of a model, with the range of each word."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.errors import EngineFailed
from sayso.tts.phonemes.ipa import from_dictionary
from sayso.types import Boundary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sayso.tts.base import G2P
    from sayso.types import Token, Utterance


@dataclass(frozen=True, kw_only=True, slots=True)
class Notation:
    """How a model writes speech; it has the space and the full stop among its symbols.

    Attributes:
        phonemes: writes the IPA of a word, given its language as well.
        marks: writes the punctuation beside a word, as far as it affects the model.
        spaced: the languages (primary subtags) that are written without spaces, and had them where the model learned.
    """

    phonemes: Callable[[str, str], str]
    marks: Callable[[str], str]
    spaced: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrasing:
    """An utterance in a model's symbols.

    Attributes:
        symbols: what the model reads, at least one symbol.
        places: for each token the half-open range of its phonemes in ``symbols``; empty for a token that the
            language cannot pronounce.
    """

    symbols: str
    places: tuple[tuple[int, int], ...]


def phrase(utterance: Utterance, g2p: G2P, notation: Notation) -> Phrasing:
    """Write an utterance in a model's symbols: words, the spaces between them, and prosodic punctuation.

    Raises:
        UnsupportedLanguage: the phoneme source does not speak the utterance's language.
        EngineFailed: it did not give one pronunciation per word.
    """
    symbols = ""
    places = []
    spaced = utterance.language.lower().partition("-")[0] in notation.spaced
    for token, spoken in zip(utterance.tokens, _pronounce(utterance, g2p, notation), strict=True):
        if symbols and not symbols.endswith(" ") and (spaced or not token.joined):
            symbols += " "
        symbols += notation.marks(token.lead)
        places.append((len(symbols), len(symbols) + len(spoken)))
        symbols += spoken + notation.marks(token.trail)
        if token.boundary >= Boundary.SENTENCE and symbols[-1:].isalpha() and token is not utterance.tokens[-1]:
            symbols += "."  # a line of verse, or of a chat, before another one
    last = utterance.tokens[-1]
    unfinished = last.boundary >= Boundary.SENTENCE and not notation.marks(last.trail)
    if unfinished or not symbols:
        symbols += "."  # a heading, a list item: without it the pitch stays up, as before more words
    return Phrasing(symbols=symbols, places=tuple(places))


def _pronounce(utterance: Utterance, g2p: G2P, notation: Notation) -> Iterator[str]:
    """Each token's pronunciation in the model's symbols."""
    for words in _phrases(utterance.tokens, notation):
        pronounced = g2p.pronounce([word.spoken for word in words], utterance.language)
        if len(pronounced) != len(words):
            raise EngineFailed(f"{g2p.fingerprint} gave {len(pronounced)} pronunciations for {len(words)} words")
        for word, ipa in zip(words, pronounced, strict=True):
            yield notation.phonemes(ipa if word.ipa is None else from_dictionary(word.ipa), utterance.language)


def _phrases(tokens: Sequence[Token], notation: Notation) -> Iterator[Sequence[Token]]:
    """Runs of words that are pronounced together: no weak form or linking reaches over punctuation.

    A letter that is spelled is a run of its own, so that the A of "ABC" does not become the article.
    """
    start = 0
    for index, (token, following) in enumerate(itertools.pairwise(tokens), 1):
        if token.boundary or notation.marks(token.trail + following.lead) or _spelled(token, following):
            yield tokens[start:index]
            start = index
    yield tokens[start:]


def _spelled(token: Token, following: Token) -> bool:
    return token.span == following.span and (_is_letter(token) or _is_letter(following))


def _is_letter(token: Token) -> bool:
    return len(token.spoken) == 1 and token.spoken.isupper()
