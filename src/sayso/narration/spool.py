"""The raw audio of a document between its synthesis and its encoding."""

from __future__ import annotations

import hashlib
import os
import tempfile
from typing import TYPE_CHECKING, Self

import numpy as np

from sayso.audio.silence import BLOCK_SAMPLES
from sayso.errors import OutputFailed
from sayso.scheduling import UNBOUNDED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from sayso.scheduling import RequestContext
    from sayso.types import FloatArray


class Spool:
    """Samples on disk, because a document's loudness is known only at its end.

    The file has no name (it disappears with the process in any case) and is in the output's directory: that file system
    must hold the result anyway, and a full disk or a missing permission shows before hours of work. One thread writes;
    afterwards any number may read. Every read and write checks the context for cancellation: all computation on a
    document's audio, from the first silence to the last file, goes through here.
    """

    def __init__(self, directory: Path, *, context: RequestContext = UNBOUNDED) -> None:
        """Make the file.

        Args:
            directory: of the file; made if missing.
            context: of the work.

        Raises:
            OutputFailed: the directory cannot be made or written.
        """
        self._directory = directory
        self._context = context
        self._hash = hashlib.sha256()
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._file = tempfile.TemporaryFile(dir=directory, buffering=0)  # noqa: SIM115 - closed by __exit__
        except OSError as error:
            raise OutputFailed(f"Cannot write in {directory}: {error.strerror}") from error

    def write(self, samples: FloatArray) -> None:
        """Append float32 samples of shape (n,).

        Raises:
            OutputFailed: the disk is full.
            Cancelled, DeadlineExceeded: as the context says.
        """
        self._context.check()
        data = memoryview(np.ascontiguousarray(samples, "<f4").tobytes())
        self._hash.update(data)
        try:
            while data:
                data = data[self._file.write(data) :]
        except OSError as error:
            raise OutputFailed(f"Cannot write in {self._directory}: {error.strerror}") from error

    def clear(self) -> None:
        """Remove everything that was written."""
        self._hash = hashlib.sha256()
        self._file.seek(0)
        self._file.truncate()

    @property
    def digest(self) -> str:
        """The SHA-256 of everything that was written."""
        return self._hash.hexdigest()

    def blocks(self) -> Iterator[FloatArray]:
        """Everything that was written, in blocks of at most `BLOCK_SAMPLES` samples.

        Raises:
            Cancelled, DeadlineExceeded: as the context says.
        """
        position = 0
        while data := os.pread(self._file.fileno(), 4 * BLOCK_SAMPLES, position):
            self._context.check()
            position += len(data)
            yield np.frombuffer(data, "<f4")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
