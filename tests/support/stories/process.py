"""``sayso run stories`` as a process, with real models, for the queue in its environment."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Self

import httpx2

from bench.server import free_port
from support.servers.plain import NO_CERTIFICATES
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

START_SECONDS = 240.0
STOP_SECONDS = WAIT_SECONDS

_KEPT_OUT = (
    "QUEUE_URL",
    "DATABASE_URL",
    "DYNAMODB_TABLE",
    "OUTPUT_BUCKET",
    "DLQ_URL",
    "SAYSO_",
    "AWS_",
    "HOST",
    "PORT",
)


class StoriesProcess:
    """A worker; a context manager that waits until it answers, and stops it at the end.

    Args:
        directory: of its data, its cache and its log.
        settings: environment variables.
        command: after ``sayso``.
    """

    def __init__(
        self, directory: Path, settings: Mapping[str, str], *, command: tuple[str, ...] = ("run", "stories")
    ) -> None:
        self._directory = directory
        self._command = command
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = directory / f"worker-{self.port}.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_OUT)}
        self.environment = kept | {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "SAYSO_DATA": str(directory / "data"),
            "SAYSO_CACHE_DIR": str(directory / "cache"),
            "SAYSO_SYNTHESIS_WORKERS": "2",
            **settings,
        }

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_until_ready()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def start(self) -> None:
        """Start it, once or again."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sayso", *self._command], env=self.environment, stdout=log, stderr=log
            )

    @property
    def log(self) -> str:
        """Its log so far."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def get(self, path: str) -> tuple[int, Any]:
        """The status and the JSON of a response."""
        answer = httpx2.get(f"{self.url}{path}", timeout=WAIT_SECONDS, verify=NO_CERTIFICATES)
        return answer.status_code, answer.json()

    def wait_until_ready(self) -> None:
        """Wait until it answers, and its worker has begun or says why not.

        Raises:
            RuntimeError: it ended, or does not answer.
        """
        give_up_at = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up_at:
            if self.process.poll() is not None:
                raise RuntimeError(f"The worker ended with {self.process.returncode}:\n{self.log}")
            try:
                if "is starting" not in str(self.get("/healthz")[1]):
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"The worker did not answer within {START_SECONDS:.0f} s:\n{self.log}")
