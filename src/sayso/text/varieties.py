"""The varieties of a language: "en" is American to an American voice, and British to a British one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_SAME_LANGUAGE: Mapping[str, str] = {"zh": "cmn"}


def variety_of(language: str, own: str) -> str:
    """A voice's own variety where a language is named without one, or in another case; otherwise the language.

    Args:
        language: that is wanted (BCP 47).
        own: of the voice (BCP 47).
    """
    wanted, spoken = _plain(language), _plain(own)
    return own if wanted in {spoken, spoken.partition("-")[0]} else language


def _plain(tag: str) -> str:
    """A tag in lower case; Chinese without a variety is Mandarin."""
    lower = tag.lower()
    return _SAME_LANGUAGE.get(lower, lower)
