"""Servers on this machine to download from, good ones and bad ones, and how the tests download."""

from __future__ import annotations

import http.server
import socket
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import FetchRefused, SaysoError, TooLarge
from sayso.net import fetch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = bytes(range(256)) * 512
HERE = ("localhost",)


class Server:
    """Answers each path with what is set for it, and records the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {"/a.wav": (200, {}, CONTENT)}
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append(self.path)
                server.headers.append({name.lower(): value for name, value in self.headers.items()})
                status, headers, body = server.answers.get(self.path, (404, {}, b"the secret of a private service"))
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(body))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                with suppress(OSError):  # the client may have closed the connection
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_port

    def url(self, path: str = "/a.wav", host: str = "localhost") -> str:
        return f"http://{host}:{self.port}{path}"


@contextmanager
def raw_server(answer: bytes, *, then_drip: bytes = b"") -> Iterator[int]:
    """A server that reads a request, sends ``answer``, repeats ``then_drip`` slowly, and closes; its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)
                while then_drip and not over.wait(0.02):
                    connection.sendall(then_drip)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        over.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes a pending accept
        listener.close()
        thread.join()


def get(url: str, directory: Path, **more: Any) -> Path:
    usual: dict[str, Any] = {"maximum_bytes": 10**6, "timeout_seconds": 20.0, "private_hosts": HERE}
    return fetch(url, directory, **usual | more)


def refusal(url: str, directory: Path, **more: Any) -> SaysoError:
    """The error of a download, after which there is no file."""
    with pytest.raises((FetchRefused, TooLarge)) as caught:
        get(url, directory, **more)
    assert list(directory.iterdir()) == []
    return caught.value
