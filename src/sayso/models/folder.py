"""What a directory of a model looks like from outside: enough to notice that it has changed, without reading files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAXIMUM_FILES = 10_000
"""More are not looked at: no model has so many."""


class FileFacts(NamedTuple):
    """One file: its path relative to the directory, and what changes when it is replaced or written."""

    path: str
    inode: int
    size_bytes: int
    modified_ns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class FolderState:
    """A directory at one moment; equal states have the same files.

    Attributes:
        directory: the directory behind all symbolic links.
        files: in the order of their paths; hidden files do not count.
    """

    directory: Path
    files: tuple[FileFacts, ...]

    @property
    def size_bytes(self) -> int:
        """The size of all files together."""
        return sum(file.size_bytes for file in self.files)


def state_of(path: Path) -> FolderState | None:
    """The state of a directory, or of the one that a symbolic link leads to.

    A file that is replaced, or a link that is swapped, while the directory is read gives None: ENOENT, and on NFS
    ESTALE, are no error here. Ask again.

    Args:
        path: of the directory or the link.

    Returns:
        None if there is no such directory, if it cannot be read, or if it changes just now.
    """
    try:
        directory = path.resolve(strict=True)
        if not directory.is_dir():
            return None
        files = tuple(sorted(_files(directory)))
        return FolderState(directory=directory, files=files) if path.resolve(strict=True) == directory else None
    except (OSError, RuntimeError):  # a circle of links is a RuntimeError before Python 3.13
        return None


def _files(directory: Path) -> Iterator[FileFacts]:
    count = 0
    for folder, folders, names in os.walk(directory, onerror=_raise):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.startswith("."):  # also the temporary files of downloads
                continue
            path = Path(folder, name)
            facts = path.stat()
            yield FileFacts(
                path.relative_to(directory).as_posix(), facts.st_ino, facts.st_size, facts.st_mtime_ns
            )  # fmt: skip
            count += 1
            if count == _MAXIMUM_FILES:
                return


def _raise(error: OSError) -> None:
    raise error
