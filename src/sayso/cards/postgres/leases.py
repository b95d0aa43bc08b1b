"""The leases of cards jobs in Sayso's own database; its clock decides when they end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.postgres.connections import storable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from typing import Any, LiteralString

    from sayso.cards.postgres.held import Lease
    from sayso.postgres.connections import Row
    from sayso.postgres.pool import Database

_IS_DUE = "leased_until < now() and available_at <= now()"

_IS_MINE = "leased_until > '-infinity' and worker = any (%(mine)s::text[])"

_DUE = f"""
select job_id, worker, leased_until > '-infinity' as was_held from sayso.card_leases
where application = %(application)s and ({_IS_DUE} or {_IS_MINE})
order by leased_until, job_id limit %(limit)s
"""  # noqa: S608 -- made of literals

_CLAIM = f"""
insert into sayso.card_leases as lease (application, job_id, lease_id, worker, leased_until, available_at, attempts)
select %(application)s, job_id, nextval('sayso.card_lease_ids'), %(key)s,
    now() + %(lease)s * interval '1 second', now(), 1
from unnest(%(ids)s::text[]) as wanted (job_id)
where not exists (
    select from sayso.card_leases as known
    where known.application = %(application)s and known.job_id = wanted.job_id and not ({_IS_DUE}) and not ({_IS_MINE})
)
order by job_id
on conflict (application, job_id) do update set
    lease_id = excluded.lease_id, worker = excluded.worker, leased_until = excluded.leased_until,
    attempts = lease.attempts
        + case when lease.leased_until > '-infinity' and lease.worker = any (%(mine)s::text[]) then 0 else 1 end,
    is_suspect = lease.is_suspect
        or lease.leased_until > '-infinity' and not lease.worker = any (%(mine)s::text[])
where lease.leased_until < now() and lease.available_at <= now()
    or lease.leased_until > '-infinity' and lease.worker = any (%(mine)s::text[])
returning job_id, lease_id, attempts, is_suspect
"""  # noqa: S608 -- made of literals
# In the order of the ids, so that two workers that claim the same jobs do not wait for each other.

_FREE = f"""
select job_id from unnest(%(ids)s::text[]) as wanted (job_id)
where not exists (
    select from sayso.card_leases as known
    where known.application = %(application)s and known.job_id = wanted.job_id and not ({_IS_DUE})
)
"""  # noqa: S608 -- made of literals

_EXTEND = """
update sayso.card_leases as lease set leased_until = now() + %(lease)s * interval '1 second'
from unnest(%(ids)s::text[], %(leases)s::bigint[]) as held (job_id, lease_id)
where lease.application = %(application)s and lease.job_id = held.job_id and lease.lease_id = held.lease_id
    and lease.leased_until > '-infinity'
returning lease.lease_id
"""

_RELEASE = """
update sayso.card_leases set
    attempts = case when %(error)s::text is null and leased_until > '-infinity' then attempts - 1 else attempts end,
    leased_until = '-infinity', available_at = now() + %(delay)s * interval '1 second',
    last_error = coalesce(%(error)s, last_error)
where application = %(application)s and job_id = %(job_id)s and lease_id = %(lease_id)s
returning job_id
"""

_END = """
delete from sayso.card_leases as lease
using unnest(%(ids)s::text[], %(leases)s::bigint[]) as held (job_id, lease_id)
where lease.application = %(application)s and lease.job_id = held.job_id and lease.lease_id = held.lease_id
    and lease.leased_until > '-infinity'
"""
# One that was released stays: its job waits for another attempt, and what a worker repeats changes nothing.

_FORGET = f"""
delete from sayso.card_leases where application = %(application)s and job_id = any (%(ids)s)
    and ({_IS_DUE} or %(is_delayed)s and leased_until = '-infinity')
"""  # noqa: S608 -- made of literals

_NEXT = """
select extract(epoch from min(due) - now())::float8 as seconds
from (
    select greatest(leased_until, available_at) as due from sayso.card_leases where application = %(application)s
) as leases
where due > now()
"""

_EXPIRED = """
select count(*) as count from sayso.card_leases
where application = %(application)s and job_id = any (%(ids)s) and leased_until < now() and leased_until > '-infinity'
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewLease:
    """A lease that was just taken.

    Attributes:
        job_id: of its job.
        lease_id: larger at each lease.
        attempt: 1 at the first; one that was released does not count.
        is_suspect: whether an earlier lease of the job expired.
    """

    job_id: str
    lease_id: int
    attempt: int
    is_suspect: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class DueJob:
    """A job that had a lease, and may have another one now.

    Attributes:
        job_id: of the row.
        key: of the claim by which it had that lease.
        was_held: whether the lease has expired; otherwise it was released.
    """

    job_id: str
    key: str
    was_held: bool


