"""Tasks in PostgreSQL, with an event for each change; NOTIFY announces the events to readers."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from sayso.errors import LeaseLost
from sayso.jobs.base import Claim, ClaimHeldElsewhere, Finished
from sayso.jobs.lease_times import LEASE_SECONDS
from sayso.postgres.connections import storable
from sayso.postgres.listener import Channel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.jobs.base import TaskProgress
    from sayso.postgres.pool import Database
    from sayso.postgres.transactions import Transaction

_ADD = """
insert into sayso.tasks (parent_id, task_id) select %(parent)s, unnest(%(tasks)s::text[])
on conflict do nothing
"""

_LOOK = """
select task_id, status, media_url, lease_id, extract(epoch from lease_until - now())::float8 as held_seconds
from sayso.tasks
where parent_id = %(parent)s and (task_id = any(%(tasks)s) or cardinality(%(tasks)s::text[]) = 0)
order by task_id for update
"""

_CLAIM = """
update sayso.tasks
set status = 'IN_PROGRESS',
    lease_id = nextval('sayso.lease_ids'), lease_until = now() + %(lease)s * interval '1 second',
    started_at = coalesce(started_at, now()), date_updated = now(), error = null, error_code = null
where parent_id = %(parent)s and task_id = any(%(tasks)s)
returning task_id, lease_id
"""

_HEARTBEAT = """
update sayso.tasks
set lease_until = now() + %(lease)s * interval '1 second', date_updated = now(),
    progress = coalesce(%(share)s, progress), audio_seconds = coalesce(%(audio)s, audio_seconds)
where parent_id = %(parent)s and task_id = any(%(tasks)s)
"""

_COMPLETE = """
update sayso.tasks
set status = 'COMPLETED', media_url = done.url, lease_until = null, progress = 1, date_updated = now()
from unnest(%(tasks)s::text[], %(urls)s::text[]) as done (id, url)
where parent_id = %(parent)s and task_id = done.id
"""

_FAIL = """
update sayso.tasks
set status = 'FAILED', error = %(error)s, error_code = %(code)s, lease_until = null, date_updated = now()
where parent_id = %(parent)s and task_id = any(%(tasks)s)
"""

_RELEASE = """
update sayso.tasks set lease_until = null
from unnest(%(tasks)s::text[], %(leases)s::bigint[]) as held (id, lease)
where parent_id = %(parent)s and task_id = held.id and lease_id = held.lease and status = 'IN_PROGRESS'
"""

_EVENT = "insert into sayso.events (parent_id, kind) values (%(parent)s, %(kind)s)"


class PostgresTaskStore:
    """See `sayso.jobs.TaskStore`; belongs to the event loop of its database.

    The lease id is from a sequence of the database, so each is larger than all before it. A change whose response
    was lost is made again; its lease id shows that it was this worker's.

    Args:
        database: of the tasks; its opener closes it.
        lease_seconds: the length of a claim without a heartbeat.
    """

    def __init__(self, database: Database, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._database = database
        self._lease_seconds = lease_seconds

    async def claim(self, parent_id: str, task_ids: Sequence[str]) -> Claim | ClaimHeldElsewhere | Finished:
        """See `TaskStore.claim`.

        Raises:
            LeaseLost: a task was cancelled: it cannot be claimed.
            ServiceUnavailable: the database does not answer.
        """
        about = {"parent": parent_id, "tasks": list(task_ids), "lease": self._lease_seconds}
        async with self._database.transaction() as transaction:
            await transaction.fetch(_ADD, about)
            found = await transaction.fetch(_LOOK, about)
            if any(row["status"] == "CANCELLED" for row in found):
                raise LeaseLost(f"{parent_id} was cancelled.")
            unfinished = [row for row in found if row["status"] != "COMPLETED"]
            if not unfinished:
                return Finished(media_urls={row["task_id"]: row["media_url"] for row in found})
            held_seconds = max(row["held_seconds"] or 0.0 for row in unfinished)
            if held_seconds > 0:
                return ClaimHeldElsewhere(retry_after_seconds=held_seconds)
            claimed = await transaction.fetch(_CLAIM, {**about, "tasks": [row["task_id"] for row in unfinished]})
            await _event(transaction, parent_id, "claimed")
        return Claim(parent_id=parent_id, lease_ids={row["task_id"]: row["lease_id"] for row in claimed})

    async def heartbeat(self, claim: Claim, progress: TaskProgress | None = None) -> None:
        """See `TaskStore.heartbeat`."""
        news = {
            "lease": self._lease_seconds,
            "share": None if progress is None else progress.share,
            "audio": None if progress is None else progress.audio_seconds,
        }
        await self._change(claim, _HEARTBEAT, news, kind=None if progress is None else "progress")

    async def complete(self, claim: Claim, media_urls: Mapping[str, str]) -> None:
        """See `TaskStore.complete`."""
        urls = [media_urls[task_id] for task_id in claim.lease_ids]
        await self._change(claim, _COMPLETE, {"urls": urls}, kind="completed", result="COMPLETED")

    async def fail(self, claim: Claim, *, error: str, code: str | None = None) -> None:
        """See `TaskStore.fail`."""
        await self._change(claim, _FAIL, {"error": storable(error), "code": code}, kind="failed", result="FAILED")

    async def release(self, claim: Claim, *, is_counted: bool = False) -> None:  # noqa: ARG002 -- the queue counts
        """See `TaskStore.release`."""
        await self._database.fetch(
            _RELEASE, {**_about(claim), "leases": list(claim.lease_ids.values())}, is_repeatable=True
        )

    async def close(self) -> None:
        """See `TaskStore.close`; the connections are the database's."""

    async def _change(
        self,
        claim: Claim,
        statement: LiteralString,
        news: Mapping[str, object],
        *,
        kind: str | None,
        result: str | None = None,
    ) -> None:
        """Change the tasks of a claim, all or none.

        Args:
            claim: the claim.
            statement: the change.
            news: its parameters, besides those of the claim.
            kind: of the event; None for none.
            result: the resulting status: if the tasks have it already, the change was made and its response was lost.

        Raises:
            LeaseLost: some task belongs to another worker.
        """
        about = {**_about(claim), **news}

        async def change() -> None:
            async with self._database.transaction() as transaction:
                found = await transaction.fetch(_LOOK, about)
                ours = [row for row in found if claim.lease_ids[row["task_id"]] == row["lease_id"]]
                if len(ours) == len(claim.lease_ids) and all(row["status"] == result for row in ours):
                    return
                if len(ours) < len(claim.lease_ids) or any(row["status"] != "IN_PROGRESS" for row in ours):
                    raise LeaseLost(f"Tasks of {claim.parent_id} were taken over or cancelled.")
                await transaction.fetch(statement, about)
                if kind is not None:
                    await _event(transaction, claim.parent_id, kind)

        await self._database.persist(change)


def _about(claim: Claim) -> dict[str, object]:
    return {"parent": claim.parent_id, "tasks": list(claim.lease_ids)}


async def _event(transaction: Transaction, parent_id: str, kind: str) -> None:
    await transaction.fetch(_EVENT, {"parent": parent_id, "kind": kind})
    transaction.notify(Channel.EVENTS, parent_id)
