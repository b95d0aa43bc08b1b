"""Keeping ECS from stopping a task while it is busy: scaling in and deployments take idle ones first.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from typing import TYPE_CHECKING, Any

import httpcore2
import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_log = structlog.get_logger(__name__)

EXPIRES_IN_MINUTES = 60
"""How long ECS protects a task; a busy one asks again after half of that."""

_REST_SECONDS = 15.0
_TIMEOUT_SECONDS = 5.0
_OK = 200


class TaskProtection:
    """Asks ECS's agent for protection. Failures are logged, and tried again at a later call.

    Belongs to one event loop. No call takes longer than some seconds.

    Args:
        agent_uri: ``ECS_AGENT_URI``, as ECS sets it.
        clock: monotonic seconds.
    """

    def __init__(self, agent_uri: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = f"{agent_uri.rstrip('/')}/task-protection/v1/state"
        self._clock = clock
        self._is_protected: bool | None = False
        """Whether ECS protects the task; None after a request that failed, which may have taken effect."""
        self._renew_at = math.inf
        self._rest_until = -math.inf

    async def set(self, *, busy: bool) -> None:
        """Note whether the task is busy; may be called often, for the agent is asked only when something changes."""
        now = self._clock()
        is_due = busy != self._is_protected or (busy and now >= self._renew_at)
        if not is_due or now < self._rest_until:
            return
        failure = await self._ask(busy=busy)
        if failure is not None:
            self._is_protected = None
            self._rest_until = now + _REST_SECONDS
            _log.warning("ECS did not change the protection of this task", busy=busy, reason=failure)
            return
        self._is_protected = busy
        self._renew_at = now + EXPIRES_IN_MINUTES * 60 / 2

    async def _ask(self, *, busy: bool) -> str | None:
        """Ask the agent, and return why it failed; None if it succeeded."""
        state = {"ProtectionEnabled": True, "ExpiresInMinutes": EXPIRES_IN_MINUTES}
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                status, content = await self._put(state if busy else {"ProtectionEnabled": False})
        except (httpcore2.NetworkError, httpcore2.ProtocolError, TimeoutError) as error:
            return type(error).__name__
        answer = _object(content)
        if status == _OK and _part(answer, "protection").get("ProtectionEnabled") is busy:
            return None
        # ECS reports some failures with status 200.
        trouble = _part(answer, "failure") or _part(answer, "error")
        return str(trouble.get("Reason") or trouble.get("Code") or f"status {status}")

    async def _put(self, state: Mapping[str, bool | int]) -> tuple[int, bytes]:
        # A connection for each: there are two an hour.
        async with (
            httpcore2.AsyncConnectionPool() as pool,
            pool.stream(
                "PUT",
                self._url,
                headers={"Content-Type": "application/json", "Connection": "close"},
                content=json.dumps(state).encode(),
            ) as response,
        ):
            return response.status, await response.aread()


def _object(content: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _part(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = answer.get(name)
    return part if isinstance(part, dict) else {}
