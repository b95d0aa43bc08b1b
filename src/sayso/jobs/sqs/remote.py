"""One queue of SQS, as its API has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sayso.aws.errors import AwsRefusal
from sayso.errors import ResourceMissing
from sayso.resilience.retry_policies import SQS_BATCH

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sayso.aws.session import AwsClient

BATCH = 10
"""How many messages SQS delivers or takes in one request, at most."""

NOT_OURS = frozenset({"InvalidParameterValue", "MessageNotInflight", "ReceiptHandleIsInvalid"})
"""Codes of SQS for a receipt that is not valid (any more): the message is visible, or gone."""

_MISSING = frozenset({"InvalidAddress", "NonExistentQueue", "QueueDoesNotExist"})

SAME_QUEUE = "DLQ_URL and QUEUE_URL are the same queue: what cannot be done would come again for ever."
SAME_QUEUE_HINT = "Give DLQ_URL a queue of its own, or leave it out for the queue's own redrive policy."

_BATCH_TRIES = 3


def is_same_queue(url: str, other: str) -> bool:
    """Whether two URLs name one queue to a client, in whatever spelling.

    A client calls its own endpoint, whatever host the URL of a queue has: account and name alone decide.
    """
    return _name_in(url) == _name_in(other)


def _name_in(url: str) -> tuple[str, ...]:
    parts = [part for part in unquote(urlsplit(url).path).split("/") if part]
    return tuple(parts[-2:])


class RemoteQueue:
    """Calls on one queue; belongs to the event loop of its client.

    Args:
        client: of SQS; its opener closes it.
        url: the queue's.
        setting: the name of the variable that the URL comes from, for hints.
    """

    def __init__(self, client: AwsClient, url: str, *, setting: str = "QUEUE_URL") -> None:
        self.client = client
        self.url = url
        self._setting = setting

    @property
    def is_fifo(self) -> bool:
        """Whether it keeps the order within groups."""
        return self.url.endswith(".fifo")

    async def call(
        self, operation: str, /, *, waits_seconds: float = 0.0, refusals: Collection[str] = (), **parameters: Any
    ) -> Mapping[str, Any]:
        """As `AwsClient.call`, about this queue.

        Raises:
            AwsRefusal, ServiceUnavailable: as there.
            InvalidInput: as there.
            ResourceMissing: there is no such queue, or its URL is none.
        """
        try:
            return await self.client.call(
                operation,
                waits_seconds=waits_seconds,
                refusals={*refusals, *_MISSING},
                QueueUrl=self.url,
                **parameters,
            )
        except AwsRefusal as refusal:
            if refusal.code not in _MISSING:
                raise
        raise ResourceMissing(
            f"There is no SQS queue {self.url}.",
            hint=f"See {self._setting}, and whether AWS_REGION is the queue's region.",
        )

    async def each(self, operation: str, entries: Sequence[Mapping[str, Any]]) -> Outcomes:
        """Send up to ten entries in one request, and again those that fail by themselves.

        Args:
            operation: one that takes ``Entries``.
            entries: what each of them is, but for its ``Id``.

        Raises:
            InvalidInput, ServiceUnavailable: as `call`, for all of them.
        """
        refused: set[int] = set()
        left = set(range(len(entries)))
        for failures in range(1, _BATCH_TRIES + 1):
            answer = await self.call(
                operation, Entries=[{"Id": str(number), **entries[number]} for number in sorted(left)]
            )
            done = {int(entry["Id"]) for entry in answer.get("Successful", ())}
            refused |= {int(entry["Id"]) for entry in answer.get("Failed", ()) if _is_final(entry)}
            left -= done | refused
            if not left or failures == _BATCH_TRIES:
                break
            await self.client.sleep(SQS_BATCH.pause_seconds(failures))
        return Outcomes(refused=refused, failed=left)


class Outcomes:
    """The entries of a batch that were not done, by their places in it.

    Attributes:
        refused: SQS answered that the receipt is not valid.
        failed: SQS failed on them in several attempts.
    """

    def __init__(self, *, refused: Collection[int], failed: Collection[int]) -> None:
        self.refused = frozenset(refused)
        self.failed = frozenset(failed)


def _is_final(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("Code", "")).rpartition(".")[2] in NOT_OURS
