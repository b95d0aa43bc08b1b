"""What every engine checks of a request, and how it says no."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput, UnknownVoice
from sayso.tts.base import MAXIMUM_SPEED, MINIMUM_SPEED

if TYPE_CHECKING:
    from collections.abc import Sequence


def require_speed(speed: float) -> None:
    """Refuse a speed that engines do not promise.

    Raises:
        InvalidInput: it is not between 0.5 and 2.0.
    """
    if not MINIMUM_SPEED <= speed <= MAXIMUM_SPEED:
        raise InvalidInput(f"The speed {speed} is not between {MINIMUM_SPEED} and {MAXIMUM_SPEED}")


def unknown_voice(voice: str, names: Sequence[str], *, engine: str) -> UnknownVoice:
    """The error for a voice that is not among an engine's, with the closest names there are."""
    lower = {name.lower(): name for name in names}
    close = [lower[name] for name in difflib.get_close_matches(voice.lower(), lower, n=3)]
    hint = f"Did you mean {' or '.join(close)}?" if close else "`sayso voices` lists them."
    return UnknownVoice(f"There is no {engine} voice {voice!r}", hint=hint)
