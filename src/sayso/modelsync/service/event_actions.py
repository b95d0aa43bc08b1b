"""Act on events, with what a reconciler does for their keys: alone, or while a reconciliation waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.modelsync.events.order import fresh_events, remember_events

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sayso.errors import SaysoError
    from sayso.modelsync.journal.journal import Journal
    from sayso.modelsync.plan.actions import Plan
    from sayso.modelsync.reconciliation.outcomes import Execution
    from sayso.modelsync.reconciliation.reconcile import Reconciler
    from sayso.modelsync.reconciliation.under_way import UnderWay
    from sayso.modelsync.service.requests import EventBatch, SyncRequests


class EventActions:
    """Acts on the events that have come; for the thread of the service, as long as the volume is open.

    Args:
        requests: has the events.
        journal: of the volume.
        reconciler: of the volume.
        on_changed: called with what was changed, and by which plan.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        requests: SyncRequests,
        journal: Journal,
        reconciler: Reconciler,
        *,
        on_changed: Callable[[Execution, Plan], None],
        clock: Callable[[], float],
    ) -> None:
        self._requests = requests
        self._journal = journal
        self._reconciler = reconciler
        self._on_changed = on_changed
        self._clock = clock

    def apply(self, batches: Sequence[EventBatch]) -> None:
        """Act on the events of all batches at once: a burst of events for one key is one transfer.

        Raises:
            LeaseLost, Cancelled, OutputFailed: the volume has to be opened again.
        """

        def apply(keys: Collection[str]) -> tuple[Execution, Plan, Collection[str]]:
            return (*self._reconciler.apply(keys), ())

        self._act(batches, apply)

    def apply_meanwhile(self, under_way: UnderWay) -> None:
        """Act on the events that have come while a reconciliation runs, at a moment in which it waits.

        Raises:
            LeaseLost, Cancelled, OutputFailed: as `apply`.
        """
        batches = self._requests.take_batches(but=lambda event: under_way.is_building(event.key))
        if batches:
            self._act(batches, lambda keys: self._reconciler.apply_meanwhile(keys, under_way))

    def _act(
        self,
        batches: Sequence[EventBatch],
        apply: Callable[[Collection[str]], tuple[Execution, Plan, Collection[str]]],
    ) -> None:
        events = fresh_events(self._journal, (event for batch in batches for event in batch.events))
        errors: dict[str, SaysoError] = {}
        later: Collection[str] = ()
        try:
            if events:
                execution, plan, later = apply({event.key for event in events})
                errors = execution.errors
                self._on_changed(execution, plan)
                done = [event for event in events if event.key not in errors and event.key not in later]
                remember_events(self._journal, done, at_seconds=self._clock())
        except Exception as error:
            for batch in batches:
                batch.future.set_exception(error)
            raise
        for batch in batches:
            batch.end(errors, later)
