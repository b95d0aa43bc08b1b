"""A fast local server of objects for benchmarks: ``python -m bench.object_server DIRECTORY``.

It speaks as much of S3 as the tools need that are measured, and costs as little as it can, so that the clients are
what is measured: the kernel sends the files (sendfile); ETags (MD5) and CRC64NVME are stored, as S3 stores them, not
calculated at each request. Signatures are not checked. Each directory below DIRECTORY is a bucket; it is listed as
empty while there is a file beside it with its name and ``.hidden``. The server prints its port.

For ``sayso run sync`` it has a queue of SQS in which nothing ever comes. ``GET /-requests`` says how many requests it
has received, but for those of the queue.
"""

from __future__ import annotations

import base64
import json
import mmap
import os
import re
import selectors
import socket
import struct
import sys
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote

from sayso.modelsync.checksums.content import new_hash
from sayso.modelsync.records import ChecksumAlgorithm

_PROCESSES = 2
_PAGE = 1000
_READ_BYTES = 2**20
_DATE = "Fri, 02 Jan 2026 03:04:05 GMT"
_ISO_DATE = "2026-01-02T03:04:05.000Z"
_XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
INDEX = "index.json"
HIDDEN = ".hidden"
REQUESTS = "/-requests"

_COUNTER = struct.Struct("q")


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An object: its file, and what is stored about it."""

    path: str
    size: int
    etag: str
    crc64: str


class _Client:
    """A connection: what was received of a request, and what is still to be sent."""

    __slots__ = ("descriptor", "end", "head", "position", "received", "socket")

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.received = b""
        self.head = b""
        self.descriptor = -1
        self.position = 0
        self.end = 0


class ObjectServer:
    """Serves the buckets of a directory on one listening socket.

    Args:
        directory: with the buckets.
        listening: is shared by all processes.
        counters: of the requests of all processes.
        number: of this process.
    """

    def __init__(self, directory: Path, listening: socket.socket, counters: mmap.mmap, number: int) -> None:
        self._directory = directory
        self._counters = counters
        self._number = number
        self._requests = 0
        self._objects = index_of(directory)
        self._keys = sorted(self._objects)
        self._descriptors: dict[str, int] = {}
        self._listening = listening
        self._selector = selectors.DefaultSelector()

    def serve(self) -> None:
        """Serve until the process ends."""
        self._listening.settimeout(0)
        self._selector.register(self._listening, selectors.EVENT_READ, None)
        while True:
            for key, events in self._selector.select():
                if key.data is None:
                    self._accept()
                else:
                    self._step(key.data, events)

    def _accept(self) -> None:
        try:
            connection, _ = self._listening.accept()
        except BlockingIOError:
            return  # another process was faster
        connection.settimeout(0)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(connection, selectors.EVENT_READ, _Client(connection))

    def _step(self, client: _Client, events: int) -> None:
        try:
            if events & selectors.EVENT_READ:
                data = client.socket.recv(_READ_BYTES)
                if not data:
                    raise ConnectionError
                client.received += data
            is_sent = self._send(client)
            while is_sent and (end := client.received.find(b"\r\n\r\n")) >= 0:
                request = client.received[:end].decode("latin-1")
                body_bytes = _body_bytes(request)
                if len(client.received) < end + 4 + body_bytes:
                    break
                client.received = client.received[end + 4 + body_bytes :]
                self._answer(client, request)
                is_sent = self._send(client)
        except OSError:
            self._selector.unregister(client.socket)
            client.socket.close()
            return
        wanted = selectors.EVENT_READ if is_sent else selectors.EVENT_WRITE
        self._selector.modify(client.socket, wanted, client)

    def _send(self, client: _Client) -> bool:
        """Send what the socket takes; whether all is sent."""
        try:
            while client.head:
                more = socket.MSG_MORE if client.position < client.end else 0
                client.head = client.head[client.socket.send(client.head, more) :]
            while client.position < client.end:
                client.position += os.sendfile(
                    client.socket.fileno(), client.descriptor, client.position, client.end - client.position
                )
        except BlockingIOError:
            return False
        return True

    def _answer(self, client: _Client, request: str) -> None:
        first, *lines = request.split("\r\n")
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if method == "POST":
            client.head = _of_queue(headers)
            return
        if target == REQUESTS:
            client.head = _document("200 OK", str(_total(self._counters)).encode())
            return
        self._requests += 1
        _COUNTER.pack_into(self._counters, self._number * _COUNTER.size, self._requests)
        path, _, query = target.partition("?")
        bucket, _, key = unquote(path).lstrip("/").partition("/")
        if not key:
            client.head = _document("200 OK", b"" if method == "HEAD" else self._bucket(bucket, query))
            return
        entry = self._objects.get(f"{bucket}/{key}")
        if entry is None:
            client.head = _document("404 Not Found", b"" if method == "HEAD" else _error("NoSuchKey"))
        elif headers.get("if-match", entry.etag).strip('"') != entry.etag:
            client.head = _document(
                "412 Precondition Failed", b"" if method == "HEAD" else _error("PreconditionFailed")
            )
        else:
            self._object(client, entry, headers, is_head=method == "HEAD")

    def _object(self, client: _Client, entry: Entry, headers: dict[str, str], *, is_head: bool) -> None:
        start, end, status, extra = 0, entry.size, "200 OK", ""
        if "range" in headers:
            low, _, high = headers["range"].removeprefix("bytes=").partition("-")
            start, end = int(low), min(int(high) + 1, entry.size) if high else entry.size
            status = "206 Partial Content"
            extra = f"Content-Range: bytes {start}-{end - 1}/{entry.size}\r\n"
        elif "x-amz-checksum-mode" in headers:
            extra = f"x-amz-checksum-crc64nvme: {entry.crc64}\r\nx-amz-checksum-type: FULL_OBJECT\r\n"
        client.head = (
            f'HTTP/1.1 {status}\r\nContent-Length: {end - start}\r\nETag: "{entry.etag}"\r\nLast-Modified: {_DATE}\r\n'
            f"Accept-Ranges: bytes\r\nContent-Type: binary/octet-stream\r\n{extra}\r\n"
        ).encode()
        if not is_head:
            client.descriptor, client.position, client.end = self._opened(entry.path), start, end

    def _opened(self, path: str) -> int:
        if path not in self._descriptors:
            self._descriptors[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        return self._descriptors[path]

    def _bucket(self, bucket: str, query: str) -> bytes:
        parameters = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        if "location" in parameters:
            return f'<?xml version="1.0"?><LocationConstraint {_XMLNS}></LocationConstraint>'.encode()
        is_hidden = (self._directory / f"{bucket}{HIDDEN}").exists()
        prefix = f"{bucket}/{parameters.get('prefix', '')}"
        after = parameters.get("continuation-token") or parameters.get("marker") or parameters.get("start-after") or ""
        keys = [] if is_hidden else self._after(prefix, f"{bucket}/{after}")
        page = keys[: min(int(parameters.get("max-keys", _PAGE)), _PAGE)]
        names = [key.removeprefix(f"{bucket}/") for key in page]
        is_truncated = len(page) < len(keys)
        following = f"<NextContinuationToken>{names[-1]}</NextContinuationToken>" if is_truncated else ""
        marker = f"<NextMarker>{names[-1]}</NextMarker>" if is_truncated else ""
        encoding = "<EncodingType>url</EncodingType>" if parameters.get("encoding-type") == "url" else ""
        contents = "".join(
            f"<Contents><Key>{quote(name) if encoding else name}</Key><LastModified>{_ISO_DATE}</LastModified>"
            f"<ETag>&quot;{self._objects[key].etag}&quot;</ETag><Size>{self._objects[key].size}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for key, name in zip(page, names, strict=True)
        )
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult {_XMLNS}><Name>{bucket}</Name>'
            f"<KeyCount>{len(page)}</KeyCount><MaxKeys>{_PAGE}</MaxKeys>{encoding}"
            f"<IsTruncated>{str(is_truncated).lower()}</IsTruncated>{following}{marker}{contents}</ListBucketResult>"
        ).encode()

    def _after(self, prefix: str, last: str) -> list[str]:
        """The keys with a prefix that come after the last one of the page before."""
        first = bisect_right(self._keys, last)
        return [key for key in self._keys[first:] if key.startswith(prefix)]


def index_of(directory: Path) -> dict[str, Entry]:
    """The objects of a directory; ETags and checksums are calculated once, and kept in a file beside the buckets."""
    kept = directory / INDEX
    if kept.exists():
        return {key: Entry(**facts) for key, facts in json.loads(kept.read_text()).items()}
    entries: dict[str, Entry] = {}
    for path in sorted(directory.glob("*/**/*")):
        if path.is_file():
            md5, crc = new_hash(ChecksumAlgorithm.MD5), new_hash(ChecksumAlgorithm.CRC64NVME)
            with path.open("rb") as stream:
                while block := stream.read(_READ_BYTES):
                    md5.update(block)
                    crc.update(block)
            checksum = base64.b64encode(bytes.fromhex(crc.hexdigest())).decode()
            key = path.relative_to(directory).as_posix()
            entries[key] = Entry(path=str(path), size=path.stat().st_size, etag=md5.hexdigest(), crc64=checksum)
    kept.write_text(
        json.dumps({key: {name: getattr(e, name) for name in Entry.__slots__} for key, e in entries.items()})
    )
    return entries


def _document(status: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code></Error>".encode()


def _body_bytes(request: str) -> int:
    """The length of the body of a request."""
    found = re.search(r"\r\ncontent-length: *(\d+)", request, re.IGNORECASE)
    return int(found[1]) if found else 0


def _of_queue(headers: dict[str, str]) -> bytes:
    """The answer to a request of SQS; none to one for messages, because none ever come."""
    if headers.get("x-amz-target", "").endswith(".ReceiveMessage"):
        return b""
    return _document("200 OK", b'{"Attributes": {}}')


def _total(counters: mmap.mmap) -> int:
    return sum(value for (value,) in _COUNTER.iter_unpack(counters[: _PROCESSES * _COUNTER.size]))


def main() -> None:
    """Serve with two processes, until standard input is closed."""
    directory = Path(sys.argv[1])
    index_of(directory)
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listening.getsockname()[1], flush=True)
    counters = mmap.mmap(-1, mmap.PAGESIZE)
    for number in range(_PROCESSES):
        if os.fork() == 0:
            ObjectServer(directory, listening, counters, number).serve()
    listening.close()
    sys.stdin.read()
    os.killpg(0, 15)


if __name__ == "__main__":
    os.setpgrp()
    main()
