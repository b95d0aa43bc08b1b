"""The proxy that `support.aws.faults` controls: HTTP over real sockets, each connection on a thread of its own."""

from __future__ import annotations

import http.client
import json
import socket
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from support.aws.troubles import Fault

if TYPE_CHECKING:
    from support.aws.faults import AwsFaults, Rewrite
    from support.aws.troubles import Refusal

_ANSWER_SECONDS = 60.0


class FaultyServer(ThreadingHTTPServer):
    """The proxy, not yet serving; on a free port."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, faults: AwsFaults) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults = faults

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing: these tests have clients that disconnect."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet; without this, it would wait for an acknowledgement
    server: FaultyServer

    def handle_any(self) -> None:
        body = self._body()
        if len(body) < int(self.headers.get("Content-Length", 0)):
            self._hang_up()  # the client died in the middle of the body, and AWS does not execute half a request
            return
        rule = self.server.faults.take(self._operation(), body)
        trouble = rule.trouble if rule is not None else None
        if rule is not None and rule.answer is not None:
            self._answer_json(*rule.answer)
        elif rule is not None and rule.refusal is not None:
            self._refuse(rule.refusal)
        elif trouble is None:
            self._forward(body, rule.rewrite if rule is not None else None)
        else:
            if trouble.is_obeyed:
                self._ask(body)
            self._fail(trouble.fault)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any  # noqa: N815 -- the names that the base class calls

    def handle_expect_100(self) -> bool:
        """Say at once that the client may send the body."""
        is_wanted = super().handle_expect_100()
        self.wfile.flush()
        return is_wanted

    def _operation(self) -> str:
        target = self.headers.get("X-Amz-Target")
        return target.rpartition(".")[2] if target else f"S3:{self.command}"

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        """The response of moto."""
        target = self.server.faults.target
        named = {name.title(): value for name, value in self.headers.items()}
        self.server.faults.watch(self._operation(), named, False)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=_ANSWER_SECONDS)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _HOP}
            connection.request(
                self.command, self.path, body=body, headers={**headers, "Content-Length": str(len(body))}
            )
            response = connection.getresponse()
            answer = response.status, response.getheaders(), response.read()
        finally:
            connection.close()
        self.server.faults.watch(self._operation(), named, True)
        return answer

    def _forward(self, body: bytes, rewrite: Rewrite | None) -> None:
        status, headers, content = self._ask(body)
        if rewrite is not None:
            content = json.dumps(rewrite(json.loads(content))).encode()
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _HOP and not (name.lower() == "content-length" and self.command != "HEAD"):
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, refusal: Refusal) -> None:
        if self.headers.get("X-Amz-Target"):
            self._answer_json(refusal.status, {"__type": refusal.code, "message": "The proxy says so."})
        elif self.command == "HEAD":
            self._answer(refusal.status, b"", "application/xml")
        else:
            self._answer(refusal.status, refusal.xml, "application/xml")

    def _fail(self, fault: Fault) -> None:
        if fault is Fault.ERROR:
            self._answer_json(500, {"__type": "InternalServerError", "message": "out of order"})
        elif fault is Fault.UNAVAILABLE:
            self._answer_json(503, {"__type": "ServiceUnavailable", "message": "out of order"})
        elif fault is Fault.THROTTLE and self.headers.get("X-Amz-Target"):
            self._answer_json(400, {"__type": "ThrottlingException", "message": "Rate exceeded"})
        elif fault is Fault.THROTTLE:
            content = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
            self._answer(503, content, "application/xml")
        elif fault is Fault.CUT:
            self.wfile.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: 999\r\n\r\n{"
            )
            self._hang_up()
        else:
            self.server.faults.hang()
            self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    def _answer_json(self, status: int, answer: dict[str, Any]) -> None:
        self._answer(status, json.dumps(answer).encode(), "application/x-amz-json-1.0")

    def _answer(self, status: int, content: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name
        """Log nothing."""


_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "expect"})
