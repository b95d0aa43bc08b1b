"""Calls to AWS: with a time limit, with retries, and with Sayso's errors."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sayso.aws.clock import ServerClock
from sayso.aws.errors import AwsRefusal, verdict_of
from sayso.resilience.retry import RetryableError, attempts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from sayso.aws.access import Patience

_SLOWEST_BYTES_PER_SECOND = 256 * 1024
"""The slowest upload of a body that is not yet considered stalled."""


class AwsClient:
    """Calls one service, retries where that may help, and translates failures into Sayso's errors.

    Args:
        service: AWS's name for it.
        client: aiobotocore's, which the session closes.
        patience: the time limit and the retries of a call.
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
        """The service's clock, from its responses."""
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
        """Call an operation of the service.

        Args:
            operation: as botocore's client names it: ``receive_message``.
            waits_seconds: how long the service is asked to wait before it responds.
            refusals: codes of refusals that the caller handles.
            body: the parameter ``Body``, which each try sends from its beginning.
            parameters: as botocore's client takes them.

        Raises:
            AwsRefusal: the service refuses with one of these codes.
            InvalidInput: botocore cannot send this request.
            ServiceUnavailable: the service does not answer, or refuses with any other code: it is not able to, a
                resource is missing, or the caller has no permission.
        """
        extra_seconds = waits_seconds + len(body or b"") / _SLOWEST_BYTES_PER_SECOND
        limit_seconds = self.patience.try_seconds + extra_seconds
        policy = self.patience.retry
        if policy.total_seconds is not None:
            policy = replace(policy, total_seconds=policy.total_seconds + extra_seconds)
        try:
            async for state in attempts(policy, clock=self.clock, sleep=self.sleep):
                with state:
                    sent = parameters if body is None else {**parameters, "Body": io.BytesIO(body)}
                    return await self._try(operation, sent, refusals, limit_seconds, state.retry_state.attempt_number)
        except RetryableError as failure:
            raise failure.error from None
        raise AssertionError("tenacity returns or raises")

    async def signed_url(self, operation: str, *, seconds: int, **parameters: Any) -> str:
        """A URL at which anyone may do this for so many seconds; the service is not called.

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
            self._update_clock(answer)
            return answer
        # Raised outside of the handler: botocore's exception holds the request.
        self._update_clock(verdict.answer)
        if verdict.refusal in refusals:
            raise AwsRefusal(verdict.refusal or "", verdict.answer, tries=tries)
        if verdict.is_retryable:
            raise RetryableError(verdict.error)
        raise verdict.error

    def _update_clock(self, answer: Mapping[str, Any]) -> None:
        self.server_clock.record(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}))
