"""The jobs of an application in memory, as clients see them: the reference for the adapter."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sayso.cards.records import LARGE_COLUMNS, JobRow, JobStatus
from sayso.errors import InvalidInput, NoSuchJob

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_RUNNING = {JobStatus.PENDING, JobStatus.PROCESSING}


class InMemoryClientJobs:
    """See `sayso.cards.base.ClientJobs`; tests change the rows, as workers and the application do.

    Args:
        requires_user: whether "userId" is required, as in most applications.

    Attributes:
        rows: by id, the oldest first.
        finds: how often `find` was called.
        outage: raised by the next call, instead of what it does.
    """

    def __init__(self, *, requires_user: bool = False) -> None:
        self._requires_user = requires_user
        self.rows: dict[str, dict[str, Any]] = {}
        self.finds = 0
        self.outage: Exception | None = None

    def update(self, job_id: str, **columns: Any) -> None:
        """Change columns of a row, as a worker does."""
        self.rows[job_id].update(columns)

    async def insert(self, deck_id: str, phrases: Sequence[Mapping[str, Any]], *, user_id: str | None) -> JobRow:
        """See `ClientJobs.insert`."""
        self._fail()
        if self._requires_user and user_id is None:
            raise InvalidInput('The column "userId" of "TtsJob" requires a value.', hint="Set SAYSO_CARDS_USER_ID.")
        row: dict[str, Any] = {
            "id": secrets.token_hex(12),
            "deckId": deck_id,
            "userId": user_id,
            "status": JobStatus.PENDING,
            "phrases": [dict(phrase) for phrase in phrases],
            "totalPhrases": len(phrases),
            "processedCount": 0,
            "resultUrls": None,
            "errorMessage": None,
            "createdAt": _now(),
            "startedAt": None,
            "completedAt": None,
        }
        self.rows[row["id"]] = row
        return JobRow(columns=dict(row))

    async def get(self, job_id: str) -> JobRow:
        """See `ClientJobs.get`."""
        self._fail()
        return JobRow(columns=dict(self._row(job_id)))

    async def find(self, job_ids: Collection[str]) -> Mapping[str, JobRow]:
        """See `ClientJobs.find`."""
        self.finds += 1
        self._fail()
        return {job_id: _summary(self.rows[job_id]) for job_id in job_ids if job_id in self.rows}

    async def page(
        self, *, deck_id: str | None = None, status: JobStatus | None = None, limit: int, after: str | None = None
    ) -> Sequence[JobRow]:
        """See `ClientJobs.page`."""
        self._fail()
        ids = list(self.rows)[::-1]
        if after is not None:
            ids = ids[ids.index(self._row(after)["id"]) + 1 :]
        rows = [self.rows[job_id] for job_id in ids]
        chosen = [row for row in rows if deck_id in {None, row["deckId"]} and status in {None, row["status"]}]
        return [_summary(row) for row in chosen[:limit]]

    async def cancel(self, job_id: str) -> JobRow:
        """See `ClientJobs.cancel`."""
        self._fail()
        if self._row(job_id)["status"] in _RUNNING:
            self.update(job_id, status=JobStatus.FAILED, errorMessage="Cancelled.", completedAt=_now())
        return await self.get(job_id)

    async def retry(self, job_id: str) -> JobRow:
        """See `ClientJobs.retry`."""
        self._fail()
        if self._row(job_id)["status"] == JobStatus.FAILED:
            about = {"processedCount": 0, "errorMessage": None, "startedAt": None, "completedAt": None}
            self.update(job_id, status=JobStatus.PENDING, **about)
        return await self.get(job_id)

    def _row(self, job_id: str) -> dict[str, Any]:
        if job_id not in self.rows:
            raise NoSuchJob(f"There is no job {job_id!r}.")
        return self.rows[job_id]

    def _fail(self) -> None:
        error, self.outage = self.outage, None
        if error is not None:
            raise error


def _summary(row: Mapping[str, Any]) -> JobRow:
    return JobRow(columns={name: value for name, value in row.items() if name not in LARGE_COLUMNS})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
