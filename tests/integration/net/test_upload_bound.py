"""The bound of an upload, as a client of the real server meets it."""

from __future__ import annotations

import socket
import tempfile
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sayso.api.http.errors import on_sayso_error
from sayso.api.http.uploads import read_form
from sayso.errors import SaysoError
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request

MAXIMUM_BYTES = 100_000


@contextmanager
def serving(**options: Any) -> Iterator[int]:
    """A server that takes uploads; its port."""

    async def upload(request: Request) -> Response:
        with await read_form(request, maximum_bytes=MAXIMUM_BYTES) as form:
            return JSONResponse({"size": form.file.size_bytes if form.file else None})

    app = Starlette(
        routes=[Route("/upload", upload, methods=["POST"])], exception_handlers={SaysoError: on_sayso_error}
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off", **options))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join()


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where uploads go: a directory that shows what is left behind."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_file_over_the_bound_is_answered_413_while_it_is_sent(temporary: Path) -> None:
    """The client reads the answer although it has not sent everything, and its connection is good for the next."""
    with (
        serving(http="httptools") as port,
        httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=WAIT_SECONDS) as client,
    ):
        for _ in range(3):
            answer = client.post("/upload", files={"file": ("a.wav", bytes(30_000_000))})
            assert answer.status_code == 413
            assert answer.json()["error"]["code"] == "too_large"
        assert client.post("/upload", files={"file": ("a.wav", bytes(MAXIMUM_BYTES))}).json() == {"size": MAXIMUM_BYTES}
    assert list(temporary.iterdir()) == []


def test_a_client_that_breaks_off_leaves_no_file_behind(temporary: Path) -> None:
    """Its half of a file is deleted when its connection is closed."""
    head = (
        b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        b"Content-Length: 90000\r\n\r\n"
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    )
    with serving() as port:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(head + b"half of a file")
            wait_until(lambda: bool(list(temporary.iterdir())))
        wait_until(lambda: not list(temporary.iterdir()))
