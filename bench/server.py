"""``sayso run api`` as a process of its own, with real models, no cloud and one key."""

from __future__ import annotations

import json
import os
import socket
import ssl
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

import httpx2

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.1
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Loading those of all authorities would take more time than a poll, from the server that starts."""

_CLOUD = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "PRIMARY_SERVICE", "WHISPER_PRIMARY_SERVICE", "SAYSO_API_KEYS")


class ServerProcess:
    """A context manager that runs the server and waits until it is ready.

    Args:
        directory: for its speech cache and its log.
        settings: more environment variables for it.

    Attributes:
        base_url: as clients take it, with /v1.
        key: the API key that it takes.
    """

    def __init__(self, directory: Path, settings: Mapping[str, str] | None = None) -> None:
        self._directory = directory
        self._settings = dict(settings or {})
        made = json.loads(
            subprocess.run(
                [sys.executable, "-m", "sayso", "keys", "new", "tests", "--json"], check=True, capture_output=True
            ).stdout
        )
        self.key: str = made["key"]
        self._entry: str = made["entry"]
        self.port = free_port()
        self.root_url = f"http://127.0.0.1:{self.port}"
        self.base_url = f"{self.root_url}/v1"

    @property
    def log(self) -> str:
        """What it has logged so far."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def wait(self, timeout_seconds: float) -> int:
        """Its exit code, when it has ended.

        Raises:
            TimeoutExpired: it has not ended in time.
        """
        return self._process.wait(timeout_seconds)

    @property
    def _log_path(self) -> Path:
        return self._directory / "server.log"

    def __enter__(self) -> Self:
        environment = {name: value for name, value in os.environ.items() if name not in _CLOUD}
        environment |= {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "SAYSO_API_KEYS": self._entry,
            "SAYSO_CACHE_DIR": str(self._directory / "cache"),
            "SAYSO_SYNTHESIS_WORKERS": "2",
        }
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sayso", "run", "api"],
                env=environment | self._settings,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._wait()
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(timeout=_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait(self) -> None:
        give_up_at = time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up_at:
            if self._process.poll() is not None:
                raise RuntimeError(f"The server ended with {self._process.returncode}:\n{self.log}")
            try:
                if httpx2.get(f"{self.root_url}/ready", timeout=5, verify=_NO_CERTIFICATES).is_success:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(_POLL_SECONDS)
        raise RuntimeError(f"The server was not ready within {_START_SECONDS:.0f} s:\n{self.log}")


def free_port() -> int:
    """A port that nobody listens on, a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
