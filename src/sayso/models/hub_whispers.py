"""Whisper models of the hub that the catalogue does not have: their repositories, by the names that users know.

Their content is not checked against checksums: the catalogue knows none for them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

REPOSITORIES: Mapping[str, str] = {
    "tiny": "Systran/faster-whisper-tiny",
    "base.en": "Systran/faster-whisper-base.en",
    "small": "Systran/faster-whisper-small",
    "small.en": "Systran/faster-whisper-small.en",
    "medium": "Systran/faster-whisper-medium",
    "medium.en": "Systran/faster-whisper-medium.en",
    "large-v2": "Systran/faster-whisper-large-v2",
    "large-v3": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
}
"""The repositories that faster-whisper's own names stand for, by the name without ``whisper-``."""


def pull_hint(model: str, directory: Path) -> str:
    """The command that gets a model of the hub, for a message."""
    return f"Run: hf download {REPOSITORIES[model]} --local-dir {directory}"
