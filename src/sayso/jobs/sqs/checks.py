"""Checks of queues before jobs are received from them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import structlog

from sayso.errors import InvalidInput
from sayso.jobs.sqs.remote import SAME_QUEUE, SAME_QUEUE_HINT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.jobs.sqs.remote import RemoteQueue

_log = structlog.get_logger(__name__)


async def check_queues(queue: RemoteQueue, dead_letters: RemoteQueue | None) -> int | None:
    """Check that the queues exist, may be read, and are two.

    Returns:
        After how many receipts SQS itself dead-letters a message of the first; None without a redrive policy.

    Raises:
        InvalidInput: they are the same queue.
        ResourceMissing: one does not exist.
        ServiceUnavailable: they cannot be read, or not with these credentials.
    """
    facts = (await queue.call("get_queue_attributes", AttributeNames=["All"])).get("Attributes", {})
    if dead_letters is not None:
        dead = await dead_letters.call("get_queue_attributes", AttributeNames=["QueueArn"])
        if "QueueArn" in facts and facts["QueueArn"] == dead.get("Attributes", {}).get("QueueArn"):
            raise InvalidInput(SAME_QUEUE, hint=SAME_QUEUE_HINT)
    return _most_receipts(facts)


def warn_of(url: str, most_receipts: int | None, *, has_dead_letters: bool, max_attempts: int | None) -> None:
    """Warn of a missing redrive policy, or one that allows too few receipts."""
    if most_receipts is None and not has_dead_letters:
        _log.warning(
            "messages that cannot be done will come again until they are too old: "
            "set DLQ_URL, or give the queue a redrive policy",
            queue=url,
        )
    if most_receipts is not None and max_attempts is not None and most_receipts < max_attempts:
        _log.warning(
            f"SQS moves a message to its dead-letter queue after {most_receipts} receipts (maxReceiveCount), before "
            f"{max_attempts} attempts (SAYSO_MAX_ATTEMPTS) were made: its tasks are never FAILED then. Let "
            f"maxReceiveCount be larger by far, since a message that only waited is received again too",
            queue=url,
            max_receive_count=most_receipts,
            max_attempts=max_attempts,
        )


def _most_receipts(facts: Mapping[str, str]) -> int | None:
    try:
        return int(json.loads(facts.get("RedrivePolicy") or "{}")["maxReceiveCount"])
    except (KeyError, TypeError, ValueError):
        return None
