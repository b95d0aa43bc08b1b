"""Clients that call a service during a deployment, and count what fails. None of them retries."""

from __future__ import annotations

import http.client
import io
import json
import socket
import threading
import time
import uuid
import wave
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

_TIMEOUT_SECONDS = 300.0
_PAUSE_SECONDS = 0.05
_PIECE_BYTES = 16_384

UPLOAD_BYTES = 20 * 1024 * 1024


@dataclass(kw_only=True)
class Request:
    """A request, and how its response is compared: byte for byte with the first."""

    method: str
    path: str
    body: bytes | None = None
    content_type: str = "application/json"

    @property
    def headers(self) -> dict[str, str]:
        return {"Content-Type": self.content_type} if self.body is not None else {}


def speech(text: str, **more: object) -> Request:
    """A request for speech."""
    fields = {"model": "tts-1", "input": text, "voice": "alloy", **more}
    return Request(method="POST", path="/v1/audio/speech", body=json.dumps(fields).encode())


MODELS = Request(method="GET", path="/v1/models")


@dataclass
class Count:
    """The requests of all clients; threads share it."""

    requests: int = 0
    failures: list[str] = field(default_factory=list)
    latest: float = 0.0
    longest_gap: float = 0.0
    """The longest time in which no request succeeded, in seconds."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def succeeded(self) -> None:
        with self.lock:
            now = time.monotonic()
            self.requests += 1
            if self.latest:
                self.longest_gap = max(self.longest_gap, now - self.latest)
            self.latest = now

    def failed(self, reason: str) -> None:
        with self.lock:
            self.requests += 1
            self.failures.append(f"{time.strftime('%H:%M:%S', time.gmtime())} {reason}")


class Traffic:
    """Clients that send requests in turn until the end of the block: half keep their connection, half open new ones.

    Args:
        host: of the service.
        port: of the service.
        requests: what they send; each response must be 200 and the same as the first.
        clients: how many there are.
    """

    def __init__(self, host: str, port: int, requests: list[Request], *, clients: int = 4) -> None:
        self._address = (host, port)
        self._requests = requests
        self._clients = clients
        self._expected: dict[int, bytes] = {}
        self._is_over = threading.Event()
        self.count = Count()

    def __enter__(self) -> Self:
        self._threads = [
            threading.Thread(target=self._send_all, args=(number % 2 == 0,), daemon=True)
            for number in range(self._clients)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(_TIMEOUT_SECONDS)

    def _send_all(self, keeps: bool) -> None:
        connection = self._connection()
        while not self._is_over.is_set():
            for number, request in enumerate(self._requests):
                try:
                    status, body = exchange(connection, request)
                except (OSError, http.client.HTTPException) as error:
                    self.count.failed(f"{request.method} {request.path}: {error!r}")
                    connection.close()
                else:
                    self._check(number, request, status, body)
                if not keeps:
                    connection.close()
                time.sleep(_PAUSE_SECONDS)
        connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        """A connection that is opened by its first request, and again by the next after it was closed."""
        return http.client.HTTPConnection(*self._address, timeout=_TIMEOUT_SECONDS)

    def _check(self, number: int, request: Request, status: int, body: bytes) -> None:
        if status != 200:
            self.count.failed(f"{request.method} {request.path}: {status} {body[:200]!r}")
        elif body != self._expected.setdefault(number, body):
            self.count.failed(f"{request.method} {request.path}: another body of {len(body)} bytes")
        else:
            self.count.succeeded()


def exchange(connection: http.client.HTTPConnection, request: Request) -> tuple[int, bytes]:
    """Send a request and read its response."""
    connection.request(request.method, request.path, request.body, request.headers)
    response = connection.getresponse()
    return response.status, response.read()


def answer(host: str, port: int, request: Request) -> tuple[int, bytes]:
    """The response to a request on a connection of its own."""
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)
    try:
        return exchange(connection, request)
    finally:
        connection.close()


class Crossing(threading.Thread):
    """A request that goes on slowly until `finish`: it begins before a switch and ends after it."""

    def __init__(self, work: Callable[[threading.Event], tuple[int, bytes]]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._may_finish = threading.Event()
        self.status = 0
        self.body = b""
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.status, self.body = self._work(self._may_finish)
        except (OSError, http.client.HTTPException) as error:
            self.error = error

    def finish(self) -> Self:
        """Let it go on at full speed, and wait for its end."""
        self._may_finish.set()
        self.join(_TIMEOUT_SECONDS)
        return self


def slow_stream(host: str, port: int, request: Request) -> Crossing:
    """A response that is read slowly."""

    def read(may_finish: threading.Event) -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)) as connection:
            connection.connect()
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _PIECE_BYTES)
            connection.request(request.method, request.path, request.body, request.headers)
            response = connection.getresponse()
            body = io.BytesIO()
            while piece := response.read1(_PIECE_BYTES):
                body.write(piece)
                may_finish.wait(1.0)
            return response.status, body.getvalue()

    return Crossing(read)


def slow_upload(host: str, port: int, request: Request) -> Crossing:
    """A body that is sent slowly."""
    content = request.body or b""

    def pieces(may_finish: threading.Event) -> Iterator[bytes]:
        for start in range(0, len(content), _PIECE_BYTES):
            yield content[start : start + _PIECE_BYTES]
            may_finish.wait(0.5)

    def send(may_finish: threading.Event) -> tuple[int, bytes]:
        with closing(http.client.HTTPConnection(host, port, timeout=_TIMEOUT_SECONDS)) as connection:
            headers = {**request.headers, "Content-Length": str(len(content))}
            connection.request(request.method, request.path, pieces(may_finish), headers)
            response = connection.getresponse()
            return response.status, response.read()

    return Crossing(send)


def transcription(wav: bytes, *, model: str = "whisper-1") -> Request:
    """An upload of a recording to be transcribed."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="model"\r\n\r\n{model}\r\n'.encode(),
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
        "Content-Type: audio/wav\r\n\r\n".encode(),
        wav,
        f"\r\n--{boundary}--\r\n".encode(),
    ]
    return Request(
        method="POST",
        path="/v1/audio/transcriptions",
        body=b"".join(parts),
        content_type=f"multipart/form-data; boundary={boundary}",
    )


def recording(size_bytes: int) -> bytes:
    """A WAV file of about so many bytes: a quiet tone in steps, 48 kHz, stereo."""
    target = io.BytesIO()
    with wave.open(target, "wb") as writer:
        writer.setnchannels(2)
        writer.setsampwidth(2)
        writer.setframerate(48_000)
        steps = [int(3000 * (number - 48) / 48).to_bytes(2, "little", signed=True) * 2 for number in range(96)]
        period = b"".join(steps) * 500
        for _ in range(size_bytes // len(period)):
            writer.writeframes(period)
    return target.getvalue()
