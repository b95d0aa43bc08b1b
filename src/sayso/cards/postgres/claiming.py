"""Find jobs for a worker, and take their leases: those that were left behind first, then the oldest that wait.

Large jobs have a limited number of places, so that one is left for a job with few phrases, however many large ones are
older than it. Jobs that wait are read in pages, and without their phrases.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import structlog

from sayso.cards.postgres.held import HeldLease, Lease
from sayso.cards.postgres.values import Candidate
from sayso.cards.records import JobStatus
from sayso.errors import SaysoError
from sayso.jobs.base import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sayso.cards.postgres.application import Application
    from sayso.cards.postgres.held import HeldLeases
    from sayso.cards.postgres.leases import Leases, NewLease
    from sayso.cards.postgres.sightings import Sightings
    from sayso.cards.postgres.values import TakenJob

_log = structlog.get_logger(__name__)

_FIRST_PAGE, _NEXT_PAGE, _MOST_PAGES = 20, 1000, 50

_MOST_DUE = 200

_REFUSED_SECONDS = 60.0
"""How long a job waits that the application's database does not allow to be begun."""


class _Places:
    """How many jobs a worker can take.

    Args:
        total: of any size.
        large: of those, with many phrases.
    """

    def __init__(self, total: int, large: int) -> None:
        self.total = total
        self.large = min(total, large)

    def choose(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """The first of the candidates that there is room for."""
        chosen: list[Candidate] = []
        large = 0
        for candidate in candidates:
            if len(chosen) < self.total and (candidate.is_small or large < self.large):
                chosen.append(candidate)
                large += not candidate.is_small
        return chosen

    def use(self, candidate: Candidate) -> None:
        """Note that a job was taken."""
        self.total -= 1
        self.large = min(self.total, self.large - (not candidate.is_small))


class Claiming:
    """See the module; belongs to the event loop of its databases, and takes one claim at a time.

    Args:
        application: the application's tables.
        leases: in Sayso's database.
        sightings: of the jobs of other workers.
        held: the leases of this process, to which those that are taken are added.
        large_jobs: how many jobs with many phrases may be held; None for no limit.
        worker: the name of this worker.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        application: Application,
        leases: Leases,
        sightings: Sightings,
        held: HeldLeases,
        *,
        large_jobs: int | None,
        worker: str,
        clock: Callable[[], float],
    ) -> None:
        self._application = application
        self._leases = leases
        self._sightings = sightings
        self._held = held
        self._large_jobs = large_jobs
        self._worker = worker
        self._clock = clock
        self._sight_at = clock()
        self._are_sighted = False
        self._unanswered: set[str] = set()
        """Claims whose responses were lost, or whose rows could not be changed: they may have leases."""

    @property
    def sighting_seconds(self) -> float:
        """In how many seconds to look at the jobs of other workers; infinity while there are none."""
        return max(self._sight_at - self._clock(), 0.0) if self._are_sighted else float("inf")

    async def claim(self, limit: int) -> list[Delivery]:
        """Take up to so many jobs.

        Raises:
            ServiceUnavailable: a database does not answer, and no job was taken.
        """
        self._held.remove_abandoned()
        large = limit if self._large_jobs is None else max(self._large_jobs - self._held.large_count, 0)
        places = _Places(limit, large)
        taken: list[Delivery] = []
        try:
            for step in (self._take_due, self._take_stuck, self._take_pending):
                if places.total > 0:
                    await step(places, taken)
        except SaysoError as error:
            if not taken:
                raise
            _log.warning("fewer jobs were taken than there may be", reason=error.message)
        return taken

    async def _take_due(self, places: _Places, taken: list[Delivery]) -> None:
        """Take jobs whose worker died, and those whose delay is over."""
        due = await self._leases.due(mine=self._unanswered, limit=_MOST_DUE)
        if len(due) < _MOST_DUE:
            self._unanswered &= {job.key for job in due}
        if not due:
            return
        seen = await self._application.look([job.job_id for job in due])
        candidates, over = [], []
        for job in due:
            row = seen.get(job.job_id)
            is_left = row is not None and row.status == JobStatus.PROCESSING and job.was_held
            if row is not None and (is_left or row.status == JobStatus.PENDING):
                candidate = Candidate(job_id=job.job_id, is_small=row.is_small, app_now=row.app_now, is_ours=is_left)
                candidates.append(candidate)
            else:  # it is over, or another worker took it after it was released
                over.append(job.job_id)
        await self._leases.forget(over)
        await self._take(candidates, places, taken)

    async def _take_stuck(self, places: _Places, taken: list[Delivery]) -> None:
        """Take jobs that another worker has abandoned."""
        if self._clock() < self._sight_at:
            return
        self._sight_at = self._clock() + self._sightings.pause_seconds
        processing, are_all = await self._application.processing()
        self._are_sighted = bool(processing)
        stuck = await self._sightings.stuck(await self._application.name(), processing, are_all=are_all)
        if stuck:
            _log.warning("jobs are taken over that did not change", jobs=[job.job_id for job in stuck[:20]])
        await self._take(stuck, places, taken)

    async def _take_pending(self, places: _Places, taken: list[Delivery]) -> None:
        """Take the oldest jobs that wait; when there is no place for large ones any more, the oldest small ones."""
        last: Candidate | None = None
        size = _FIRST_PAGE
        for _ in range(_MOST_PAGES):
            page = await self._application.pending(after=last, limit=size, small_only=places.large <= 0)
            await self._take(page, places, taken, is_checked=last is None)
            if len(page) < size or places.total <= 0:
                return
            last, size = page[-1], _NEXT_PAGE

    async def _take(
        self, candidates: Sequence[Candidate], places: _Places, taken: list[Delivery], *, is_checked: bool = True
    ) -> None:
        """Take those of the candidates that no worker has, as far as there is room.

        Args:
            candidates: in order.
            places: the room, which becomes less.
            taken: the deliveries so far, to which those of these jobs are added.
            is_checked: whether most of them can probably be had; otherwise that is asked first.
        """
        left = list(candidates)
        if not is_checked:
            left = await self._only_free(left)
        while chosen := places.choose(left):
            leases = await self._claim_leases(chosen)
            for candidate, delivery in leases:
                places.use(candidate)
                taken.append(delivery)
            done = {candidate.job_id for candidate in chosen}
            left = [candidate for candidate in left if candidate.job_id not in done]
            if len(leases) < len(chosen):
                left = await self._only_free(left)

    async def _only_free(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        if not candidates:
            return []
        free = await self._leases.free([candidate.job_id for candidate in candidates])
        return [candidate for candidate in candidates if candidate.job_id in free]

    async def _claim_leases(self, chosen: Sequence[Candidate]) -> list[tuple[Candidate, Delivery]]:
        """Take the leases of jobs, and then the jobs."""
        key, mine = f"{self._worker}#{uuid4().hex[:12]}", tuple(self._unanswered)
        self._unanswered.add(key)
        leases = {
            lease.job_id: lease
            for lease in await self._leases.claim([candidate.job_id for candidate in chosen], key=key, mine=mine)
        }
        candidates = [candidate for candidate in chosen if candidate.job_id in leases]
        jobs: Mapping[str, TakenJob] = {}
        if candidates:
            jobs = await self._take_rows(candidates, leases)
        self._unanswered.discard(key)
        return [
            (candidate, self._deliver(candidate, leases[candidate.job_id], jobs[candidate.job_id]))
            for candidate in candidates
            if candidate.job_id in jobs
        ]

    async def _take_rows(
        self, candidates: Sequence[Candidate], leases: Mapping[str, NewLease]
    ) -> Mapping[str, TakenJob]:
        """Set jobs to ``processing`` whose leases were taken; the leases of those that are others' now are ended.

        Raises:
            SaysoError: no job could be changed.
        """
        began = min(candidate.app_now for candidate in candidates)
        jobs: dict[str, TakenJob] = {}
        refused: dict[str, SaysoError] = {}
        try:
            jobs |= await self._application.take(candidates, began=began)
        except SaysoError:
            # A constraint or a trigger of the application may refuse one of them, which does not hinder the others.
            for candidate in candidates:
                try:
                    jobs |= await self._application.take([candidate], began=began)
                except SaysoError as error:
                    await self._set_back(leases[candidate.job_id], error)
                    refused[candidate.job_id] = error
        await self._drop([lease for job_id, lease in leases.items() if job_id not in {*jobs, *refused}])
        if refused and not jobs:
            raise next(iter(refused.values()))
        return jobs

    async def _set_back(self, lease: NewLease, error: SaysoError) -> None:
        """Have a job wait that cannot be begun, though the application's database answers."""
        seen = (await self._application.look([lease.job_id])).get(lease.job_id)
        _log.warning("a job cannot be begun", job_id=lease.job_id, reason=error.message)
        if seen is not None and seen.status == JobStatus.PENDING:
            await self._leases.release(_lease(lease), delay_seconds=_REFUSED_SECONDS, error=None)
        # Otherwise it may have been taken, and the response was lost: then the next one has it when the lease expires.

    async def _drop(self, leases: Sequence[NewLease]) -> None:
        """End the leases of jobs that were gone, or another's, when they were to be taken."""
        try:
            await self._leases.end([_lease(each) for each in leases])
        except SaysoError as error:
            _log.debug("leases were not ended, and will expire", reason=error.message)

    def _deliver(self, candidate: Candidate, lease: NewLease, job: TakenJob) -> Delivery:
        name = Lease(job_id=lease.job_id, lease_id=lease.lease_id, token=job.token)
        until = self._held.until(candidate.app_now)
        self._held.add(HeldLease(lease=name, valid_until=until, is_large=not candidate.is_small))
        return Delivery(
            job_id=lease.job_id,
            lease=name.name,
            body=job.deck_id or "",
            attempt=lease.attempt,
            age_seconds=job.age_seconds,
            deliveries=lease.attempt,
            is_suspect=lease.is_suspect,
        )


def _lease(lease: NewLease) -> Lease:
    return Lease(job_id=lease.job_id, lease_id=lease.lease_id, token=None)
