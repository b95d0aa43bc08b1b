"""What is put into a directory and those below it, by inotify: each rename onto a name, so that a second is seen."""

from __future__ import annotations

import ctypes
import os
import select
import struct
import threading
from collections import Counter, deque
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_CREATE, _MOVED_TO, _MODIFY, _DIRECTORY = 0x100, 0x80, 0x2, 0x40000000
_OVERFLOW, _IGNORED = 0x4000, 0x8000
_EVENT = struct.Struct("iIII")
_BUFFER_BYTES = 2**16
_LOOK_SECONDS = 0.2


class _Event(NamedTuple):
    watch: int
    mask: int
    name: str


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
        self._events: deque[_Event] = deque()
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="renames", daemon=True)
        self._failure: Exception | None = None
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
        """Take in what happened until now, and watch no more.

        Raises:
            OSError, RuntimeError: something was not seen.
        """
        self._ended.set()
        self._thread.join()
        os.close(self._descriptor)
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while not self._ended.is_set():
                select.select([self._descriptor], [], [], _LOOK_SECONDS)
                self._take_in()
            self._take_in()
        except (OSError, RuntimeError) as error:
            self._failure = error

    def _take_in(self) -> None:
        self._fetch()
        while self._events:
            event = self._events.popleft()
            if event.mask & _OVERFLOW:
                raise RuntimeError("More happened in the directories than inotify keeps.")
            if event.mask & _IGNORED:  # the directory is gone
                self._directories.pop(event.watch, None)
                continue
            path = self._directories[event.watch] / event.name
            if event.mask & _DIRECTORY:
                self._watch(path)
            elif event.mask & _MOVED_TO:
                self._counts[path] += 1
            elif event.mask & _MODIFY and not path.name.startswith("."):
                self.in_place.add(path)

    def _fetch(self) -> None:
        """Append to the events all that have happened."""
        with suppress(BlockingIOError):
            while True:
                block, start = os.read(self._descriptor, _BUFFER_BYTES), 0
                while start < len(block):
                    watch, mask, _, size = _EVENT.unpack_from(block, start)
                    start += _EVENT.size
                    name = block[start : start + size].rstrip(b"\0")
                    start += size
                    self._events.append(_Event(watch, mask, os.fsdecode(name)))

    def _watch(self, directory: Path) -> None:
        """Watch a directory and those in it, unless it is watched already or gone.

        A file that is listed counts once for having been there before the watch. One that came between the watch and
        the listing does not: its event is among those that wait.
        """
        with suppress(FileNotFoundError):
            before = {entry.name for entry in os.scandir(directory)}
            watch = self._libc.inotify_add_watch(
                self._descriptor, os.fsencode(directory), _CREATE | _MOVED_TO | _MODIFY
            )
            if watch < 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number), str(directory))
            if watch in self._directories:
                return
            self._directories[watch] = directory
            entries = list(directory.iterdir())
            self._fetch()
            moved = {event.name for event in self._events if event.watch == watch and event.mask & _MOVED_TO}
            for entry in entries:
                if entry.is_dir():
                    self._watch(entry)
                elif entry.name in before or entry.name not in moved:
                    self._counts[entry] += 1
