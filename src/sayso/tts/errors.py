"""Checks that all engines share, and their errors."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput, UnknownVoice
from sayso.tts.base import MAXIMUM_MODEL_SPEED, MINIMUM_MODEL_SPEED

if TYPE_CHECKING:
    from collections.abc import Sequence


_SHOWN_CHARACTERS = 60


def require_speed(speed: float) -> None:
    """Refuse a speed beyond `MINIMUM_MODEL_SPEED` and `MAXIMUM_MODEL_SPEED`.

    Raises:
        InvalidInput: it is not between them.
    """
    if not MINIMUM_MODEL_SPEED <= speed <= MAXIMUM_MODEL_SPEED:
        raise InvalidInput(f"The speed {speed} is not between {MINIMUM_MODEL_SPEED} and {MAXIMUM_MODEL_SPEED}")


def unknown_voice(voice: str, names: Sequence[str], *, engine: str) -> UnknownVoice:
    """The error for a voice that an engine does not have, with the closest names of its voices."""
    lower = {name.lower(): name for name in names}
    # A very long name is similar to none, and comparing it would take long.
    close = difflib.get_close_matches(voice.lower(), lower, n=3) if len(voice) <= _SHOWN_CHARACTERS else []
    hint = f"Did you mean {' or '.join(lower[name] for name in close)}?" if close else "`sayso voices` lists them."
    return UnknownVoice(f"There is no {engine} voice {shown_name(voice)}", hint=hint)


def shown_name(name: str) -> str:
    """A name from a request as messages show it: quoted, and shortened if it is long."""
    return repr(name if len(name) <= _SHOWN_CHARACTERS else f"{name[:_SHOWN_CHARACTERS]}…")
