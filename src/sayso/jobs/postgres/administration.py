"""The operations of operators on jobs: list, show, retry, cancel, redrive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args
from uuid import UUID

from sayso.errors import InvalidInput, NoSuchJob
from sayso.jobs.postgres.statements import CANCEL
from sayso.postgres.listener import Channel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sayso.postgres.connections import Row
    from sayso.postgres.pool import Database

JobState: TypeAlias = Literal["waiting", "leased", "done", "dead", "cancelled"]
JOB_STATES: tuple[JobState, ...] = get_args(JobState)

_COLUMNS = """
id, queue, state, attempts, created_at, available_at, finished_at, worker, error, lease_until, history,
convert_to(left(body, 200), getdatabaseencoding()) as beginning,
substring(body from '"narration_id": "([^"]+)"') as narration_id
"""

_LIST = f"""
select {_COLUMNS} from sayso.jobs
where (%(queue)s::text is null or queue = %(queue)s) and (%(state)s::text is null or state = %(state)s)
    and (%(before)s::uuid is null or id < %(before)s)
order by id desc limit %(limit)s
"""  # noqa: S608 -- made of literals

_SHOW = f"select {_COLUMNS} from sayso.jobs where id = %(id)s"  # noqa: S608 -- made of literals

_RETRY = """
update sayso.jobs
set state = 'waiting', attempts = case when state = 'dead' then 0 else attempts end,
    available_at = now(), finished_at = null
where id = %(id)s and state in ('dead', 'waiting')
returning queue
"""

_REDRIVE = """
update sayso.jobs set state = 'waiting', attempts = 0, available_at = now(), finished_at = null
where queue = %(queue)s and state = 'dead'
returning id
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobReport:
    """The state of a job.

    Attributes:
        id: its name.
        queue: its queue.
        state: ``waiting`` for a worker, ``leased`` by one, ``done``, ``dead`` (dead-lettered) or ``cancelled``.
        attempts: how many there were.
        created_at: when it was enqueued.
        available_at: when it may be delivered, or last was.
        finished_at: when it ended; None before.
        worker: the last that had it; None before the first.
        error: why the last attempt failed; None if none did.
        lease_until: when the lease ends; None without one.
        history: an entry for each attempt that failed: ``attempt``, ``worker``, ``at``, ``error``.
        beginning: the first characters of its message.
        narration_id: of its narration; None for none.
    """

    id: str
    queue: str
    state: JobState
    attempts: int
    created_at: datetime
    available_at: datetime
    finished_at: datetime | None
    worker: str | None
    error: str | None
    lease_until: datetime | None
    history: Sequence[dict[str, Any]]
    beginning: str
    narration_id: str | None


class Administration:
    """Operations on jobs; belongs to the event loop of its database.

    Args:
        database: of the jobs.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, *, queue: str | None = None, state: JobState | None = None, limit: int, after: str | None = None
    ) -> Sequence[JobReport]:
        """Some jobs, the newest first.

        Args:
            queue: only those of one queue.
            state: only those with this state.
            limit: the largest number.
            after: the job after which the page begins.
        """
        before = None if after is None else _uuid(after)
        about = {"queue": queue, "state": state, "limit": limit, "before": before}
        return [_report(row) for row in await self._database.fetch(_LIST, about, is_repeatable=True)]

    async def show(self, job_id: str) -> JobReport:
        """A job.

        Raises:
            NoSuchJob: there is none of this name.
        """
        rows = await self._database.fetch(_SHOW, {"id": _uuid(job_id)}, is_repeatable=True)
        if not rows:
            raise _no_such_job(job_id)
        return _report(rows[0])

    async def retry(self, job_id: str) -> None:
        """Retry a job now that was dead-lettered or waits for another attempt.

        Raises:
            NoSuchJob: there is none of this name.
            InvalidInput: it is leased, or has ended otherwise.
        """
        rows = await self._database.fetch(_RETRY, {"id": _uuid(job_id)}, is_repeatable=True)
        if not rows:
            job = await self.show(job_id)
            raise InvalidInput(f"Job {job_id} is {job.state}: only jobs that wait or are dead can be retried.")
        self._database.notify(Channel.JOBS, rows[0]["queue"])

    async def cancel(self, job_id: str) -> None:
        """Cancel a job for good, also while a worker has it.

        Raises:
            NoSuchJob: there is none of this name.
            InvalidInput: it has ended.
        """
        if not await self._database.fetch(CANCEL, {"id": _uuid(job_id)}, is_repeatable=True):
            job = await self.show(job_id)
            if job.state != "cancelled":
                raise InvalidInput(f"Job {job_id} is {job.state}: it cannot be cancelled any more.")
        self._database.notify(Channel.REVOKED)

    async def redrive(self, queue: str) -> int:
        """Retry all dead-lettered jobs of a queue, and return how many there were."""
        rows = await self._database.fetch(_REDRIVE, {"queue": queue}, is_repeatable=True)
        self._database.notify(Channel.JOBS, queue)
        return len(rows)


def _uuid(job_id: str) -> UUID:
    try:
        return UUID(job_id)
    except ValueError:
        raise _no_such_job(job_id) from None


def _no_such_job(job_id: str) -> NoSuchJob:
    return NoSuchJob(f"There is no job {job_id!r}.", hint="`sayso jobs list` shows those there are.")


def _report(row: Row) -> JobReport:
    beginning = row["beginning"].decode(errors="ignore")  # with the encoding SQL_ASCII it may end within a character
    return JobReport(**{**row, "id": str(row["id"]), "beginning": beginning})
