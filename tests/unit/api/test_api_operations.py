"""What operators and their machines are told of a process whose worker works, or does not."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from sayso.api.app import create_app
from sayso.errors import InvalidInput
from sayso.observability import EngineHealth, Health, status_of
from sayso.resilience import BreakerState
from sayso.testing import InMemoryQueue
from sayso.workers import Consumer, Policy, Worker, WorkerGroup, WorkerService
from support.api.app_contexts import client_of, fake_served, process_of
from support.jobs.workers import Recorder
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from sayso.jobs import Delivery

REASON = "The worker is dead: There is no such queue."


def service(directory: Path, *, is_broken: bool, queue: InMemoryQueue | None = None) -> WorkerService:
    queue = queue or InMemoryQueue()

    @asynccontextmanager
    async def opened() -> AsyncIterator[Sequence[Consumer]]:
        if is_broken:
            raise InvalidInput("There is no such queue.")
        yield [Consumer(name="memory", queue=queue, worker=Worker(queue, Recorder(), Policy()))]

    return WorkerService(opened, grace_seconds=0.01, work_directory=directory)


def test_a_dead_worker_is_told_everywhere(tmp_path: Path) -> None:
    """Health, readiness and backlog are 503 with the reason: no autoscaler is told that there is nothing to do."""
    stories = service(tmp_path, is_broken=True)
    with client_of(fake_served(), workers=WorkerGroup([stories])) as client:
        assert stories.join(WAIT_SECONDS)
        wait_until(lambda: client.get("/ready").json()["status"] != "starting")
        answers = {path: client.get(path) for path in ("/healthz", "/ready", "/backlog")}
    assert {path: answer.status_code for path, answer in answers.items()} == dict.fromkeys(answers, 503)
    assert answers["/healthz"].json() == {"ok": False, "reason": REASON}
    assert answers["/ready"].json() == {"status": "failed", "reason": REASON}
    assert answers["/backlog"].json()["error"]["message"] == REASON


def test_a_worker_whose_queue_does_not_answer_is_not_well_for_a_moment(tmp_path: Path) -> None:
    """From the start: no probe hears that all is well before the queue has answered once."""
    asked = threading.Event()

    class Hanging(InMemoryQueue):
        async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
            asked.set()
            await asyncio.Event().wait()
            return await super().receive(limit, wait_seconds=wait_seconds)

    with client_of(fake_served(), workers=WorkerGroup([service(tmp_path, is_broken=False, queue=Hanging())])) as client:
        assert asked.wait(WAIT_SECONDS)
        answer = client.get("/healthz")
        assert client.get("/ready").json() == {"status": "starting"}
    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "reason": "The worker is starting: its queue has not answered yet."}


def test_a_worker_that_works_is_ready(tmp_path: Path) -> None:
    """Once its queue is open the process is ready, and says how much there is to do."""
    with client_of(fake_served(), workers=WorkerGroup([service(tmp_path, is_broken=False)])) as client:
        wait_until(lambda: client.get("/ready").status_code == 200)
        assert client.get("/backlog").json() == {"waiting": 0, "in_flight": 0, "oldest_age_seconds": None}
        assert client.get("/healthz").json() == {"ok": True}


WORKS = EngineHealth(name="kokoro", configured=True, reachable=None, breaker=BreakerState.CLOSED)
MISSING = replace(WORKS, name="whisper-base", configured=False, detail="The model whisper-base is missing.")


@pytest.mark.parametrize(
    ("engines", "status", "reason"),
    [
        ({"speech": [WORKS]}, 200, None),
        ({"speech": [MISSING, WORKS]}, 200, None),
        (
            {"speech": [WORKS], "transcription": [MISSING]},
            503,
            "No engine works for transcription: /health says why.",
        ),
        (
            {"speech": [replace(WORKS, breaker=BreakerState.OPEN)]},
            503,
            "No engine works for speech: /health says why.",
        ),
    ],
)
def test_health_and_readiness_agree(engines: dict[str, list[EngineHealth]], status: int, reason: str | None) -> None:
    """No load balancer is told that a process is ready while /health says that a task has no engine."""
    served = fake_served()
    health = Health(status=status_of(engines), tasks=engines, uptime_seconds=1.0, version="test")
    app = create_app(replace(process_of(served), health=lambda: health))
    with TestClient(app) as client:
        wait_until(lambda: client.get("/ready").json()["status"] != "starting")
        ready = client.get("/ready")
        assert client.get("/health").status_code == ready.status_code == status
    assert ready.json() == ({"status": "ready"} if reason is None else {"status": "failed", "reason": reason})
