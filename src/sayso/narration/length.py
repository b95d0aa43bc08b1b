"""Estimate the length of a script's audio before its synthesis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.errors import SpeechTooLong

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sayso.types import Script, Token

# Measured at speed 1 on Kokoro: 14 letters a second in English and French, 4 characters in Japanese and Chinese.
_LETTER_SECONDS = 1 / 14
_IDEOGRAPH_SECONDS = 1 / 4
_FIRST_IDEOGRAPH = "⺀"

SHORTEST_LETTER_SECONDS = 1 / 30
"""No voice speaks prose faster at speed 1; for a lower bound of the length of a text."""


def estimated_seconds(script: Script, *, speed: float) -> float:
    """The estimated length of a script's audio: exact for its pauses, by letters for its speech."""
    speech = sum(speech_seconds(line.utterance.tokens) for line in script.lines) / speed
    return speech + script.silence_seconds


def require_length(seconds: float, maximum_seconds: float | None) -> None:
    """Refuse audio that is too long.

    Args:
        seconds: its length, so far or estimated.
        maximum_seconds: the longest that is made; None for any length.

    Raises:
        SpeechTooLong: it is longer.
    """
    if maximum_seconds is not None and seconds > maximum_seconds:
        raise SpeechTooLong(
            f"The text takes about {_duration(seconds)} to speak, pauses included; "
            f"at most {_duration(maximum_seconds)} are made at once.",
            hint="Send it in parts.",
        )


def speech_seconds(tokens: Iterable[Token]) -> float:
    """The estimated length of some words at speed 1, by their letters."""
    letters = ideographs = 0
    for token in tokens:
        wide = 0 if token.spoken.isascii() else sum(character >= _FIRST_IDEOGRAPH for character in token.spoken)
        ideographs += wide
        letters += len(token.spoken) - wide + (not token.joined)
    return letters * _LETTER_SECONDS + ideographs * _IDEOGRAPH_SECONDS


def _duration(seconds: float) -> str:
    """A length for people: ``90 s``, ``16.7 hours``."""
    return f"{seconds:.0f} s" if seconds < 3600 else f"{seconds / 3600:.1f} hours"
