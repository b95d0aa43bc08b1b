"""A role for tests, in one module and one entry: it works on jobs in memory, and serves how many are done.

As a program it is `sayso` with this role. Its two jobs wait for the file that TOY_FILE names.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from sayso.api.service import HttpService
from sayso.bootstrap.process import Process, Service
from sayso.bootstrap.roles import ROLES, Role
from sayso.settings import WorkerSettings
from sayso.testing import InMemoryQueue
from sayso.workers import Consumer, Policy, Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from fastapi import FastAPI

    from sayso.jobs.base import Delivery
    from sayso.workers import Job

QUEUE = "toys"
_LOOK_SECONDS = 0.01


class ToyQueue(InMemoryQueue):
    """Says soon that it is empty."""

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
        return await super().receive(limit, wait_seconds=min(wait_seconds, 0.1))


class ToyHandler:
    """Does a job once the file exists."""

    def __init__(self, file: Path) -> None:
        self.done: list[str] = []
        self._file = file

    async def work(self, job: Job) -> None:
        while not self._file.exists():  # noqa: ASYNC110 -- another process makes it
            await asyncio.sleep(_LOOK_SECONDS)
        self.done.append(job.delivery.body)
        with self._file.open("a") as log:
            log.write(f"{job.delivery.body}\n")

    async def give_up(self, job: Job, error: str) -> bool:
        raise AssertionError(job, error)


def open_toy(process: Process, settings: WorkerSettings) -> Service:
    handler = ToyHandler(Path(os.environ["TOY_FILE"]))

    @asynccontextmanager
    async def consumers() -> AsyncIterator[Sequence[Consumer]]:
        queue = ToyQueue()
        for body in ("a doll", "a ball", "a kite"):
            await queue.enqueue(body)
        worker = Worker(queue, handler, Policy(at_once=2), on_end=partial(process.job_metrics.ended, QUEUE))
        yield [Consumer(name=QUEUE, queue=queue, worker=worker)]

    def install(app: FastAPI) -> None:
        @app.get("/toys")
        async def toys() -> list[str]:
            return handler.done

    return Service(
        workers=process.worker_service("toy", consumers, settings),
        http=HttpService(install=install),
        facts=lambda: {"toys": len(handler.done)},
    )


TOY = Role(
    name="toy",
    summary="works on jobs in memory.",
    settings=lambda: WorkerSettings,
    open=open_toy,
    serves_http=True,
    in_up=False,
)


if __name__ == "__main__":
    ROLES[TOY.name] = TOY

    from sayso.cli import main

    main()
