"""What every request passes on its way to a route and back.

Pure ASGI: a wrapper that buffers or runs the route in a task of its own would hide the client's going away from it.
From the outside in: `RequestIds`, `AccessLog`, `SecurityHeaders`, `TrustedHosts` and `CrossOriginRequests` (see
`origins`), `FairShares`, CORS, `AnswerHeaders`, `UnhandledErrors`.
"""

from __future__ import annotations

import re
import secrets
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import Headers, MutableHeaders

from sayso.api.auth.keys import presented_key
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
"""As nginx logs a request whose client went away before its answer."""

DOCS_POLICY = (
    "default-src 'self'; "
    "script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; "
    "object-src 'none'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'"
)
"""What FastAPI's page of the OpenAPI may do: it starts itself with an inline script."""

_POLICIES = {"/docs": DOCS_POLICY}

ANSWER_HEADERS = "sayso.answer_headers"
"""Where in the ASGI scope a request's dependencies put headers of the answer, whatever that will be: a mapping."""


class RequestIds:
    """Gives every request an id: the client's own where that is sane, else a new one.

    It is in every log message of the request, on whatever thread, and in the answer's ``x-request-id``.
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
    """Writes one line for each request when it has ended, and counts it.

    The line names the route's template and not the path, so that neither ids nor queries, which may hold secrets, are
    written. Whatever the route has bound to the log's context, such as the client's name, is on it too.

    Args:
        app: what it wraps.
        metrics: where requests are counted.
        quiet: routes that are logged at the level debug: probes ask every few seconds.
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
            traffic.broke_off = True
            raise
        finally:
            self._tell(scope, traffic, self._clock() - began)

    def _tell(self, scope: Scope, traffic: _Traffic, seconds: float) -> None:
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
            **({"broke_off": True} if traffic.broke_off else {}),
        )


class _Traffic:
    """Counts what passes between a client and the app.

    Attributes:
        status: of the answer; 499 while there is none.
        received_bytes: of the body.
        sent_bytes: of the answer's body.
        broke_off: whether the answer ended with an error.
    """

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.status = _STATUS_CLIENT_GONE
        self.received_bytes = 0
        self.sent_bytes = 0
        self.broke_off = False

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
    """Logs an error that nothing else has caught, with its traceback, and answers 500 in OpenAI's envelope.

    Where the answer has begun it raises on, which makes the server cut the connection: a client must not take a part
    for the whole.
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
    """Refuses the requests of a client that has its share of the connections; what orchestrators probe is let through.

    Args:
        app: what it wraps.
        keys: by which clients are told apart; those without one are by their addresses.
        shares: where requests are counted.
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
        presented = presented_key(Headers(scope=scope))
        key = self._keys.identify(presented) if presented else None
        with ExitStack() as stack:
            try:
                stack.enter_context(self._shares.taken(f"key {key.name}" if key else address_of(scope)))
            except Busy as busy:
                await problem_of(busy).response()(scope, receive, send)
                return
            await self._app(scope, receive, send)


class SecurityHeaders:
    """Tells browsers to take an answer for what it says it is, and what a page of ours may do.

    Args:
        app: what it wraps.
        policies: the Content-Security-Policy of single paths, that of FastAPI's own page by default; an answer that
            brings its own keeps it.
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
    """Adds to an answer, an error's too, what stands in the scope under `ANSWER_HEADERS`, such as the rate limit."""

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
    """The route of a request as it is declared, ``/v1/models/{model}``; ``unmatched`` where there is none."""
    route = scope.get("route")
    return getattr(route, "path", None) or "unmatched"
