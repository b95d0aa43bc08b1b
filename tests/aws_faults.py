"""A proxy in front of moto that fails as services do: by a status, in silence, in mid-answer, before the deed or after.

Real HTTP over real sockets, on threads of its own; any thread of the test may tell it what to do.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

HANG_SECONDS = 60.0
"""After how long a request that hangs is given up at the latest; `AwsFaults.calm` lets all of them go."""

Rewrite = Callable[[dict[str, Any]], dict[str, Any]]
"""What becomes of the JSON of an answer."""

Watch = Callable[[str, Mapping[str, str], bool], None]
"""Told of a request: its operation, its headers under names like ``User-Agent``, and whether it was obeyed."""

GONE = "ReceiptHandleIsInvalid"
"""SQS's code for a receipt of which it knows nothing."""


def failing(codes: Mapping[int, str]) -> Rewrite:
    """A change of an answer to a batch: entries at these places failed, for these reasons."""

    def change(answer: dict[str, Any]) -> dict[str, Any]:
        failed = [
            {"Id": str(place), "Code": code, "SenderFault": code == GONE, "Message": ""}
            for place, code in codes.items()
        ]
        names = {entry["Id"] for entry in failed}
        return {"Successful": [entry for entry in answer["Successful"] if entry["Id"] not in names], "Failed": failed}

    return change


class Fault(StrEnum):
    """How an answer goes wrong."""

    ERROR = "500"
    UNAVAILABLE = "503"
    THROTTLE = "throttle"
    HANG = "hang"
    CUT = "cut"


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """A fault, and whether the request is obeyed all the same."""

    fault: Fault
    is_obeyed: bool = False


