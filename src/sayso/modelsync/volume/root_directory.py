"""The directory that is a volume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.modelsync.errors import VolumeUnusable

if TYPE_CHECKING:
    from pathlib import Path

_BASE_HINT = "MODELS_BASE_PATH names the directory of the volume; this user must be able to write there."


def make_root(path: Path) -> None:
    """Make the directory of a volume, if it is missing.

    Raises:
        VolumeUnusable: it cannot be made, or it is the root of this machine, where nothing is a model.
    """
    if not str(path.resolve()).strip("/"):
        raise VolumeUnusable(f"{path} is not a volume but the root of this machine.", hint=_BASE_HINT)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise VolumeUnusable(f"{path} is no directory.", hint=_BASE_HINT) from error
    except OSError as error:
        raise VolumeUnusable(
            f"The directory {path} cannot be made: {error.strerror or error}.", hint=_BASE_HINT
        ) from error
