"""Restart the embedded PostgreSQL after a crash, for example after the kernel killed it for memory."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from sayso.errors import SaysoError
from sayso.resilience.retry_policies import EMBEDDED_RESTART

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from sayso.postgres.embedded.server import EmbeddedPostgres

_log = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.5

_STABLE_SECONDS = 60.0
"""A server that has run for so long did not end because of its start."""

_STOP_SECONDS = 90.0
"""Longer than a start may take."""


class Supervisor:
    """A thread that supervises a server for the time of a ``with`` block.

    Any thread may read `trouble`; the other attributes belong to the thread of the supervisor.

    Args:
        server: a started server.
        clock: monotonic seconds.
    """

    def __init__(self, server: EmbeddedPostgres, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._server = server
        self._clock = clock
        self._trouble: str | None = None
        self._failures = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="database-supervisor", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(_STOP_SECONDS)

    def trouble(self) -> str | None:
        """Why there is no database now, in a sentence; None while it runs."""
        return self._trouble

    def _run(self) -> None:
        restarted_at = self._clock()
        while not self._stop.wait(_LOOK_SECONDS):
            if self._is_running():
                continue
            if self._clock() - restarted_at > _STABLE_SECONDS:
                self._failures = 0
            self._trouble = "The embedded database has ended and is being restarted."
            _log.error("the embedded database has ended and is being restarted", restarts_before=self._failures)
            self._restart()
            restarted_at = self._clock()

    def _is_running(self) -> bool:
        try:
            return self._server.is_running()
        except OSError:  # its directory cannot be read, which the next start reports
            return False

    def _restart(self) -> None:
        """Start the server, at growing intervals, until it runs or the supervisor stops."""
        while True:
            if self._failures and self._stop.wait(EMBEDDED_RESTART.pause_seconds(self._failures)):
                return
            self._failures += 1
            began = self._clock()
            try:
                self._server.start()
            except SaysoError as error:
                self._trouble = f"The embedded database has ended and cannot be restarted yet: {error.message}"
                _log.error("the embedded database does not start", reason=error.message, failures=self._failures)
            else:
                self._trouble = None
                _log.warning("the embedded database runs again", seconds=round(self._clock() - began, 1))
                return
