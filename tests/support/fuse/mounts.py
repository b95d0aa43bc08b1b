"""Mount a directory through a file system of our own, with what NFS, EFS and other FUSE file systems lack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

_DEVICE = Path("/dev/fuse")
_SERVER = Path(__file__).with_name("server.py")


def why_not() -> str | None:
    """Why nothing can be mounted here, in a sentence; None if it can."""
    if not _DEVICE.exists():
        return "There is no /dev/fuse: load the kernel's module fuse."
    if os.geteuid() != 0:
        return "Only root may mount a file system that other users can enter."
    with suppress(OSError):
        os.close(os.open(_DEVICE, os.O_RDWR))
        return None
    return "/dev/fuse cannot be opened: a container needs the device, and the capability SYS_ADMIN."


class FuseMount:
    """A context manager: a directory, mounted at another one, by a process of its own.

    Args:
        directory: what is mounted.
        mountpoint: where, which is made.
        refused: the operations that it does not have, as ``{"SYMLINK": "EPERM"}``.
        options: others of `support.fuse.pass_through.Options`.
    """

    def __init__(
        self, directory: Path, mountpoint: Path, *, refused: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        self.path = mountpoint
        self._directory = directory
        self._options = {**options, "refused": dict(refused or {})}
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, str(_SERVER), str(self._directory), str(self.path), json.dumps(self._options)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._line() != "mounted":
            raise RuntimeError(f"{self._directory} could not be mounted at {self.path}")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.communicate()

    def set_read_only(self, *, is_read_only: bool) -> None:
        """Refuse every change from now on, or none any more."""
        self._say("read-only" if is_read_only else "writable")
        self.counts()  # it has been read now

    def counts(self) -> dict[str, int]:
        """How often each error was answered, as ``{"READ ESTALE": 3}``."""
        self._say("counts")
        found: dict[str, int] = json.loads(self._line())
        return found

    def _say(self, command: str) -> None:
        if self._process is None or self._process.stdin is None:
            raise RuntimeError("it is not mounted")
        self._process.stdin.write(f"{command}\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        if self._process is None or self._process.stdout is None:
            raise RuntimeError("it is not mounted")
        return self._process.stdout.readline().strip()
