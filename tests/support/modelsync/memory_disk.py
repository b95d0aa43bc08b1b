"""A directory in memory that a process can die on, or a machine, at any system call."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


class Killed(BaseException):
    """The process, or the machine, stopped here."""


@dataclass
class Inode:
    """A file: what its readers see, and what is on the disk."""

    content: bytes = b""
    flushed: bytes = b""


@dataclass
class MemoryDisk:
    """A `JournalDisk`. After the call with the number ``dies_at`` nothing can be called any more.

    Attributes:
        dies_at: the number of the call, from 1; it is made, made in part, or not made.
        random: decides which.
        flushes_files, flushes_directories: whether the file system can.
        free_bytes: how much can be written.
        fails: the errors of calls, by their names.
        calls: the names of the calls so far.
    """

    dies_at: int | None = None
    random: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311
    flushes_files: bool = True
    flushes_directories: bool = True
    free_bytes: int = 2**40
    fails: dict[str, OSError] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    directory: dict[str, Inode] = field(default_factory=dict)
    flushed_directory: dict[str, Inode] = field(default_factory=dict)
    changes: list[tuple[str, Inode | None]] = field(default_factory=list)
    descriptors: dict[int, Inode] = field(default_factory=dict)

    def after_kill(self) -> MemoryDisk:
        """The disk for the next process: everything that was called is there."""
        return MemoryDisk(directory=_copied(self.directory), flushed_directory=_copied(self.directory))

    def after_power_cut(self, seed: int) -> MemoryDisk:
        """The disk after the machine has stopped: of what was not flushed, any beginning is there."""
        rng = random.Random(seed)  # noqa: S311
        directory = dict(self.flushed_directory)
        for name, inode in self.changes[: rng.randint(0, len(self.changes))]:
            if inode is None:
                directory.pop(name, None)
            else:
                directory[name] = inode
        for inode in {id(inode): inode for inode in directory.values()}.values():
            unflushed = len(inode.content) - len(inode.flushed)
            if inode.content.startswith(inode.flushed):
                inode.flushed = inode.content[: len(inode.flushed) + rng.randint(0, unflushed)]
        survived = {name: Inode(inode.flushed, inode.flushed) for name, inode in directory.items()}
        return MemoryDisk(directory=survived, flushed_directory=dict(survived))

    def prepare(self) -> None:
        self._call("prepare")

    def release(self) -> None:
        pass

    def describe(self) -> str:
        return " in memory"

    def names(self) -> list[str]:
        self._call("names")
        return list(self.directory)

    def read(self, name: str) -> bytes:
        self._call("read")
        if name not in self.directory:
            raise FileNotFoundError(name)
        return self.directory[name].content

    def create(self, name: str) -> int:
        dies = self._call("create")
        inode = Inode()
        self._link(name, inode)
        self._die(dies)
        return self._descriptor(inode)

    def open(self, name: str) -> int:
        self._call("open")
        return self._descriptor(self.directory[name])

    def write(self, descriptor: int, data: bytes) -> int:
        dies = self._call("write")
        if not self.free_bytes:
            raise OSError(28, "No space left on device")
        size_bytes = min(self.random.randint(1, len(data)), self.free_bytes)
        self.free_bytes -= size_bytes
        self.descriptors[descriptor].content += data[:size_bytes]
        self._die(dies)
        return size_bytes

    def truncate(self, descriptor: int, size_bytes: int) -> None:
        dies = self._call("truncate")
        inode = self.descriptors[descriptor]
        self.free_bytes += len(inode.content) - size_bytes
        inode.content = inode.content[:size_bytes]
        self._die(dies)

    def sync(self, descriptor: int) -> bool:
        dies = self._call("sync")
        if self.flushes_files:
            inode = self.descriptors[descriptor]
            inode.flushed = inode.content
        self._die(dies)
        return self.flushes_files

    def close(self, descriptor: int) -> None:
        self._call("close")
        del self.descriptors[descriptor]

    def rename(self, source: str, target: str) -> None:
        dies = self._call("rename")
        inode = self.directory[source]
        self._link(target, inode)
        self._unlink(source)
        self._die(dies)

    def remove(self, name: str) -> None:
        dies = self._call("remove")
        if name not in self.directory:
            raise FileNotFoundError(name)
        self._unlink(name)
        self._die(dies)

    def sync_directory(self) -> bool:
        dies = self._call("sync_directory")
        if self.flushes_directories:
            self.flushed_directory = dict(self.directory)
            self.changes.clear()
        self._die(dies)
        return self.flushes_directories

    def _call(self, name: str) -> bool:
        """Whether the process dies in this call, after its effect; it may die before."""
        if self.dies_at is not None and len(self.calls) >= self.dies_at:
            raise Killed
        self.calls.append(name)
        dies = len(self.calls) == self.dies_at
        self._die(dies and self.random.random() < 0.5)
        if name in self.fails:
            raise self.fails[name]
        return dies

    def _die(self, dies: bool) -> None:
        if dies:
            raise Killed

    def _descriptor(self, inode: Inode) -> int:
        descriptor = max(self.descriptors, default=2) + 1
        self.descriptors[descriptor] = inode
        return descriptor

    def _link(self, name: str, inode: Inode) -> None:
        self.directory[name] = inode
        self.changes.append((name, inode))

    def _unlink(self, name: str) -> None:
        del self.directory[name]
        self.changes.append((name, None))


def _copied(directory: dict[str, Inode]) -> dict[str, Inode]:
    return {name: Inode(inode.content, inode.content) for name, inode in directory.items()}
