"""Narrations as a service: an embedded database, an API process, and worker processes that come and go."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx2

from bench.processes import peak_bytes_of
from bench.server import free_port
from sayso.postgres.embedded.server import EmbeddedPostgres

if TYPE_CHECKING:
    from types import TracebackType

_START_SECONDS = 120.0
_STOP_SECONDS = 60.0
_POLL_SECONDS = 0.1
_ANSWER_SECONDS = 60.0
_KEPT_OUT = ("AWS_", "DATABASE_", "DLQ_", "DYNAMODB_", "HOST", "OPENAI_", "OUTPUT_", "PORT", "QUEUE_", "SAYSO_")
_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What a process has used so far.

    Attributes:
        cpu_seconds: user and system time.
        peak_bytes: the most memory that was resident at once.
        spoken: how many utterances it looked for in the cache and had to speak.
    """

    cpu_seconds: float
    peak_bytes: int
    spoken: int


class Process:
    """A ``sayso run`` process; waits until it answers.

    Args:
        roles: what it runs.
        environment: its whole environment, but for the port.
        log: where its messages go.
    """

    def __init__(self, roles: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sayso", "run", *roles],
                env=environment | {"PORT": str(port)},
                stdout=stream,
                stderr=stream,
            )
        give_up_at = time.monotonic() + _START_SECONDS
        while True:
            try:
                if httpx2.get(f"{self.url}/ready", timeout=5).is_success:
                    return
            except httpx2.TransportError:
                pass
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                self.kill()
                raise RuntimeError(f"It does not serve:\n{log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
            time.sleep(_POLL_SECONDS)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def cpu_seconds(self) -> float:
        """The processor time that it has used so far, system time included; Linux only."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS

    def usage(self) -> Usage:
        """What it has used so far; Linux only."""
        metrics = httpx2.get(f"{self.url}/metrics", timeout=10).text
        missed = 'sayso_speech_cache_requests_total{result="miss"} '
        spoken = sum(int(float(line.removeprefix(missed))) for line in metrics.splitlines() if line.startswith(missed))
        return Usage(
            cpu_seconds=self.cpu_seconds(),
            peak_bytes=peak_bytes_of(self.pid),
            spoken=spoken,
        )

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Tell it to end, and wait for that."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


class StoryService:
    """The database and the API, without workers; a context manager.

    Args:
        directory: for everything that it keeps.
        settings: more environment variables for all processes.
    """

    def __init__(self, directory: Path, settings: dict[str, str] | None = None) -> None:
        self._directory = directory
        self._settings = settings or {}
        self._database = EmbeddedPostgres(directory / "postgres")
        self._workers: list[Process] = []
        self._client = httpx2.Client(timeout=_ANSWER_SECONDS)  # one for all: to make one costs more than to ask

    def __enter__(self) -> Self:
        self._conninfo = self._database.start()
        try:
            self._api = Process(("api",), self._environment({}), self._directory / "api.log")
        except BaseException:
            self._database.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in (*self._workers, self._api):
            process.stop()
        self._database.stop()
        self._client.close()

    def worker(self, settings: dict[str, str] | None = None) -> Process:
        """Start another worker process."""
        environment = self._environment(settings or {})
        self._workers.append(Process(("stories",), environment, self._directory / "workers.log"))
        return self._workers[-1]

    def submit(self, text: str, **fields: Any) -> str:
        """Ask for a narration, and return its name."""
        answer = self._client.post(f"{self._api.url}/v1/narrations", json={"text": text, **fields})
        answer.raise_for_status()
        narration_id: str = answer.json()["id"]
        return narration_id

    def narration(self, narration_id: str) -> dict[str, Any]:
        """How a narration stands."""
        answer = self._client.get(f"{self._api.url}/v1/narrations/{narration_id}")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def count(self, status: str) -> int:
        """How many narrations there are of a status, up to a hundred."""
        query: dict[str, str | int] = {"status": status, "limit": 100}
        return len(self._client.get(f"{self._api.url}/v1/narrations", params=query).json()["data"])

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_KEPT_OUT)}
        return kept | {
            "HOST": "127.0.0.1",
            "DATABASE_URL": self._conninfo,
            "SAYSO_DATA": str(self._directory / "data"),
            "SAYSO_CACHE_DIR": str(self._directory / "cache"),
            **self._settings,
            **settings,
        }
