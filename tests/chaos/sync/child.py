"""The processes that synchronise: copies of one that has imported everything, so that 1,000 of them are cheap.

It reads orders from a socket, each with the descriptor of a channel, and makes a copy of itself for each. A copy says
what it does in lines of JSON on its channel, and obeys the lines that it reads there.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path[:1] = [str(Path(__file__).resolve().parents[2])]

import structlog  # noqa: E402 -- after the line above, as all that it makes findable

from sayso.aws.access import AwsAccess  # noqa: E402
from sayso.aws.s3_reader import BucketReader, ReaderOptions, locate_bucket  # noqa: E402
from sayso.errors import SaysoError, ServiceUnavailable  # noqa: E402
from sayso.jobs.base import Delivery  # noqa: E402
from sayso.modelsync.errors import FullSyncRunning  # noqa: E402
from sayso.modelsync.journal.journal import Journal  # noqa: E402
from sayso.modelsync.notifications.outbox import OutboxSender  # noqa: E402
from sayso.modelsync.plan.plan import PlanRules  # noqa: E402
from sayso.modelsync.reconciliation.opened import SyncOptions  # noqa: E402
from sayso.modelsync.service import service, standby  # noqa: E402
from sayso.modelsync.service.consumer import EventHandler  # noqa: E402
from sayso.modelsync.service.service import ModelSync  # noqa: E402
from sayso.modelsync.transfers.values import TransferOptions  # noqa: E402
from sayso.resilience.retry_policies import RetryPolicy  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

    from sayso.aws.s3_reader.location import BucketLocation
    from sayso.modelsync.notifications.channels import Outgoing

_MOST_ORDER_BYTES = 2**16
_LOOK_SECONDS = 0.01
_COMPACT_AFTER = 100
"""The journal is rewritten so often that processes are killed meanwhile."""
_RETRY = RetryPolicy(first_seconds=0.01, longest_seconds=0.05, attempts=8, total_seconds=20)


class _Channel:
    """Lines of JSON to the harness and from it; any thread may say something."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self.lines = connection.makefile("r", encoding="utf-8")

    def say(self, **facts: Any) -> None:
        """Say something."""
        with self._lock:
            self._connection.sendall(json.dumps(facts, default=str).encode() + b"\n")

    def log(self, _: Any, level: str, event: MutableMapping[str, Any]) -> str:
        """Say what is logged: a processor of structlog."""
        self.say(log=event.pop("event"), level=level, facts={name: str(value) for name, value in event.items()})
        raise structlog.DropEvent


class _File:
    """A receiver of notifications: each is a line of a file that all processes append to."""

    name = "file"
    most = 1

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    async def send(self, messages: Sequence[Outgoing]) -> Mapping[int, SaysoError]:
        """See `Channel.send` of the outbox."""
        (outgoing,) = messages
        os.write(self._descriptor, json.dumps({**outgoing.message, "at": time.time()}).encode() + b"\n")
        return {}


class _Copy:
    """One process that synchronises."""

    def __init__(self, channel: _Channel, location: BucketLocation, order: Mapping[str, Any]) -> None:
        self._channel = channel
        self._order = order
        options = SyncOptions(
            base_path=Path(order["base"]),
            is_announced=True,
            rules=PlanRules(max_delete_ratio=1.0),
            grace_seconds=order["grace_seconds"],
            quarantine_seconds=order["grace_seconds"],
            transfers=TransferOptions(
                connections=6, range_bytes=order["range_bytes"], buffer_bytes=2**16, stall_seconds=1.0, retry=_RETRY
            ),
        )
        self._sync = ModelSync(
            options,
            BucketReader(location, ReaderOptions(connect_seconds=1.0, read_seconds=1.0)),
        )
        self._handler = EventHandler(self._sync, bucket=location.bucket)

    def run(self) -> None:
        """Synchronise, and obey."""
        self._channel.say(begun=os.getpid())
        self._channel.lines.readline()
        self._sync.start()
        threading.Thread(target=lambda: asyncio.run(self._announce()), daemon=True).start()
        for line in self._channel.lines:
            command = json.loads(line)
            if command["do"] == "full":
                self._full()
            elif command["do"] == "events":
                self._events(command["bodies"])
            else:
                self._sync.stop()
                self._channel.say(stopped=self._sync.join(30))
                return

    async def _announce(self) -> None:
        sender = OutboxSender(lambda: self._sync.journal, [_File(self._order["notices"])])
        is_open = False
        while True:
            if not is_open and self._sync.journal is not None:
                self._channel.say(opened=True)
                is_open = True
            try:
                await sender.send_all()
            except SaysoError as error:
                self._channel.say(notices=error.message)
            await asyncio.sleep(0.02)

    def _full(self) -> None:
        try:
            while self._sync.state.is_standby or self._sync.journal is None:
                time.sleep(_LOOK_SECONDS)
            while True:
                try:
                    result = self._sync.full_sync().result()
                    break
                except FullSyncRunning:
                    time.sleep(_LOOK_SECONDS)
            while self._has_notices():
                time.sleep(_LOOK_SECONDS)
            self._channel.say(full=[f"{each.path}: {each.error}" for each in result.errors])
        except SaysoError as error:
            self._channel.say(full=[f"{type(error).__name__}: {error.message}"])

    def _has_notices(self) -> bool:
        journal = self._sync.journal
        return journal is not None and any(each.is_ready for each in journal.copied_state().outbox.values())

    def _events(self, bodies: list[str]) -> None:
        failed = []
        for number, body in enumerate(bodies):
            delivery = Delivery(job_id=str(number), lease="", body=body, attempt=1, age_seconds=0.0)
            try:
                asyncio.run(self._handler._act(delivery.body))
            except ServiceUnavailable as error:
                failed.append([number, error.message])
            except SaysoError as error:
                failed.append([number, f"{type(error).__name__}: {error.message}"])
        self._channel.say(events=len(bodies), failed=failed)


def main(url: str, bucket: str, descriptor: str) -> None:
    """Make copies until the other end of the socket is closed."""
    standby._POLL_SECONDS = 0.05
    service._REOPEN_SECONDS = 0.05
    Journal.open.__func__.__kwdefaults__["compact_after"] = _COMPACT_AFTER  # type: ignore[attr-defined]
    access = AwsAccess(endpoint_url=url, region="us-east-1", access_key_id="key", secret_access_key="hush")  # noqa: S106
    location = locate_bucket(bucket, access)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    orders = socket.socket(fileno=int(descriptor))
    gc.collect()
    gc.freeze()
    while True:
        order, descriptors, _, _ = socket.recv_fds(orders, _MOST_ORDER_BYTES, 1)
        if not order:
            return
        if os.fork():
            os.close(descriptors[0])
            continue
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        orders.close()
        channel = _Channel(socket.socket(fileno=descriptors[0]))
        structlog.configure(
            processors=[channel.log],
            wrapper_class=structlog.make_filtering_bound_logger("info"),
            logger_factory=structlog.ReturnLoggerFactory(),
        )
        try:
            _Copy(channel, location, json.loads(order)).run()
        finally:
            os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
