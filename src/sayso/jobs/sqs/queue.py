"""Jobs from an SQS queue, standard or FIFO.

Where SQS differs from `sayso.jobs.JobQueue`:

- It counts every receipt by any consumer; see `sayso.jobs.sqs.receipts`.
- It does not report that a lease was taken over. A message is taken as lost when it was not extended for the length of
  a lease; see `sayso.jobs.sqs.held_messages`.
- No receiver may have a message for more than 12 hours. Shortly before, it counts as lost.
- A message that waits for another attempt is in flight to SQS.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, NoReturn

import structlog

from sayso.aws.errors import AwsRefusal
from sayso.errors import InvalidInput, LeaseLost, ResourceMissing, ServiceUnavailable
from sayso.jobs.base import Backlog
from sayso.jobs.lease_times import LEASE_SECONDS
from sayso.jobs.sqs.checks import check_queues, warn_of
from sayso.jobs.sqs.dead_letters import DeadLetters
from sayso.jobs.sqs.deletes import Deletes
from sayso.jobs.sqs.held_messages import Lease, Leases
from sayso.jobs.sqs.receipts import Receipts
from sayso.jobs.sqs.receiver import Receiver
from sayso.jobs.sqs.remote import BATCH, NOT_OURS, RemoteQueue
from sayso.resilience.retry_policies import REDRIVE

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sayso.aws.session import AwsClient
    from sayso.jobs.base import Delivery

_log = structlog.get_logger(__name__)

_COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed", "ApproximateNumberOfMessagesNotVisible")


class SqsQueue:
    """See the module and `sayso.jobs.JobQueue`; belongs to the event loop of its client.

    Args:
        client: of SQS; its opener closes it, after this.
        queue_url: of the queue.
        dlq_url: of the dead-letter queue; None to leave failed messages to the queue's own redrive policy.
        lease_seconds: the length of a lease without a heartbeat, in whole seconds.
        receipts: the known messages; several objects for one queue may share it.
        settings: the variables that the two URLs come from, for hints.
        cancelled_seconds: how long a poll in progress is waited for when `receive` is cancelled; None for as long as it
            takes. A message that SQS delivers to a poll that was given up is invisible for the length of a lease.
    """

    def __init__(
        self,
        client: AwsClient,
        queue_url: str,
        *,
        dlq_url: str | None = None,
        lease_seconds: float = LEASE_SECONDS,
        receipts: Receipts | None = None,
        settings: tuple[str, str] = ("QUEUE_URL", "DLQ_URL"),
        cancelled_seconds: float | None = None,
    ) -> None:
        self._receipts = Receipts() if receipts is None else receipts
        self._client = client
        self._lease_seconds = math.ceil(lease_seconds)
        self._remote = RemoteQueue(client, queue_url, setting=settings[0])
        self._deletes = Deletes(self._remote)
        self._leases = Leases(lease_seconds=self._lease_seconds, clock=client.clock)
        self._receiver = Receiver(
            client,
            self._remote,
            leases=self._leases,
            receipts=self._receipts,
            lease_seconds=self._lease_seconds,
            cancelled_seconds=cancelled_seconds,
        )
        self._dead_letters: DeadLetters | None = None
        if dlq_url is not None:
            self._dead_letters = DeadLetters(RemoteQueue(client, dlq_url, setting=settings[1]), queue_url)
        self._is_checked = False
        self.left_to_redrive = 0
        """How many times a failed message was left in the queue, because there is no dead-letter queue."""

    async def check(self, *, max_attempts: int | None = None) -> None:
        """Check at the start that the queues exist, may be read, and are two.

        Args:
            max_attempts: the largest number of attempts here; a redrive policy with fewer receipts is warned of.

        Raises:
            InvalidInput: they are the same queue.
            ResourceMissing: one does not exist.
            ServiceUnavailable: they cannot be read, or not with these credentials.
        """
        dead_letters = None if self._dead_letters is None else self._dead_letters.remote
        most_receipts = await check_queues(self._remote, dead_letters)
        if not self._is_checked:
            self._is_checked = True
            has_dead_letters = dead_letters is not None
            warn_of(self._remote.url, most_receipts, has_dead_letters=has_dead_letters, max_attempts=max_attempts)

    # Receiving

    async def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery]:
        """See `JobQueue.receive`; when this is cancelled, a poll in progress is waited for.

        Raises:
            ServiceUnavailable: SQS does not answer.
        """
        return await self._receiver.receive(limit, wait_seconds=wait_seconds)

    # Heartbeats

    async def heartbeat(self, deliveries: Collection[Delivery]) -> Collection[Delivery]:
        """See `JobQueue.heartbeat`.

        Raises:
            ServiceUnavailable: SQS did not extend all leases that it could have.
        """
        held, lost = self._leases.to_extend(deliveries)
        tasks: list[asyncio.Task[None]] = []
        for start in range(0, len(held), BATCH):
            batch = held[start : start + BATCH]
            task = asyncio.create_task(self._extend(batch, lost))
            tasks.append(task)
            for lease in batch:
                lease.heartbeats.add(task)
                task.add_done_callback(lease.heartbeats.discard)
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result  # lost ones stay lost, and are returned by the next heartbeat
        return lost

    async def _extend(self, batch: list[Lease], lost: list[Delivery]) -> None:
        began = self._client.clock()
        outcomes = await self._remote.each(
            "change_message_visibility_batch", [lease.visible_in(self._lease_seconds) for lease in batch]
        )
        failed = 0
        for number, lease in enumerate(batch):
            if not self._leases.holds(lease):
                continue  # it was finished meanwhile, which may be why SQS refused it
            if number in outcomes.refused:
                self._leases.drop(lease)
                lost.append(lease.delivery)
            elif number in outcomes.failed:
                failed += 1
            else:
                lease.until = began + self._lease_seconds
        if failed:
            raise ServiceUnavailable(f"SQS did not extend {failed} messages.")

    async def wait_for_revocation(self) -> NoReturn:
        """See `JobQueue.wait_for_revocation`: SQS revokes nothing, and this never returns."""
        while True:
            await asyncio.Event().wait()

    # Settling

    async def finish(self, delivery: Delivery) -> None:
        """See `JobQueue.finish`; several at about the same time are one request."""
        with self._leases.settling(delivery):
            await self._deletes.delete(delivery.lease)
        self._receipts.ended(delivery.job_id)

    async def retry(self, delivery: Delivery, *, delay_seconds: float, error: str | None = None) -> None:
        """See `JobQueue.retry`; SQS keeps no error."""
        with self._leases.settling(delivery) as lease:
            await self._show(lease, delay_seconds)
        self._receipts.released(delivery.job_id, is_counted=error is not None)

    async def dead_letter(self, delivery: Delivery, *, reason: str) -> None:
        """See `JobQueue.dead_letter`.

        If there is no dead-letter queue, or it refuses the message, the message stays where it is and comes again,
        later and later, until the queue's own redrive policy removes it.
        """
        with self._leases.settling(delivery) as lease:
            if await self._is_dead_lettered(lease, reason):
                await self._deletes.delete(delivery.lease)
                self._receipts.ended(delivery.job_id)
                return
            self.left_to_redrive += 1
            delay_seconds = REDRIVE.pause_seconds(delivery.deliveries)
            _log.error("a message is left to the queue's redrive", job_id=delivery.job_id, reason=reason)
            await self._show(lease, delay_seconds)
        self._receipts.released(delivery.job_id, is_counted=True)

    async def _is_dead_lettered(self, lease: Lease, reason: str) -> bool:
        """Send a message to the dead-letter queue, if there is one that takes it."""
        if self._dead_letters is not None and not lease.is_dead_lettered:
            try:
                await self._dead_letters.send(lease, reason=reason)
            except (AwsRefusal, InvalidInput, ResourceMissing) as error:
                _log.error("the dead-letter queue does not take a message", reason=str(error))
                return False
            lease.is_dead_lettered = True
        return lease.is_dead_lettered

    async def _show(self, lease: Lease, delay_seconds: float) -> None:
        """Make a message visible after a delay.

        Raises:
            LeaseLost: the receipt is not valid any more.
        """
        if lease.heartbeats:
            await asyncio.wait(set(lease.heartbeats))  # or they would hide the message again
        seconds = math.ceil(min(delay_seconds, self._leases.left_seconds(lease)))
        try:
            await self._remote.call("change_message_visibility", refusals=NOT_OURS, **lease.visible_in(seconds))
        except AwsRefusal as refusal:
            if refusal.tries == 1:
                raise LeaseLost(f"Message {lease.delivery.job_id} is not held any more: {refusal.code}.") from None
            # An earlier try succeeded, and its response was lost.

    # Other

    async def backlog(self) -> Backlog:
        """See `JobQueue.backlog`; the oldest job is the oldest that this process holds, because SQS reports none.

        Raises:
            ServiceUnavailable: SQS does not answer.
        """
        answer = await self._remote.call("get_queue_attributes", AttributeNames=list(_COUNTS))
        visible, delayed, hidden = (int(answer.get("Attributes", {}).get(name, 0)) for name in _COUNTS)
        return Backlog(
            waiting=visible + delayed, in_flight=hidden, oldest_age_seconds=self._leases.oldest_age_seconds()
        )

    async def close(self) -> None:
        """See `JobQueue.close`: waits for deletes in progress; the client belongs to its owner."""
        await self._deletes.close()
