"""The changes of jobs, as the clients that follow them see them: one query for all jobs, and one for each change."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from sayso.cards.records import LARGE_COLUMNS
from sayso.errors import NoSuchJob

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from sayso.cards.base import ClientJobs
    from sayso.cards.records import JobRow

_STATE_CHARACTERS = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowedJob:
    """A job as it is delivered to those who follow it.

    Attributes:
        id: of the job.
        event_id: grows with each change that this process has seen.
        row: the whole row; None when it was deleted.
    """

    id: str
    event_id: int
    row: JobRow | None


def state_of(row: JobRow) -> str:
    """A short text that changes whenever the row does, except for its phrases and URLs alone.

    It is the same in every process, so that a client can name the state that it has seen.
    """
    columns = {name: value for name, value in row.columns.items() if name not in LARGE_COLUMNS}
    content = json.dumps(columns, sort_keys=True, default=str)
    return hashlib.sha256(content.encode(errors="surrogatepass")).hexdigest()[:_STATE_CHARACTERS]


class JobChanges:
    """See `sayso.broadcaster.ChangeSource`; for one event loop.

    Args:
        jobs: of the application.
        check: called before each query; raises `ServiceUnavailable` if the application's tables cannot be used.
    """

    def __init__(self, jobs: ClientJobs, check: Callable[[], Awaitable[None]]) -> None:
        self._jobs = jobs
        self._check = check
        self._numbers = itertools.count(1)
        self._known: dict[str, tuple[str | None, int]] = {}
        """The last seen state of each followed job, None if it was deleted, and its event."""

    def observe(self, job_id: str, row: JobRow | None) -> FollowedJob:
        """The row that was just read, with its place in the order of changes; None if the job was deleted."""
        state = None if row is None else state_of(row)
        known = self._known.get(job_id)
        if known is None or known[0] != state:
            known = self._known[job_id] = (state, next(self._numbers))
        return FollowedJob(id=job_id, event_id=known[1], row=row)

    async def changes(self, seen: Mapping[str, int]) -> Sequence[FollowedJob]:
        """See `ChangeSource.changes`."""
        self._known = {job_id: known for job_id, known in self._known.items() if job_id in seen}
        before = dict(self._known)
        await self._check()
        rows = await self._jobs.find(seen.keys())
        changed = []
        for job_id in seen:
            row = rows.get(job_id)
            known = before.get(job_id)
            if known is None or known[0] != (None if row is None else state_of(row)):
                whole = None if row is None else await self._whole(job_id)
                if self._known.get(job_id) == known:  # otherwise something newer was read meanwhile
                    changed.append(self.observe(job_id, whole))
        return changed

    async def _whole(self, job_id: str) -> JobRow | None:
        try:
            return await self._jobs.get(job_id)
        except NoSuchJob:
            return None

    async def wait_for_change(self) -> NoReturn:
        """See `ChangeSource.wait_for_change`; the application's table notifies no changes."""
        while True:
            await asyncio.Event().wait()
