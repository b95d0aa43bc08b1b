"""Tasks in Postgres, with an event for each change, which followers read and NOTIFY hints at."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from sayso.errors import LeaseLost
from sayso.jobs.base import LEASE_SECONDS, Claim, Finished, Held

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import AsyncConnection

    from sayso.jobs.base import TaskProgress
    from sayso.jobs.postgres.database import Database, Row

EVENTS_CHANNEL = "sayso_events"

_ADD = """
insert into sayso.tasks (parent_id, task_id) select %(parent)s, unnest(%(tasks)s::text[])
on conflict do nothing
"""

_LOOK = """
select task_id, status, media_url, lease_id, extract(epoch from lease_until - now())::float8
from sayso.tasks where parent_id = %(parent)s and task_id = any(%(tasks)s) order by task_id for update
"""

_CLAIM = """
update sayso.tasks
set status = 'IN_PROGRESS',
    lease_id = nextval('sayso.lease_ids'), lease_until = now() + %(lease)s * interval '1 second',
    started_at = coalesce(started_at, now()), date_updated = now(), error = null
where parent_id = %(parent)s and task_id = any(%(tasks)s)
returning task_id, lease_id
"""

_BEAT = """
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
set status = 'FAILED', error = %(error)s, lease_until = null, date_updated = now()
where parent_id = %(parent)s and task_id = any(%(tasks)s)
"""

_RELEASE = """
update sayso.tasks set lease_until = null
from unnest(%(tasks)s::text[], %(leases)s::bigint[]) as held (id, lease)
where parent_id = %(parent)s and task_id = held.id and lease_id = held.lease and status = 'IN_PROGRESS'
"""

_EVENT = """
with event as (insert into sayso.events (parent_id, kind) values (%(parent)s, %(kind)s))
select pg_notify(%(channel)s, %(parent)s)
"""


class PostgresTaskStore:
    """See `sayso.jobs.TaskStore`; belongs to the event loop of its database.

    The lease id is the database's sequence, so that each is larger than all before it. A change whose answer was lost
    is made again, and recognised as one's own by its lease id.

    Args:
        database: where they are; whoever opened it closes it.
        lease_seconds: how long a claim is good for without a beat.
    """

    def __init__(self, database: Database, *, lease_seconds: float = LEASE_SECONDS) -> None:
        self._database = database
        self._lease_seconds = lease_seconds

    async def claim(self, parent_id: str, task_ids: Sequence[str]) -> Claim | Held | Finished:
        """See `TaskStore.claim`.

        Raises:
            LeaseLost: a task was cancelled: nobody may have it.
            ServiceUnavailable: the database does not answer.
        """

        async def claim(connection: AsyncConnection[Row]) -> Claim | Held | Finished:
            about = {"parent": parent_id, "tasks": list(task_ids), "lease": self._lease_seconds}
            await connection.execute(_ADD, about)
            found = await (await connection.execute(_LOOK, about)).fetchall()
            if any(status == "CANCELLED" for _, status, *_ in found):
                raise LeaseLost(f"{parent_id} was cancelled.")
            unfinished = [row for row in found if row[1] != "COMPLETED"]
            if not unfinished:
                return Finished(media_urls={task_id: url for task_id, _, url, *_ in found})
            held_seconds = max(seconds or 0.0 for *_, seconds in unfinished)
            if held_seconds > 0:
                return Held(retry_after_seconds=held_seconds)
            about["tasks"] = [row[0] for row in unfinished]
            claimed = await (await connection.execute(_CLAIM, about)).fetchall()
            await _event(connection, parent_id, "claimed")
            return Claim(parent_id=parent_id, lease_ids=dict(claimed))

        return await self._database.transaction(claim)

    async def beat(self, claim: Claim, progress: TaskProgress | None = None) -> None:
        """See `TaskStore.beat`."""
        news = {
            "lease": self._lease_seconds,
            "share": None if progress is None else progress.share,
            "audio": None if progress is None else progress.audio_seconds,
        }
        await self._change(claim, _BEAT, news, kind=None if progress is None else "progress")

    async def complete(self, claim: Claim, media_urls: Mapping[str, str]) -> None:
        """See `TaskStore.complete`."""
        urls = [media_urls[task_id] for task_id in claim.lease_ids]
        await self._change(claim, _COMPLETE, {"urls": urls}, kind="completed", result="COMPLETED")

    async def fail(self, claim: Claim, *, error: str) -> None:
        """See `TaskStore.fail`."""
        await self._change(claim, _FAIL, {"error": error.replace("\0", "")}, kind="failed", result="FAILED")

    async def release(self, claim: Claim) -> None:
        """See `TaskStore.release`."""
        await self._database.rows(_RELEASE, _about(claim) | {"leases": list(claim.lease_ids.values())})

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
            news: its parameters, besides what the claim says.
            kind: of the event; None for none.
            result: the status that it leads to: a claim whose tasks have it already was answered, and not heard.

        Raises:
            LeaseLost: some task is somebody else's.
        """

        async def change(connection: AsyncConnection[Row]) -> None:
            about = {**_about(claim), **news}
            found = await (await connection.execute(_LOOK, about)).fetchall()
            ours = [row for row in found if claim.lease_ids[row[0]] == row[3]]
            if len(ours) == len(claim.lease_ids) and all(status == result for _, status, *_ in ours):
                return
            if len(ours) < len(claim.lease_ids) or any(status != "IN_PROGRESS" for _, status, *_ in ours):
                raise LeaseLost(f"Tasks of {claim.parent_id} were taken over or cancelled.")
            await connection.execute(statement, about)
            if kind is not None:
                await _event(connection, claim.parent_id, kind)

        await self._database.transaction(change)


def _about(claim: Claim) -> dict[str, object]:
    return {"parent": claim.parent_id, "tasks": list(claim.lease_ids)}


async def _event(connection: AsyncConnection[Row], parent_id: str, kind: str) -> None:
    await connection.execute(_EVENT, {"parent": parent_id, "kind": kind, "channel": EVENTS_CHANNEL})
