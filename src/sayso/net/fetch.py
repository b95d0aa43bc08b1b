"""Download a file from a URL that a caller names, without reaching a host that the caller cannot reach.

Every fault of a URL is `FetchRefused`. Its message names neither the address of a host nor anything of the answer but
its status.
"""

from __future__ import annotations

import os
import tempfile
import time
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sayso.errors import FetchFailed, FetchRefused, OutputFailed, TooLarge
from sayso.files import plain_suffix
from sayso.net.client import answered, guarded
from sayso.net.location import locate
from sayso.scheduling import UNBOUNDED

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    import httpcore2

    from sayso.net.location import Location
    from sayso.net.wire import Guard
    from sayso.scheduling import RequestContext

_MAXIMUM_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200
_MAY_PASS = frozenset({408, 425, 429})
_SERVER_FAULT = 500
_MOST_DIGITS = 9


def _any_type(_kind: str) -> None:
    """Accept every media type."""


def fetch(
    url: str,
    directory: Path,
    *,
    maximum_bytes: int,
    timeout_seconds: float,
    private_hosts: Collection[str] = (),
    check_type: Callable[[str], None] = _any_type,
    context: RequestContext = UNBOUNDED,
    clock: Callable[[], float] = time.monotonic,
    wall_clock: Callable[[], float] = time.time,
) -> Path:
    """Download a file; blocks, for a thread.

    It connects only to addresses of the public internet, also after each redirect, and to the very address that was
    checked. No proxy of the environment is used.

    Args:
        url: of HTTP or HTTPS, without credentials.
        directory: where the file goes, under a new name; its suffix is the URL's where that is plain.
        maximum_bytes: the size of the largest file that is taken.
        timeout_seconds: for everything, from the name's resolution to the last byte.
        private_hosts: hosts that may be named although their addresses are not public.
        check_type: called with the media type of the answer, in lower case, without parameters, empty where there is
            none; raises to refuse it.
        context: a cancellation shuts the connection down at once.
        clock: monotonic seconds.
        wall_clock: Unix time in seconds, for a ``Retry-After`` that is a date.

    Returns:
        The file, which is the caller's to delete. After an error there is none.

    Raises:
        FetchRefused: the URL may not be fetched, or does not give a file.
        FetchFailed: it may give its file later: the host is down, busy or slow, or broke off.
        TooLarge: the file is larger.
        Cancelled, DeadlineExceeded: as the context says.
        OutputFailed: the file cannot be written.
    """
    guarding = guarded(
        context,
        timeout_seconds=timeout_seconds,
        private_hosts=private_hosts,
        clock=clock,
        failed=FetchFailed,
        timed_out=f"The URL did not give its file within {timeout_seconds:g} seconds.",
    )
    with guarding as guard:
        return _Download(guard, directory, maximum_bytes, check_type, wall_clock).follow(locate(url))


class _Download:
    """The download of one file."""

    def __init__(
        self,
        guard: Guard,
        directory: Path,
        maximum_bytes: int,
        check_type: Callable[[str], None],
        wall_clock: Callable[[], float],
    ) -> None:
        self._check_type = check_type
        self._wall_clock = wall_clock
        self._guard = guard
        self._directory = directory
        self._maximum_bytes = maximum_bytes

    def follow(self, location: Location) -> Path:
        """The file at a location, or where that redirects to."""
        for _ in range(_MAXIMUM_REDIRECTS + 1):
            with answered(self._guard, "GET", location) as response:
                redirect = _redirect(response)
                if redirect is None:
                    return self._keep(response, plain_suffix(location.path))
            location = location.redirected(redirect)
        raise FetchRefused(f"The URL redirects more than {_MAXIMUM_REDIRECTS} times.")

    def _keep(self, response: httpcore2.Response, suffix: str) -> Path:
        """Write an answer's body to a file."""
        self._check_head(response)
        try:
            handle, name = tempfile.mkstemp(prefix="fetched-", suffix=suffix, dir=self._directory)
        except OSError as error:
            raise OutputFailed(f"Cannot write to {self._directory}: {error.strerror}.") from error
        path = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in self._bounded(response):
                    file.write(chunk)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise OutputFailed(f"Cannot write {path}: {error.strerror}.") from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    def _check_head(self, response: httpcore2.Response) -> None:
        if response.status != _OK:
            message = f"The URL answers with status {response.status}."
            if response.status in _MAY_PASS or response.status >= _SERVER_FAULT:
                raise FetchFailed(message, retry_after_seconds=_pause_seconds(response, self._wall_clock()))
            raise FetchRefused(message)
        kind = (_header(response, b"content-type") or b"").decode("latin-1")
        self._check_type(kind.partition(";")[0].strip().lower())
        encoding = _header(response, b"content-encoding") or b"identity"
        if encoding.lower() != b"identity":  # identity was requested, and the size of a compressed file is not known
            raise FetchRefused("The URL's answer is compressed, although it was asked not to be.")
        announced = _header(response, b"content-length") or b""
        if announced.isdigit() and int(announced) > self._maximum_bytes:
            raise self._too_large()

    def _bounded(self, response: httpcore2.Response) -> Iterator[bytes]:
        read_bytes = 0
        for chunk in response.iter_stream():
            read_bytes += len(chunk)
            if read_bytes > self._maximum_bytes:
                raise self._too_large()
            yield chunk

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The URL's file is larger than {self._maximum_bytes} bytes.")


def _redirect(response: httpcore2.Response) -> str | None:
    """Where an answer sends the client; None for an answer that does not."""
    to = _header(response, b"location")
    return to.decode("utf-8", "replace") if response.status in _REDIRECTS and to else None


def _pause_seconds(response: httpcore2.Response, now_seconds: float) -> float | None:
    """How long ``Retry-After`` asks to wait, in seconds or until a date (RFC 9110, 10.2.3)."""
    asked = (_header(response, b"retry-after") or b"").decode("latin-1")
    if asked.isdecimal():
        return float(asked[:_MOST_DIGITS])
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - now_seconds)
    except (OverflowError, ValueError):
        return None


def _header(response: httpcore2.Response, name: bytes) -> bytes | None:
    for key, value in response.headers:
        if key.lower() == name:
            return value.strip()
    return None
