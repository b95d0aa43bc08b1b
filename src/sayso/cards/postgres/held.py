"""The leases that this process holds, and the fence that each change of the application's rows carries.

The lease is in Sayso's database, the rows may be in another: no statement sees both. So before a lease is taken or
extended, the application's clock is read; by that clock the lease lasts at least until then plus its length. Every
change names this time, and the time at which the job was taken ("startedAt"). A worker that was frozen past its lease,
or whose job was taken by another worker meanwhile, changes nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sayso.cards.records import JobStatus
from sayso.errors import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import datetime

    from sayso.cards.postgres.values import SeenJob
    from sayso.jobs import Delivery

_MARGIN_SECONDS = 2.0
"""By so much a fence ends before its lease: clocks differ in speed, and a statement takes a moment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The name of a lease.

    Attributes:
        job_id: of its job.
        lease_id: larger at each lease of the job.
        token: when the job was taken, by "startedAt", in microseconds of Unix time; None where there is no such column.
    """

    job_id: str
    lease_id: int
    token: int | None

    @property
    def name(self) -> str:
        """As a delivery has it."""
        return f"{self.lease_id}:{'' if self.token is None else self.token}"

    @classmethod
    def of(cls, delivery: Delivery) -> Lease:
        """The lease of a delivery."""
        lease_id, _, token = delivery.lease.partition(":")
        return cls(job_id=delivery.job_id, lease_id=int(lease_id), token=int(token) if token else None)


@dataclass(kw_only=True, slots=True)
class HeldLease:
    """A lease of this process.

    Attributes:
        lease: its name.
        valid_until: by the application's clock, the lease surely lasts until then.
        is_large: whether its job has many phrases.
        ending: the status that this process gives the row now, or tried to: a row that has it was not cancelled.
        is_settled: whether its row was completed or failed by this process.
    """

    lease: Lease
    valid_until: datetime
    is_large: bool
    ending: JobStatus | None = None
    is_settled: bool = False

    @property
    def fence(self) -> dict[str, Any]:
        """The parameters of a change."""
        return {"job_id": self.lease.job_id, "token": self.lease.token, "valid_until": self.valid_until}


class HeldLeases:
    """The leases of one queue; for its event loop.

    Args:
        lease_seconds: the length of a lease without a heartbeat.
        clock: monotonic seconds.
    """

    def __init__(self, *, lease_seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._extended_at: dict[str, float] = {}
        self._length = timedelta(seconds=max(lease_seconds - _MARGIN_SECONDS, lease_seconds / 2))
        self._held: dict[str, HeldLease] = {}

    def __iter__(self) -> Iterator[HeldLease]:
        return iter(tuple(self._held.values()))

    def __len__(self) -> int:
        return len(self._held)

    @property
    def large_count(self) -> int:
        """How many of the jobs are large."""
        return sum(held.is_large for held in self._held.values())

    def until(self, app_now: datetime) -> datetime:
        """Until when a lease surely lasts that was taken or extended after the application's clock was read."""
        return app_now + self._length

    def add(self, held: HeldLease) -> None:
        """Note a lease that was taken."""
        self._held[held.lease.name] = held
        self._extended_at[held.lease.name] = self._clock()

    def extend(self, held: HeldLease, until: datetime) -> None:
        """Note that a lease was extended."""
        held.valid_until = max(held.valid_until, until)
        self._extended_at[held.lease.name] = self._clock()

    def remove_abandoned(self) -> None:
        """Forget leases that were not extended for so long that their work has ended without a word."""
        oldest = self._clock() - 2 * self._lease_seconds
        self.remove([name for name, extended_at in self._extended_at.items() if extended_at < oldest])

    def find(self, name: str) -> HeldLease | None:
        """A lease by its name; None if this process does not hold it (any more)."""
        return self._held.get(name)

    def is_kept(self, lease: Lease, row: SeenJob | None) -> bool:
        """Whether the row of a lease is as this process left it.

        Args:
            lease: which.
            row: as it is now; None if it is gone.
        """
        if row is None or row.token != lease.token:
            return False
        known = self._held.get(lease.name)
        return row.status == JobStatus.PROCESSING or (known is not None and row.status == known.ending)

    def of(self, delivery: Delivery) -> HeldLease:
        """The lease of a delivery.

        Raises:
            LeaseLost: this process does not hold it (any more).
        """
        held = self._held.get(delivery.lease)
        if held is None:
            raise lost(delivery.job_id)
        return held

    def remove(self, names: Collection[str]) -> None:
        """Forget leases that are lost or spent."""
        for name in tuple(names):
            self._held.pop(name, None)
            self._extended_at.pop(name, None)


def lost(job_id: str) -> LeaseLost:
    """The error of a worker whose job is another's, or was cancelled."""
    return LeaseLost(f"Job {job_id} was taken over or cancelled.")
