"""What Whisper models can do, as far as their names say: their files do not say it."""

from __future__ import annotations

_NO_TRANSLATION = ("turbo", "distil", ".en")
"""What the names of models have in them that were not trained to translate."""


def translates(model: str) -> bool:
    """Whether a Whisper model can translate."""
    return not any(part in model.lower() for part in _NO_TRANSLATION)
