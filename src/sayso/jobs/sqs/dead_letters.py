"""Send messages that cannot be processed to the dead-letter queue."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.jobs.sqs.held_messages import Lease
    from sayso.jobs.sqs.remote import RemoteQueue

REASON = "Reason"
SOURCE = "SourceQueue"
"""The names of the attributes that are added to a dead letter."""

_ATTRIBUTES = 10  # the largest number of attributes of a message
_REASON_CHARACTERS = 400
_GROUP = "sayso"  # in a FIFO dead-letter queue, for messages without a group

_UNFIT = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that a string attribute may not have: https://docs.aws.amazon.com/AWSSimpleQueueService, SendMessage."""

_UNFIT_LETTER = frozenset(
    {
        "InvalidAttributeValue",
        "InvalidMessageContents",
        "InvalidParameterValue",
        "MissingParameter",
        "UnsupportedOperation",
    }
)
"""Codes with which a dead-letter queue refuses a message, also because it is too large with the reason."""


def fit(text: str) -> str:
    """A text that is valid as a string attribute: one line, not empty, not too long."""
    line = " ".join(_UNFIT.sub(" ", text).split())
    return line[:_REASON_CHARACTERS] or "unknown"


class DeadLetters:
    """Sends messages to a dead-letter queue; belongs to the event loop of its client.

    Args:
        remote: the dead-letter queue.
        source_url: of the queue that the messages come from.
    """

    def __init__(self, remote: RemoteQueue, source_url: str) -> None:
        self.remote = remote
        self._source_url = source_url

    async def send(self, lease: Lease, *, reason: str) -> None:
        """Send a copy of a message, with the reason; possibly two, if a response is lost.

        Raises:
            AwsRefusal: the queue refuses the message.
            ServiceUnavailable: SQS fails.
        """
        delivery = lease.delivery
        order: dict[str, Any] = {}
        if self.remote.is_fifo:
            order = {"MessageGroupId": delivery.group or _GROUP, "MessageDeduplicationId": delivery.job_id}
        await self.remote.call(
            "send_message",
            refusals=_UNFIT_LETTER,
            MessageBody=delivery.body,
            MessageAttributes=self._attributes(lease, reason),
            **order,
        )

    def _attributes(self, lease: Lease, reason: str) -> Mapping[str, Any]:
        ours = {REASON: fit(reason), SOURCE: fit(self._source_url)}
        theirs = [(name, value) for name, value in sendable(lease.attributes).items() if name not in ours]
        return dict(theirs[: _ATTRIBUTES - len(ours)]) | {
            name: {"DataType": "String", "StringValue": value} for name, value in ours.items()
        }


def sendable(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """A message's attributes in the form for sending: without the lists that SQS returns but does not accept."""
    return {
        name: {key: value[key] for key in ("DataType", "StringValue", "BinaryValue") if value.get(key)}
        for name, value in attributes.items()
    }
