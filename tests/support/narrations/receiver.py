"""A server on this machine that receives callbacks, and answers as a test says."""

from __future__ import annotations

import http.server
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from types import TracebackType

HOST = "localhost"


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A request; names of headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers each request with the next of its statuses, and with the last one after that.

    Args:
        statuses: 0 for no response, until the receiver is closed.
        location: of redirects.
        answer: the body of every response.
    """

    def __init__(self, *statuses: int, location: str | None = None, answer: bytes = b"thank you") -> None:
        self.received: list[Received] = []
        self.arrived = threading.Event()
        self._closing = threading.Event()
        statuses = statuses or (200,)
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = statuses[min(len(receiver.received), len(statuses) - 1)]
                receiver.received.append(Received(path=self.path, headers=headers, body=body))
                receiver.arrived.set()
                if status == 0:
                    receiver._closing.wait()
                    return
                self.send_response(status)
                if location is not None:
                    self.send_header("Location", location)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign] # whoever sent may have had enough
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def url(self, path: str = "/narrated", host: str = HOST) -> str:
        return f"http://{host}:{self._server.server_port}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
