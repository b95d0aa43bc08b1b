"""The HTTP server of a process: its start, and its reaction to signals."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NoReturn

import structlog
import uvicorn

from sayso.api.http.connections import BoundedServer
from sayso.cli.errors import EXIT_INTERRUPTED
from sayso.cli.listening_socket import cannot_listen, host_and_port
from sayso.errors import CannotListen

if TYPE_CHECKING:
    from collections.abc import Callable
    from socket import socket
    from types import FrameType

    from fastapi import FastAPI

_log = structlog.get_logger(__name__)

_COMPUTING_SECONDS = 2.0
"""How long a thread may still compute when all is closed."""


class HttpServer(BoundedServer):
    """Serves an application, with the lifespan around the server, until a signal stops it.

    At the first SIGINT, SIGTERM or, when the terminal is closed, SIGHUP, no new work begins, and running work may
    finish. At the second it is released or aborted at once.

    Args:
        app: the application.
        config: of uvicorn, which does not run the lifespan.
        on_ready: called with the URL once it is served.
        on_stop: called at the first signal, in its handler.
        on_hurry: called at the second.
        is_done: whether everything is done that the process is for, so that it stops by itself; None for never.
    """

    def __init__(
        self,
        app: FastAPI,
        config: uvicorn.Config,
        *,
        on_ready: Callable[[str], None],
        on_stop: Callable[[], None],
        on_hurry: Callable[[], None],
        is_done: Callable[[], bool] | None = None,
    ) -> None:
        super().__init__(config)
        self.stopped_by: int | None = None
        """The first signal; None before."""
        self._app = app
        self._on_ready = on_ready
        self._on_stop = on_stop
        self._on_hurry = on_hurry
        self._is_done = is_done

    async def serve(self, sockets: list[socket] | None = None) -> None:
        """See `uvicorn.Server.serve`; errors are raised unchanged, including those of the application's start.

        Raises:
            CannotListen: another process listens on the address by now.
        """
        self._loop = asyncio.get_running_loop()
        logging.getLogger("uvicorn.error").addFilter(_is_no_cut)
        for number in {*uvicorn.server.HANDLED_SIGNALS, *_hang_up()}:
            signal.signal(number, self.handle_exit)  # until the process ends: signals have this meaning to the end
        failure: CannotListen | None = None
        async with self._app.router.lifespan_context(self._app):
            try:
                await super().serve(sockets)
            except CannotListen as error:  # the lifespan would wrap it in an exception group
                failure = error
        if failure is not None:
            raise failure

    async def startup(self, sockets: list[socket] | None = None) -> None:
        """See `uvicorn.Server.startup`."""
        host, port = self.config.host, self.config.port
        try:
            await super().startup(sockets)
        except OSError as error:
            raise cannot_listen(error, host, port) from None
        if sockets:
            self._on_ready(f"http://{host_and_port(host, sockets[0].getsockname()[1])}")

    async def on_tick(self, counter: int) -> bool:
        """See `uvicorn.Server.on_tick`: called ten times a second; returns whether to stop."""
        if self._is_done is not None and self.stopped_by is None and counter % 10 == 0 and self._is_done():
            _log.info("nothing is left to do")
            self.handle_exit(signal.SIGTERM, None)
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 -- uvicorn's signature
        """Stop, or hurry; runs in the handler of a signal, which uvicorn would raise again at the end."""
        self.should_exit = True
        if self.stopped_by is None:
            self.stopped_by = sig
            self._on_stop()
        else:
            self.force_exit = True
            self._on_hurry()
            self.call_soon(self._cut)

    def call_soon(self, work: Callable[[], object]) -> None:
        """Schedule a function on the event loop; from any thread, or from the handler of a signal."""
        with suppress(RuntimeError):  # the loop has ended, so there is nothing left to do
            self._loop.call_soon_threadsafe(work)

    def _cut(self) -> None:
        """End every connection, and cancel the work for it."""
        for connection in list(self.server_state.connections):
            transport: Any = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        for task in self.server_state.tasks:
            task.cancel()

    def leave(self) -> None:
        """End the process as the signals asked for: after the second signal nothing is waited for.

        By now all is closed. A thread that still computes, such as one that loads a model, has two seconds; its result
        is dropped in any case.
        """
        code = EXIT_INTERRUPTED if self.stopped_by == signal.SIGINT else 0
        if self.force_exit:
            _log.info("stopped at once")
            _end(code)
        threading.Thread(target=_end_later, args=(code,), name="end of the process", daemon=True).start()
        sys.exit(code)


def _end_later(code: int) -> None:
    """End the process although threads still run, which the interpreter would wait for."""
    time.sleep(_COMPUTING_SECONDS)
    _end(code)


def _end(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _is_no_cut(record: logging.LogRecord) -> bool:
    """Whether a message is about anything else than a request that was aborted at the end of its time.

    That was logged before, and the position in the code does not help.
    """
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def end_at_sigterm() -> None:
    """Make SIGTERM and SIGHUP end the process in order, with exit code 0: a requested stop is no failure."""
    for number in (signal.SIGTERM, *_hang_up()):
        signal.signal(number, lambda *_: sys.exit(0))


def _hang_up() -> tuple[signal.Signals, ...]:
    """SIGHUP, unless the process was started to ignore it, as by nohup."""
    return () if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN else (signal.SIGHUP,)
