"""How long it took until what a worker had in hand when it ended was in the hands of another."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from chaos.record import COMPLETED, FAILED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from chaos.crew import Death
    from chaos.evidence import Evidence
    from chaos.record import Change, Delivery
    from chaos.stories import Order


class Recovery:
    """Asks the evidence about deaths.

    Args:
        evidence: what was seen.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._orders: Mapping[str, Order] = {order.name: order for order in evidence.orders}
        self._changes: dict[str, list[Change]] = defaultdict(list)
        self._deliveries: dict[str, list[Delivery]] = defaultdict(list)
        names = {task: order.name for order in evidence.orders for task in order.tasks}
        for change in evidence.record.changes:
            self._changes[names[change.task]].append(change)
        for delivery in evidence.record.deliveries:
            self._deliveries[evidence.messages[delivery.message]].append(delivery)

    def takeovers(self, deaths: Sequence[Death]) -> Sequence[Sequence[float]]:
        """For each death of somebody who had jobs, how long it took until each of them had been taken over."""
        each = (list(self._each(death)) for death in deaths)
        return [seconds for seconds in each if seconds]

    def handovers(self, deaths: Sequence[Death]) -> Sequence[float]:
        """For each death of somebody who gave jobs back, how long it took until another had been given the last."""
        longest = []
        for death in deaths:
            given_back = [
                (settled.at, self._evidence.messages[settled.message])
                for settled in self._evidence.record.settled
                if settled.worker == death.worker and not settled.is_deleted and settled.at >= death.told
            ]
            taken = [(at, self._delivered(name, replace(death, at=at))) for at, name in given_back]
            longest.append(max((then - at for at, then in taken if then is not None), default=None))
        return [seconds for seconds in longest if seconds is not None]

    def _each(self, death: Death) -> Iterator[float]:
        in_hand = self._evidence.record.in_hand(death.worker, until=death.at)
        groups = set()
        for name in dict.fromkeys(name for message, name in self._evidence.messages.items() if message in in_hand):
            order = self._orders[name]
            if order.group in groups:
                continue  # it waited behind the one before, and will again
            if order.group is not None:
                groups.add(order.group)
            at = self._taken_over(order, death) if order.tasks else self._delivered(name, death)
            if at is not None:
                yield at - death.at

    def _taken_over(self, order: Order, death: Death) -> float | None:
        """When another claimed the job; None if there was nothing to take over."""
        before = [change for change in self._changes[order.name] if change.at < death.at]
        open_tasks = set(order.tasks) - {change.task for change in before if change.status in {COMPLETED, FAILED}}
        if not open_tasks or (before and before[-1].worker != death.worker):
            return None
        leases = {change.task: change.lease for change in before}
        return next(
            (
                change.at
                for change in self._changes[order.name]
                if change.at > death.at and change.worker != death.worker and change.lease != leases.get(change.task)
            ),
            None,
        )

    def _delivered(self, name: str, death: Death) -> float | None:
        """When another was given the job, of which nobody keeps a status."""
        later = (
            delivery.at
            for delivery in self._deliveries[name]
            if delivery.at > death.at and delivery.worker != death.worker
        )
        return next(later, None)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that so large a share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
