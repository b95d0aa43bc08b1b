"""Scratch directories: where the files of a job are made, removed with the job or after the death of its worker."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from sayso.errors import Cancelled, ServiceUnavailable
from sayso.files import create_private, make_private_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

_ALIVE = ".sayso-lock"
"""A file in the directory that is locked for as long as the worker lives."""

_YOUNG_SECONDS = 5.0
"""A younger directory may be about to get its lock."""


class ScratchDirectory:
    """A directory for one attempt at a job.

    Two use it: the coroutine that opens it and publishes what was made there, and the thread that computes, which does
    not end at once when the job is cancelled. The directory is removed when the coroutine leaves, since the process may
    end before the thread does; and once more when the thread leaves, which may have made files meanwhile.

    Args:
        parent: where directories are made.
        kind: the first part of the directory's name, by which `remove_stale` finds it.

    Raises:
        ServiceUnavailable: none can be made on this machine; another may do the job.
    """

    def __init__(self, parent: Path, *, kind: str = "job") -> None:
        self._lock = threading.Lock()  # guards the count of users
        self._users = 1
        self._alive: BinaryIO | None = None
        try:
            make_private_directory(parent)
            self.directory = Path(tempfile.mkdtemp(prefix=f"{kind}-", dir=parent))
            self._alive = create_private(self.directory / _ALIVE)
            fcntl.flock(self._alive, fcntl.LOCK_EX)
        except OSError as error:
            raise ServiceUnavailable(f"Cannot work in {parent}: {error.strerror}.") from error

    @contextmanager
    def entered(self) -> Iterator[Path]:
        """Use the directory during the block.

        Raises:
            Cancelled: it was removed already.
        """
        with self._lock:
            if not self._users:
                raise Cancelled("The job was cancelled.")
            self._users += 1
        try:
            yield self.directory
        finally:
            self._leave()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)
        self._leave()

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            is_last = self._users == 0
        if is_last:
            shutil.rmtree(self.directory, ignore_errors=True)
            if self._alive is not None:
                self._alive.close()


def remove_stale(
    parent: Path, *, kind: str = "job", older_than_seconds: float, clock: Callable[[], float] = time.time
) -> None:
    """Remove the scratch directories of workers that died.

    A worker has a lock on its directory, which ends with the process however that ends.

    Args:
        parent: where they are.
        kind: as they were opened with.
        older_than_seconds: more than any attempt may take; an older directory that has no lock is removed.
        clock: seconds since the epoch, as files have them.
    """
    for directory in parent.glob(f"{kind}-*"):
        with suppress(OSError):  # it was removed meanwhile, or is another user's
            age_seconds = clock() - directory.stat().st_mtime
            if age_seconds > _YOUNG_SECONDS and _is_dead(directory, without_lock=age_seconds > older_than_seconds):
                shutil.rmtree(directory, ignore_errors=True)


def _is_dead(directory: Path, *, without_lock: bool) -> bool:
    """Whether the worker of a directory has ended; ``without_lock`` where it has no lock (yet)."""
    try:
        lock = (directory / _ALIVE).open("r+b")
    except FileNotFoundError:
        return without_lock
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
