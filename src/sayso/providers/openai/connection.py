"""The connection to OpenAI, or to another service with its protocol: one per process, shared by adapters."""

from __future__ import annotations

import asyncio
import math
import re
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from sayso.errors import EngineUnavailable
from sayso.providers.openai.background_loop import BackgroundLoop
from sayso.providers.openai.calls import Answer, Calls
from sayso.providers.openai.departures import delay_request
from sayso.providers.openai.errors import (
    OPENAI_ITSELF,
    Service,
    Verdict,
    message_of,
    not_configured,
    retired,
    timed_out,
    unusable_key,
    verdict_of,
)
from sayso.providers.openai.last_answer import LastAnswer
from sayso.providers.shutdowns import Shutdowns
from sayso.resilience.retry import RetryableError, retry
from sayso.resilience.retry_policies import OPENAI_REQUEST

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Iterator
    from concurrent.futures import Future
    from types import TracebackType
    from typing import Self

    from openai import AsyncOpenAI, OpenAIError

    from sayso.providers.openai.calls import Send
    from sayso.scheduling import RequestContext

T = TypeVar("T")

_KEY = re.compile(r"[!-~]+")
"""Visible ASCII characters, of which every key consists."""

_DEFAULT_BASE_URL = "https://api.openai.com/v1"

_SHARE_OF_DEADLINE = 0.5
"""The share of the remaining time that is spent here; the rest is for the next engine of the chain."""


