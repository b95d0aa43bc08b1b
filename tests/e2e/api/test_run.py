"""``sayso run api`` as a process: where it listens, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx2
import pytest

from bench.server import ServerProcess
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path


def environment(directory: Path, **settings: str) -> dict[str, str]:
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("SAYSO_API", "OPENAI_"))}
    return keep | {"SAYSO_CACHE_DIR": str(directory), "SAYSO_SYNTHESIS_WORKERS": "2"} | settings


@pytest.mark.engine
def test_told_to_stop_it_finishes_what_is_in_hand(tmp_path: Path) -> None:
    """A stream that has begun is sent to its end after SIGTERM, nobody new is let in, and the exit code is 0."""
    with ServerProcess(tmp_path) as server, httpx2.Client(timeout=WAIT_SECONDS) as client:
        headers = {"authorization": f"Bearer {server.key}"}
        text = " ".join(f"Keeper number {number} counted {number * 7} gulls." for number in range(6))
        body = {"model": "kokoro", "input": text, "voice": "af_heart", "stream_format": "sse", "response_format": "pcm"}
        with client.stream("POST", f"{server.base_url}/audio/speech", json=body, headers=headers) as answer:
            lines = answer.iter_lines()
            first = json.loads(next(lines).removeprefix("data: "))
            os.kill(server.pid, signal.SIGTERM)
            rest = [json.loads(line.removeprefix("data: ")) for line in lines if line]
        assert first["type"] == "speech.audio.delta"
        assert rest[-1]["type"] == "speech.audio.done"
        assert server.wait(WAIT_SECONDS) == 0
        with pytest.raises(httpx2.ConnectError):
            client.get(f"{server.root_url}/live")


@pytest.mark.engine
def test_what_takes_longer_than_the_grace_is_cut(tmp_path: Path) -> None:
    """The process ends within the time it was given, whatever is still in hand."""
    with ServerProcess(tmp_path, {"SAYSO_SHUTDOWN_SECONDS": "1"}) as server, httpx2.Client(timeout=120) as client:
        headers = {"authorization": f"Bearer {server.key}"}
        text = " ".join(f"Keeper number {number} counted {number * 7} gulls." for number in range(400))
        body = {"model": "kokoro", "input": text, "voice": "af_heart", "response_format": "pcm"}
        with client.stream("POST", f"{server.base_url}/audio/speech", json=body, headers=headers) as answer:
            chunks = answer.iter_bytes()
            next(chunks)
            os.kill(server.pid, signal.SIGTERM)
            with pytest.raises(httpx2.TransportError):
                for _ in chunks:
                    pass
        assert server.wait(WAIT_SECONDS) is not None


def test_without_keys_it_serves_this_machine_only(tmp_path: Path) -> None:
    """Asked to listen everywhere without a key, it listens here, says so, and answers to no strange name."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "sayso", "run", "api", "--host", "0.0.0.0", "--port", str(port)],  # noqa: S104
            env=environment(tmp_path, PRIMARY_SERVICE="openai", FALLBACK_TO_LOCAL="false"),
            stdout=output,
            stderr=output,
        )
    try:
        url = f"http://127.0.0.1:{port}/live"
        give_up_at = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                answer = httpx2.get(url, timeout=WAIT_SECONDS)
                break
            except httpx2.TransportError:
                assert time.monotonic() < give_up_at
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
        assert answer.status_code == 200
        assert httpx2.get(url, headers={"host": "evil.example"}, timeout=WAIT_SECONDS).status_code == 400
        with pytest.raises(httpx2.TransportError):
            httpx2.get(f"http://127.0.0.2:{port}/live", timeout=2)
        assert "there are no API keys, so only this machine is served" in log.read_text()
        assert httpx2.get(f"http://127.0.0.1:{port}/health", timeout=WAIT_SECONDS).json()["status"] == "unhealthy"
    finally:
        process.terminate()
        assert process.wait(WAIT_SECONDS) == 0


def test_a_role_that_there_is_not_is_wrong_use(tmp_path: Path) -> None:
    """A role's name that nobody knows is told, with those that there are."""
    done = subprocess.run(
        [sys.executable, "-m", "sayso", "run", "apy"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "api" in done.stderr
