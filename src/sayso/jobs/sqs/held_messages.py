"""The messages that a process holds: the ends of their leases, and the calls in progress for each."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sayso.errors import LeaseLost

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Collection, Iterator, Mapping

    from sayso.jobs.base import Delivery

LONGEST_SECONDS = 12 * 3600.0 - 60
"""How long one receiver may hold a message, from its receipt: SQS allows 12 hours, by its own clock."""


@dataclass(eq=False, kw_only=True, slots=True)
class Lease:
    """A message that this process holds.

    Attributes:
        delivery: as it was delivered.
        attributes: the sender's, as SQS returned them.
        received: when it came, by the clock.
        until: when it is lost unless it is extended, by the clock.
        heartbeats: the requests in progress that extend it.
        is_settling: whether a call that settles it is in progress: it must not be extended any more.
        is_dead_lettered: whether the dead-letter queue has it, so that it need not be sent there again.
    """

    delivery: Delivery
    attributes: Mapping[str, Any]
    received: float
    until: float
    heartbeats: set[asyncio.Task[None]] = field(default_factory=set)
    is_settling: bool = False
    is_dead_lettered: bool = False

    def visible_in(self, seconds: int) -> Mapping[str, Any]:
        """The parameters of a request that makes the message visible after so many seconds."""
        return {"ReceiptHandle": self.delivery.lease, "VisibilityTimeout": seconds}


class Leases:
    """The messages that this process holds; belongs to one event loop.

    With an old receipt, SQS lets a process delete or extend a message that another received meanwhile. So a message
    counts as lost here as soon as it was not extended for the length of a lease, whatever SQS would answer: a process
    that was frozen does no harm. The length is measured as a duration, from before the request that began it, not by
    the time of day.

    Args:
        lease_seconds: the length of a lease without a heartbeat.
        clock: monotonic seconds.
    """

    def __init__(self, *, lease_seconds: float, clock: Callable[[], float]) -> None:
        self._lease_seconds = lease_seconds
        self._clock = clock
        self._leases: dict[str, Lease] = {}

    def add(self, delivery: Delivery, attributes: Mapping[str, Any]) -> Lease:
        """Add a message that has just been received."""
        self._forget()
        now = self._clock()
        lease = Lease(delivery=delivery, attributes=attributes, received=now, until=now + self._lease_seconds)
        self._leases[delivery.lease] = lease
        return lease

    def drop(self, lease: Lease) -> None:
        """Remove a message that is not held any more."""
        self._leases.pop(lease.delivery.lease, None)

    def holds(self, lease: Lease) -> bool:
        """Whether it is held, and is to be extended."""
        return lease.delivery.lease in self._leases and not lease.is_settling

    def to_extend(self, deliveries: Collection[Delivery]) -> tuple[list[Lease], list[Delivery]]:
        """Those that can be extended, and those that are lost; those that are being settled are neither."""
        held: list[Lease] = []
        lost: list[Delivery] = []
        for delivery in deliveries:
            try:
                lease = self._held(delivery)
            except LeaseLost:
                lost.append(delivery)
                continue
            if not lease.is_settling:
                held.append(lease)
        return held, lost

    @contextmanager
    def settling(self, delivery: Delivery) -> Iterator[Lease]:
        """A block in which a message is settled: it is not extended meanwhile, and not held afterwards.

        If anything but `LeaseLost` is raised in the block, it is held as before.

        Raises:
            LeaseLost: it is not held any more.
        """
        lease = self._held(delivery)
        lease.is_settling = True
        try:
            yield lease
        except LeaseLost:
            self.drop(lease)
            raise
        except BaseException:
            lease.is_settling = False
            raise
        self.drop(lease)

    def left_seconds(self, lease: Lease) -> float:
        """How much longer it can be held in total."""
        return lease.received + LONGEST_SECONDS - self._clock()

    def oldest_age_seconds(self) -> float | None:
        """The age of the oldest message held; None when there is none."""
        self._forget()
        now = self._clock()
        ages = (lease.delivery.age_seconds + now - lease.received for lease in self._leases.values())
        return max(ages, default=None)

    def _forget(self) -> None:
        """Drop leases that have expired."""
        now = self._clock()
        for lease in [lease for lease in self._leases.values() if lease.until <= now and not lease.is_settling]:
            self.drop(lease)

    def _held(self, delivery: Delivery) -> Lease:
        lease = self._leases.get(delivery.lease)
        if lease is not None and (lease.until <= self._clock() or self.left_seconds(lease) < self._lease_seconds):
            self.drop(lease)
            lease = None
        if lease is None:
            raise LeaseLost(f"Message {delivery.job_id} is not held any more.")
        return lease
