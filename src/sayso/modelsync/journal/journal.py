"""The journal of a volume: what Sayso has done there, in files that survive a crash at any moment."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sayso.errors import OutputFailed
from sayso.modelsync.journal.disk import accessing
from sayso.modelsync.journal.files import (
    LOG_PREFIX,
    PIECE_BYTES,
    SNAPSHOT,
    UNFINISHED,
    encoded,
    header,
    read_journal,
    snapshot_pieces,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from sayso.modelsync.journal.disk import JournalDisk
    from sayso.modelsync.journal.entries import Entry
    from sayso.modelsync.journal.files import LoadedJournal
    from sayso.modelsync.journal.state import JournalState

_COMPACT_AFTER = 20_000
_TOMBSTONE_SECONDS = 30 * 86_400.0
"""Twice as long as SQS keeps a message."""


class Journal:
    """Remembers what was done on a volume. Only one process may have it open: the holder of the volume's lease.

    An entry that `append` has returned from is found again after a crash of the process; after one of the machine, too,
    if it was flushed. Any thread may append.

    Attributes:
        state: what the entries add up to; it changes with each entry, so look up single values in it, and use
            `copied_state` for more.
        damage: what was found damaged when it was opened, in sentences; the state is not certain then.
    """

    def __init__(
        self,
        disk: JournalDisk,
        loaded: LoadedJournal,
        *,
        clock: Callable[[], float] = time.time,
        compact_after: int = _COMPACT_AFTER,
    ) -> None:
        """Not to be called; see `open`."""
        self.state: JournalState = loaded.state
        self.damage: tuple[str, ...] = tuple(loaded.damage)
        self._disk = disk
        self._clock = clock
        self._compact_after = compact_after
        self._lock = threading.Lock()
        self._descriptor = -1
        self._log = loaded.log
        self._entries = loaded.log_entries
        self._bytes = loaded.log_bytes
        self._compacted_entries = 0
        self._failure: str | None = None
        self._unflushed: set[str] = set()

    @classmethod
    def open(
        cls,
        disk: JournalDisk,
        *,
        clock: Callable[[], float] = time.time,
        compact_after: int = _COMPACT_AFTER,
        begins_log: bool = False,
    ) -> Self:
        """Read the journal, or begin one, and prepare it for more entries.

        Args:
            disk: the directory: `sayso.modelsync.journal.disk.PosixDisk`; the journal releases it.
            clock: seconds since 1970.
            compact_after: how many entries a log may have, if the volume has fewer files than that.
            begins_log: whether to write to a new log, so that a process that still has the old one open adds nothing.

        Raises:
            OutputFailed: it cannot be read, or not be written.
            InvalidInput: a later version of Sayso has written it. Nothing was changed.
        """
        with accessing(disk):
            disk.prepare()
            try:
                journal = cls(disk, read_journal(disk), clock=clock, compact_after=compact_after)
                journal._resume(begins_log=begins_log)
            except BaseException:
                disk.release()
                raise
            return journal

    @classmethod
    def read(cls, disk: JournalDisk) -> Self:
        """Read the journal as it is now, also while the holder of the lease writes it; it takes no entries.

        Args:
            disk: the directory; it is released.

        Raises:
            OutputFailed, InvalidInput: as `open`.
        """
        with accessing(disk):
            disk.prepare()
            try:
                journal = cls(disk, read_journal(disk))
            finally:
                disk.release()
        journal._failure = "it was opened to be read"
        return journal

    @property
    def limits(self) -> tuple[str, ...]:
        """What the file system cannot do, in sentences."""
        return tuple(
            f"The file system cannot flush {what}: a power cut may lose the latest entries of the journal."
            for what in sorted(self._unflushed)
        )

    def copied_state(self) -> JournalState:
        """The state as it is now, for a plan; it does not change while others append."""
        with self._lock:
            return self.state.copy()

    def append(self, *entries: Entry, flush: bool = True) -> None:
        """Write entries, then change the state by them. After a crash there are all of them, or only the first ones.

        Args:
            entries: in order.
            flush: whether to wait until they are on the disk. An effect that must not be there without them needs that;
                an entry that only reports an effect does not: its intent is resolved after a crash.

        Raises:
            OutputFailed: they are not in the journal, because there is no space left; or they may be, because the disk
                failed. In the latter case the journal takes no more entries until it is opened again.
        """
        with self._lock, accessing(self._disk):
            self._require_sound()
            lines = b"".join(encoded(entries, first=self._entries + 1, name=self._log or ""))
            self._write(lines)
            self._entries += len(entries)
            self._bytes += len(lines)
            if flush:
                self._sync(self._descriptor)
            for entry in entries:
                self.state.apply(entry)
            if self._entries - self._compacted_entries >= max(self._compact_after, len(self.state.files)):
                self._try_to_compact()

    def compact(self) -> None:
        """Write the state as a new snapshot and begin a new log.

        Raises:
            OutputFailed: it could not be written; the journal goes on as before, unless the disk failed.
        """
        with self._lock, accessing(self._disk):
            self._require_sound()
            self._compact()

    def close(self) -> None:
        """Close the files."""
        with self._lock:
            self._failure = self._failure or "it is closed"
            if self._descriptor >= 0:
                self._disk.close(self._descriptor)
                self._descriptor = -1
            self._disk.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _resume(self, *, begins_log: bool) -> None:
        """Open the log to append, or write everything again where that is not possible, or not wanted."""
        if self.damage or self._log is None or begins_log:
            self.state.is_certain = self.state.is_certain and not self.damage
            self._compact()
        else:
            self._descriptor = self._disk.open(self._log)
            self._disk.truncate(self._descriptor, self._bytes)
            self._sync(self._descriptor)
        self._tidy()

    def _tidy(self) -> None:
        """Remove what an interrupted compaction has left."""
        for name in self._disk.names():
            if name == UNFINISHED or (name.startswith(LOG_PREFIX) and name != self._log):
                self._disk.remove(name)

    def _write(self, lines: bytes) -> None:
        """Append to the log; what was written in part is cut off again."""
        try:
            self._write_all(self._descriptor, lines)
        except OSError:
            with self._failing():
                self._disk.truncate(self._descriptor, self._bytes)
            raise

    def _write_all(self, descriptor: int, data: bytes) -> None:
        view = memoryview(data)
        while view:
            written = self._disk.write(descriptor, bytes(view[:PIECE_BYTES]))
            view = view[written:]

    def _sync(self, descriptor: int) -> None:
        """Flush a file. After a failed flush it is not known what is on the disk, so the journal stops."""
        with self._failing():
            if not self._disk.sync(descriptor):
                self._unflushed.add("files")

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._failure = f"the disk failed ({error})"
            raise

    def _require_sound(self) -> None:
        if self._failure is not None:
            raise OutputFailed(f"The journal of the volume takes no more entries: {self._failure}.")

    def _try_to_compact(self) -> None:
        """Compact if there is space for it; otherwise try again after as many entries."""
        self._compacted_entries = self._entries
        with suppress(OSError):
            self._compact()

    def _compact(self) -> None:
        oldest = self._clock() - _TOMBSTONE_SECONDS
        for event in [event for event in self.state.seen.values() if event.at_seconds < oldest]:
            if event.key not in self.state.files and event.key not in self.state.intents:
                del self.state.seen[event.key]
        log = f"{LOG_PREFIX}{secrets.token_hex(8)}"
        descriptor = -1
        try:
            descriptor = self._begin_log(log)
            self._write_snapshot(log)
        except BaseException:
            if descriptor >= 0:
                self._disk.close(descriptor)
            for name in (UNFINISHED, log):
                with suppress(OSError):
                    self._disk.remove(name)
            raise
        with self._failing():  # it is not known whether a rename that failed was made
            self._disk.rename(UNFINISHED, SNAPSHOT)
            old_log, old_descriptor = self._log, self._descriptor
            self._log, self._descriptor = log, descriptor
            self._entries, self._compacted_entries, self._bytes = 0, 0, len(header(log, name=log))
            if not self._disk.sync_directory():
                self._unflushed.add("directories")
            if old_descriptor >= 0:
                self._disk.close(old_descriptor)
        if old_log is not None:
            with suppress(OSError):  # it is removed when the journal is opened next
                self._disk.remove(old_log)

    def _begin_log(self, log: str) -> int:
        descriptor = self._disk.create(log)
        try:
            self._write_all(descriptor, header(log, name=log))
            self._flush_new(descriptor)
        except BaseException:
            self._disk.close(descriptor)
            with suppress(OSError):
                self._disk.remove(log)
            raise
        return descriptor

    def _write_snapshot(self, log: str) -> None:
        descriptor = self._disk.create(UNFINISHED)
        try:
            for piece in snapshot_pieces(self.state, log=log):
                self._write_all(descriptor, piece)
            self._flush_new(descriptor)
        finally:
            self._disk.close(descriptor)

    def _flush_new(self, descriptor: int) -> None:
        """Flush a file that nothing depends on yet."""
        if not self._disk.sync(descriptor):
            self._unflushed.add("files")
