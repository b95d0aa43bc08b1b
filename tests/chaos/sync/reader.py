"""The process of a reader: another user, who opens, reads and maps the files of the volume all the time.

Some of what it opens it holds across swaps, and reads it again. It ends when its standard input does, and prints what
it did and what it must not have seen, as JSON.
"""

from __future__ import annotations

import errno
import hashlib
import json
import mmap
import os
import random
import select
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_HASH_BYTES = 32
_VERSION_BYTES = 8
_MOST_HELD = 12
_HELD_SHARE = 0.1
_MAPPED_SHARE = 0.5


@dataclass
class _Held:
    """A file that is open."""

    path: Path
    descriptor: int
    mapped: mmap.mmap
    digest: bytes
    until: float
    is_replaced: bool = False


@dataclass
class _HeldSet:
    """A version of a set whose directory is open."""

    descriptor: int
    number: int
    until: float


@dataclass
class Reader:
    """See the module.

    Attributes:
        base: the root of the volume, as this reader sees it.
        hold_seconds: how long a file is held.
        reads_sets: whether the set is one on this volume.
        counts: what it did.
        wrong: what it must not have seen.
    """

    base: Path
    hold_seconds: float
    reads_sets: bool
    counts: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    held: list[_Held] = field(default_factory=list)
    held_sets: list[_HeldSet] = field(default_factory=list)
    chance: random.Random = field(default_factory=random.Random)

    def look(self) -> None:
        """Look at everything once."""
        for directory in ("files", "set"):
            self._noted(lambda directory=directory: self._files(self.base / directory))  # type: ignore[misc]
            self._noted(self._look_at_held)
        if self.reads_sets:
            self._noted(self._set)
            self._noted(self._look_at_held_sets)

    def _files(self, directory: Path) -> None:
        for path in directory.iterdir():
            if path.suffix == ".bin" and not path.name.startswith("."):
                self._noted(lambda path=path: self._file(path))  # type: ignore[misc]

    def _noted(self, look: Callable[[], None]) -> None:
        try:
            look()
        except FileNotFoundError:
            self.counts["missing"] += 1  # it was deleted
        except OSError as error:
            self.wrong[f"{errno.errorcode.get(error.errno or 0)} on {error.filename}"] += 1

    def _file(self, path: Path) -> None:
        opened = os.open(path, os.O_RDONLY)
        mapped = None
        try:
            size = os.fstat(opened).st_size
            if size <= _HASH_BYTES or self.chance.random() < _MAPPED_SHARE:
                self._check(path, os.read(opened, size + 1), size)
                self.counts["reads"] += 1
                return
            mapped = mmap.mmap(opened, size, prot=mmap.PROT_READ)
            self._check(path, mapped[:], size)
            self.counts["mapped"] += 1
            if len(self.held) < _MOST_HELD and self.chance.random() < _HELD_SHARE:
                until = time.monotonic() + self.chance.uniform(0, self.hold_seconds)
                digest = hashlib.sha256(mapped).digest()
                self.held.append(_Held(path, os.dup(opened), mapped, digest, until))
                mapped = None
        finally:
            if mapped is not None:
                mapped.close()
            os.close(opened)

    def _check(self, path: Path, content: bytes, size: int) -> None:
        is_whole = hashlib.sha256(content[_HASH_BYTES:]).digest() == content[:_HASH_BYTES]
        if not is_whole or len(content) != size:
            self.wrong[f"partial or corrupt: {path}, {len(content)} of {size} bytes"] += 1

    def _look_at_held(self) -> None:
        for held in list(self.held):
            held.mapped.madvise(mmap.MADV_DONTNEED)
            os.posix_fadvise(held.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # the pages come from the volume again
            if hashlib.sha256(held.mapped).digest() != held.digest:
                self.wrong[f"changed while it was mapped: {held.path}"] += 1
            if not held.is_replaced and _inode(held.path) != os.fstat(held.descriptor).st_ino:
                held.is_replaced = True
                self.counts["held across a replacement"] += 1
            if time.monotonic() > held.until:
                self.held.remove(held)
                held.mapped.close()
                os.close(held.descriptor)

    def _set(self) -> None:
        link = self.base / "set"
        if not link.is_symlink():
            return
        try:
            opened = os.open(os.path.realpath(link), os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            self.wrong["the link of a set leads nowhere"] += 1
            return
        number = self._version(opened)
        self.counts["sets"] += 1
        if number is None or len(self.held_sets) >= _MOST_HELD:
            os.close(opened)
            return
        self.held_sets.append(_HeldSet(opened, number, time.monotonic() + self.chance.uniform(0, self.hold_seconds)))

    def _version(self, directory: int) -> int | None:
        """The version of all files in the directory of a set; None if that is wrong, which is noted."""
        numbers = set()
        try:
            names = [name for name in os.listdir(directory) if name.endswith(".bin")]
            for name in names:
                opened = os.open(name, os.O_RDONLY, dir_fd=directory)
                with os.fdopen(opened, "rb") as stream:
                    content = stream.read()
                self._check(Path(name), content, len(content))
                numbers.add(int.from_bytes(content[_HASH_BYTES : _HASH_BYTES + _VERSION_BYTES], "big"))
        except OSError as error:
            self.wrong[f"a set that is held vanished ({errno.errorcode.get(error.errno or 0)})"] += 1
            return None
        if len(numbers) != 1:
            self.wrong[f"mixed set of versions {sorted(numbers)}"] += 1
            return None
        return numbers.pop()

    def _look_at_held_sets(self) -> None:
        current = os.path.realpath(self.base / "set")
        for held in list(self.held_sets):
            number = self._version(held.descriptor)
            if number is not None and number != held.number:
                self.wrong[f"a set that is held changed from {held.number} to {number}"] += 1
            is_over = number is None or time.monotonic() > held.until
            if number is not None and _inode(Path(current)) != os.fstat(held.descriptor).st_ino:
                self.counts["held a set across a swap"] += 1
                is_over = True
            if is_over:
                self.held_sets.remove(held)
                os.close(held.descriptor)


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def main(wanted: str) -> None:
    """Read until the standard input ends."""
    options = json.loads(wanted)
    user = options.pop("user")
    reader = Reader(base=Path(options.pop("base")), **options)
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    while not select.select([0], [], [], 0.001)[0]:
        reader.look()
    sys.stdout.write(json.dumps({"counts": reader.counts, "wrong": reader.wrong, "user": os.getuid()}))


if __name__ == "__main__":
    main(sys.argv[1])
