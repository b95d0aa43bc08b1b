"""Emoji: where they stand in a text, and what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import emoji

from sayso.text.normalise.rules import Written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.text.normalise.rules import Words


def named_emoji(text: str, language: str) -> list[Written]:
    """The emoji of ``text`` with their names, in ``language`` (a primary subtag) or else in English."""
    known = language if language in emoji.LANGUAGES else "en"
    found = emoji.emoji_list(text)
    return [
        Written(item["match_start"], item["match_end"], _name(item["emoji"], known))
        for item in found
        if _name(item["emoji"], known)
    ]


def _name(char: str, language: str) -> Words:
    names = emoji.EMOJI_DATA[char]
    name = names.get(language, names["en"])
    return tuple(_words(name.strip(":").replace("_", " ")))


def _words(name: str) -> Iterator[str]:
    """The words of a name without the brackets and signs around them."""
    for word in name.replace("’", "'").split():
        plain = word.strip("()[]#*&,.:!“”\"'")
        if plain:
            yield plain
