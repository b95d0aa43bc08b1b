"""What every engine checks of a request, and how it says no."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput, UnknownVoice
from sayso.tts.base import MAXIMUM_MODEL_SPEED, MINIMUM_MODEL_SPEED

if TYPE_CHECKING:
    from collections.abc import Sequence


_SHOWN_CHARACTERS = 60


def require_speed(speed: float) -> None:
    """Refuse a speed that engines do not promise.

    Raises:
        InvalidInput: it is not between 0.5 and 2.0.
    """
    if not MINIMUM_MODEL_SPEED <= speed <= MAXIMUM_MODEL_SPEED:
        raise InvalidInput(f"The speed {speed} is not between {MINIMUM_MODEL_SPEED} and {MAXIMUM_MODEL_SPEED}")


def unknown_voice(voice: str, names: Sequence[str], *, engine: str) -> UnknownVoice:
    """The error for a voice that is not among an engine's, with the closest names there are."""
    lower = {name.lower(): name for name in names}
    # What is longer than any name is like none, and finding that out would take as long.
    close = difflib.get_close_matches(voice.lower(), lower, n=3) if len(voice) <= _SHOWN_CHARACTERS else []
    hint = f"Did you mean {' or '.join(lower[name] for name in close)}?" if close else "`sayso voices` lists them."
    return UnknownVoice(f"There is no {engine} voice {shown_name(voice)}", hint=hint)


def shown_name(name: str) -> str:
    """The name that somebody gave, as messages show it, however long it is."""
    return repr(name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…")
