"""Checksums, and renames that survive a power cut."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONE_MIB = 2**20


def sha256_of(path: Path, *, on_read: Callable[[int], None] | None = None) -> str:
    """The SHA-256 of a file's content in lower-case hexadecimal, read in pieces.

    Args:
        path: the file.
        on_read: called with the size of each piece in bytes, for a progress bar.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as stream:
        while piece := stream.read(ONE_MIB):
            digest.update(piece)
            if on_read is not None:
                on_read(len(piece))
    return digest.hexdigest()


def flush_to_disk(path: Path) -> None:
    """Wait until a file's content, or a directory's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(finished: Path, target: Path) -> None:
    """Move a finished file to its final path, atomically and durably.

    Args:
        finished: the complete file, on the same file system as ``target``.
        target: its final path; an existing file is replaced.

    Raises:
        OSError: the file system refuses.
    """
    flush_to_disk(finished)
    target.parent.mkdir(parents=True, exist_ok=True)
    finished.replace(target)
    flush_to_disk(target.parent)
