"""One way of calling AWS: with a bound, again where that may help, and in Sayso's errors."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from sayso.aws.clock import ServerClock
from sayso.aws.errors import AwsRefusal, verdict_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping

    from tenacity import RetryCallState

    from sayso.aws.access import Patience
    from sayso.errors import SaysoError

_SLOWEST_BYTES_PER_SECOND = 256 * 1024
"""How fast a body is sent at least, by whom it is not yet given up."""


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
            refusals: codes of refusals that are about what is asked, and mean something to the caller.
            body: the parameter ``Body``, which each try sends from its beginning.
            parameters: as botocore's client takes them.

        Raises:
            AwsRefusal: the service refuses, for one of these codes.
            InvalidInput: botocore cannot ask for this.
            ServiceUnavailable: it does not answer, or refuses for any other code: it cannot, something is missing, or
                who asks has no permission.
        """
        extra_seconds = waits_seconds + len(body or b"") / _SLOWEST_BYTES_PER_SECOND
        limit_seconds = self.patience.try_seconds + extra_seconds
        try:
            async for state in self._tries(self.patience.total_seconds + extra_seconds):
                with state:
                    sent = parameters if body is None else {**parameters, "Body": io.BytesIO(body)}
                    return await self._try(operation, sent, refusals, limit_seconds, state.retry_state.attempt_number)
        except _TryAgain as failure:
            raise failure.error from None
        raise AssertionError("tenacity returns or raises")

    def _tries(self, total_seconds: float) -> AsyncRetrying:
        began = self.clock()

        def enough(state: RetryCallState) -> bool:
            is_late = self.clock() - began + state.upcoming_sleep >= total_seconds
            return is_late or state.attempt_number >= self.patience.tries

        return AsyncRetrying(
            retry=retry_if_exception_type(_TryAgain),
            stop=enough,
            wait=wait_random_exponential(
                multiplier=self.patience.first_pause_seconds, max=self.patience.longest_pause_seconds
            ),
            sleep=self.sleep,
            reraise=True,
        )

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
        if verdict.refusal in refusals:
            raise AwsRefusal(verdict.refusal or "", verdict.answer, tries=tries)
        if verdict.again:
            raise _TryAgain(verdict.error)
        raise verdict.error

    def _hear(self, answer: Mapping[str, Any]) -> None:
        self.server_clock.heard(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}))
