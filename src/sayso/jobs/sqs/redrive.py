"""Moving dead letters back to the queue that they came from, once the cause is fixed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sayso.errors import InvalidInput, ServiceUnavailable
from sayso.jobs.sqs.dead_letters import REASON, SOURCE, sendable
from sayso.jobs.sqs.remote import BATCH, RemoteQueue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.aws.session import AwsClient

_HOLD_SECONDS = 60
_POLL_SECONDS = 1
_TASK_POLL_SECONDS = 1.0

_GIVEN_BY_QUEUE = "DeadLetterQueueSourceArn"
"""Attribute with the queue from which SQS's own redrive policy has moved a message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Redriven:
    """What was moved.

    Attributes:
        moved: how many messages are back in their queue; each begins again with its first attempt.
        left: how many came from another queue, and stay.
        is_finished: whether that is all; SQS may go on by itself.
    """

    moved: int
    left: int = 0
    is_finished: bool = True


async def redrive(
    client: AwsClient, queue_url: str, *, dlq_url: str | None, patience_seconds: float = 60.0
) -> Redriven:
    """Move dead letters back; those that die again meanwhile stay.

    Args:
        client: of SQS.
        queue_url: of the queue where they go.
        dlq_url: of the dead-letter queue; None for the one of the queue's redrive policy, from which SQS itself moves
            them, each to the queue that it came from.
        patience_seconds: how long SQS is waited for; it goes on afterwards.

    Raises:
        InvalidInput: there is no dead-letter queue.
        ServiceUnavailable: SQS does not answer; some may have been moved.
    """
    source = RemoteQueue(client, queue_url)
    facts = (await source.call("get_queue_attributes", AttributeNames=["All"])).get("Attributes", {})
    if dlq_url is not None:
        dead = RemoteQueue(client, dlq_url, setting="DLQ_URL")
        return await _Move(dead, source, source_arn=facts.get("QueueArn", "")).all()
    policy = json.loads(facts.get("RedrivePolicy") or "{}")
    if "deadLetterTargetArn" not in policy:
        raise InvalidInput(
            f"The queue {queue_url} has no dead-letter queue.", hint="Set DLQ_URL, or give the queue a redrive policy."
        )
    return await _have_moved(client, policy["deadLetterTargetArn"], patience_seconds)


async def _have_moved(client: AwsClient, dead_arn: str, patience_seconds: float) -> Redriven:
    """Have SQS move the messages of a dead-letter queue."""
    give_up = client.clock() + patience_seconds
    task = await client.call("start_message_move_task", SourceArn=dead_arn)
    while True:
        answer = await client.call("list_message_move_tasks", SourceArn=dead_arn, MaxResults=BATCH)
        ours = [
            result
            for result in answer.get("Results", ())
            if result.get("TaskHandle") in {None, task.get("TaskHandle")}  # only tasks that run have one
        ]
        # The latest comes first; of one that has ended there is no handle.
        latest = ours[0] if ours else {}
        moved = int(latest.get("ApproximateNumberOfMessagesMoved", 0))
        status = latest.get("Status")
        if status == "FAILED":
            raise ServiceUnavailable(f"SQS moved {moved} messages, and failed: {latest.get('FailureReason')}.")
        if status != "RUNNING" or client.clock() >= give_up:
            return Redriven(moved=moved, is_finished=status != "RUNNING")
        await client.sleep(_TASK_POLL_SECONDS)


class _Move:
    """Moves messages one by one: received, sent, deleted. Whatever happens, none is lost."""

    def __init__(self, dead: RemoteQueue, source: RemoteQueue, *, source_arn: str) -> None:
        self._dead = dead
        self._source = source
        self._source_arn = source_arn

    async def all(self) -> Redriven:
        """Move all that were there when it began."""
        began = await self._now()
        moved, left = 0, 0
        others: list[Mapping[str, Any]] = []
        while messages := await self._receive():
            ours = [message for message in messages if self._is_ours(message) and _sent(message) <= began]
            others += [message for message in messages if message not in ours]
            left += sum(not self._is_ours(message) for message in messages)
            await self._move(ours)
            moved += len(ours)
        for start in range(0, len(others), BATCH):
            receipts = [message["ReceiptHandle"] for message in others[start : start + BATCH]]
            await self._dead.each(
                "change_message_visibility_batch",
                [{"ReceiptHandle": receipt, "VisibilityTimeout": 0} for receipt in receipts],
            )
        return Redriven(moved=moved, left=left)

    async def _now(self) -> float:
        await self._dead.call("get_queue_attributes", AttributeNames=["QueueArn"])
        return self._dead.client.server_clock.now()

    async def _receive(self) -> Sequence[Mapping[str, Any]]:
        answer = await self._dead.call(
            "receive_message",
            waits_seconds=_POLL_SECONDS,
            MaxNumberOfMessages=BATCH,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
            VisibilityTimeout=_HOLD_SECONDS,
            WaitTimeSeconds=_POLL_SECONDS,
        )
        messages: Sequence[Mapping[str, Any]] = answer.get("Messages", ())
        return messages

    def _is_ours(self, message: Mapping[str, Any]) -> bool:
        """Whether it came from this queue, or has no attribute that says from where."""
        mark = message.get("MessageAttributes", {}).get(SOURCE, {}).get("StringValue")
        arn = message.get("Attributes", {}).get(_GIVEN_BY_QUEUE)
        return mark in {None, self._source.url} and arn in {None, self._source_arn}

    async def _move(self, messages: Sequence[Mapping[str, Any]]) -> None:
        sent: list[Mapping[str, Any]] = []
        try:
            for message in messages:
                await self._send(message)
                sent.append(message)
        finally:
            await self._delete(sent)

    async def _send(self, message: Mapping[str, Any]) -> None:
        order: dict[str, Any] = {}
        if self._source.is_fifo:
            order = {
                "MessageGroupId": message["Attributes"]["MessageGroupId"],
                # The name that it was first sent under may still keep out what comes under it.
                "MessageDeduplicationId": f"redrive-{message['MessageId']}",
            }
        attributes = sendable(message.get("MessageAttributes", {}))
        await self._source.call(
            "send_message",
            MessageBody=message["Body"],
            MessageAttributes={name: value for name, value in attributes.items() if name not in {REASON, SOURCE}},
            **order,
        )

    async def _delete(self, messages: Sequence[Mapping[str, Any]]) -> None:
        if not messages:
            return
        outcomes = await self._dead.each(
            "delete_message_batch", [{"ReceiptHandle": message["ReceiptHandle"]} for message in messages]
        )
        if outcomes.failed:
            raise ServiceUnavailable(f"{len(outcomes.failed)} messages were moved, and are dead letters too.")


def _sent(message: Mapping[str, Any]) -> float:
    """When a message came to the dead-letter queue, in Unix seconds; in whole seconds, as the clock has it."""
    return float(int(int(message.get("Attributes", {}).get("SentTimestamp", 0)) / 1000))
