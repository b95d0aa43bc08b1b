"""Tasks in a DynamoDB table that other services read, so each change is as small as possible.

Every change is conditional, so that a worker that lost its claim changes nothing, and a completed task is never set
back. A change whose response was lost is sent again. If its condition does not hold then, because it had been made, the
item shows that the change was our own.

The tasks of one claim are changed one after the other, in the order of the claim. If a worker dies in between, some of
them are completed, and the next claim has the others.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sayso.aws.errors import AwsRefusal
from sayso.errors import InvalidInput, LeaseLost, ResourceMissing, SaysoError, ServiceUnavailable
from sayso.jobs.base import Claim, ClaimHeldElsewhere, Finished
from sayso.jobs.dynamodb import items
from sayso.jobs.dynamodb.items import COMPLETED, FAILED, Change, Item
from sayso.jobs.lease_times import LEASE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sayso.aws.session import AwsClient
    from sayso.jobs.base import TaskProgress

_LONGEST_STEP = 2**32
"""The largest step of a lease id; small enough for a million claims to be exact in a double."""

_CLAIM_ROUNDS = 3

_ID_BYTES = 2048
_TASK_ID_BYTES = 1024  # the limits of DynamoDB on keys

_UNMET = "ConditionalCheckFailedException"
_MISSING = "ResourceNotFoundException"
_NOT_A_KEY = "ValidationException"

_UNFIT_ITEM = frozenset({"ItemCollectionSizeLimitExceededException", "ValidationException"})
"""The codes of refusals that are about the item: with the update, it or its collection would be too large. The keys
are known to be valid by then, because the item was read."""

_TABLE_HINT = "See DYNAMODB_TABLE, and whether AWS_REGION is the table's region."


class _Unmet(Exception):
    """The condition of a change does not hold; ``item`` is the current item."""

    def __init__(self, item: Item) -> None:
        super().__init__("the condition does not hold")
        self.item = item


class DynamoTaskStore:
    """See the module and `sayso.jobs.TaskStore`; belongs to the event loop of its client.

    Args:
        client: of DynamoDB; its opener closes it.
        table: its name; its partition key is ``id``, the parent, and its sort key ``task_id``.
        lease_seconds: how long a claim lasts without a heartbeat.
    """

    def __init__(self, client: AwsClient, table: str, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._client = client
        self._table = table
        self._lease_seconds = lease_seconds

    async def check(self) -> None:
        """Check at the start that the table exists, has the right keys, and may be read.

        Raises:
            InvalidInput: it has other keys.
            ResourceMissing: it does not exist.
            ServiceUnavailable: it cannot be read, or not with these credentials.
        """
        try:
            await self._client.call(
                "get_item", refusals={_MISSING, _NOT_A_KEY}, TableName=self._table, Key=_key("sayso", "sayso")
            )
        except AwsRefusal as refusal:
            code = refusal.code
        else:
            return
        if code == _MISSING:
            raise self._missing()
        raise InvalidInput(
            f"The DynamoDB table {self._table!r} has other keys than tasks have.",
            hint="Its partition key must be the string `id`, and its sort key the string `task_id`.",
        )

    async def claim(self, parent_id: str, task_ids: Sequence[str]) -> Claim | ClaimHeldElsewhere | Finished:
        """See `TaskStore.claim`.

        Raises:
            InvalidInput: an id is not valid in the table.
            ServiceUnavailable: DynamoDB does not answer.
        """
        _check_ids(parent_id, task_ids)
        for _ in range(_CLAIM_ROUNDS):
            tasks = {task_id: await self._read(parent_id, task_id) for task_id in task_ids}
            unfinished = {task_id: item for task_id, item in tasks.items() if item.status != COMPLETED}
            if not unfinished:
                return Finished(media_urls={task_id: item.media_url or "" for task_id, item in tasks.items()})
            left_seconds = max(float(item.until or 0) for item in unfinished.values()) - self._client.server_clock.now()
            if left_seconds > 0:
                return ClaimHeldElsewhere(retry_after_seconds=min(left_seconds, self._lease_seconds))
            lease_ids = await self._take(parent_id, unfinished)
            if lease_ids is not None:
                attempt = 1 + max(item.attempts for item in unfinished.values())
                return Claim(parent_id=parent_id, lease_ids=lease_ids, attempt=attempt)
        return ClaimHeldElsewhere(
            retry_after_seconds=self._lease_seconds
        )  # others claim and release it faster than we can read

    async def _take(self, parent_id: str, seen: Mapping[str, Item]) -> Mapping[str, int] | None:
        """Claim tasks that are still as they were read, all or none; None if one has changed."""
        taken: dict[str, int] = {}
        try:
            for task_id, item in sorted(seen.items()):  # in a fixed order, so that two workers do not block each other
                lease = (item.lease or 0) + 1 + secrets.randbelow(_LONGEST_STEP)
                now = self._client.server_clock.now()
                change = items.claimed(item, lease=lease, now=now, until=now + self._lease_seconds)
                try:
                    await self._change(parent_id, task_id, change)
                except _Unmet as unmet:
                    if unmet.item.lease != lease:
                        await self._release_taken(parent_id, taken)
                        return None
                taken[task_id] = lease
        except SaysoError:
            await self._release_taken(parent_id, taken)
            raise
        return taken

    async def _release_taken(self, parent_id: str, taken: Mapping[str, int]) -> None:
        with suppress(ServiceUnavailable):  # the lease ends by itself
            await self.release(Claim(parent_id=parent_id, lease_ids=taken))

    async def heartbeat(self, claim: Claim, progress: TaskProgress | None = None) -> None:
        """See `TaskStore.heartbeat`."""
        share = None if progress is None else progress.share
        for task_id, lease in claim.lease_ids.items():
            until = await self._now(claim.parent_id, task_id) + self._lease_seconds
            try:
                await self._change(claim.parent_id, task_id, items.extended(lease, until=until, share=share))
            except _Unmet:
                await self._release_taken(claim.parent_id, claim.lease_ids)  # the others are of no use without it
                raise _lost(claim, task_id) from None

    async def complete(self, claim: Claim, media_urls: Mapping[str, str]) -> None:
        """See `TaskStore.complete`; completing a task again in the same way succeeds."""
        await self._confirm(claim, COMPLETED)
        for task_id, lease in claim.lease_ids.items():
            url = media_urls[task_id]
            now = await self._now(claim.parent_id, task_id)
            try:
                await self._change(claim.parent_id, task_id, items.completed(lease, now=now, media_url=url))
            except _Unmet as unmet:
                item = unmet.item
                if (item.status, item.lease, item.media_url) != (COMPLETED, lease, url):
                    raise _lost(claim, task_id) from None

    async def fail(self, claim: Claim, *, error: str, code: str | None = None) -> None:  # noqa: ARG002 -- as documented
        """See `TaskStore.fail`; failing a task again in the same way succeeds."""
        await self._confirm(claim, FAILED)
        for task_id, lease in claim.lease_ids.items():
            now = await self._now(claim.parent_id, task_id)
            try:
                await self._change(claim.parent_id, task_id, items.failed(lease, now=now, error=error))
            except _Unmet as unmet:
                item = unmet.item
                if (item.status, item.lease, item.error) != (FAILED, lease, items.error_text(error)):
                    raise _lost(claim, task_id) from None

    async def release(self, claim: Claim, *, is_counted: bool = False) -> None:
        """See `TaskStore.release`."""
        for task_id, lease in claim.lease_ids.items():
            with suppress(_Unmet):
                await self._change(claim.parent_id, task_id, items.released(lease, is_counted=is_counted))

    async def close(self) -> None:
        """See `TaskStore.close`: nothing to close; the client belongs to its owner."""

    async def _confirm(self, claim: Claim, status: str) -> None:
        """Check that every task of a claim is held by it, or got its status from it, before any is changed.

        Raises:
            LeaseLost: one is not.
        """
        if len(claim.lease_ids) == 1:
            return  # its change has the same condition
        for task_id, lease in claim.lease_ids.items():
            item = await self._read(claim.parent_id, task_id)
            if item.lease != lease or (item.until is None and item.status != status):
                raise _lost(claim, task_id)

    async def _now(self, parent_id: str, task_id: str) -> float:
        """DynamoDB's time, known from its first response."""
        if not self._client.server_clock.is_set:
            await self._read(parent_id, task_id)
        return self._client.server_clock.now()

    async def _read(self, parent_id: str, task_id: str) -> Item:
        answer = await self._call("get_item", Key=_key(parent_id, task_id), ConsistentRead=True)
        return Item.of(answer.get("Item", {}))

    async def _change(self, parent_id: str, task_id: str, change: Change) -> None:
        """Make a change.

        Raises:
            _Unmet: its condition does not hold.
            InvalidInput: DynamoDB refuses the change of this item.
        """
        key = _key(parent_id, task_id)
        try:
            await self._call("update_item", refusals={_UNMET, *_UNFIT_ITEM}, Key=key, **change.parameters())
        except AwsRefusal as refusal:
            answer, code = refusal.answer, refusal.code
        else:
            return
        if code in _UNFIT_ITEM:
            detail = str(answer.get("Error", {}).get("Message", "")) or None
            raise InvalidInput(f"DynamoDB does not take the change of task {task_id!r}: {code}.", hint=detail)
        # Emulators of DynamoDB do not always return the item.
        raise _Unmet(Item.of(answer["Item"]) if answer.get("Item") else await self._read(parent_id, task_id))

    async def _call(self, operation: str, *, refusals: Collection[str] = (), **parameters: Any) -> Mapping[str, Any]:
        try:
            return await self._client.call(
                operation, refusals={*refusals, _MISSING}, TableName=self._table, **parameters
            )
        except AwsRefusal as refusal:
            if refusal.code != _MISSING:
                raise
        raise self._missing()

    def _missing(self) -> ResourceMissing:
        return ResourceMissing(f"There is no DynamoDB table {self._table!r}.", hint=_TABLE_HINT)


def _key(parent_id: str, task_id: str) -> Mapping[str, Mapping[str, str]]:
    return {"id": {"S": parent_id}, "task_id": {"S": task_id}}


def _check_ids(parent_id: str, task_ids: Sequence[str]) -> None:
    """Refuse ids that the table refuses, as an error of the job."""
    bounds = [("parent_id", parent_id, _ID_BYTES), *(("task id", task_id, _TASK_ID_BYTES) for task_id in task_ids)]
    for name, value, maximum_bytes in bounds:
        size_bytes = len(value.encode(errors="surrogatepass"))
        if not 0 < size_bytes <= maximum_bytes:
            raise InvalidInput(f"The {name} has {size_bytes} bytes; it may have 1 to {maximum_bytes}.")


def _lost(claim: Claim, task_id: str) -> LeaseLost:
    return LeaseLost(f"Task {task_id!r} of {claim.parent_id!r} is not this claim's any more.")