@dataclass(kw_only=True)
class _Rule:
    operation: str
    left: int
    trouble: Trouble | None = None
    rewrite: Rewrite | None = None
    answer: tuple[int, dict[str, Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class _Chance:
    share: float
    troubles: tuple[Trouble, ...]
    random: random.Random
    operations: Collection[str] | None


class AwsFaults:
    """What the proxy is told, and what it has seen; its lock guards all of it.

    Operations go by AWS's names, as ``ReceiveMessage``; of S3, which has no such header, by method, as ``S3:PUT``.
    """

    def __init__(self, target_url: str) -> None:
        self.target = urlsplit(target_url)
        self.url = ""
        self._lock = threading.Lock()
        self._rules: list[_Rule] = []
        self._chance: _Chance | None = None
        self._seen: list[tuple[str, bytes]] = []
        self._done: Counter[str] = Counter()
        self._released = threading.Event()
        self.watch: Watch = lambda _operation, _headers, _is_obeyed: None
        """Called before each request that is passed on, and after it; what waits in it keeps the request back."""

    def next(self, operation: str, fault: Fault, *, times: int = 1, is_obeyed: bool = False) -> None:
        """Let the next requests for an operation fail; ``is_obeyed`` has them done, and only the answer lost."""
        trouble = Trouble(fault=fault, is_obeyed=is_obeyed)
        with self._lock:
            self._rules.append(_Rule(operation=operation, left=times, trouble=trouble))

    def rewrite(self, operation: str, change: Rewrite, *, times: int = 1) -> None:
        """Change the JSON of the next answers of an operation."""
        with self._lock:
            self._rules.append(_Rule(operation=operation, left=times, rewrite=change))

    def answer(self, operation: str, answer: dict[str, Any], *, status: int = 200, times: int = 1) -> None:
        """Answer the next requests for an operation, and ask nobody."""
        with self._lock:
            self._rules.append(_Rule(operation=operation, left=times, answer=(status, answer)))

    def refuse(self, operation: str, code: str, *, times: int = 1) -> None:
        """Refuse the next requests for an operation."""
        self.answer(operation, {"__type": code, "message": "The proxy says so."}, status=400, times=times)

    def at_random(
        self,
        seed: int,
        share: float,
        *,
        faults: Collection[Fault] = tuple(Fault),
        operations: Collection[str] | None = None,
    ) -> None:
        """Let a share of the requests fail until `calm`, half of them after they were obeyed.

        Args:
            seed: the same gives the same sequence of faults, in whatever order requests come.
            share: 0 to 1.
            faults: which.
            operations: of which; None for all.
        """
        troubles = tuple(Trouble(fault=fault, is_obeyed=obeyed) for fault in faults for obeyed in (False, True))
        with self._lock:
            self._chance = _Chance(
                share=share,
                troubles=troubles,
                random=random.Random(seed),  # noqa: S311 -- faults, not secrets
                operations=operations,
            )

    def calm(self) -> None:
        """Let everything through again, and let go of what hangs."""
        with self._lock:
            self._rules.clear()
            self._chance = None
            released, self._released = self._released, threading.Event()
        released.set()

    def forget(self) -> None:
        """Be calm, and forget what was seen."""
        self.calm()
        with self._lock:
            self._seen.clear()
            self._done.clear()

    def seen(self, operation: str) -> int:
        """How many requests there were for an operation."""
        with self._lock:
            return sum(seen == operation for seen, _ in self._seen)

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """What was asked of an operation, in order."""
        with self._lock:
            return [json.loads(body) for seen, body in self._seen if seen == operation]

    @property
    def history(self) -> list[str]:
        """The operations of all requests, in order."""
        with self._lock:
            return [operation for operation, _ in self._seen]

    @property
    def troubles(self) -> Counter[str]:
        """How often each fault happened."""
        with self._lock:
            return Counter(self._done)

    def take(self, operation: str, body: bytes) -> _Rule | None:
        """What is to happen to a request that has come."""
        with self._lock:
            self._seen.append((operation, body))
            rule = next((rule for rule in self._rules if rule.operation == operation), None)
            if rule is not None:
                rule.left -= 1
                if not rule.left:
                    self._rules.remove(rule)
            elif self._chance is not None:
                rule = self._by_chance(self._chance, operation)
            if rule is not None and rule.trouble is not None:
                self._done[rule.trouble.fault] += 1
            return rule

    @staticmethod
    def _by_chance(chance: _Chance, operation: str) -> _Rule | None:
        if chance.operations is not None and operation not in chance.operations:
            return None
        if chance.random.random() >= chance.share:
            return None
        return _Rule(operation=operation, left=0, trouble=chance.random.choice(chance.troubles))

    def hang(self) -> None:
        """Wait until things are calm again."""
        with self._lock:
            released = self._released
        released.wait(HANG_SECONDS)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, faults: AwsFaults) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults = faults

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that go away are what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer is one packet, which nobody waits to acknowledge
    server: _Server

    def handle_any(self) -> None:
        body = self._body()
        if len(body) < int(self.headers.get("Content-Length", 0)):
            self._hang_up()  # who asks died in the middle, and AWS does nothing by halves
            return
        rule = self.server.faults.take(self._operation(), body)
        trouble = rule.trouble if rule is not None else None
        if rule is not None and rule.answer is not None:
            self._answer_json(*rule.answer)
        elif trouble is None:
            self._forward(body, rule.rewrite if rule is not None else None)
        else:
            if trouble.is_obeyed:
                self._ask(body)
            self._fail(trouble.fault)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = handle_any  # noqa: N815 -- the names that the base class calls

    def handle_expect_100(self) -> bool:
        """Say at once that the body may come."""
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
        """What moto answers."""
        target = self.server.faults.target
        named = {name.title(): value for name, value in self.headers.items()}
        self.server.faults.watch(self._operation(), named, False)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=HANG_SECONDS)
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
        """Say nothing."""


_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "expect"})


@contextmanager
def aws_faults(target_url: str) -> Iterator[AwsFaults]:
    """A proxy in front of what listens there, until the end of the block."""
    faults = AwsFaults(target_url)
    server = _Server(faults)
    faults.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield faults
    finally:
        faults.calm()
        server.shutdown()
        thread.join()
        server.server_close()
