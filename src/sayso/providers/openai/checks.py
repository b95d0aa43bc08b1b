"""Checks of the key and of the service while no request does: they list the provider's models, which costs nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import structlog

from sayso.errors import EngineUnavailable
from sayso.providers.openai.errors import Verdict, timed_out, verdict_of
from sayso.providers.openai.last_answer import LastAnswer

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai import AsyncOpenAI

    from sayso.providers.openai.connection import OpenAIConnection

_log = structlog.get_logger(__name__)

_ANSWER_SECONDS = 10.0
"""The time limit of a check."""

_REJECTED = 401


class ProviderChecks:
    """Checks a connection now and then on a thread of its own, from `start` to `close`.

    There is one check at the start, and another whenever no request was answered for the interval. A request's answer
    makes the next check unnecessary, so a busy service is not checked at all.

    Args:
        connection: it stays open as long as this runs.
        interval_seconds: from one check to the next; 0 for no checks.
        wall_clock: Unix time in seconds.
    """

    def __init__(
        self,
        connection: OpenAIConnection,
        *,
        interval_seconds: float,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._connection = connection
        self._interval_seconds = interval_seconds
        self._wall_clock = wall_clock
        self._last: LastAnswer | None = None  # replaced whole, by the thread alone
        self._checked_at = 0.0
        self._is_closed = threading.Event()
        self._has_checked = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def last(self) -> LastAnswer | None:
        """The outcome of the latest check that said something; None before, or when it is old. From any thread."""
        last = self._last
        is_old = last is not None and self._wall_clock() - last.at_seconds > 2 * self._interval_seconds
        return None if is_old else last

    def due_in_seconds(self) -> float:
        """When the next check is due: an interval after the latest check, or the latest answer of a request."""
        answer = self._connection.last_answer
        latest = max(self._checked_at, 0.0 if answer is None else answer.at_seconds)
        return min(max(latest + self._interval_seconds - self._wall_clock(), 0.0), self._interval_seconds)

    @property
    def is_running(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to check, if there is a key; a second call does nothing."""
        if self._interval_seconds and self._connection.is_configured and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="provider-checks", daemon=True)
            self._thread.start()

    def wait_for_first(self, timeout_seconds: float) -> None:
        """Wait until the first check has ended, if one was started."""
        if self._thread is not None:
            self._has_checked.wait(timeout_seconds)

    def close(self) -> None:
        """Make no more checks; the one that runs ends by itself, with the connection."""
        self._is_closed.set()

    def check(self) -> None:
        """Check once, and remember the outcome if it says something. Blocks for ten seconds at most."""
        before = self._last
        try:
            outcome = self._connection.with_client(_list_models).result()
        except EngineUnavailable:  # it is closed
            self._is_closed.set()
            return
        now = self._checked_at = self._wall_clock()
        if outcome is None:
            return
        status, reason = outcome
        self._last = LastAnswer.after(before, status=status, reason=reason, now=now)
        if reason is not None and (before is None or before.reason != reason):
            _log.warning("the provider does not pass its check", reason=reason, status=status)

    def _run(self) -> None:
        while not self._is_closed.is_set():
            self.check()
            self._has_checked.set()
            while (seconds := self.due_in_seconds()) > 0:
                if self._is_closed.wait(seconds):
                    return


async def _list_models(client: AsyncOpenAI) -> tuple[int | None, str | None] | None:
    """The status and the reason of a failure; None for an answer that says nothing about the key or the service.

    Such are those of a provider without this list (404), and of a key that may use audio and not read the list (403).
    """
    from openai import OpenAIError

    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            response = await client.models.with_raw_response.list()
    except TimeoutError:
        verdict = Verdict(timed_out(_ANSWER_SECONDS), is_retryable=True)
    except OpenAIError as error:
        verdict = verdict_of(error, now_seconds=time.time(), secret="")
    else:
        return response.status_code, None
    failure, status = verdict.error, verdict.status
    says_something = status is None or status == _REJECTED or status >= 500
    return (status, failure.reason) if says_something and isinstance(failure, EngineUnavailable) else None
