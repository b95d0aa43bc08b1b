"""Fetching a file from a URL that a caller names, without being made to reach where the caller cannot.

What comes of a URL is the caller's business: whatever is wrong with it is `FetchRefused`, in words that tell neither
which address a name has nor anything that was answered but its status.
"""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import closing
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import httpcore2

from sayso.errors import DeadlineExceeded, FetchFailed, FetchRefused, OutputFailed, TooLarge
from sayso.files import plain_suffix
from sayso.net.location import locate
from sayso.net.wire import Guard, GuardedBackend, OutOfTime, Sockets
from sayso.scheduling import FREE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from sayso.net.location import Location
    from sayso.scheduling import RequestContext

_MAXIMUM_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_OK = 200
_MAY_PASS = frozenset({408, 425, 429})
_SERVER_FAULT = 500
_MOST_DIGITS = 9


def _any_type(_kind: str) -> None:
    """Take every media type."""


def fetch(
    url: str,
    directory: Path,
    *,
    maximum_bytes: int,
    timeout_seconds: float,
    private_hosts: Collection[str] = (),
    check_type: Callable[[str], None] = _any_type,
    ticket: RequestContext = FREE,
    clock: Callable[[], float] = time.monotonic,
    wall_clock: Callable[[], float] = time.time,
) -> Path:
    """Download a file; blocks, for a thread.

    It goes only to addresses of the public internet, at every redirect anew, and connects to the very address that it
    has checked. No proxy of the environment is used.

    Args:
        url: of HTTP or HTTPS, without credentials.
        directory: where the file goes, under a new name; its suffix is the URL's where that is plain.
        maximum_bytes: the size of the largest file that is taken.
        timeout_seconds: for everything, from the name's resolution to the last byte.
        private_hosts: hosts that may be named although their addresses are not public.
        check_type: told the media type that the host says, in lower case, without parameters, empty where it says none;
            raises to refuse it.
        ticket: whether it is still wanted; a cancellation shuts the connection down at once.
        clock: monotonic seconds.
        wall_clock: Unix time in seconds, for a ``Retry-After`` that is a date.

    Returns:
        The file, which is the caller's to delete. After an error there is none.

    Raises:
        FetchRefused: the URL may not be fetched, or does not give a file.
        FetchFailed: it may give its file later: the host is down, busy or slow, or broke off.
        TooLarge: the file is larger.
        Cancelled, DeadlineExceeded: as the ticket says.
        OutputFailed: the file cannot be written.
    """
    deadline = clock() + timeout_seconds

    def left_seconds() -> float:
        ticket.check()
        left = min(deadline - clock(), ticket.remaining_seconds())
        if left <= 0:
            raise OutOfTime
        return left

    sockets = Sockets()
    guard = Guard(
        private_hosts=frozenset(host.lower().strip("[].") for host in private_hosts),
        left_seconds=left_seconds,
        opened=sockets.add,
    )
    with ticket.on_cancel(sockets.shut_down):
        try:
            return _Download(guard, directory, maximum_bytes, check_type, wall_clock).follow(locate(url))
        except OutOfTime:
            if ticket.remaining_seconds() < deadline - clock():
                raise DeadlineExceeded("The deadline came while a URL was fetched.") from None
            raise FetchFailed(f"The URL did not give its file within {timeout_seconds:g} seconds.") from None
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException) as error:
            ticket.check()  # a connection that was shut down has no other fault
            _raise_for(error)


def _raise_for(error: Exception) -> NoReturn:
    if isinstance(error, httpcore2.ConnectError):
        raise FetchFailed("The URL's host cannot be found or reached, or is not who it says.") from None
    raise FetchFailed("The URL's answer broke off or is no HTTP.") from None


class _Download:
    """One file on its way."""

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
            # A pool for each, so that no connection outlives its request.
            with httpcore2.ConnectionPool(network_backend=GuardedBackend(self._guard), http2=False) as pool:
                response = pool.handle_request(_request(location))
                with closing(response):
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
        if encoding.lower() != b"identity":  # we asked for that one; and a compressed file's size is anybody's guess
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


def _request(location: Location) -> httpcore2.Request:
    return httpcore2.Request(
        "GET",
        httpcore2.URL(scheme=location.scheme, host=location.host, port=location.port, target=location.target),
        headers=[
            ("Host", location.host_header),
            ("User-Agent", "sayso"),
            ("Accept", "*/*"),
            ("Accept-Encoding", "identity"),
            ("Connection", "close"),
        ],
    )


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
