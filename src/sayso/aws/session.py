"""AWS, or an emulator of it: one session for all clients of a process."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

from sayso.aws.access import AwsAccess, Patience
from sayso.aws.client import AwsClient
from sayso.errors import InvalidInput, NotInstalled
from sayso.installation import install_hint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType
    from typing import Self

__all__ = ["Aws", "AwsAccess", "AwsClient", "Patience"]

_CONNECTIONS = 50
"""The largest number of connections of a client; one of them may wait in a long poll."""

_NEVER_SECONDS = 3600.0

_SETTINGS_HINT = "See AWS_REGION and AWS_ENDPOINT_URL."


@cache
def service_tables() -> Any:
    """The service descriptions of botocore, which are large, and shared by all sessions of a process."""
    from botocore.loaders import create_loader

    return create_loader()


class Aws:
    """Opens clients over one session, and closes them; belongs to the event loop that opens them.

    Args:
        access: how to reach AWS.
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
        """A client that stays open until `close`.

        Args:
            service: AWS's name for it: ``sqs``, ``dynamodb``, ``s3``.
            options: additional options for botocore.

        Raises:
            NotInstalled: the extra ``aws`` is missing.
            InvalidInput: the region or the endpoint cannot be used.
        """
        session = self._opened()
        from aiobotocore.config import AioConfig
        from botocore.exceptions import BotoCoreError

        access = self._access
        config = AioConfig(
            connect_timeout=access.patience.try_seconds,
            max_pool_connections=_CONNECTIONS,
            read_timeout=_NEVER_SECONDS,  # each try has its own time limit
            retries={"total_max_attempts": 1},  # our own retries have a bound, and count the tries
            warm_up_loader_caches=True,  # in a thread
            **(options or {}),
        )
        creating = session.create_client(
            service,
            region_name=access.region,
            endpoint_url=access.endpoint_url,
            aws_access_key_id=access.access_key_id,
            aws_secret_access_key=access.secret_access_key,
            aws_session_token=access.session_token,
            config=config,
            verify=None if access.is_encrypted else False,  # without TLS no certificates are loaded
        )
        try:
            opened = await self._clients.enter_async_context(creating)
        except (BotoCoreError, ValueError) as error:  # botocore raises both for unusable values
            raise InvalidInput(f"AWS {service} cannot be used: {error}", hint=_SETTINGS_HINT) from None
        return AwsClient(service, opened, patience=access.patience, clock=self._clock, sleep=self._sleep)

    def _opened(self) -> Any:
        """The session."""
        try:
            from aiobotocore.session import get_session
        except ImportError as error:
            raise NotInstalled("SQS, DynamoDB and S3 need the extra `aws`.", hint=install_hint("aws")) from error
        if self._session is None:
            self._session = get_session()
            self._session.register_component("data_loader", service_tables())
        return self._session

    async def close(self) -> None:
        """Close every client."""
        await self._clients.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
