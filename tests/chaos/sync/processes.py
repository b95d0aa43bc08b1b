"""Start, freeze and kill the processes that synchronise; each is known by a descriptor of it, never by its number."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaos.sync.objects import RANGE_BYTES
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from chaos.sync.bucket import ChaoticBucket

_CHILD = Path(__file__).with_name("child.py")


class Synchroniser:
    """One process.

    Attributes:
        said: all that it has said, in order.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._buffer = b""
        self.said: list[dict[str, Any]] = []
        begun = self.wait_for("begun")
        self._process = os.pidfd_open(begun["begun"])
        self.tell()

    def tell(self, **command: Any) -> None:
        """Have it do something: ``do="full"``, ``do="events"``, ``do="stop"``."""
        with suppress(OSError):
            self._connection.sendall(json.dumps(command).encode() + b"\n")

    def wait_for(self, fact: str) -> dict[str, Any]:
        """The next line that has this fact.

        Raises:
            RuntimeError: the process ended first, or says nothing for very long.
        """
        give_up = time.monotonic() + WAIT_SECONDS
        seen = len(self.said)
        while time.monotonic() < give_up:
            is_over = not self._receive(0.5)
            for said in self.said[seen:]:
                seen += 1
                if fact in said:
                    return said
            if is_over:
                raise RuntimeError(f"the process ended without {fact}: {self.said[-5:]}")
        raise RuntimeError(f"the process says nothing of {fact}: {self.said[-5:]}")

    def freeze(self, seconds: float) -> None:
        """Stop it for a while."""
        self._signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._signal(signal.SIGCONT)

    def kill(self) -> bool:
        """Kill it, and wait for its end; whether it was alive."""
        is_alive = self._signal(signal.SIGKILL)
        select.select([self._process], [], [], WAIT_SECONDS)
        while self._receive(WAIT_SECONDS):
            continue
        os.close(self._process)
        self._connection.close()
        return is_alive

    def listen(self) -> None:
        """Take in what it has said, without waiting."""
        while select.select([self._connection], [], [], 0)[0] and self._receive(0):
            continue

    def _signal(self, number: signal.Signals) -> bool:
        try:
            signal.pidfd_send_signal(self._process, number)
        except ProcessLookupError:
            return False
        return True

    def _receive(self, seconds: float) -> bool:
        """Take in what it says next; False at its end."""
        if not select.select([self._connection], [], [], seconds)[0]:
            return True
        try:
            data = self._connection.recv(2**16)
        except ConnectionResetError:
            return False
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        self.said += [json.loads(line) for line in lines]
        return bool(data)


class Copies:
    """Begins processes as copies of one that has imported everything; a context manager.

    Args:
        bucket: what they synchronise.
        base: the root of the volume.
        directory: for what they write besides.
        grace_seconds: how long they keep replaced files.
    """

    longest_run_seconds = 0.5

    def __init__(self, bucket: ChaoticBucket, base: Path, directory: Path, *, grace_seconds: float) -> None:
        self._bucket = bucket
        self._log = directory / "errors.log"
        self._notices = directory / "notices.jsonl"
        self._order = {
            "base": str(base),
            "notices": str(self._notices),
            "grace_seconds": grace_seconds,
            "range_bytes": RANGE_BYTES,
        }

    def __enter__(self) -> Self:
        self._notices.touch()
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, str(_CHILD), self._bucket.url, self._bucket.name, str(theirs.fileno())]
        with theirs, self._log.open("ab") as log:
            self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=log)
        return self

    def __exit__(self, *_: object) -> None:
        self._orders.close()
        self._process.wait()

    def begin(self) -> Synchroniser:
        """A new process."""
        ours, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(self._orders, [json.dumps(self._order).encode()], [theirs.fileno()])
        return Synchroniser(ours)

    def feed(self, process: Synchroniser, bodies: Sequence[str]) -> None:
        """Have it act on events, while it does what it does."""
        process.tell(do="events", bodies=bodies)

    def act(self, process: Synchroniser, bodies: Sequence[str]) -> list[str]:
        """Have it act on events, and wait for that; the errors."""
        process.tell(do="events", bodies=bodies)
        return [error for _, error in process.wait_for("events")["failed"]]

    def full(self, process: Synchroniser) -> list[str]:
        """Have it reconcile, and wait for that and for its notifications; the errors."""
        process.tell(do="full")
        errors: list[str] = process.wait_for("full")["full"]
        return errors

    def stop(self, process: Synchroniser) -> None:
        """Stop it in order."""
        process.tell(do="stop")
        process.wait_for("stopped")

    def announced(self) -> dict[str, float]:
        """When each key was announced last, as Unix time."""
        notices = [json.loads(line) for line in self._notices.read_text().splitlines()]
        return {notice["path"]: notice["at"] for notice in notices}
