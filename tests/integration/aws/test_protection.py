"""ECS's agent is told when a task is busy, over HTTP, and nothing that it does or leaves undone does harm."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from sayso.workers.ecs_protection import TaskProtection
from support.aws.server import Time

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY = {"ProtectionEnabled": True, "ExpiresInMinutes": 60}
IDLE = {"ProtectionEnabled": False}


class Agent(ThreadingHTTPServer):
    """An agent that does what it is asked, unless a test gives it other answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.uri = f"http://127.0.0.1:{self.server_address[1]}/api/abc-123"
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.answers: list[tuple[int, bytes]] = []

    @property
    def states(self) -> list[dict[str, Any]]:
        """What it was asked to do."""
        return [state for _, _, state in self.asked]


class _Handler(BaseHTTPRequestHandler):
    server: Agent

    def do_PUT(self) -> None:
        state = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Content-Type"], state))
        done = {"protection": {"ProtectionEnabled": state["ProtectionEnabled"], "TaskArn": "arn"}, "requestID": "1"}
        status, content = self.server.answers.pop(0) if self.server.answers else (200, json.dumps(done).encode())
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Say nothing."""


@contextmanager
def agent() -> Iterator[Agent]:
    """An agent that listens until the end of the block."""
    server = Agent()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_a_busy_task_is_protected_until_it_is_idle() -> None:
    """The agent is asked where something changes, in the form that it knows, and again while the task stays busy."""

    clock = Time()
    with agent() as ecs:
        protection = TaskProtection(ecs.uri, clock=clock)
        await protection.set(busy=False)
        assert ecs.asked == []
        for seconds in (0, 1, 29 * 60, 2 * 60, 1):
            clock.now += seconds
            await protection.set(busy=True)
        assert ecs.states == [BUSY, BUSY]
        for _ in range(3):
            await protection.set(busy=False)
        assert ecs.states == [BUSY, BUSY, IDLE]
        await protection.set(busy=True)
        assert ecs.states == [BUSY, BUSY, IDLE, BUSY]
        assert {asked[:2] for asked in ecs.asked} == {("/api/abc-123/task-protection/v1/state", "application/json")}


@pytest.mark.parametrize(
    ("status", "content"),
    [
        (500, b'{"error": {"Code": "ServerException", "Message": "out of order"}}'),
        (400, b'{"error": {"Code": "AccessDeniedException", "Message": "no"}}'),
        (200, b'{"failure": {"Arn": "arn", "Reason": "DEPLOYMENT_BLOCKED", "Detail": ""}}'),
        (200, b'{"protection": {"ProtectionEnabled": false}}'),
        (200, b'{"protection": "yes"}'),
        (200, b"[]"),
        (200, b"<html>"),
    ],
)
async def test_a_refusal_is_tried_again_after_a_while(status: int, content: bytes) -> None:
    """A task that could not be protected goes on with its work, and asks again, not at once."""

    clock = Time()
    with agent() as ecs:
        ecs.answers.append((status, content))
        protection = TaskProtection(ecs.uri, clock=clock)
        for seconds in (0, 1, 15, 1):
            clock.now += seconds
            await protection.set(busy=True)
        assert ecs.states == [BUSY, BUSY]


async def test_a_task_that_may_be_protected_is_released() -> None:
    """When nobody knows whether the agent did what it was asked, it is asked to undo it."""

    clock = Time()
    with agent() as ecs:
        ecs.answers.append((500, b""))
        protection = TaskProtection(ecs.uri, clock=clock)
        await protection.set(busy=True)
        clock.now += 20
        await protection.set(busy=False)
        assert ecs.states == [BUSY, IDLE]


async def test_an_agent_that_is_not_there_does_no_harm() -> None:
    """Nothing is raised, for a work that is done unprotected is done."""

    with agent() as ecs:
        uri = ecs.uri
    await TaskProtection(uri).set(busy=True)
