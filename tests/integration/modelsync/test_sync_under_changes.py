"""Random changes with their events, while one reconciliation after the other runs: the volume ends as the bucket."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

import pytest

from sayso.errors import SaysoError
from sayso.modelsync.errors import FullSyncRunning
from sayso.modelsync.records import EventKind
from support.aws.object_server import ObjectServer, Reply, SeenRequest, object_server
from support.modelsync.services import RunningSync, files_of, options, put_set, running_sync
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from concurrent.futures import Future
    from pathlib import Path

    from sayso.modelsync.service.requests import Applied

KEYS = [f"{number}.bin" for number in range(12)] + [f"directory-{number}/x.bin" for number in range(4)]
STEPS = 150
MOST_WAITING = 30
"""As a worker has them in hand at once."""


class Changes:
    """Changes a bucket at random, and sends the events, some twice; those that fail come again, as from a queue."""

    def __init__(self, server: ObjectServer, running: RunningSync, chance: random.Random) -> None:
        self._server = server
        self._running = running
        self._chance = chance
        self._waiting: list[tuple[Future[Applied], str]] = []

    def make(self, number: int) -> None:
        """Make one change."""
        if number % 10 == 0:
            put_set(self._server, "set/", one=f"{number}".encode(), two=f"{number}".encode() * 400)
            self._send("set/x.manifest.json", EventKind.CREATED)
            return
        key = self._chance.choice(KEYS)
        is_removed = self._chance.random() < 0.35
        if is_removed:
            self._server.objects.pop(key, None)
        else:
            self._server.put(key, self._chance.randbytes(32) * self._chance.choice([1, 50, 2000]))
        for _ in range(self._chance.choice([1, 1, 2])):
            self._send(key, EventKind.REMOVED if is_removed else EventKind.CREATED)
        if len(self._waiting) > MOST_WAITING:
            self.settle()

    def settle(self) -> bool:
        """Wait for all events; whether none failed. Those that did are sent again."""
        waiting, self._waiting = self._waiting, []
        for future, key in waiting:
            try:
                is_done = not future.result(WAIT_SECONDS).failed
            except SaysoError:
                is_done = False
            if not is_done:
                self._send(key, EventKind.CREATED)
        return not self._waiting

    def _send(self, key: str, kind: EventKind) -> None:
        self._waiting.append((self._running.send(key, kind=kind), key))


@pytest.mark.parametrize("seed", range(2))
def test_events_and_reconciliations_at_once_end_as_the_bucket(tmp_path: Path, seed: int) -> None:
    """Before a last reconciliation could repair anything: it finds nothing to do."""
    chance = random.Random(seed)  # noqa: S311 -- changes, not secrets

    def trouble(request: SeenRequest) -> Reply | None:
        if request.method == "GET" and chance.random() < 0.2:
            time.sleep(chance.random() * 0.05)
        return Reply(status=503) if chance.random() < 0.02 else None

    with object_server() as server:
        server.choose = trouble
        with running_sync(server, options(tmp_path / "models")) as running:
            over = threading.Event()

            def reconcile() -> None:
                while not over.is_set():
                    try:
                        running.sync.full_sync().result(WAIT_SECONDS)
                    except FullSyncRunning:
                        over.wait(0.01)

            reconciling = threading.Thread(target=reconcile)
            reconciling.start()
            changes = Changes(server, running, chance)
            for number in range(STEPS):
                changes.make(number)
            while not changes.settle():
                continue
            over.set()
            reconciling.join()
            assert files_of(running.base) == {key: served.content for key, served in server.objects.items()}
            server.choose = lambda _request: None
            wait_until(lambda: not running.sync._requests.is_posted)
            result = running.sync.full_sync().result(WAIT_SECONDS)
            assert (result.published, result.adopted, result.deleted, result.errors) == ((), (), (), ())
