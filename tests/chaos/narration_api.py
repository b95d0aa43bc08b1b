"""A client that asks an API for narrations until it answers, and ``sayso run api`` as a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

import httpx2

from bench.server import free_port
from chaos.crew import ENTRY, plain_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

_START_SECONDS = 120.0
_ANSWER_SECONDS = 30.0
_AWAY_SECONDS = 300.0
_PAUSE_SECONDS = 0.2
_LATER = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


class NarrationClient:
    """A context manager; asks an API that may be away for a while.

    Args:
        port: where it is.
    """

    def __init__(self, port: int) -> None:
        self.breakdowns: list[str] = []
        """Answers that an API must not give, whatever happens behind it."""
        self._client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=_ANSWER_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def submit(self, wishes: Any, *, key: str) -> str:
        """Ask for a narration until it is accepted, and return its id; with a key, it is one however often that is."""
        answer = self._ask("POST", "/v1/narrations", json=wishes, headers={"Idempotency-Key": key})
        return str(answer["id"])

    def status(self, narration_id: str) -> str:
        """What it says of a narration."""
        return str(self._ask("GET", f"/v1/narrations/{narration_id}")["status"])

    def _ask(self, method: str, path: str, **request: Any) -> Any:
        give_up = time.monotonic() + _AWAY_SECONDS
        while time.monotonic() < give_up:
            with suppress(httpx2.TransportError):
                answer = self._client.request(method, path, **request)
                if answer.is_success:
                    return answer.json()
                if answer.status_code not in _LATER:
                    self.breakdowns.append(f"{method} {path} was answered with {answer.status_code}: {answer.text}")
                    assert answer.is_server_error, self.breakdowns[-1]
            time.sleep(_PAUSE_SECONDS)
        raise TimeoutError(f"{method} {path} was not answered for {_AWAY_SECONDS:g} seconds")


class NarrationApi(NarrationClient):
    """A context manager that runs the API.

    Args:
        log: where it logs to.
        environment: its settings.
    """

    def __init__(self, log: Path, environment: Mapping[str, str]) -> None:
        port = free_port()
        super().__init__(port)
        self._log = log
        self._environment = {**plain_environment(), **environment, "HOST": "127.0.0.1", "PORT": str(port)}

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(ENTRY), "run", "api"],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is the harness's
            )
        try:
            self._wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._process.kill()
        self._process.wait()

    def _wait(self) -> None:
        give_up = time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up and self._process.poll() is None:
            with suppress(httpx2.TransportError):
                if self._client.get("/live").is_success:
                    return
            time.sleep(_PAUSE_SECONDS)
        raise RuntimeError(f"The API does not start: see {self._log}")
