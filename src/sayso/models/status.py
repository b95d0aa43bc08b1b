"""Compare a model's files with the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sayso.models.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sayso.models.model_types import File, Model


class FileState(Enum):
    """The result of checking a file."""

    SOUND = "ok"
    MISSING = "missing"
    CORRUPT = "corrupt"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileStatus:
    """The result of checking one file of a model.

    Attributes:
        model: the model that the file belongs to.
        file: the catalogue's entry.
        path: the file's expected path.
        state: the result.
        detail: what is wrong with a corrupt file, in a few words.
    """

    model: Model
    file: File
    path: Path
    state: FileState
    detail: str = ""


def status_by_size(model: Model, file: File, home: Path) -> FileStatus:
    """Compare a file's size with the catalogue: fast; detects truncated files, but not altered ones."""
    path = home / file.path
    size_bytes = path.stat().st_size if path.is_file() else None
    if size_bytes is None:
        return FileStatus(model=model, file=file, path=path, state=FileState.MISSING)
    if size_bytes != file.size_bytes:
        detail = f"{size_bytes:,} bytes instead of {file.size_bytes:,}"
        return FileStatus(model=model, file=file, path=path, state=FileState.CORRUPT, detail=detail)
    return FileStatus(model=model, file=file, path=path, state=FileState.SOUND)


def status_by_content(
    model: Model, file: File, home: Path, *, on_read: Callable[[int], None] | None = None
) -> FileStatus:
    """Compare a file's size and checksum with the catalogue.

    Args:
        model: the model that the file belongs to.
        file: the file.
        home: the model's directory.
        on_read: called with the size of each piece that was read, in bytes.
    """
    status = status_by_size(model, file, home)
    if status.state is not FileState.SOUND or sha256_of(status.path, on_read=on_read) == file.sha256:
        return status
    return FileStatus(model=model, file=file, path=status.path, state=FileState.CORRUPT, detail="the checksum differs")
