"""Compare a model's files with the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from sayso.errors import ModelCorrupt, ModelMissing
from sayso.models.files import sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sayso.models.manifest import Manifest, ManifestFile
    from sayso.models.model_types import File, Model

_DIFFERS = "the checksum differs"


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
    state, detail = _by_size(file, path)
    return FileStatus(model=model, file=file, path=path, state=state, detail=detail)


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
    return FileStatus(model=model, file=file, path=status.path, state=FileState.CORRUPT, detail=_DIFFERS)


def require_sizes(manifest: Manifest, home: Path) -> None:
    """See that all files of a manifest are there, with their sizes; no content is read.

    Raises:
        ModelMissing: names the first that is not.
    """
    for file in manifest.files:
        state, detail = _by_size(file, home / file.path)
        if state is not FileState.SOUND:
            raise ModelMissing(
                f"The model {manifest.name} is not complete in {home}: {file.path} is {detail or 'missing'}.",
                hint="Its files must be those of its manifest.",
            )


def require_content(manifest: Manifest, home: Path) -> None:
    """See that the files of a manifest have its checksums; all are read.

    Raises:
        ModelMissing: as `require_sizes`.
        ModelCorrupt: names the first whose content is another.
        OSError: one cannot be read.
    """
    require_sizes(manifest, home)
    for file in manifest.files:
        if sha256_of(home / file.path) != file.sha256:
            raise ModelCorrupt(f"The model {manifest.name} in {home} is corrupt: of {file.path}, {_DIFFERS}.")


def _by_size(file: ManifestFile, path: Path) -> tuple[FileState, str]:
    """The state of a file by its size, and what is wrong with a corrupt one."""
    size_bytes = path.stat().st_size if path.is_file() else None
    if size_bytes is None:
        return FileState.MISSING, ""
    if size_bytes != file.size_bytes:
        return FileState.CORRUPT, f"{size_bytes:,} bytes instead of {file.size_bytes:,}"
    return FileState.SOUND, ""
