"""Run ``sayso run api`` in a separate process, without local engines and with the settings of a test."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2

from bench.server import free_port
from support.servers.plain import NO_CERTIFICATES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WAIT_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True)
class ApiProcess:
    """A running server.

    Attributes:
        process: of the server.
        port: on which it listens.
        log_path: of its log.
    """

    process: subprocess.Popen[bytes]
    port: int
    log_path: Path

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def api_process(
    directory: Path, *arguments: str, open_files: int | None = None, **settings: str
) -> Iterator[ApiProcess]:
    """Run the API during the block.

    Args:
        directory: for its files.
        arguments: of the command.
        open_files: how many files it may have open; None for as many as this process.
        settings: its environment variables.
    """
    port = free_port()
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("SAYSO_API", "OPENAI_"))}
    engines = {"PRIMARY_SERVICE": "openai", "FALLBACK_TO_LOCAL": "false"}
    log_path = directory / "server.log"

    def limit() -> None:
        if open_files is not None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))

    with log_path.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sayso", "run", "api", "--port", str(port), *arguments],
            env=keep | engines | {"SAYSO_CACHE_DIR": str(directory / "cache")} | settings,
            stdout=output,
            stderr=output,
            preexec_fn=limit,  # noqa: PLW1509 -- it only sets a limit
        )
    try:
        _wait(process, f"http://127.0.0.1:{port}/live", log_path)
        yield ApiProcess(process=process, port=port, log_path=log_path)
    finally:
        process.terminate()
        try:
            process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log_path: Path) -> None:
    give_up_at = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            httpx2.get(url, verify=NO_CERTIFICATES)
        except httpx2.TransportError:
            assert process.poll() is None, log_path.read_text()
            assert time.monotonic() < give_up_at, log_path.read_text()
            time.sleep(0.05)
        else:
            return
