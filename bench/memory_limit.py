"""Processes in a cgroup with little memory, in which the kernel counts everything: the page cache, too."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_CGROUP = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_ENTER = 'echo $$ > "$0/cgroup.procs" && exec "$@"'


@dataclass(frozen=True, kw_only=True, slots=True)
class MemoryGroup:
    """A cgroup for one process.

    Attributes:
        directory: of the group.
        peak_file: its name in the directory.
    """

    directory: Path
    peak_file: str

    def command(self, arguments: list[str]) -> list[str]:
        """The command that runs a program in this group."""
        return ["sh", "-c", _ENTER, str(self.directory), *arguments]

    def peak_bytes(self) -> int:
        """The most that the group has used at once."""
        return int((self.directory / self.peak_file).read_text())


@contextmanager
def memory_group(limit_bytes: int) -> Iterator[MemoryGroup | None]:
    """A cgroup with a limit of memory; None where this process may not make one."""
    for parent, limit_file, peak_file in _places():
        directory = parent / f"sayso-bench-{os.getpid()}"
        try:
            directory.mkdir()
        except OSError:
            continue
        try:
            (directory / limit_file).write_text(str(limit_bytes))
            yield MemoryGroup(directory=directory, peak_file=peak_file)
        finally:
            directory.rmdir()
        return
    yield None


def _places() -> Iterator[tuple[Path, str, str]]:
    """Where a group may be made, with the names of its limit and its peak: version 2 of cgroups, then version 1."""
    for line in _OWN.read_text().splitlines() if _OWN.exists() else ():
        _, controllers, path = line.split(":", 2)
        parent = _CGROUP / path.lstrip("/")
        if not controllers and "memory" in _words(parent / "cgroup.subtree_control"):
            yield parent, "memory.max", "memory.peak"
        elif controllers == "memory":
            yield _CGROUP / "memory" / path.lstrip("/"), "memory.limit_in_bytes", "memory.max_usage_in_bytes"


def _words(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []
