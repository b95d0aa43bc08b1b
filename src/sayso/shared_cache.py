"""A cache in S3 that workers on many machines share, behind each worker's local cache.

An utterance that one worker has synthesised is not synthesised again by another, and a job that is resumed on another
machine finds what was made. Work never waits for S3: entries are uploaded in the background, and while S3 fails it is
not called.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING

import structlog

from sayso.aws.object_store import first_line, open_object_store
from sayso.cache import pack_entry, unpack_entry
from sayso.resilience import Breaker, BreakerState
from sayso.resilience.breaker_limits import SHARED_CACHE

if TYPE_CHECKING:
    from collections.abc import Callable

    from obstore.store import S3Store

    from sayso.cache import Cache
    from sayso.settings.aws import AwsSettings

_log = structlog.get_logger(__name__)

_TIMEOUT_SECONDS = 5.0

_LARGEST_BYTES = 8 * 2**20
"""A larger entry is a whole file, not an utterance, and is made again sooner than it is transferred."""

_WAITING_BYTES = 64 * 2**20


def open_s3_cache(
    url: str,
    settings: AwsSettings,
    *,
    timeout_seconds: float = _TIMEOUT_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> S3Cache:
    """Open the cache below a prefix in S3; S3 is not called yet.

    Args:
        url: the prefix, as ``s3://bucket/prefix``.
        settings: how S3 is reached.
        timeout_seconds: how long a call may take.
        clock: monotonic seconds.

    Raises:
        NotInstalled: the extra ``s3`` is missing.
        InvalidInput: the address or a setting cannot be used.
    """
    store = open_object_store(url, settings, max_retries=0, timeout_seconds=timeout_seconds)
    return S3Cache(store, clock=clock)


class S3Cache:
    """See `sayso.cache.Cache`; each entry is one object, with a checksum.

    After two failures in a row S3 is not called for a minute: reads are misses, and writes are dropped. Reads and
    writes are counted separately, because only one of them may be forbidden. Nothing is removed: a lifecycle rule of
    the bucket can remove old entries.

    Args:
        store: the objects.
        clock: monotonic seconds.
    """

    def __init__(self, store: S3Store, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._reading = _LoggingBreaker("reading", clock)
        self._writing = _LoggingBreaker("writing", clock)

    def get(self, key: str) -> bytes | None:
        """See `Cache.get`; a damaged entry is a miss, and the next `put` replaces it."""
        import obstore
        from obstore.exceptions import BaseError, NotFoundError

        if not self._reading.allows():
            return None
        try:
            entry = bytes(obstore.get(self._store, _path(key)).bytes())
        except (NotFoundError, FileNotFoundError):
            entry = b""
        except (BaseError, OSError) as error:
            self._reading.failed(error)
            return None
        self._reading.succeeded()
        return unpack_entry(entry)

    def put(self, key: str, data: bytes) -> None:
        """See `Cache.put`; an entry of more than 8 MiB is not stored."""
        import obstore
        from obstore.exceptions import BaseError

        if len(data) > _LARGEST_BYTES or not self._writing.allows():
            return
        try:
            obstore.put(self._store, _path(key), pack_entry(data), use_multipart=False)
        except (BaseError, OSError) as error:
            self._writing.failed(error)
        else:
            self._writing.succeeded()

    def close(self, timeout_seconds: float) -> None:
        """Does nothing: `put` uploads each entry before it returns."""


class _LoggingBreaker:
    """A breaker that logs when it opens; any thread may use it.

    Args:
        operation: ``reading`` or ``writing``, for the log.
        clock: monotonic seconds.
    """

    def __init__(self, operation: str, clock: Callable[[], float]) -> None:
        self._operation = operation
        self._breaker = Breaker(SHARED_CACHE, clock=clock)
        self._lock = threading.Lock()  # counts one failure at a time, so that exactly one of them opens the breaker
        self.allows = self._breaker.allows
        self.succeeded = self._breaker.succeeded

    def failed(self, error: Exception) -> None:
        """Count a failure."""
        with self._lock:
            before = self._breaker.state
            self._breaker.failed()
            if before is BreakerState.CLOSED and self._breaker.state is BreakerState.OPEN:
                _log.warning("shared cache left alone", doing=self._operation, reason=first_line(error))


class TieredCache:
    """A local cache in front of a remote one; see `sayso.cache.Cache`.

    A hit in the remote cache is copied to the local one. `put` writes to the local cache at once; a background thread,
    started by the first entry, uploads to the remote one and drops entries when it cannot keep up. ``_changed`` guards
    all state that threads share.

    Args:
        near: the local cache, asked first.
        far: the remote cache, asked after a miss.
        waiting_bytes: how much may wait for upload.
    """

    def __init__(self, near: Cache, far: Cache, *, waiting_bytes: int = _WAITING_BYTES) -> None:
        self._near = near
        self._far = far
        self._room_bytes = waiting_bytes
        self._changed = threading.Condition()
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        self._has_dropped = False

    def get(self, key: str) -> bytes | None:
        """See `Cache.get`."""
        data = self._near.get(key)
        if data is None and (data := self._far.get(key)) is not None:
            self._near.put(key, data)
        return data

    def put(self, key: str, data: bytes) -> None:
        """See `Cache.put`; does not wait for the remote cache."""
        self._near.put(key, data)
        with self._changed:
            if self._is_closed:
                return
            if len(data) > self._room_bytes:
                self._log_dropped()
                return
            self._room_bytes -= len(data)
            self._waiting.append((key, data))
            if self._thread is None:
                self._thread = threading.Thread(target=self._send, name="shared-cache", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self, timeout_seconds: float) -> None:
        """Upload the waiting entries within this many seconds; afterwards nothing more is uploaded."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout_seconds)
        with self._changed:
            self._waiting.clear()

    def _send(self) -> None:
        while (entry := self._next()) is not None:
            key, data = entry
            self._far.put(key, data)
            with self._changed:
                self._room_bytes += len(data)

    def _next(self) -> tuple[str, bytes] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            return self._waiting.popleft() if self._waiting else None

    def _log_dropped(self) -> None:
        if not self._has_dropped:
            self._has_dropped = True
            _log.warning(
                "shared cache does not keep up",
                hint="Utterances that are missing there are synthesised again when they are needed.",
            )


def _path(key: str) -> str:
    return f"{key[:2]}/{key}.entry"