class OpenAIConnection:
    """Sends requests, retries them where that may help, and translates failures into Sayso's errors.

    Each attempt has one time limit for everything: connecting, sending, waiting, and reading to the last byte. After a
    failure that may be temporary, the request is retried after a growing pause, or after the pause that the response
    asks for.

    Any thread may call. A single background thread, started by the first call, owns the event loop, the SDK's client
    and its sockets; callers submit coroutines to it and wait. All mutable state is used only by that thread, and
    ``_last_answer``, which other threads read, is replaced whole.

    Args:
        api_key: the key; without one every call is refused and nothing is sent.
        base_url: the service's address; None for OpenAI itself.
        service: the provider, for messages.
        needs_key: whether the service refuses requests without a key.
        shutdowns: which of its models are retired.
        timeout_seconds: the time limit of one attempt.
        retries: how many attempts may follow the first.
        interval_ms: the shortest time from the start of one request to the next; first come, first served.
        clock: monotonic seconds.
        wall_clock: Unix time in seconds.
        sleep: waits between attempts.
    """

    def __init__(
        self,
        api_key: str | None,
        *,
        base_url: str | None = None,
        service: Service = OPENAI_ITSELF,
        needs_key: bool = True,
        shutdowns: Shutdowns | None = None,
        timeout_seconds: float = 30.0,
        retries: int = 3,
        interval_ms: int = 0,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._api_key = api_key
        self._base_url = base_url or _DEFAULT_BASE_URL
        self._service = service
        self._needs_key = needs_key
        self._shutdowns = shutdowns or Shutdowns("openai")
        self._timeout_seconds = timeout_seconds
        self._retries = retries
        self._interval_seconds = interval_ms / 1000
        self._clock = clock
        self._wall_clock = wall_clock
        self._sleep = sleep
        self._background = BackgroundLoop("openai")
        self._client: AsyncOpenAI | None = None
        self._next_start = -math.inf
        self._last_answer: LastAnswer | None = None

    @property
    def is_configured(self) -> bool:
        """Whether there is a key, or none is needed."""
        return self._api_key is not None or not self._needs_key

    @property
    def label(self) -> str:
        """The provider, for messages."""
        return self._service.label

    def require_key(self) -> None:
        """Check that there is a key; adapters call this before they do any work.

        Raises:
            EngineUnavailable: there is no key, or a header cannot carry it.
        """
        if not self.is_configured:
            raise not_configured(self._service)
        if self._api_key is not None and _KEY.fullmatch(self._api_key) is None:
            raise unusable_key(self._service)

    @property
    def last_answer(self) -> LastAnswer | None:
        """The outcome of the latest attempt; None before the first."""
        return self._last_answer

    def call(self, send: Send, read: Callable[[Answer], T], *, context: RequestContext, model: str = "") -> T:
        """Send one request and wait for it: `calls` with a single one.

        Raises:
            InvalidInput: OpenAI refuses what the caller chose.
            EngineUnavailable: OpenAI cannot be used now; the reason says why.
            EngineFailed: OpenAI refuses what the adapter chose.
            Cancelled, DeadlineExceeded: as the request context says.
        """
        with self.calls(context) as calls:
            return calls.result(calls.start(send, read, model=model))

    @contextmanager
    def calls(self, context: RequestContext) -> Iterator[Calls]:
        """A group of requests that belong to one piece of work.

        Together they use at most half of the remaining time. When one fails, when the work is cancelled, and at the end
        of the block, those that still run are cancelled.

        Raises:
            EngineUnavailable: there is no key, or the connection is closed.
            Cancelled, DeadlineExceeded: as the request context says.
        """
        self.require_key()
        context.check()
        calls = Calls(self.submit, until=self._clock() + _SHARE_OF_DEADLINE * context.remaining_seconds())
        with context.on_cancel(calls.cancel), calls:
            yield calls

    def submit(self, send: Send, read: Callable[[Answer], T], *, until: float, model: str = "") -> Future[T]:
        """Start a request that must end by ``until`` on the clock; for `Calls`."""
        return self._started(self._request(send, read, until, model))

    def rehearse(self, send: Send) -> Future[None]:
        """Make an attempt that is answered within this process, so that the first one leaves at once.

        The SDK imports and prepares much at its first request, which may take a second. Does nothing after a request.
        """
        return self._started(self._rehearse(send))

    def with_client(self, work: Callable[[AsyncOpenAI], Coroutine[Any, Any, T]]) -> Future[T]:
        """Run a coroutine with the SDK's client on the background thread; for calls that are no attempts.

        Raises:
            EngineUnavailable: the connection is closed.
        """

        async def run() -> T:
            return await work(self._opened())

        return self._started(run())

    def _started(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start a coroutine on the background thread."""
        try:
            return self._background.start(work)
        except RuntimeError:
            raise EngineUnavailable(f"The connection to {self.label} is closed.", reason="connection") from None

    def close(self) -> None:
        """Accept no more requests, wait for the running ones, and end the thread; a second call does nothing."""
        self._background.close(self._disconnect)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _request(self, send: Send, read: Callable[[Answer], T], until: float, model: str) -> T:
        total_seconds = until - self._clock()
        policy = replace(OPENAI_REQUEST, attempts=self._retries + 1, total_seconds=total_seconds)
        try:
            return await retry(
                lambda: self._attempt_at_interval(send, read, until, model),
                policy,
                clock=self._clock,
                sleep=self._sleep,
            )
        except RetryableError as failure:
            raise failure.error from None

    async def _attempt_at_interval(self, send: Send, read: Callable[[Answer], T], until: float, model: str) -> T:
        await self._wait_for_interval(until)
        if model and self._shutdowns.is_retired(model):
            raise retired(model, label=self.label)
        return await self._attempt(send, read, until, model)

    async def _wait_for_interval(self, until: float) -> None:
        """Keep the interval between requests, in the order of the calls."""
        now = self._clock()
        start = max(now, self._next_start)
        if start >= until:
            raise EngineUnavailable(f"There is no time left for a request to {self.label}.", reason="timeout")
        self._next_start = start + self._interval_seconds
        if start > now:
            await self._sleep(start - now)

    async def _attempt(self, send: Send, read: Callable[[Answer], T], until: float, model: str) -> T:
        from openai import OpenAIError

        client = self._opened()
        limit_seconds = max(0.0, min(self._timeout_seconds, until - self._clock()))
        status: int | None = None
        try:
            async with asyncio.timeout(limit_seconds):
                response = await send(client)
            status = response.status_code
            result = read(_answer_of(response))
        except TimeoutError:
            verdict = Verdict(timed_out(limit_seconds, label=self.label), is_retryable=True)
        except OpenAIError as error:
            verdict = self._verdict_of(error, model)
        except EngineUnavailable as error:
            verdict = Verdict(error, is_retryable=True, status=status)
        else:
            self._remember(status, None)
            return result
        # Raised outside of the handlers: the SDK's exception holds the request, and the request holds the key.
        failure = verdict.error
        if not _is_retired(failure):
            self._remember(verdict.status, failure.reason if isinstance(failure, EngineUnavailable) else None)
        if verdict.is_retryable and isinstance(failure, EngineUnavailable):
            raise RetryableError(failure)
        raise failure

    def _verdict_of(self, error: OpenAIError, model: str) -> Verdict:
        from openai import APIStatusError

        secret = self._api_key or ""
        if model and isinstance(error, APIStatusError):
            text = message_of(error, secret)
            status = error.status_code
            if self._shutdowns.judge(model, status=status, code=error.code, param=error.param, message=text):
                return Verdict(retired(model, label=self.label), is_retryable=False, status=status)
        return verdict_of(error, now_seconds=self._wall_clock(), secret=secret, service=self._service)

    def _remember(self, status: int | None, reason: str | None) -> None:
        self._last_answer = LastAnswer.after(self._last_answer, status=status, reason=reason, now=self._wall_clock())

    async def _rehearse(self, send: Send) -> None:
        if self._client is not None:
            return
        import httpx2

        client = self._opened()
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: httpx2.Response(200))) as nowhere:
            await send(client.copy(http_client=nowhere))

    def _opened(self) -> AsyncOpenAI:
        if self._client is None:
            from openai import AsyncOpenAI, DefaultAsyncHttpx2Client

            self._client = AsyncOpenAI(
                api_key=self._api_key or "none",  # the SDK sends no request without one
                base_url=self._base_url,
                max_retries=0,
                timeout=None,
                http_client=DefaultAsyncHttpx2Client(timeout=None, event_hooks={"request": [delay_request]}),
            )
            _ = self._client.audio.transcriptions, self._client.audio.speech  # imports them before any time limit runs
        return self._client

    async def _disconnect(self) -> None:
        if self._client is not None:
            await self._client.close()


def _is_retired(error: Exception) -> bool:
    """Whether a failure is about one model, and says nothing about the provider."""
    return isinstance(error, EngineUnavailable) and error.reason == "model_retired"


def _answer_of(response: Any) -> Answer:
    content_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Answer(body=response.content, content_type=content_type)