class Leases:
    """See the module; belongs to the event loop of its database.

    Args:
        database: Sayso's own; its opener closes it.
        application: says the name of the application whose jobs they are.
        lease_seconds: the length of a lease without a heartbeat.
    """

    def __init__(self, database: Database, application: Callable[[], Awaitable[str]], *, lease_seconds: float) -> None:
        self._database = database
        self._application = application
        self._lease_seconds = lease_seconds

    async def _fetch(self, statement: LiteralString, about: Mapping[str, Any]) -> Sequence[Row]:
        about = {**about, "application": await self._application()}
        return await self._database.fetch(statement, about, is_repeatable=True)

    async def due(self, *, mine: Collection[str], limit: int) -> Sequence[DueJob]:
        """The jobs whose lease has expired, or whose delay is over, and those that were claimed with these keys."""
        rows = await self._fetch(_DUE, {"mine": list(mine), "limit": limit})
        return [DueJob(job_id=row["job_id"], key=row["worker"], was_held=row["was_held"]) for row in rows]

    async def claim(self, job_ids: Sequence[str], *, key: str, mine: Collection[str]) -> Sequence[NewLease]:
        """Take the leases of those jobs that no worker has, and that are not to wait.

        Args:
            job_ids: which; none of them must be known.
            key: of this claim, another one for each: a claim that is repeated with it finds its own leases.
            mine: keys of earlier claims whose responses were lost.
        """
        about = {"ids": list(job_ids), "key": key, "mine": [key, *mine], "lease": self._lease_seconds}
        rows = await self._fetch(_CLAIM, about)
        return [
            NewLease(
                job_id=row["job_id"],
                lease_id=row["lease_id"],
                attempt=row["attempts"],
                is_suspect=row["is_suspect"],
            )
            for row in rows
        ]

    async def free(self, job_ids: Sequence[str]) -> set[str]:
        """Those of the jobs that no worker has, and that are not to wait."""
        rows = await self._fetch(_FREE, {"ids": list(job_ids)})
        return {row["job_id"] for row in rows}

    async def extend(self, leases: Collection[Lease]) -> set[int]:
        """Extend leases from now, and return the ids of those that are not lost."""
        about = {**_named(leases), "lease": self._lease_seconds}
        rows = await self._fetch(_EXTEND, about)
        return {row["lease_id"] for row in rows}

    async def release(self, lease: Lease, *, delay_seconds: float, error: str | None) -> bool:
        """End a lease; the job may be had again after a delay. False if the lease was lost.

        Args:
            lease: which.
            delay_seconds: 0 for none.
            error: why the attempt failed; None when it was none, and is not counted.
        """
        about = {
            "job_id": lease.job_id,
            "lease_id": lease.lease_id,
            "delay": delay_seconds,
            "error": None if error is None else storable(error),
        }
        return bool(await self._fetch(_RELEASE, about))

    async def end(self, leases: Collection[Lease]) -> None:
        """End leases whose jobs are over, and were not released; nothing is known of these jobs any more."""
        if leases:
            await self._fetch(_END, _named(leases))

    async def forget(self, job_ids: Sequence[str], *, is_delayed: bool = False) -> None:
        """Forget what is known of jobs that no worker has: their attempts are counted from one again.

        Args:
            job_ids: which.
            is_delayed: whether also those that wait for another attempt.
        """
        if job_ids:
            await self._fetch(_FORGET, {"ids": list(job_ids), "is_delayed": is_delayed})

    async def next_due_seconds(self) -> float | None:
        """The time until the next lease expires or the next delay is over; None if there is none."""
        (row,) = await self._fetch(_NEXT, {})
        seconds: float | None = row["seconds"]
        return seconds

    async def count_expired(self, job_ids: Sequence[str]) -> int:
        """How many of the jobs have an expired lease."""
        (row,) = await self._fetch(_EXPIRED, {"ids": list(job_ids)})
        return int(row["count"])


def _named(leases: Collection[Lease]) -> dict[str, list[str] | list[int]]:
    return {"ids": [lease.job_id for lease in leases], "leases": [lease.lease_id for lease in leases]}
