"""Fetch one piece of an object: pinned, checked, continued after a break, within the bandwidth."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING

from sayso.aws.s3_reader import ObjectChanged
from sayso.errors import Cancelled, ServiceUnavailable
from sayso.modelsync.bucket.object_facts import CHECKSUM_MODE, ObjectFacts, bare_etag, facts_of_headers
from sayso.modelsync.checksums.range_hashes import RangeHash
from sayso.modelsync.transfers.partial_files import write_at
from sayso.resilience.retry import RetryableError, retry_blocking

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from types import TracebackType
    from typing import Self

    from sayso.aws.s3_reader import ObjectBody
    from sayso.modelsync.checksums.range_hashes import Range
    from sayso.modelsync.records import ChecksumAlgorithm, RemoteObject
    from sayso.modelsync.transfers.context import TransferContext

_SLOWEST_BYTES_PER_SECOND = 1024
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")

_of_thread = threading.local()


class Piece:
    """A range of an object, as far as it was received.

    Args:
        part: the range.
        remote: the object.
        algorithms: of its checksums.
        is_whole: whether it is the whole object, and its facts are still to be learnt from the response.
    """

    def __init__(
        self,
        part: Range,
        *,
        remote: RemoteObject,
        algorithms: Collection[ChecksumAlgorithm] = (),
        is_whole: bool = False,
    ) -> None:
        self.part = part
        self.remote = remote
        self.is_whole = is_whole
        self.hashing = RangeHash(algorithms)
        self.position = part.start


class PieceReader:
    """Receives a piece; a context manager, for one thread.

    Args:
        context: what all transfers share.
        piece: to be received.
        stopped: ends the transfer with `Cancelled`.
    """

    def __init__(self, context: TransferContext, piece: Piece, stopped: threading.Event) -> None:
        self._context = context
        self._piece = piece
        self._stopped = stopped
        self._body: ObjectBody | None = None
        self.received_bytes = 0

    def open(self) -> ObjectFacts:
        """Begin to receive the whole object, and learn its facts.

        Raises:
            ObjectAbsent, ObjectChanged: it is not the object that was listed.
            ServiceUnavailable, ResourceMissing, InvalidInput: of the bucket.
        """

        def attempt() -> ObjectFacts:
            self._close()
            body = self._body = self._request()
            remote = self._piece.remote
            return facts_of_headers(remote.key, body.headers, modified_at=remote.modified_at)

        try:
            facts = retry_blocking(attempt, self._context.options.retry, on=RetryableError, sleep=self._sleep)
        except RetryableError as failure:
            raise failure.error from None
        if facts.remote.size_bytes != self._piece.remote.size_bytes:
            raise ObjectChanged(f"{self._uri} is not the object that was listed any more.")
        return facts

    def receive(self, descriptor: int) -> None:
        """Receive the rest of the piece into a file; after a break, from where it broke.

        Raises:
            Cancelled: the transfer was stopped.
            OSError: the file cannot be written.
            ObjectAbsent, ObjectChanged, ServiceUnavailable, …: as `open`.
        """
        while True:
            before = self._piece.position
            try:
                retry_blocking(
                    lambda: self._receive_once(descriptor),
                    self._context.options.retry,
                    on=RetryableError,
                    sleep=self._sleep,
                )
            except RetryableError as failure:
                if self._piece.position == before:
                    raise failure.error from None
            else:
                return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def _uri(self) -> str:
        return self._context.reader.uri_of(self._piece.remote.key)

    def _close(self) -> None:
        if self._body is not None:
            self._body.__exit__(None, None, None)
            self._body = None

    def _sleep(self, seconds: float) -> None:
        if self._stopped.wait(seconds) if seconds else self._stopped.is_set():
            raise Cancelled(f"The transfer of {self._uri} was stopped.")

    def _request(self) -> ObjectBody:
        """The response for what is missing of the piece, checked."""
        piece, remote = self._piece, self._piece.remote
        query: dict[str, str] = {} if remote.version_id is None else {"versionId": remote.version_id}
        headers: dict[str, str] = {"if-match": f'"{remote.etag}"'} if remote.etag else {}
        is_range = not (piece.is_whole and piece.position == piece.part.start)
        if is_range:
            headers["range"] = f"bytes={piece.position}-{piece.part.end - 1}"
        else:
            headers.update(CHECKSUM_MODE)
        body = self._context.reader.open(remote.key, query, headers)
        try:
            self._check(body.headers, is_range=is_range)
        except BaseException:
            body.__exit__(None, None, None)
            raise
        return body

    def _check(self, headers: Mapping[str, str], *, is_range: bool) -> None:
        piece = self._piece
        etag = bare_etag(headers.get("etag", ""))
        if etag and piece.remote.etag and etag != piece.remote.etag:
            raise ObjectChanged(f"{self._uri} was changed while it was read.")
        if not is_range:
            return
        found = _CONTENT_RANGE.fullmatch(headers.get("content-range", ""))
        wanted = (piece.position, piece.part.end - 1, piece.remote.size_bytes)
        length = headers.get("content-length")
        if found is None or tuple(map(int, found.groups())) != wanted:  # the status is 200 on some servers
            raise RetryableError(
                ServiceUnavailable(f"The server did not send the range of {self._uri} that it should.")
            )
        if length != str(piece.part.end - piece.position):
            raise RetryableError(ServiceUnavailable(f"The server sent a range of {self._uri} of another length."))

    def _receive_once(self, descriptor: int) -> None:
        if self._body is None:
            self._body = self._request()
        try:
            self._receive_body(self._body, descriptor)
        finally:
            self._close()
        if self._piece.position != self._piece.part.end:
            raise RetryableError(ServiceUnavailable(f"The server sent {self._uri} with another length."))

    def _receive_body(self, body: ObjectBody, descriptor: int) -> None:
        """Receive into a buffer, and write it when it is full; what came before an error is written, too."""
        buffer = _buffer(self._context.options.buffer_bytes)
        bandwidth = self._context.bandwidth
        if bandwidth is not None:
            buffer = buffer[: bandwidth.block_bytes]
        stall = _Stall(self._context.options.stall_seconds)
        filled = 0
        try:
            while True:
                began = time.monotonic()
                count = body.read_into(buffer[filled:])
                filled += count
                stall.note(count, time.monotonic() - began, self._uri)
                if filled == len(buffer) or not count:
                    self._flush(buffer[:filled], descriptor)
                    filled = 0
                if not count:
                    return
        except RetryableError:
            self._flush(buffer[:filled], descriptor)
            raise

    def _flush(self, data: memoryview, descriptor: int) -> None:
        if not data:
            return
        piece, context = self._piece, self._context
        write_at(descriptor, data, piece.position)
        piece.hashing.update(data)
        piece.position += len(data)
        self.received_bytes += len(data)
        context.on_received(len(data))
        self._sleep(0 if context.bandwidth is None else context.bandwidth.pay(len(data)))


class _Stall:
    """Notices that a connection brings almost nothing; the time that the bandwidth's limit takes does not count."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waited_seconds = 0.0
        self._bytes = 0

    def note(self, count: int, seconds: float, uri: str) -> None:
        """Note one wait for bytes.

        Raises:
            RetryableError: the connection is too slow.
        """
        self._waited_seconds += seconds
        self._bytes += count
        if self._waited_seconds < self._seconds:
            return
        if self._bytes < self._waited_seconds * _SLOWEST_BYTES_PER_SECOND:
            raise RetryableError(ServiceUnavailable(f"The connection for {uri} brings almost nothing."))
        self._waited_seconds, self._bytes = 0.0, 0


def _buffer(size_bytes: int) -> memoryview:
    """The buffer of this thread."""
    buffer: memoryview | None = getattr(_of_thread, "buffer", None)
    if buffer is None or len(buffer) != size_bytes:
        buffer = _of_thread.buffer = memoryview(bytearray(size_bytes))
    return buffer
