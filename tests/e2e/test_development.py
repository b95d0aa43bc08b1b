"""`make dev` serves, and serves anew when the code changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2

from bench.server import free_port
from support.servers import reloading
from support.servers.plain import NO_CERTIFICATES
from support.waiting import WAIT_SECONDS, wait_until

TESTS = Path(__file__).parents[1]


def test_a_change_starts_it_again(tmp_path: Path) -> None:
    """The new process answers at the same address; stopping ends both, with 0."""
    module = tmp_path / "module.py"
    module.write_text("A = 1\n")
    port = free_port()
    command = [sys.executable, "-m", reloading.__name__, "--watch", str(tmp_path), "run", "api", "--port", str(port)]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(TESTS), "SAYSO_DATA": str(tmp_path)})

    def served_by() -> float | None:
        """When the process that serves began; None while none does."""
        assert process.poll() is None
        try:
            lines = httpx2.get(
                f"http://127.0.0.1:{port}/metrics", timeout=WAIT_SECONDS, verify=NO_CERTIFICATES
            ).text.splitlines()
        except httpx2.TransportError:
            return None
        return next(float(line.split()[1]) for line in lines if line.startswith("process_start_time_seconds "))

    try:
        wait_until(lambda: served_by() is not None)
        first = served_by()
        times = module.stat()
        os.utime(module, (times.st_atime, times.st_mtime + 1))
        wait_until(lambda: served_by() not in {None, first})
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_SECONDS) == 0
        assert served_by_nobody(port)
    finally:
        process.kill()
        process.wait(WAIT_SECONDS)


def served_by_nobody(port: int) -> bool:
    try:
        httpx2.get(f"http://127.0.0.1:{port}/live", timeout=WAIT_SECONDS, verify=NO_CERTIFICATES)
    except httpx2.TransportError:
        return True
    return False
