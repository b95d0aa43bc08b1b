"""AWS, or what stands in for it: one session for a process's clients, and one way of calling them."""

from __future__ import annotations

import asyncio
import io
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from sayso.errors import InvalidInput, NotInstalled, SaysoError
from sayso.vendors.aws_clock import ServerClock
from sayso.vendors.aws_errors import AwsRefusal, verdict_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping
    from types import TracebackType
    from typing import Self

    from tenacity import RetryCallState

    from sayso.settings.aws import AwsSettings

DEFAULT_REGION = "us-east-1"

_CONNECTIONS = 50
"""How many a client holds at most; one of them may wait in a long poll."""

_NEVER_SECONDS = 3600.0

_SLOWEST_BYTES_PER_SECOND = 256 * 1024
"""How fast a body is sent at least, by whom it is not yet given up."""

_SETTINGS_HINT = "See AWS_REGION and AWS_ENDPOINT_URL."


@dataclass(frozen=True, kw_only=True, slots=True)
class Patience:
    """How long a call is tried.

    Attributes:
        try_seconds: how long one try may take, besides what the service was asked to wait and what a body takes.
        total_seconds: when no further try is begun; the longest call takes both together, much less than a lease.
        tries: how many there are at most.
        first_pause_seconds: the longest pause after the first failure; it doubles with each, and is cut by chance.
        longest_pause_seconds: the longest pause of all.
    """

    try_seconds: float = 5.0
    total_seconds: float = 6.0
    tries: int = 5
    first_pause_seconds: float = 0.1
    longest_pause_seconds: float = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class AwsAccess:
    """Where AWS is, and who asks.

    Attributes:
        region: its name.
        endpoint_url: the address of what stands in for AWS; None for AWS itself.
        access_key_id: who asks; None for what AWS's own tools find: a task's role, a profile, an instance's role.
        secret_access_key: its secret.
        session_token: what a temporary key has besides.
        patience: how long calls are tried.
    """

    region: str = DEFAULT_REGION
    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    patience: Patience = Patience()

    @property
    def is_encrypted(self) -> bool:
        """Whether it is reached by HTTPS."""
        return self.endpoint_url is None or self.endpoint_url.startswith("https://")

    @classmethod
    def of(cls, settings: AwsSettings) -> Self:
        """As the settings say."""
        secret, token = settings.aws_secret_access_key, settings.aws_session_token
        return cls(
            region=settings.aws_region or DEFAULT_REGION,
            endpoint_url=settings.aws_endpoint_url,
            access_key_id=settings.aws_access_key_id,
            secret_access_key=None if secret is None else secret.get_secret_value(),
            session_token=None if token is None else token.get_secret_value(),
        )


@cache
def _tables() -> Any:
    """The descriptions of AWS that botocore brings, which are large, and the same for all sessions of a process."""
    from botocore.loaders import create_loader

    return create_loader()


