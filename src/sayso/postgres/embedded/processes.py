"""The processes of an embedded server: find the running one, and remove the remains of a killed one."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

_HAS_PROC = Path("/proc/self/cwd").exists()
_CLEAR_SECONDS = 10.0


def server_number(directory: Path) -> int | None:
    """The process id of the server of a data directory, whichever process started it; None if none runs."""
    try:
        number = int(_record(directory).read_text().split("\n", 1)[0])
        os.kill(number, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    except PermissionError:
        pass
    # In a container, the old server's number may belong to another process by now, or to its own zombie, which is never
    # reaped. A server's working directory is its data directory.
    return number if not _HAS_PROC or _works_in(directory, number) else None


def remove_remains(directory: Path, lock: Path) -> None:
    """Remove the remains of a killed server, which would prevent the start of another.

    Its backends notice its death when they are idle, but not in the middle of a statement. They hold the shared memory,
    and anything that they still write would never be committed.

    Args:
        directory: of the data, without a running server.
        lock: of the server's socket.
    """
    if not _HAS_PROC or not _record(directory).exists():
        return
    give_up = time.monotonic() + _CLEAR_SECONDS
    while (survivors := _survivors(directory)) and time.monotonic() < give_up:
        for number in survivors:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(number, signal.SIGKILL)
        time.sleep(0.02)
    _record(directory).unlink(missing_ok=True)
    lock.unlink(missing_ok=True)


def _record(directory: Path) -> Path:
    return directory / "postmaster.pid"


def _works_in(directory: Path, number: int) -> bool:
    process = Path(f"/proc/{number}")
    try:
        return (process / "cwd").resolve(strict=True) == directory.resolve()
    except PermissionError:  # root in a container may not read others' working directories, but their commands
        with suppress(OSError):
            return os.fsencode(directory) in (process / "cmdline").read_bytes().split(b"\0")
        return False
    except OSError:  # it has ended
        return False


def _survivors(directory: Path) -> list[int]:
    """PostgreSQL's processes that work in a directory; not a shell in which a user reads the log there."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            is_postgres = (process / "comm").read_text().strip() == "postgres"
            if is_postgres and (process / "cwd").resolve(strict=True) == directory.resolve():
                found.append(int(process.name))
    return found
