"""Delete messages, in batches of those that are deleted at about the same time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from sayso.errors import LeaseLost, SaysoError, ServiceUnavailable
from sayso.jobs.sqs.remote import BATCH

if TYPE_CHECKING:
    from sayso.jobs.sqs.remote import RemoteQueue

_Request: TypeAlias = tuple[str, "asyncio.Future[None]"]


class Deletes:
    """Deletes messages in batches; belongs to one event loop.

    One request is in progress at a time, and messages that come meanwhile form the next one. So a single message does
    not wait, and many need a tenth of the requests.

    Args:
        remote: the queue of the messages.
    """

    def __init__(self, remote: RemoteQueue) -> None:
        self._remote = remote
        self._requests: list[_Request] = []
        self._sending: asyncio.Task[None] | None = None

    async def delete(self, receipt: str) -> None:
        """Delete a message; it is deleted even if the caller is cancelled while it waits.

        Raises:
            LeaseLost: the receipt is not valid any more.
            ServiceUnavailable: SQS fails.
        """
        settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests.append((receipt, settled))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_all())
        await settled

    async def close(self) -> None:
        """Wait for requests in progress."""
        if self._sending is not None:
            await self._sending

    async def _send_all(self) -> None:
        while self._requests:
            batch, self._requests = self._requests[:BATCH], self._requests[BATCH:]
            try:
                await self._send(batch)
            finally:
                for _, settled in batch:
                    settled.cancel()  # no effect on those that are settled: all of them, unless this task is cancelled

    async def _send(self, batch: list[_Request]) -> None:
        try:
            outcomes = await self._remote.each(
                "delete_message_batch", [{"ReceiptHandle": receipt} for receipt, _ in batch]
            )
        except SaysoError as error:
            for _, settled in batch:
                _fail(settled, type(error)(error.message, hint=error.hint))
            return
        for number, (_, settled) in enumerate(batch):
            if number in outcomes.refused:
                _fail(settled, LeaseLost("SQS does not know the receipt of a message any more."))
            elif number in outcomes.failed:
                _fail(settled, ServiceUnavailable("SQS does not delete a message."))
            elif not settled.done():
                settled.set_result(None)


def _fail(settled: asyncio.Future[None], error: SaysoError) -> None:
    if not settled.done():  # it is done if its caller was cancelled
        settled.set_exception(error)
