"""Normalise written text into tokens: the one function that other rooms call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from sayso.text.normalise.emoji import named_emoji
from sayso.text.normalise.languages import rules_of
from sayso.text.normalise.rules import scan
from sayso.text.normalise.tokens import tokens_of
from sayso.text.normalise.view import view_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.text.normalise.rules import Written
    from sayso.types import Span, Token

EmojiReading: TypeAlias = Literal["name", "drop"]


@dataclass(frozen=True, kw_only=True, slots=True)
class NormaliseOptions:
    """The options of normalisation.

    Attributes:
        emoji: whether emoji are spoken by their names, or only shown.
    """

    emoji: EmojiReading = "drop"


_DEFAULTS = NormaliseOptions()


def normalise(
    text: str,
    span: Span,
    *,
    language: str,
    options: NormaliseOptions = _DEFAULTS,
    skip: Sequence[Span] = (),
) -> list[Token]:
    """Convert ``text`` in ``span`` into spoken tokens.

    Args:
        text: the whole source, which the spans of the tokens refer to.
        span: the part to normalise: a sentence, or a paragraph.
        language: a BCP 47 tag; `sayso.text.normalise.languages` lists those with rules of their own.
        options: of the normalisation.
        skip: markup within ``span`` that is neither spoken nor shown.

    Returns:
        The tokens, in order. Every letter and digit of the part lies in the span of one; white space, controls
        and punctuation are between them. Clause boundaries are set; the caller sets those of sentences and paragraphs.
        The list is empty if nothing can be spoken.
    """
    view = view_of(text, span, skip)
    tag = language.lower().replace("_", "-")
    book = rules_of(tag)
    found = named_emoji(view.text, tag.partition("-")[0]) if options.emoji == "name" else []
    words: list[Written] = []
    at = 0
    for emoji in found:
        words += scan(view.text, at, emoji.start, book)
        words.append(emoji)
        at = emoji.end
    words += scan(view.text, at, len(view.text), book)
    return tokens_of(view, words)
