"""Receiving messages from an SQS queue; none is lost when the receiver is cancelled."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import structlog

from sayso.errors import ServiceUnavailable
from sayso.jobs.base import Delivery
from sayso.jobs.sqs.remote import BATCH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.aws.session import AwsClient
    from sayso.jobs.sqs.held_messages import Lease, Leases
    from sayso.jobs.sqs.receipts import Receipts
    from sayso.jobs.sqs.remote import RemoteQueue

_log = structlog.get_logger(__name__)

_LONGEST_WAIT_SECONDS = 20.0
"""The longest poll that SQS allows."""


class Receiver:
    """Polls one queue; belongs to the event loop of its client.

    Args:
        client: of SQS.
        remote: the queue.
        leases: the messages that this process holds, to which those that arrive are added.
        receipts: the known messages.
        lease_seconds: the length of a lease without a heartbeat.
        cancelled_seconds: how long a poll in progress is waited for when the receiver is cancelled; None for as long
            as it takes.
    """

    def __init__(
        self,
        client: AwsClient,
        remote: RemoteQueue,
        *,
        leases: Leases,
        receipts: Receipts,
        lease_seconds: int,
        cancelled_seconds: float | None = None,
    ) -> None:
        self._client = client
        self._remote = remote
        self._leases = leases
        self._receipts = receipts
        self._lease_seconds = lease_seconds
        self._cancelled_seconds = cancelled_seconds
        self._receive_id = uuid4().hex

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
        """See `JobQueue.receive`; when this is cancelled, what a poll in progress brings is released.

        Raises:
            ServiceUnavailable: SQS does not answer.
        """
        wait_seconds = math.ceil(min(wait_seconds, _LONGEST_WAIT_SECONDS))
        arrived: list[Lease] = []
        polling = asyncio.create_task(self._poll(limit, wait_seconds, arrived))
        try:
            await asyncio.shield(polling)
        except asyncio.CancelledError:
            # The poll is waited for: a message that SQS is about to deliver would be invisible for a whole lease.
            limit_seconds = wait_seconds + self._client.patience.try_seconds
            if self._cancelled_seconds is not None:
                limit_seconds = min(limit_seconds, self._cancelled_seconds)
            await self._release(polling, arrived, limit_seconds)
            raise
        return [lease.delivery for lease in arrived]

    async def _poll(self, limit: int, wait_seconds: int, arrived: list[Lease]) -> None:
        """Add available messages to ``arrived``; SQS returns at most ten at a time."""
        while True:
            wanted = min(limit - len(arrived), BATCH)
            try:
                came = await self._receive_once(wanted, 0 if arrived else wait_seconds)
            except ServiceUnavailable:
                if not arrived:
                    raise
                return  # return what there is
            arrived += came
            if len(came) < wanted or len(arrived) >= limit:
                return

    async def _receive_once(self, wanted: int, wait_seconds: int) -> list[Lease]:
        parameters: dict[str, Any] = {}
        if self._remote.is_fifo:
            # A lost response blocks its groups for the length of a lease, unless the same request is sent again.
            parameters["ReceiveRequestAttemptId"] = self._receive_id
        answer = await self._remote.call(
            "receive_message",
            waits_seconds=wait_seconds,
            MaxNumberOfMessages=wanted,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["ApproximateReceiveCount", "MessageGroupId", "SentTimestamp"],
            VisibilityTimeout=self._lease_seconds,
            WaitTimeSeconds=wait_seconds,
            **parameters,
        )
        self._receive_id = uuid4().hex
        return [
            self._leases.add(self._delivery(message), message.get("MessageAttributes", {}))
            for message in answer.get("Messages", ())
        ]

    def _delivery(self, message: Mapping[str, Any]) -> Delivery:
        facts = message.get("Attributes", {})
        clock = self._client.server_clock
        now = clock.now() if clock.is_set else 0.0  # emulators of SQS may not send the time
        count = int(facts.get("ApproximateReceiveCount", 1))
        receipt = self._receipts.record(message["MessageId"], count)
        return Delivery(
            job_id=message["MessageId"],
            lease=message["ReceiptHandle"],
            body=message["Body"],
            attempt=receipt.attempts,
            deliveries=count,
            releases=receipt.releases,
            is_suspect=receipt.is_suspect,
            age_seconds=max(0.0, now - int(facts.get("SentTimestamp", now * 1000)) / 1000),
            # A standard queue has groups too, but for fairness; it keeps no order.
            group=facts.get("MessageGroupId") if self._remote.is_fifo else None,
        )

    async def _release(self, polling: asyncio.Task[None], arrived: list[Lease], limit_seconds: float) -> None:
        """Make the messages of a poll in progress visible again."""
        try:
            await asyncio.wait({polling}, timeout=limit_seconds)
        finally:
            polling.cancel()
        await asyncio.wait({polling})
        if not polling.cancelled():
            polling.exception()  # so that asyncio does not log it
        for start in range(0, len(arrived), BATCH):
            batch = arrived[start : start + BATCH]
            try:
                await self._remote.each("change_message_visibility_batch", [lease.visible_in(0) for lease in batch])
            except ServiceUnavailable as error:
                _log.warning("messages were not handed back, which their leases will do", reason=error.message)
            for lease in batch:
                self._receipts.released(lease.delivery.job_id, is_counted=False)
                self._leases.drop(lease)