class Aws:
    """Opens clients, all over one session, and closes them; belongs to the event loop that opens them.

    Args:
        access: where AWS is, and who asks.
        clock: monotonic seconds.
        sleep: waits between tries.
    """

    def __init__(
        self,
        access: AwsAccess,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._access = access
        self._clock = clock
        self._sleep = sleep
        self._session: Any = None
        self._clients = AsyncExitStack()

    async def client(self, service: str, *, options: Mapping[str, Any] | None = None) -> AwsClient:
        """A client that is open until all are closed.

        Args:
            service: AWS's name for it: ``sqs``, ``dynamodb``, ``s3``.
            options: what botocore is told for it besides.

        Raises:
            NotInstalled: the extra ``aws`` is missing.
            InvalidInput: the region or the endpoint cannot be used.
        """
        try:
            from aiobotocore.config import AioConfig
            from aiobotocore.session import get_session
            from botocore.exceptions import BotoCoreError
        except ImportError as error:
            raise NotInstalled(
                "SQS and DynamoDB need the extra `aws`.", hint='Run: python -m pip install "sayso[aws]"'
            ) from error
        if self._session is None:
            self._session = get_session()
            self._session.register_component("data_loader", _tables())
        access = self._access
        config = AioConfig(
            connect_timeout=access.patience.try_seconds,
            max_pool_connections=_CONNECTIONS,
            read_timeout=_NEVER_SECONDS,  # each try has its own limit
            retries={"total_max_attempts": 1},  # ours keep a bound, and tell how many there were
            warm_up_loader_caches=True,  # in a thread
            **(options or {}),
        )
        creating = self._session.create_client(
            service,
            region_name=access.region,
            endpoint_url=access.endpoint_url,
            aws_access_key_id=access.access_key_id,
            aws_secret_access_key=access.secret_access_key,
            aws_session_token=access.session_token,
            config=config,
            verify=None if access.is_encrypted else False,  # no certificates are read where there is nothing to verify
        )
        try:
            opened = await self._clients.enter_async_context(creating)
        except (BotoCoreError, ValueError) as error:  # it raises both for what it cannot use
            raise InvalidInput(f"AWS {service} cannot be used: {error}", hint=_SETTINGS_HINT) from None
        return AwsClient(service, opened, patience=access.patience, clock=self._clock, sleep=self._sleep)

    async def close(self) -> None:
        """Close every client."""
        await self._clients.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _TryAgain(Exception):
    """A try failed in a way that may pass; ``error`` is what is raised when there is no other."""

    def __init__(self, error: SaysoError) -> None:
        super().__init__(error.message)
        self.error = error


class AwsClient:
    """Calls one service, again where that may help, and says in Sayso's errors why a call failed.

    Args:
        service: AWS's name for it.
        client: aiobotocore's, which the session closes.
        patience: how long a call is tried.
        clock: monotonic seconds.
        sleep: waits between tries.
    """

    def __init__(
        self,
        service: str,
        client: Any,
        *,
        patience: Patience,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.patience = patience
        self.clock = clock
        self.sleep = sleep
        self.server_clock = ServerClock(clock)
        """The service's, by its answers."""
        self._service = service
        self._client = client

    async def call(
        self,
        operation: str,
        /,
        *,
        waits_seconds: float = 0.0,
        refusals: Collection[str] = (),
        body: bytes | None = None,
        **parameters: Any,
    ) -> Mapping[str, Any]:
        """What the service answers.

        Args:
            operation: what it is asked, as botocore's client names it: ``receive_message``.
            waits_seconds: how long the service is asked to wait before it answers.
            refusals: codes of refusals that the caller wants to see.
            body: the parameter ``Body``, which each try sends from its beginning.
            parameters: as botocore's client takes them.

        Raises:
            AwsRefusal: the service refuses, for one of these codes.
            InvalidInput: it refuses for another.
            ServiceUnavailable: it does not answer, or answers that it cannot, or who asks has no permission.
        """
        began = self.clock()
        extra_seconds = waits_seconds + len(body or b"") / _SLOWEST_BYTES_PER_SECOND

        def enough(state: RetryCallState) -> bool:
            is_late = self.clock() - began + state.upcoming_sleep >= self.patience.total_seconds + extra_seconds
            return is_late or state.attempt_number >= self.patience.tries

        tries = AsyncRetrying(
            retry=retry_if_exception_type(_TryAgain),
            stop=enough,
            wait=wait_random_exponential(
                multiplier=self.patience.first_pause_seconds, max=self.patience.longest_pause_seconds
            ),
            sleep=self.sleep,
            reraise=True,
        )
        limit_seconds = self.patience.try_seconds + extra_seconds
        try:
            async for state in tries:
                with state:
                    sent = parameters if body is None else {**parameters, "Body": io.BytesIO(body)}
                    return await self._try(operation, sent, refusals, limit_seconds, state.retry_state.attempt_number)
        except _TryAgain as failure:
            raise failure.error from None
        raise AssertionError("tenacity returns or raises")

    async def signed_url(self, operation: str, *, seconds: int, **parameters: Any) -> str:
        """A URL at which anybody may do this for so long; the service is not asked.

        Raises:
            ServiceUnavailable: there are no credentials to sign with.
        """
        from botocore.exceptions import BotoCoreError

        try:
            url: str = await self._client.generate_presigned_url(operation, Params=parameters, ExpiresIn=seconds)
        except BotoCoreError as error:
            raise verdict_of(error, service=self._service, operation=operation).error from None
        return url

    async def _try(
        self,
        operation: str,
        parameters: Mapping[str, Any],
        refusals: Collection[str],
        limit_seconds: float,
        tries: int,
    ) -> Mapping[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            async with asyncio.timeout(limit_seconds):
                answer: Mapping[str, Any] = await getattr(self._client, operation)(**parameters)
        except (BotoCoreError, ClientError, ResponseParserError, OSError) as error:
            verdict = verdict_of(error, service=self._service, operation=operation)
        else:
            self._hear(answer)
            return answer
        # Raised outside of the handler: botocore's exception holds the request.
        self._hear(verdict.answer)
        if verdict.again:
            raise _TryAgain(verdict.error)
        if verdict.refusal in refusals:
            raise AwsRefusal(verdict.refusal or "", verdict.answer, tries=tries)
        raise verdict.error

    def _hear(self, answer: Mapping[str, Any]) -> None:
        self.server_clock.heard(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}))
