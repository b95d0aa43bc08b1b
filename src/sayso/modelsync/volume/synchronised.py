"""What readers may know of a volume: since when everything is on it, and what is not.

The journal belongs to the writer alone. ``.sayso/synchronised`` can be read by everyone who can read the volume, such
as an init container of another user and without access to AWS.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sayso.modelsync.keys import STATE_DIRECTORY
from sayso.modelsync.volume.directories import volume_error
from sayso.modelsync.volume.set_paths import directory_behind

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sayso.modelsync.volume.directories import VolumeRoot

STATE_FILE = f"{STATE_DIRECTORY}/synchronised"

_FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Synchronised:
    """What the last complete reconciliation found.

    Attributes:
        at_seconds: Unix time of its beginning.
        prefix: of the keys that are synchronised; empty for the whole bucket.
        missing: the keys, and the prefixes of sets, that are not on the volume as they should be, and why.
    """

    at_seconds: float
    prefix: str
    missing: Mapping[str, str]


def write_synchronised(root: VolumeRoot, state: Synchronised) -> None:
    """Replace what readers know.

    Raises:
        OutputFailed: it cannot be written.
    """
    document = {"format": _FORMAT, "at": state.at_seconds, "prefix": state.prefix, "missing": dict(state.missing)}
    temporary = f"{STATE_FILE}.new"
    try:
        descriptor = root.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, is_made=True)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file, ensure_ascii=False)
        root.rename(temporary, STATE_FILE)
    except OSError as error:
        raise volume_error(error, STATE_FILE) from error


def why_incomplete(base_path: Path, prefix: str) -> str | None:
    """Why not everything below a prefix is on a volume, in a sentence; None if it is.

    Args:
        base_path: of the volume.
        prefix: of keys, as a directory, or the key of one file.
    """
    path = prefix.strip("/")
    if not base_path.is_dir():
        return f"There is no directory {base_path} yet."
    place = base_path / path
    try:
        if path and _is_set(place, path):
            return None  # a set is complete once its link is there
        found = _read(base_path)
        if found is None:
            return "The first synchronisation has not ended."
        if not (path.startswith(found.prefix.strip("/")) or found.prefix.strip("/").startswith(path)):
            return f"Only keys that begin with {found.prefix} are synchronised."
        for key, reason in found.missing.items():
            if _is_below(key.strip("/"), path) or _is_below(path, key.strip("/")):
                return f"{key}: {reason}"
        return None if place.is_file() or _has_file(place) else f"There is no model below {prefix or 'the volume'}."
    except OSError as error:
        return f"The volume cannot be read: {error.strerror or error}."


def _is_set(place: Path, path: str) -> bool:
    """Whether a link of a set is at a path, and leads somewhere; a link of others says nothing."""
    return place.is_symlink() and directory_behind(path, str(place.readlink())) is not None and place.is_dir()


def _is_below(key: str, path: str) -> bool:
    return not path or key == path or key.startswith(f"{path}/")


def _read(base_path: Path) -> Synchronised | None:
    """What the writer has written; None if it has not, or in a format that is not known here."""
    try:
        document: Any = json.loads((base_path / STATE_FILE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(document, dict) or document.get("format") != _FORMAT:
        return None
    missing = document.get("missing")
    return Synchronised(
        at_seconds=float(document.get("at", 0.0)),
        prefix=str(document.get("prefix", "")),
        missing=missing if isinstance(missing, dict) else {},
    )


def _has_file(directory: Path) -> bool:
    """Whether there is a file below a directory, other than Sayso's own."""
    for _, directories, names in os.walk(directory, followlinks=True):
        if STATE_DIRECTORY in directories:
            directories.remove(STATE_DIRECTORY)
        if any(not name.endswith(".partial") for name in names):
            return True
    return False
