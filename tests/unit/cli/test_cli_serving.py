"""What the signals to stop mean to a server, whose clients may never end."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import httpx2
import pytest

from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = """
import asyncio, sys, threading, time
from contextlib import asynccontextmanager
import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from sayso.cli.listening_socket import listening
from sayso.cli.serving import HttpServer, end_at_sigterm
from sayso.observability import configure_logs

@asynccontextmanager
async def lifespan(app):
    yield
    print("closed", flush=True)

app = FastAPI(lifespan=lifespan)

@app.get("/endless")
async def endless():
    async def blocks():
        while True:
            yield b"block"
            await asyncio.sleep(0.01)
    return StreamingResponse(blocks())

@app.get("/computes")
def computes():
    threading.Thread(target=time.sleep, args=(3600,)).start()

configure_logs("info", "json")
end_at_sigterm()
with listening("127.0.0.1", 0) as sockets:
    config = uvicorn.Config(app, host="127.0.0.1", port=0, lifespan="off", log_config=None, loop="uvloop",
                            timeout_graceful_shutdown=int(sys.argv[1]))
    server = HttpServer(
        app, config, on_ready=lambda url: print(url, flush=True),
        on_stop=lambda: print("stop", flush=True), on_hurry=lambda: print("hurry", flush=True),
    )
    server.run(list(sockets))
server.leave()
"""


class Server:
    """The program as a process, and what it has printed."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def lines(self) -> list[str]:
        return self._output.read_text().splitlines()

    @property
    def url(self) -> str:
        return next((line for line in self.lines if line.startswith("http://")), "")


@contextmanager
def serving(directory: Path, *, grace_seconds: int, by: tuple[str, ...] = ()) -> Iterator[Server]:
    output = directory / "output"
    with output.open("wb") as stream:
        command = [*by, sys.executable, "-c", PROGRAM, str(grace_seconds)]
        # What ignores SIGHUP, as a terminal that is closed may have it, passes that on to what it starts.
        heeds = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)
        process = subprocess.Popen(command, stdout=stream, stderr=stream, preexec_fn=heeds)  # noqa: PLW1509
    server = Server(process, output)
    try:
        wait_until(lambda: bool(server.url) or process.poll() is not None)
        yield server
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 0)])
def test_the_second_signal_ends_what_the_first_waits_for(tmp_path: Path, number: signal.Signals, code: int) -> None:
    """A client that reads for ever is waited for at first, then cut off; all is closed, whatever signals follow."""
    with serving(tmp_path, grace_seconds=3600) as server, httpx2.stream("GET", f"{server.url}/endless") as answer:
        blocks = answer.iter_bytes()
        next(blocks)
        server.process.send_signal(number)
        wait_until(lambda: "stop" in server.lines)
        for _ in range(100):
            next(blocks)
        assert server.process.poll() is None
        server.process.send_signal(number)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(WAIT_SECONDS) == code
        with pytest.raises(httpx2.TransportError):
            list(blocks)
    assert {"hurry", "closed"} <= set(server.lines)
    assert not any("Traceback" in line for line in server.lines)


def test_a_thread_that_computes_is_not_waited_for(tmp_path: Path) -> None:
    """As while a model is loaded or the machine is measured: the process ends in order, with its exit code."""
    with serving(tmp_path, grace_seconds=1) as server:
        assert httpx2.get(f"{server.url}/computes").status_code == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(WAIT_SECONDS) == 0
    assert "closed" in server.lines


def test_nohup_outlives_the_terminal(tmp_path: Path) -> None:
    """What was started to ignore that the terminal is closed goes on."""
    nohup = shutil.which("nohup")
    assert nohup is not None
    with serving(tmp_path, grace_seconds=1, by=(nohup,)) as server:
        server.process.send_signal(signal.SIGHUP)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(WAIT_SECONDS) == 0
        assert server.lines.count("stop") == 1
    assert "hurry" not in server.lines


def test_what_takes_longer_than_its_time_is_cut_without_a_traceback(tmp_path: Path) -> None:
    """One line says that it was cut; where in the code that happened helps nobody."""
    with serving(tmp_path, grace_seconds=1) as server, httpx2.stream("GET", f"{server.url}/endless") as answer:
        blocks = answer.iter_bytes()
        next(blocks)
        server.process.send_signal(signal.SIGTERM)
        with pytest.raises(httpx2.TransportError):
            list(blocks)
        assert server.process.wait(WAIT_SECONDS) == 0
    assert sum("timeout graceful shutdown exceeded" in line for line in server.lines) == 1
    assert not any("Traceback" in line or "Exception in ASGI" in line for line in server.lines)
