"""The interface of a store of narrations: each exists, with its job and its tasks, as soon as it is accepted.

A narration is one row with three things that belong to it: a job on the queue ``stories``, a task for each of its
formats (`sayso.jobs.TaskStore`, with the narration as their parent), and events, one at each change of any of them.
The visible state of a narration is derived from its tasks; only its cancellation is stored in the row.

A store is asynchronous and belongs to the event loop that opened it. Its calls raise `ServiceUnavailable` when the
database does not answer within a few tries; no vendor's exception crosses. All times are the database's.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Protocol

from sayso.errors import InvalidInput
from sayso.narrations.records import NarrationStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.narrations.records import (
        CallbackStatus,
        NarrationRecord,
        NarrationRequest,
        Page,
        Submitted,
    )

STORIES_QUEUE = "stories"
CALLBACKS_QUEUE = "callbacks"

SHARED_OWNER = ""
"""The owner of narrations without an API key; no key has this name."""

_ID = re.compile(r"nar_[0-9a-f]{32}")


class NarrationStore(Protocol):
    """A store of narrations; an ``owner`` of None may see all narrations."""

    async def submit(self, request: NarrationRequest, *, owner: str, idempotency_key: str | None = None) -> Submitted:
        """Accept a narration: its row, its job, its tasks and its first event are created atomically.

        Raises:
            IdempotencyKeyReused: the owner has used the key for another request.
        """
        ...

    async def get(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """A narration.

        Raises:
            NoSuchJob: it does not exist, or is not visible to the owner.
        """
        ...

    async def page(
        self, *, owner: str | None, status: NarrationStatus | None = None, limit: int, after: str | None = None
    ) -> Page:
        """The narrations of an owner.

        Args:
            owner: of the narrations.
            status: only those with this status.
            limit: the largest number, at least 1.
            after: the narration after which the page begins.

        Raises:
            NoSuchJob: the owner has no narration ``after``.
        """
        ...

    async def cancel(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """Cancel a narration at once, unless it has ended: with its tasks and its job, and with a callback.

        A worker that processes it has lost its leases from then on, and is notified. A finished narration does not
        change.

        Raises:
            NoSuchJob: as for `get`.
        """
        ...

    async def retry(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """Enqueue a failed or cancelled narration again, with all its attempts; one that has not ended stays unchanged.

        Raises:
            NoSuchJob: as for `get`.
            InvalidInput: it is completed, or its job, which has the text, is not kept any more.
        """
        ...

    async def changes(self, seen: Mapping[str, int]) -> Sequence[NarrationRecord]:
        """Those of these narrations that have a later event than the known one; of any owner.

        Args:
            seen: the latest known `NarrationRecord.event_id` of each.
        """
        ...

    async def wait_for_change(self) -> None:
        """Return when some narration may have changed: a reason to query now. May never return, and never fails."""
        ...

    async def enqueue_callback(self, narration_id: str) -> None:
        """Enqueue the callback about the end: one job on the queue ``callbacks`` for each narration and final status.

        Does nothing if the narration does not exist, has not ended, has no callback URL, or if the job exists already.
        """
        ...

    async def record_attempt(
        self, narration_id: str, *, status: int | None, error: str | None, callback: CallbackStatus
    ) -> None:
        """Record an attempt to deliver the callback, at the current time.

        Args:
            narration_id: of the narration; nothing happens if it does not exist.
            status: as in `CallbackAttempt`.
            error: as in `CallbackAttempt`.
            callback: the status of the callback from now on.
        """
        ...

    async def fail_callback(self, narration_id: str) -> None:
        """Record that there are no further attempts at the callback, unless it was delivered.

        Does nothing if the narration does not exist.
        """
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class NarrationRemover(Protocol):
    """Removes narrations with everything that belongs to them."""

    async def remove(self, record: NarrationRecord) -> None:
        """Remove a narration that has ended: its files, job, tasks and events, then its row.

        Raises:
            InvalidInput: it is being processed again, its callback is not delivered yet, or another process is removing
                it; or a file is in a storage that this process does not have.
            OutputFailed, ServiceUnavailable: a storage or the database does not do it. A second call continues.
        """
        ...


def cannot_retry(record: NarrationRecord) -> InvalidInput:
    """The refusal of a retry."""
    if record.status is NarrationStatus.COMPLETED:
        return InvalidInput(f"Narration {record.id} is completed: there is nothing to retry.")
    return InvalidInput(f"The text of narration {record.id} is not kept any more.", hint="Submit it again.")


def cannot_remove(narration_id: str) -> InvalidInput:
    """The refusal of a removal."""
    return InvalidInput(
        f"Narration {narration_id} cannot be deleted now.",
        hint="It is being retried or deleted, or its callback is not delivered yet: try again in a minute.",
    )


def new_narration_id() -> str:
    """A random name that cannot be guessed."""
    return f"nar_{secrets.token_hex(16)}"


def is_narration_id(name: str) -> bool:
    """Whether a narration can have this name."""
    return _ID.fullmatch(name) is not None


def callback_message(narration_id: str, status: NarrationStatus) -> str:
    """The body of a job on the queue ``callbacks``."""
    return json.dumps({"narration_id": narration_id, "status": status})
