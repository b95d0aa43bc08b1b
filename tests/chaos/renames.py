"""What is put into a directory and those below it, by inotify: each rename onto a name, so that a second is seen."""

from __future__ import annotations

import ctypes
import os
import select
import struct
import threading
from collections import Counter
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_CREATE, _MOVED_TO, _MODIFY, _DIRECTORY = 0x100, 0x80, 0x2, 0x40000000
_EVENT = struct.Struct("iIII")
_BUFFER_BYTES = 2**16
_LOOK_SECONDS = 0.2


class Renames:
    """A context manager that counts, on a thread of its own; Linux alone can tell.

    A name counts when a file is moved to it. What was in a directory before it could be watched
    counts once.

    Args:
        root: the directory, which exists.
    """

    def __init__(self, root: Path) -> None:
        self.in_place: set[Path] = set()
        """Names of visible files that were changed where they are."""
        self._counts: Counter[Path] = Counter()
        self._root = root
        self._directories: dict[int, Path] = {}
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="renames", daemon=True)
        self._descriptor = -1

    @property
    def counts(self) -> Counter[Path]:
        """How often a file came to each name; for after the block."""
        return Counter(self._counts)

    def __enter__(self) -> Self:
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify cannot be used")
        self._watch(self._root)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        os.close(self._descriptor)

    def _run(self) -> None:
        while not self._ended.is_set():
            if select.select([self._descriptor], [], [], _LOOK_SECONDS)[0]:
                self._read(os.read(self._descriptor, _BUFFER_BYTES))

    def _read(self, events: bytes) -> None:
        start = 0
        while start < len(events):
            watch, mask, _, size = _EVENT.unpack_from(events, start)
            start += _EVENT.size
            name = events[start : start + size].rstrip(b"\0")
            start += size
            path = self._directories[watch] / os.fsdecode(name)
            if mask & _DIRECTORY:
                self._watch(path)
            elif mask & _MOVED_TO:
                self._counts[path] += 1
            elif mask & _MODIFY and not path.name.startswith("."):
                self.in_place.add(path)

    def _watch(self, directory: Path) -> None:
        mask = _CREATE | _MOVED_TO | _MODIFY
        watch = self._libc.inotify_add_watch(self._descriptor, os.fsencode(directory), mask)
        if watch < 0:
            raise OSError(ctypes.get_errno(), f"{directory} cannot be watched")
        self._directories[watch] = directory
        for entry in directory.iterdir():
            if entry.is_dir():
                self._watch(entry)
            elif not self._counts[entry]:
                self._counts[entry] = 1
