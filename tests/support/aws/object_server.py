"""A small server of objects over HTTP, as S3 serves them, with faults in its responses on request.

moto is the emulator of S3; this server is for what moto cannot do: damage, cut, slow down or change what it sends.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

from sayso.aws.access import AwsAccess
from sayso.aws.s3_reader import BucketReader, ReaderOptions, locate_bucket
from sayso.modelsync.checksums.content import new_hash
from sayso.modelsync.records import ChecksumAlgorithm

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

BUCKET = "models"
_BLOCK_BYTES = 16_384
_LONGEST_WAIT_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What is done to one response.

    Attributes:
        status: is answered in place of the object; None to send it.
        code: of S3's error document.
        headers: additional ones, or others; an empty one is left out.
        sent_bytes: of the body, before the connection is closed; None for all.
        flipped: the position in the body of a bit that is flipped; None for none.
        is_hanging: whether the rest of the body never comes, after ``sent_bytes``.
        then: called once the head has been sent.
    """

    status: int | None = None
    code: str = "InternalError"
    headers: dict[str, str] = field(default_factory=dict)
    sent_bytes: int | None = None
    flipped: int | None = None
    is_hanging: bool = False
    then: Callable[[], None] = lambda: None


@dataclass(frozen=True, kw_only=True)
class SeenRequest:
    """A request that was received."""

    method: str
    key: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass(kw_only=True)
class ServedObject:
    """An object of the server.

    Attributes:
        content: of it.
        etag: without quotes; None for the MD5 of the content.
        headers: that every response about it has, as checksums.
    """

    content: bytes
    etag: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def quoted_etag(self) -> str:
        """As the header has it."""
        return f'"{self.etag or hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'


def checksum_headers(content: bytes, algorithm: ChecksumAlgorithm = ChecksumAlgorithm.CRC64NVME) -> dict[str, str]:
    """The headers that S3 adds for an object that has this checksum of its whole content."""
    hashing = new_hash(algorithm)
    hashing.update(content)
    value = base64.b64encode(bytes.fromhex(hashing.hexdigest())).decode()
    return {f"x-amz-checksum-{algorithm.lower()}": value, "x-amz-checksum-type": "FULL_OBJECT"}


class ObjectServer:
    """The server: `objects` may be changed at any time; `faults` apply to the next GETs, in order."""

    def __init__(self) -> None:
        self.objects: dict[str, ServedObject] = {}
        self.requests: list[SeenRequest] = []
        self.faults: deque[Reply] = deque()
        self.head_faults: deque[Reply] = deque()
        self.page_faults: deque[Reply] = deque()
        self.page_size = 1000
        self.range_status = 206
        self.own_page: bytes | None = None
        """Is sent in place of every page."""
        self.released = threading.Event()
        self.choose: Callable[[SeenRequest], Reply | None] = lambda _request: None
        """Chooses the fault of a request, where `faults` has none."""
        self.url = ""

    def put(self, key: str, content: bytes, *, is_checksummed: bool = True, etag: str | None = None) -> ServedObject:
        """Put an object in place of another one."""
        headers = checksum_headers(content) if is_checksummed else {}
        served = self.objects[key] = ServedObject(content=content, headers=headers, etag=etag)
        return served

    def reader(self, *, read_seconds: float = 10.0) -> BucketReader:
        """A reader of its one bucket."""
        access = AwsAccess(endpoint_url=self.url, access_key_id="key", secret_access_key="hush-hush")  # noqa: S106
        return BucketReader(locate_bucket(BUCKET, access), ReaderOptions(read_seconds=read_seconds))

    def reply_to(self, request: SeenRequest) -> Reply:
        """The fault of a request."""
        self.requests.append(request)
        waiting = {"HEAD": self.head_faults, "GET": self.faults if request.key else self.page_faults}[request.method]
        try:
            return waiting.popleft()
        except IndexError:
            return self.choose(request) or Reply()

    def page(self, query: dict[str, str]) -> bytes:
        """A page of the listing."""
        if self.own_page is not None:
            return self.own_page
        after = unquote(query.get("continuation-token", ""))
        keys = sorted(key for key in self.objects if key.startswith(query.get("prefix", "")) and key > after)
        shown, rest = keys[: self.page_size], keys[self.page_size :]
        entries = "".join(
            f"<Contents><Key>{quote(key, safe='/')}</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified>"
            f"<ETag>{escape(self.objects[key].quoted_etag)}</ETag><Size>{len(self.objects[key].content)}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for key in shown
        )
        token = f"<NextContinuationToken>{quote(shown[-1])}</NextContinuationToken>" if rest else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<EncodingType>url</EncodingType><IsTruncated>{str(bool(rest)).lower()}</IsTruncated>{token}{entries}"
            "</ListBucketResult>"
        ).encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        key = unquote(parts.path.removeprefix(f"/{BUCKET}").removeprefix("/"))
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        headers = {name.lower(): value for name, value in self.headers.items()}
        owner = self.server.owner
        reply = owner.reply_to(SeenRequest(method=self.command, key=key, query=query, headers=headers))
        if reply.status is not None:
            self._error(reply.status, reply.code, reply.headers)
        elif not key:
            self._send(200, {"content-type": "application/xml"}, owner.page(query), reply)
        elif (served := owner.objects.get(key)) is None:
            self._error(404, "NoSuchKey", {})
        elif headers.get("if-match", served.quoted_etag) != served.quoted_etag:
            self._error(412, "PreconditionFailed", {})
        else:
            self._object(served, headers.get("range"), reply)

    def _object(self, served: ServedObject, wanted: str | None, reply: Reply) -> None:
        facts = {"etag": served.quoted_etag, "last-modified": "Fri, 02 Jan 2026 03:04:05 GMT", **served.headers}
        content = served.content
        if wanted is None:
            self._send(200, facts, content, reply)
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last) + 1, len(content))
        facts = {name: value for name, value in facts.items() if not name.startswith("x-amz-checksum")}
        facts["content-range"] = f"bytes {start}-{end - 1}/{len(content)}"
        self._send(self.server.owner.range_status, facts, content[start:end], reply)

    def _error(self, status: int, code: str, headers: dict[str, str]) -> None:
        body = f"<Error><Code>{code}</Code><Message>The test says so.</Message></Error>".encode()
        self._send(status, headers, body, Reply())

    def _send(self, status: int, headers: dict[str, str], body: bytes, reply: Reply) -> None:
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers, **reply.headers}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        reply.then()
        if self.command == "HEAD":
            return
        if reply.flipped is not None and reply.flipped < len(body):
            body = body[: reply.flipped] + bytes([body[reply.flipped] ^ 1]) + body[reply.flipped + 1 :]
        sent = body if reply.sent_bytes is None else body[: reply.sent_bytes]
        for start in range(0, len(sent), _BLOCK_BYTES):
            self.wfile.write(sent[start : start + _BLOCK_BYTES])
        if reply.is_hanging:
            self.server.owner.released.wait(_LONGEST_WAIT_SECONDS)
        if len(sent) < len(body) or reply.is_hanging:
            self.close_connection = True

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            return  # the client has gone


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, owner: ObjectServer, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a client that refuses the certificate is a part of a test."""


@contextmanager
def object_server(*, tls: ssl.SSLContext | None = None) -> Iterator[ObjectServer]:
    """A new, empty server; over TLS, if there is a context."""
    owner = ObjectServer()
    server = _Server(owner, tls)
    owner.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield owner
    finally:
        owner.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
