"""Jobs that another worker has marked as ``processing``: they are taken over when they have not changed for long.

The existing worker of an application leaves a job in ``processing`` when it dies, and says nothing of whether it
lives. What it changes as it works is compared from time to time, by the clock of Sayso's database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.cards.postgres.values import Candidate
    from sayso.postgres.pool import Database

_NOTE = """
with given as (
    select job_id, state from unnest(%(ids)s::text[], %(states)s::text[]) as job (job_id, state)
    where not exists (
        select from sayso.card_leases as lease
        where lease.application = %(application)s and lease.job_id = job.job_id and lease.leased_until > '-infinity'
    )
), gone as (
    delete from sayso.card_sightings
    where application = %(application)s and (%(are_all)s or job_id = any (%(ids)s::text[]))
        and job_id not in (select job_id from given)
)
insert into sayso.card_sightings as known (application, job_id, state, seen_at)
select %(application)s, job_id, state, clock_timestamp() from given order by job_id
on conflict (application, job_id) do update set state = excluded.state, seen_at = excluded.seen_at
where known.state <> excluded.state
"""

_STUCK = """
select job_id, state from sayso.card_sightings
where application = %(application)s and job_id = any (%(ids)s)
    and seen_at < clock_timestamp() - %(stuck)s * interval '1 second'
"""


class Sightings:
    """See the module; belongs to the event loop of its database.

    Args:
        database: Sayso's own.
        stuck_seconds: after how long without a change a job is taken over.
    """

    def __init__(self, database: Database, *, stuck_seconds: float) -> None:
        self._database = database
        self._stuck_seconds = stuck_seconds

    @property
    def pause_seconds(self) -> float:
        """How often to look."""
        return min(max(self._stuck_seconds / 10, 0.1), 30.0)

    async def stuck(self, application: str, processing: Sequence[Candidate], *, are_all: bool) -> Sequence[Candidate]:
        """Note the visible states of jobs, and return those without a lease of ours that have not changed for long.

        Args:
            application: whose jobs.
            processing: the jobs in ``processing``.
            are_all: whether there are no others.
        """
        ids = [candidate.job_id for candidate in processing]
        about = {
            "application": application,
            "ids": ids,
            "states": [candidate.state for candidate in processing],
            "are_all": are_all,
        }
        await self._database.fetch(_NOTE, about, is_repeatable=True)
        rows = await self._database.fetch(_STUCK, about | {"stuck": self._stuck_seconds}, is_repeatable=True)
        stuck = {row["job_id"]: row["state"] for row in rows}
        return [candidate for candidate in processing if stuck.get(candidate.job_id) == candidate.state]
