"""A disk that is small enough to be filled: a tmpfs, which only root may mount."""

from __future__ import annotations

import errno
import os
import subprocess
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_FILLER = ".filler"


class SmallDisk:
    """A context manager that mounts a disk of its own at a directory, where it may.

    Args:
        directory: where, which is made.
        size_bytes: of the disk.
    """

    def __init__(self, directory: Path, size_bytes: int) -> None:
        self.missing: str | None = None
        """Why there is none; None where there is."""
        self._directory = directory
        self._size_bytes = size_bytes

    def __enter__(self) -> Self:
        self._directory.mkdir(parents=True, exist_ok=True)
        try:
            _run("mount", "-t", "tmpfs", "-o", f"size={self._size_bytes},mode=755", "sayso-chaos", str(self._directory))
        except OSError as error:
            self.missing = error.strerror
        except subprocess.CalledProcessError as error:
            self.missing = error.stderr.strip()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Unmount it, and keep what is on it: a run that failed is looked at afterwards."""
        if self.missing is not None:
            return
        self.free()
        kept = self._directory.with_name(f".{self._directory.name}.kept")
        _run("cp", "--archive", str(self._directory), str(kept))
        _run("umount", "--lazy", str(self._directory))
        self._directory.rmdir()
        kept.rename(self._directory)

    def fill(self) -> None:
        """Leave no room at all."""
        if self.missing is not None:
            return
        facts = os.statvfs(self._directory)
        try:
            with (self._directory / _FILLER).open("wb", buffering=0) as stream:
                if facts.f_bavail:
                    os.posix_fallocate(stream.fileno(), 0, facts.f_bavail * facts.f_frsize)
                stream.seek(0, os.SEEK_END)
                while stream.write(bytes(facts.f_frsize)):  # what was freed meanwhile
                    pass
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

    def free(self) -> None:
        """Have room again."""
        (self._directory / _FILLER).unlink(missing_ok=True)


def _run(*command: str) -> None:
    subprocess.run(command, capture_output=True, text=True, check=True)
