"""The task store of a deployment without a status of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.jobs.base import Claim

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.jobs.base import TaskProgress


class NullTaskStore:
    """See `TaskStore`: every claim is granted, and nothing is stored. Only the queue has leases."""

    async def claim(self, parent_id: str, task_ids: Sequence[str]) -> Claim:
        """Grant all of the tasks."""
        return Claim(parent_id=parent_id, lease_ids=dict.fromkeys(task_ids, 0))

    async def heartbeat(self, claim: Claim, progress: TaskProgress | None = None) -> None:
        """Does nothing: no claim is lost."""

    async def complete(self, claim: Claim, media_urls: Mapping[str, str]) -> None:
        """Does nothing."""

    async def fail(self, claim: Claim, *, error: str, code: str | None = None) -> None:
        """Does nothing."""

    async def release(self, claim: Claim, *, is_counted: bool = False) -> None:
        """Does nothing."""

    async def close(self) -> None:
        """Does nothing."""
