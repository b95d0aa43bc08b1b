"""The service of cards for HTTP clients: insert, list, cancel, retry and follow the application's jobs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from sayso.broadcaster import ChangeBroadcaster
from sayso.cards.following import FollowedJob, JobChanges
from sayso.errors import InvalidInput, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from sayso.broadcaster import Subscription
    from sayso.cards.base import ClientJobs
    from sayso.cards.records import JobRow, JobStatus

_log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""The largest delay of a change for those who follow a job."""


class TablesUnusable(ServiceUnavailable):
    """The application's tables are not as Sayso needs them, which is no mistake of the caller."""

    public_message = "The application's tables cannot be used now; the server's log says why."


async def _nothing() -> None:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class JobPage:
    """A page of the list of jobs.

    Attributes:
        rows: without "phrases" and "resultUrls", the newest first.
        has_more: whether there are older ones.
    """

    rows: Sequence[JobRow]
    has_more: bool


class Cards:
    """The service; it belongs to the event loop of its database.

    Args:
        jobs: of the application.
        check: raises `InvalidInput` if the application's tables cannot be used; called before everything else.
        user_id: the "userId" of new jobs, where the table has one.
        poll_seconds: how often changes are looked for while clients follow jobs.
    """

    def __init__(
        self,
        jobs: ClientJobs,
        *,
        check: Callable[[], Awaitable[object]] = _nothing,
        user_id: str | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._jobs = jobs
        self._check = check
        self._user_id = user_id
        self._changes = JobChanges(jobs, self._check_tables)
        self._broadcaster = ChangeBroadcaster(self._changes, on_outage=_log_outage, poll_seconds=poll_seconds)

    async def submit(self, deck_id: str, phrases: Sequence[Mapping[str, Any]]) -> str:
        """Insert a job for phrases that have been checked, and return its id.

        Raises:
            InvalidInput, ServiceUnavailable: as for `ClientJobs.insert`.
        """
        await self._check_tables()
        job_id = str((await self._jobs.insert(deck_id, phrases, user_id=self._user_id)).columns["id"])
        _log.info("cards job accepted", job_id=job_id, deck_id=deck_id, phrases=len(phrases))
        return job_id

    async def get(self, job_id: str) -> JobRow:
        """The row of a job.

        Raises:
            NoSuchJob, ServiceUnavailable: as for `ClientJobs.get`.
        """
        await self._check_tables()
        return await self._jobs.get(job_id)

    async def page(
        self, *, deck_id: str | None = None, status: JobStatus | None = None, limit: int, after: str | None = None
    ) -> JobPage:
        """Some jobs, the newest first.

        Args:
            deck_id: only jobs of this deck.
            status: only jobs with this status.
            limit: the largest number of jobs.
            after: the id of the last job of the previous page.

        Raises:
            NoSuchJob, ServiceUnavailable: as for `ClientJobs.page`.
        """
        await self._check_tables()
        rows = await self._jobs.page(deck_id=deck_id, status=status, limit=limit + 1, after=after)
        return JobPage(rows=rows[:limit], has_more=len(rows) > limit)

    async def cancel(self, job_id: str) -> JobRow:
        """Cancel a job; a finished one stays unchanged.

        Raises:
            NoSuchJob, ServiceUnavailable: as for `ClientJobs.cancel`.
        """
        await self._check_tables()
        row = await self._jobs.cancel(job_id)
        _log.info("cards job cancelled", job_id=job_id, status=row.status)
        return row

    async def retry(self, job_id: str) -> JobRow:
        """Set a failed job back to pending; any other one stays unchanged.

        Raises:
            NoSuchJob, ServiceUnavailable: as for `ClientJobs.retry`.
        """
        await self._check_tables()
        row = await self._jobs.retry(job_id)
        _log.info("cards job retried", job_id=job_id, status=row.status)
        return row

    async def _check_tables(self) -> None:
        """Make sure that the application's tables can be used.

        Raises:
            ServiceUnavailable: they cannot.
        """
        try:
            await self._check()
        except InvalidInput as error:
            raise TablesUnusable(error.message, hint=error.hint) from None

    def follow(self, job_id: str, row: JobRow, *, is_known: bool) -> Subscription[FollowedJob]:
        """Subscribe to a job: its state, and then every change. Changes that come faster than once a second are merged.

        Args:
            job_id: of the job.
            row: its row, as it was just read.
            is_known: whether the client has this state already.

        Raises:
            Cancelled: the process ends.
        """
        job = self._changes.observe(job_id, row)
        return self._broadcaster.follow(job, seen=job.event_id if is_known else 0)

    def close(self) -> None:
        """End all subscriptions, because the process is about to end, and would wait for them; the jobs stay open."""
        self._broadcaster.close()


def _log_outage(error: ServiceUnavailable) -> None:
    _log.warning("changes of cards jobs cannot be seen", reason=error.message)
