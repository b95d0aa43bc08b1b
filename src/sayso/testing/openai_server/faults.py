"""Fault injection as a layer around a working server, and the log of its requests."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from email.utils import formatdate
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from sayso.testing.openai_server.envelope import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

FAULT_HEADER = "x-fault"
"""Names the `FaultKind` of a single request."""

_POLL_SECONDS = 0.02


class FaultKind(StrEnum):
    """The kinds of faults."""

    RATE_LIMITED = "rate_limited"
    """429, with ``Retry-After`` where the fault has one."""
    QUOTA = "quota"
    """429 that persists."""
    REJECTED_KEY = "rejected_key"
    """401, whatever the key."""
    MISSING_SCOPE = "missing_scope"
    """403: the key is right, and may not do this."""
    SERVER_ERROR = "server_error"
    """500."""
    OVERLOADED = "overloaded"
    """503."""
    HANG = "hang"
    """There is no response."""
    HANG_IN_BODY = "hang_in_body"
    """Half of the response arrives, and nothing more."""
    CUT = "cut"
    """Half of the response arrives, and the connection is closed."""
    GARBAGE = "garbage"
    """Status 200 and the right content type, with an invalid body."""
    WRONG_TYPE = "wrong_type"
    """Status 200 and a page in HTML."""
    DRIP = "drip"
    """The response arrives byte by byte."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A fault and its parameters.

    Attributes:
        kind: of the fault.
        retry_after_seconds: for responses with status 429, 500 and 503.
        retry_after_is_date: whether ``Retry-After`` is the date after so many seconds.
        interval_seconds: from byte to byte of a drip.
    """

    kind: FaultKind
    retry_after_seconds: float | None = None
    retry_after_is_date: bool = False
    interval_seconds: float = 0.05


@dataclass(kw_only=True, slots=True)
class Received:
    """A received request; times on the monotonic clock in seconds.

    Attributes:
        method: GET, POST.
        path: without the query.
        headers: names in lower case; without the key.
        size_bytes: of the body.
        began_at: when its body was complete.
        ended_at: when its response was sent or aborted; None while it is in progress.
        status: of the response; None while there is none.
        fault: that was injected.
        fields: of the form or the JSON, without the file.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    size_bytes: int
    began_at: float
    ended_at: float | None = None
    status: int | None = None
    fault: FaultKind | None = None
    fields: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For other processes."""
        return asdict(self)


class Plan:
    """Which requests fail, and the log of all. Any thread may use it; ``_lock`` guards all but ``is_stopped``."""

    def __init__(self) -> None:
        self.is_stopped = False
        """Set when the server stops: hanging requests end."""
        self._lock = threading.Lock()
        self._next: deque[Fault | None] = deque()
        self._always: Fault | None = None
        self._received: list[Received] = []

    def set(self, following: Sequence[Fault | None], always: Fault | None) -> None:
        """Replace the plan: the next requests get ``following``, one each, None for no fault; the rest ``always``."""
        with self._lock:
            self._next, self._always = deque(following), always

    def take(self) -> Fault | None:
        """The fault of the next request."""
        with self._lock:
            return self._next.popleft() if self._next else self._always

    def record(self, received: Received) -> None:
        """Add a request to the log."""
        with self._lock:
            self._received.append(received)

    def requests(self) -> list[Received]:
        """Every request so far, in order of arrival."""
        with self._lock:
            return list(self._received)

    def forget(self) -> None:
        """Empty the log."""
        with self._lock:
            self._received.clear()


class Faulty:
    """An ASGI application around one whose responses are single bodies; paths under ``/control`` pass through."""

    def __init__(self, app: ASGIApp, plan: Plan) -> None:
        self._app = app
        self._plan = plan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or inject its fault."""
        if scope["type"] != "http" or scope["path"].startswith("/control"):
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        received, fault = self._recorded(scope, body)
        scope["state"] = {"received": received}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                received.status = message["status"]
            await send(message)

        try:
            await self._answer(scope, body, sending, fault)
        finally:
            received.ended_at = time.monotonic()

    def _recorded(self, scope: Scope, body: bytes) -> tuple[Received, Fault | None]:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        headers.pop("authorization", None)
        named = headers.get(FAULT_HEADER)
        fault = Fault(kind=FaultKind(named)) if named else self._plan.take()
        received = Received(
            method=scope["method"],
            path=scope["path"],
            headers=headers,
            size_bytes=len(body),
            began_at=time.monotonic(),
            fault=fault.kind if fault else None,
        )
        self._plan.record(received)
        return received, fault

    async def _answer(self, scope: Scope, body: bytes, send: Send, fault: Fault | None) -> None:
        if fault is None:
            await self._app(scope, _replay(body), send)
        elif fault.kind is FaultKind.HANG:
            await self._hang()
        elif (response := _response_of(fault)) is not None:
            await response(scope, _replay(body), send)
        else:
            await self._spoil(await _answered(self._app, scope, body), send, fault)

    async def _spoil(self, answer: tuple[Message, bytes], send: Send, fault: Fault) -> None:
        start, whole = answer
        if fault.kind is FaultKind.GARBAGE:
            whole = b"\x00\x9fnot what was asked for\xff"
            kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
            start = {**start, "headers": [*kept, (b"content-length", str(len(whole)).encode())]}
        await send(start)
        if fault.kind is FaultKind.GARBAGE:
            await send({"type": "http.response.body", "body": whole})
        elif fault.kind is FaultKind.DRIP:
            await self._drip(whole, send, fault.interval_seconds)
        else:
            await send({"type": "http.response.body", "body": whole[: len(whole) // 2], "more_body": True})
            if fault.kind is FaultKind.HANG_IN_BODY:
                await self._hang()
            # If the handler returns before the end of the response, uvicorn closes the connection.

    async def _drip(self, whole: bytes, send: Send, interval_seconds: float) -> None:
        for place in range(len(whole)):
            if self._plan.is_stopped:
                return
            await send(
                {"type": "http.response.body", "body": whole[place : place + 1], "more_body": place + 1 < len(whole)}
            )
            await asyncio.sleep(interval_seconds)

    async def _hang(self) -> None:
        while not self._plan.is_stopped:  # noqa: ASYNC110 -- set by another thread, which knows no event of this loop
            await asyncio.sleep(_POLL_SECONDS)


def _response_of(fault: Fault) -> Response | None:
    """The response of a fault that has one of its own."""
    headers = _retry_after(fault)
    match fault.kind:
        case FaultKind.RATE_LIMITED:
            return refusal(429, "Rate limit reached.", kind="requests", code="rate_limit_exceeded", headers=headers)
        case FaultKind.QUOTA:
            said = "You exceeded your current quota, please check your plan and billing details."
            return refusal(429, said, kind="insufficient_quota", code="insufficient_quota")
        case FaultKind.REJECTED_KEY:
            return refusal(401, "Incorrect API key provided: sk-test****.", code="invalid_api_key")
        case FaultKind.MISSING_SCOPE:
            said = "You have insufficient permissions for this operation. Missing scopes: api.model.read."
            return refusal(403, said, code="missing_scope")
        case FaultKind.SERVER_ERROR:
            return refusal(500, "The server had an error.", kind="server_error", headers=headers)
        case FaultKind.OVERLOADED:
            return refusal(503, "The engine is currently overloaded.", kind="server_error", headers=headers)
        case FaultKind.WRONG_TYPE:
            return Response("<html><body>Welcome to the hotel's network</body></html>", media_type="text/html")
        case _:
            return None


def _retry_after(fault: Fault) -> dict[str, str]:
    seconds = fault.retry_after_seconds
    if seconds is None:
        return {}
    return {
        "retry-after": formatdate(time.time() + seconds, usegmt=True) if fault.retry_after_is_date else f"{seconds:g}"
    }


async def _body(receive: Receive) -> bytes:
    pieces = []
    more = True
    while more:
        message = await receive()
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(pieces)


def _replay(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop() if messages else {"type": "http.disconnect"}

    return receive


async def _answered(app: ASGIApp, scope: Scope, body: bytes) -> tuple[Message, bytes]:
    """The start and the whole body of an application's response."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, _replay(body), send)
    return sent[0], b"".join(message.get("body", b"") for message in sent[1:])
