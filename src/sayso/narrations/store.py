"""What a store of narrations promises: each is there from the moment it is accepted, with its job and its tasks.

A narration is one row with three things that belong to it: a job on the queue ``stories``, a task for each of its
formats (`sayso.jobs.TaskStore`, with the narration as their parent), and events, one at each change of any of them.
What is seen of a narration follows from its tasks; only its end by cancellation is its own.

A store is asynchronous and belongs to the event loop that opened it. Its calls raise `ServiceUnavailable` when the
database does not answer within a few tries; no vendor's exception crosses. All times are the database's.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.narrations.records import (
        CallbackStatus,
        NarrationRecord,
        NarrationRequest,
        NarrationStatus,
        Page,
        Submitted,
    )

STORIES_QUEUE = "stories"
CALLBACKS_QUEUE = "callbacks"

SHARED_OWNER = ""
"""Whose the narrations are where nobody shows a key; no key has this name."""

_ID = re.compile(r"nar_[0-9a-f]{32}")


class NarrationStore(Protocol):
    """Where narrations are; an ``owner`` of None stands for whoever may see all of them."""

    async def submit(self, request: NarrationRequest, *, owner: str, idempotency_key: str | None = None) -> Submitted:
        """Accept a narration: its row, its job, its tasks and its first event appear together.

        Raises:
            IdempotencyKeyReused: the owner has used the key for another request.
        """
        ...

    async def get(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """A narration.

        Raises:
            NoSuchJob: there is none of this name that the owner may see.
        """
        ...

    async def page(
        self, *, owner: str | None, status: NarrationStatus | None = None, limit: int, after: str | None = None
    ) -> Page:
        """The narrations of an owner.

        Args:
            owner: whose.
            status: only those that are so far.
            limit: how many at most, at least 1.
            after: the narration after which the page begins.

        Raises:
            NoSuchJob: the owner has no narration ``after``.
        """
        ...

    async def cancel(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """End a narration, if it has not ended: at once, with its tasks and its job, and announced.

        Whoever works on it has lost its leases from then on, and is told so. Of one that has ended nothing changes.

        Raises:
            NoSuchJob: as `get`.
        """
        ...

    async def changes(self, seen: Mapping[str, int]) -> Sequence[NarrationRecord]:
        """Of these narrations, those with an event later than the one that was seen; any owner's.

        Args:
            seen: the latest `NarrationRecord.event_id` that is known of each.
        """
        ...

    async def hint(self) -> None:
        """Return when some narration may have changed: a reason to look now. May never return, and never fails."""
        ...

    async def announce(self, narration_id: str) -> None:
        """Have the owner told of the end: a job on the queue ``callbacks``, one for each narration and end.

        Nothing, where there is no such narration, it has not ended, nobody is to be told, or the job was made before.
        """
        ...

    async def record_attempt(
        self, narration_id: str, *, status: int | None, error: str | None, callback: CallbackStatus
    ) -> None:
        """Note how a try to tell the owner went, now.

        Args:
            narration_id: of which narration; nothing, where there is none.
            status: as in `CallbackAttempt`.
            error: likewise.
            callback: how it stands with the callback from now on.
        """
        ...

    async def fail_callback(self, narration_id: str) -> None:
        """Note that nobody tries to tell the owner any more, unless they were told; nothing, where there is none."""
        ...

    async def close(self) -> None:
        """Give up connections."""
        ...


def new_narration_id() -> str:
    """A name that nobody guesses."""
    return f"nar_{secrets.token_hex(16)}"


def is_narration_id(name: str) -> bool:
    """Whether a narration can have this name."""
    return _ID.fullmatch(name) is not None


def announcement(narration_id: str, status: NarrationStatus) -> str:
    """The body of a job on the queue ``callbacks``."""
    return json.dumps({"narration_id": narration_id, "status": status})
