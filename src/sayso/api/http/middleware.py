"""The middleware that every request passes on its way to a route and back.

Pure ASGI: a wrapper that buffers, or runs the route in its own task, would hide a disconnect of the client.
From the outside in: `RequestIds`, `AccessLog`, `SecurityHeaders`, `TrustedHosts` and `CrossOriginRequests` (see
`origins`), `FairShares`, CORS, `AnswerHeaders`, `HeadRequests`, `UnhandledErrors`.
"""

from __future__ import annotations

import re
import secrets
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import Headers, MutableHeaders

from sayso.api.auth.keys import presented_keys
from sayso.api.http.connections import PROBES
from sayso.api.http.errors import Problem, problem_of
from sayso.api.http.rate_limits import address_of
from sayso.errors import Busy
from sayso.web.policy import PAGE_POLICY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sayso.api.auth.keys import KeyRing
    from sayso.api.http.rate_limits import RequestShares
    from sayso.observability.metrics import Metrics

_log = structlog.get_logger(__name__)

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_STATUS_CLIENT_GONE = 499
"""nginx's status for a request whose client disconnected before the response."""

DOCS_POLICY = (
    "default-src 'self'; "
    "script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; "
    "object-src 'none'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""The policy of FastAPI's documentation page, which starts with an inline script."""

_POLICIES = {"/docs": DOCS_POLICY}

ANSWER_HEADERS = "sayso.answer_headers"
"""The key in the ASGI scope of a mapping of response headers, which dependencies of a route fill."""


class RequestIds:
    """Gives every request an id: the client's own if it is valid, else a new one.

    It is in every log message of the request, on every thread, and in the response's ``x-request-id``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _SANE_REQUEST_ID.fullmatch(given) else f"req_{secrets.token_hex(16)}"

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._app(scope, receive, send_with_id)


class AccessLog:
    """Writes one line for each completed request, and counts it.

    The line has the template of the route and not the path, so that neither ids nor queries, which may contain secrets,
    are logged. Values that the route has bound to the log's context, such as the client's name, are logged too.

    Args:
        app: the wrapped application.
        metrics: counts the requests.
        quiet: routes that are logged at the level debug, because probes call them every few seconds.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        quiet: frozenset[str] = frozenset({"/health", "/healthz", "/ready", "/live", "/metrics"}),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._quiet = quiet
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        traffic = _Traffic(receive, send)
        began = self._clock()
        try:
            with self._metrics.in_flight():
                await self._app(scope, traffic.receive, traffic.send)
        except Exception:
            traffic.is_aborted = True
            raise
        finally:
            self._log_request(scope, traffic, self._clock() - began)

    def _log_request(self, scope: Scope, traffic: _Traffic, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = route_template(scope)
        self._metrics.observe_request(
            route=route,
            method=method,
            status=traffic.status,
            seconds=seconds,
            received_bytes=traffic.received_bytes,
            sent_bytes=traffic.sent_bytes,
        )
        log = _log.debug if route in self._quiet else _log.info
        log(
            "request",
            method=method,
            route=route,
            status=traffic.status,
            duration_ms=round(seconds * 1000, 1),
            received_bytes=traffic.received_bytes,
            sent_bytes=traffic.sent_bytes,
            **({"broke_off": True} if traffic.is_aborted else {}),
        )


class _Traffic:
    """Counts the bytes between a client and the app.

    Attributes:
        status: of the response; 499 while there is none.
        received_bytes: of the request's body.
        sent_bytes: of the response's body.
        is_aborted: whether an error ended the response.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.status = _STATUS_CLIENT_GONE
        self.received_bytes = 0
        self.sent_bytes = 0
        self.is_aborted = False

    async def receive(self) -> Message:
        message = await self._receive()
        self.received_bytes += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self.sent_bytes += len(message.get("body", b""))
        await self._send(message)


class UnhandledErrors:
    """Logs an unhandled error with its traceback, and answers 500 in OpenAI's envelope.

    If the response has begun, the error is raised again, which makes the server close the connection: a client must not
    mistake a part for the whole.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            if has_begun:
                raise
            _log.exception("unhandled error", route=route_template(scope))
            problem = Problem(status=500, message="The server failed; its log says why.", type="server_error")
            await problem.response()(scope, receive, send)


class FairShares:
    """Refuses requests of a client that has its share of the connections; probes of orchestrators always pass.

    Args:
        app: the wrapped application.
        keys: identify clients; those without a key are identified by their addresses.
        shares: counts the requests.
    """

    def __init__(self, app: ASGIApp, *, keys: KeyRing, shares: RequestShares) -> None:
        self._app = app
        self._keys = keys
        self._shares = shares

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
            return
        key = self._keys.identify(*presented_keys(Headers(scope=scope)))
        with ExitStack() as stack:
            try:
                stack.enter_context(self._shares.count(f"key {key.name}" if key else address_of(scope)))
            except Busy as busy:
                await problem_of(busy).response()(scope, receive, send)
                return
            await self._app(scope, receive, send)


class SecurityHeaders:
    """Adds headers that tell browsers not to guess content types, and what our pages may do.

    Args:
        app: the wrapped application.
        policies: the Content-Security-Policy of single paths, by default that of FastAPI's own page; a response with
            its own policy keeps it.
    """

    def __init__(self, app: ASGIApp, *, policies: Mapping[str, str] | None = None) -> None:
        self._app = app
        self._policies = _POLICIES if policies is None else policies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["x-content-type-options"] = "nosniff"
                headers["referrer-policy"] = "no-referrer"
                headers.setdefault("content-security-policy", self._policies.get(scope["path"], PAGE_POLICY))
            await send(message)

        await self._app(scope, receive, send_with_headers)


class AnswerHeaders:
    """Adds the headers in the scope under `ANSWER_HEADERS`, such as the rate limit, to responses, including errors."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(scope.get(ANSWER_HEADERS, {}))
            await send(message)

        await self._app(scope, receive, send_with_headers)


def route_template(scope: Scope) -> str:
    """The template of a request's route, ``/v1/models/{model}``; ``unmatched`` if there is none."""
    route = scope.get("route")
    return getattr(route, "path", None) or "unmatched"
