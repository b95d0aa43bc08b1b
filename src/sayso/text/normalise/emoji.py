"""Find emoji in a text, and name them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from sayso.text.normalise.rules import Written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.text.normalise.rules import Words


def named_emoji(text: str, language: str) -> list[Written]:
    """The emoji of ``text`` with their names, in ``language`` (a primary subtag) or else in English."""
    import emoji  # its table takes longer to load than a page to normalise, and few texts need it

    known = language if language in emoji.LANGUAGES else "en"
    found = ((item["match_start"], item["match_end"], item["emoji"]) for item in emoji.emoji_list(text))
    named = (Written(start, end, _name(char, known)) for start, end, char in found)
    return [word for word in named if word.spoken]


@lru_cache(maxsize=4096)
def _name(char: str, language: str) -> Words:
    import emoji

    # demojize, unlike the table of names, loads a language's names at the first use.
    return tuple(_words(emoji.demojize(char, language=language).strip(":").replace("_", " ")))


def _words(name: str) -> Iterator[str]:
    """The words of a name without the brackets and signs around them."""
    for word in name.replace("’", "'").split():
        plain = word.strip("()[]#*&,.:!“”\"'")
        if plain:
            yield plain
