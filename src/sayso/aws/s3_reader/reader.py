"""Requests that read a bucket: its objects, their facts, and its listing."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.aws.clock import ServerClock
from sayso.aws.s3_reader.connection import StaleConnection
from sayso.aws.s3_reader.errors import error_of
from sayso.aws.s3_reader.pool import ConnectionPool
from sayso.aws.s3_reader.signing import Signer, encode_path, encode_query
from sayso.errors import Cancelled, ServiceUnavailable
from sayso.resilience.retry import RetryableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from sayso.aws.s3_reader.connection import Head, HttpConnection
    from sayso.aws.s3_reader.location import BucketLocation

_SUCCESS = frozenset({200, 206})
_FORBIDDEN = 403
_MAXIMUM_ERROR_BYTES = 2**18
_MAXIMUM_PAGE_BYTES = 2**26
_MAXIMUM_SKEW_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ReaderOptions:
    """The time limits of a `BucketReader`.

    Attributes:
        connect_seconds: of connecting.
        read_seconds: of each wait for bytes.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 30.0


class ObjectBody:
    """The response to GET: its headers, and the content as it arrives; a context manager, for one thread.

    Args:
        head: of the response.
        connection: on which the content arrives.
        pool: where the connection goes at the end; one whose content is not read to its end is closed.
        uri: of the object, for messages.
    """

    def __init__(self, head: Head, connection: HttpConnection, pool: ConnectionPool, uri: str) -> None:
        self.status = head.status
        self.headers = head.headers
        self._connection = connection
        self._pool = pool
        self._uri = uri

    def read_into(self, buffer: memoryview) -> int:
        """Receive more of the content into a buffer; 0 at its end.

        Raises:
            RetryableError: the connection fails, or ends early; around a `ServiceUnavailable`.
        """
        try:
            return self._connection.read_into(buffer)
        except OSError as error:
            raise _lost(self._uri, error) from None

    def read_all(self, limit_bytes: int) -> bytes:
        """The rest of the content.

        Raises:
            RetryableError: the connection fails, or ends early, or the content is longer than the limit.
        """
        try:
            return self._connection.read_all(limit_bytes)
        except OSError as error:
            raise _lost(self._uri, error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.release(self._connection)


class BucketReader:
    """Reads one bucket; any thread may use it. No request is repeated here but one over a stale connection.

    Args:
        location: of the bucket.
        options: the time limits.
    """

    def __init__(self, location: BucketLocation, options: ReaderOptions | None = None) -> None:
        limits = options or ReaderOptions()
        self._location = location
        self._stopped = threading.Event()
        self._server_clock = ServerClock(time.monotonic)
        self._signer = Signer(location.keys, region=location.region, now=self._now)
        self._pool = ConnectionPool(
            location.address, connect_seconds=limits.connect_seconds, read_seconds=limits.read_seconds
        )

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self._location.bucket

    @property
    def place(self) -> str:
        """Where the bucket is: its host and its path, by which it differs from others."""
        return f"{self._location.host}{self._location.path}"

    def uri_of(self, key: str) -> str:
        """The URI of an object, for messages."""
        return f"s3://{self._location.bucket}/{key}"

    def head(self, key: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Mapping[str, str]:
        """The headers of the response to HEAD, their names in lower case.

        Args:
            key: of the object.
            query: additional parameters, as ``versionId``.
            headers: additional ones, their names in lower case, as ``x-amz-checksum-mode``.

        Raises:
            ObjectAbsent: there is no such object.
            ObjectChanged: a condition does not hold.
            RetryableError: the request may succeed later; around a `ServiceUnavailable`.
            ServiceUnavailable, ResourceMissing, InvalidInput: S3 refuses.
            Cancelled: the reader was stopped.
        """
        self.pause(0)
        with self._answer("HEAD", key, query, headers) as answer:
            return answer.headers

    def open(self, key: str, query: Mapping[str, str], headers: Mapping[str, str]) -> ObjectBody:
        """The response to GET, to be used as a context manager.

        Raises:
            ObjectAbsent, ObjectChanged, RetryableError, ServiceUnavailable, ResourceMissing, InvalidInput: as `head`.
        """
        return self._answer("GET", key, query, headers)

    def page(self, query: Mapping[str, str]) -> bytes:
        """The document of a request for the bucket itself, as a page of its listing.

        Raises:
            RetryableError, ServiceUnavailable, ResourceMissing, InvalidInput, Cancelled: as `head`.
        """
        self.pause(0)
        with self._answer("GET", "", query, {}) as answer:
            return answer.read_all(_MAXIMUM_PAGE_BYTES)

    def pause(self, seconds: float) -> None:
        """Wait before a request is made again; blocks.

        Raises:
            Cancelled: the reader was stopped.
        """
        if self._stopped.wait(seconds):
            raise Cancelled("Reading the bucket was stopped.")

    def stop(self) -> None:
        """End what is under way, each with an error in its thread; pauses, `head` and `page` raise `Cancelled` now."""
        self._stopped.set()
        self._pool.abort()

    def abort(self) -> None:
        """End all requests that are under way, each with an error in its thread."""
        self._pool.abort()

    def close(self) -> None:
        """Close the idle connections; requests that are under way go on."""
        self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, method: str, key: str, query: Mapping[str, str], headers: Mapping[str, str]) -> ObjectBody:
        uri = self.uri_of(key)
        request = self._request(method, key, query, headers)
        try:
            head, connection = self._ask(request, is_head=method == "HEAD")
        except OSError as error:
            raise _lost(uri, error) from None
        answer = ObjectBody(head, connection, self._pool, uri)
        if head.status in _SUCCESS:
            return answer
        with answer:
            body = answer.read_all(_MAXIMUM_ERROR_BYTES)
        self._correct_clock(head)
        operation = {"HEAD": "head_object", "GET": "get_object"}[method] if key else "list_objects_v2"
        raise error_of(head.status, head.headers, body, subject=uri, operation=operation, region=self._location.region)

    def _ask(self, request: bytes, *, is_head: bool) -> tuple[Head, HttpConnection]:
        """The head of the response, over an idle connection if it is still open."""
        with suppress(StaleConnection):
            return self._ask_once(request, is_head=is_head, is_new=False)
        return self._ask_once(request, is_head=is_head, is_new=True)

    def _ask_once(self, request: bytes, *, is_head: bool, is_new: bool) -> tuple[Head, HttpConnection]:
        connection = self._pool.acquire(is_new=is_new)
        try:
            return connection.ask(request, is_head=is_head), connection
        except BaseException:
            connection.close()
            self._pool.release(connection)
            raise

    def _request(self, method: str, key: str, query: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
        location = self._location
        path = location.path + encode_path(key)
        if not key and len(path) > 1:
            path = path.removesuffix("/")
        target = f"{path}?{encode_query(query)}" if query else path
        lines = [f"{method} {target} HTTP/1.1", f"host: {location.host}", "user-agent: sayso", "accept: */*"]
        sent = self._signer.signed(method, location.host, path, query, headers)
        lines.extend(f"{name}: {value}" for name, value in sent.items())
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def _now(self) -> float:
        return self._server_clock.now() if self._server_clock.is_set else time.time()

    def _correct_clock(self, head: Head) -> None:
        """After a refusal, take the server's time for signatures if ours is wrong; the request may then succeed.

        Raises:
            RetryableError: the clock was wrong.
        """
        if head.status != _FORBIDDEN or "date" not in head.headers:
            return
        before = self._now()
        self._server_clock.record(head.headers)
        if abs(self._now() - before) > _MAXIMUM_SKEW_SECONDS:
            raise RetryableError(ServiceUnavailable("The clock of this machine is not that of S3."))


def _lost(uri: str, error: OSError) -> RetryableError:
    detail = error.strerror or str(error) or type(error).__name__
    return RetryableError(ServiceUnavailable(f"The connection for {uri} failed: {detail}."))
