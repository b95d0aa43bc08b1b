"""What one written word is, whatever an engine splits it into: the text between two spaces.

Engines give pieces: Whisper's tokens part "C'est", "$3.50" and "well-known" at their punctuation, and OpenAI's list of
words drops it. Scripts that put no spaces between words keep the engine's pieces.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_SPACELESS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN")


def is_spaceless(shown: str) -> bool:
    """Whether the text begins in a script that puts no spaces between words."""
    return unicodedata.name(shown[0], "").startswith(_SPACELESS)


def continues_word(before: str, after: str) -> bool:
    """Whether ``after`` goes on with the word that ``before`` ends with.

    It does where no white space separates them, unless the script on either side has no spaces, or full-width
    punctuation stands between them.

    Args:
        before: the text so far; may be empty.
        after: the next piece of an engine, with the white space before it.
    """
    if not before or not after or before[-1].isspace() or after[0].isspace():
        return False
    return not (_parts_words(reversed(before)) or _parts_words(after))


def _parts_words(characters: Iterable[str]) -> bool:
    """Whether words are parted without a space here: decided by the punctuation up to the first letter, and by it."""
    for character in characters:
        if character.isspace():
            return False
        if is_spaceless(character):
            return True
        if not unicodedata.category(character).startswith("P"):
            return False
        if unicodedata.east_asian_width(character) in "WF":
            return True
    return False
