"""Make the volume equal to the bucket: for everything, or for the keys of some events."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from sayso.errors import OutputFailed, SaysoError, ServiceUnavailable
from sayso.modelsync.journal.entries import Certainty
from sayso.modelsync.plan.actions import ActionKind
from sayso.modelsync.reconciliation.cleanup import clean_up
from sayso.modelsync.reconciliation.executor import Executor
from sayso.modelsync.reconciliation.planning import Planner
from sayso.modelsync.reconciliation.progress import Progress
from sayso.modelsync.reconciliation.reconciled import Reconciled, SyncError, sync_error
from sayso.modelsync.reconciliation.recovering import resolve_intents
from sayso.modelsync.reconciliation.source import read_source, write_source
from sayso.modelsync.reconciliation.under_way import UnderWay
from sayso.modelsync.reconciliation.verify import verify_volume
from sayso.modelsync.records import RefusalReason
from sayso.modelsync.volume.synchronised import Synchronised, write_synchronised

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Collection

    from sayso.modelsync.plan.actions import Plan
    from sayso.modelsync.reconciliation.opened import OpenVolume
    from sayso.modelsync.reconciliation.outcomes import Execution
    from sayso.modelsync.reconciliation.planning import KeysPlan
    from sayso.modelsync.reconciliation.verify import Verification
    from sayso.modelsync.records import Listing

_log = structlog.get_logger(__name__)

_ROUNDS = 3
"""How often a plan is made again for objects that change while they are fetched."""

_QUICK = -1
"""The priority of transfers for events: before those of a reconciliation that runs."""


class Reconciler:
    """Reconciles one volume with its bucket; for one thread at a time.

    Args:
        volume: the volume.
        progress: is kept up to date.
        stopped: set to stop.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        volume: OpenVolume,
        progress: Progress,
        stopped: threading.Event,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._volume = volume
        self._progress = progress
        self._stopped = stopped
        self._clock = clock
        self._planner = Planner(volume, progress)
        self._executor = Executor(volume, progress, stopped, wall_clock=clock)
        self._quick = Executor(volume, Progress(), stopped, wall_clock=clock, priority=_QUICK)

    def run(self, on_pause: Callable[[UnderWay], None] = lambda _: None) -> Reconciled:
        """Make the volume equal to the bucket.

        Args:
            on_pause: called where it waits; it may call `apply_meanwhile`.

        Raises:
            LeaseLost: another process has taken over the volume.
            Cancelled: it was stopped.
            OutputFailed: the journal cannot be written, or the disk fails: the volume must be opened again.
        """
        began, began_at = time.monotonic(), self._clock()
        try:
            self._prepare()
            under_way = UnderWay(on_pause)
            plan, listing = self._planner.plan(under_way)
            _log_plan(plan)
            self._note_source(listing)
            self._progress.enter("transferring")
            execution = self._executor.execute(plan, under_way)
            self._follow(execution, under_way)
            errors = [sync_error(key, error) for key, error in sorted(execution.errors.items())]
            trouble = None if listing.is_complete else listing.trouble or "The listing is not complete."
            if trouble is not None:
                errors.append(SyncError(path="", error=trouble))
            if plan.withheld_reason is not None and listing.is_complete:
                errors.append(
                    SyncError(path="", error=f"Deletions are withheld: {plan.withheld_reason}", is_passing=False)
                )
            if not errors and not self._volume.journal.state.is_certain:
                self._volume.journal.append(Certainty(is_certain=True))
            if trouble is None:
                errors += self._publish_state(began_at, execution, plan)
            self._progress.enter("cleaning")
            errors += self._tidy(has_everything=not errors and not plan.waiting)
            return Reconciled(
                total=_total(plan),
                published=tuple(execution.published),
                adopted=tuple(execution.adopted),
                deleted=tuple(execution.deleted),
                errors=tuple(errors),
                refused=plan.refused,
                unverifiable=tuple(execution.unverifiable),
                withheld_reason=plan.withheld_reason,
                waiting={each.prefix: each.reason for each in plan.waiting},
                received_bytes=execution.received_bytes,
                skipped=plan.skipped,
                seconds=time.monotonic() - began,
                began_at=began_at,
                execution=execution,
                trouble=trouble,
            )
        finally:
            self._progress.enter("idle")

    def plan(self) -> Plan:
        """What `run` would do; nothing is changed but the journal, in which open intents are resolved."""
        try:
            resolve_intents(self._volume, clock=self._clock)
            return self._planner.plan()[0]
        finally:
            self._progress.enter("idle")

    def apply(self, keys: Collection[str], prefixes: Collection[str] = ()) -> tuple[Execution, Plan]:
        """Make the files of some keys, the sets that they are in, and these sets equal to the bucket.

        Returns:
            What came of it, with the keys that the bucket could not be asked for among its errors; and the plan.

        Raises:
            LeaseLost, Cancelled, OutputFailed: as `run`.
        """
        planned = self._planner.plan_keys(keys, prefixes)
        return self._applied(self._executor, planned), planned.plan

    def apply_meanwhile(self, keys: Collection[str], under_way: UnderWay) -> tuple[Execution, Plan, Collection[str]]:
        """The same while `run` waits; what the reconciliation does anyway is left to it.

        Args:
            keys: none of the set that is put together now.
            under_way: the reconciliation.

        Returns:
            As `apply`, and the keys that are left to the reconciliation.

        Raises:
            LeaseLost, Cancelled, OutputFailed: as `run`.
        """
        planned = self._planner.plan_keys(keys, reserved=under_way.planned_keys)
        plan, left = under_way.without_planned(planned.plan)
        execution = self._applied(self._quick, replace(planned, plan=plan))
        refused = {each.key for each in plan.refused}
        decided = [key for key in keys if key not in left and key not in execution.errors and key not in refused]
        waiting = {each.prefix for each in plan.waiting}
        is_left = {change.prefix for change in planned.plan.sets} - {change.prefix for change in plan.sets}
        under_way.decide(decided, planned.prefixes - waiting - is_left - execution.errors.keys())
        return execution, plan, left

    def _applied(self, executor: Executor, planned: KeysPlan) -> Execution:
        plan = planned.plan
        execution = executor.execute(plan)
        execution.errors.update(planned.failed)
        if plan.withheld_reason is not None:
            execution.errors.update({key: ServiceUnavailable(plan.withheld_reason) for key in plan.withheld})
        self._follow(execution)
        return execution

    def verify(self, on_pause: Callable[[UnderWay], None] = lambda _: None) -> Verification:
        """Read every file of the journal, and compare it with the checksums that it had when it was published.

        Args:
            on_pause: as for `run`.

        Raises:
            LeaseLost: another process has taken over the volume.
            OutputFailed: the journal cannot be written.
        """
        known = self._volume.journal.state.files.values()
        self._progress.expect(files=len(known), size_bytes=sum(stored.size_bytes for stored in known))
        self._progress.enter("verifying")

        def on_file(size_bytes: int) -> None:
            self._progress.received(size_bytes)
            self._progress.finished()

        try:
            found = verify_volume(self._volume, self._stopped, under_way=UnderWay(on_pause), on_file=on_file)
            self._volume.lease.confirm()
            return found
        finally:
            self._progress.enter("idle")

    def clean_up(self) -> None:
        """Remove what nothing needs any more: temporary files, replaced files, old versions of sets, the quarantine.

        Raises:
            LeaseLost: another process has taken over the volume.
            OutputFailed: the volume, or its journal, cannot be written.
        """
        self._progress.enter("cleaning")
        try:
            self._volume.lease.confirm()
            resolve_intents(self._volume, clock=self._clock)
            clean_up(self._volume, clock=self._clock)
        finally:
            self._progress.enter("idle")

    def _prepare(self) -> None:
        self._progress.enter("resolving")
        self._volume.lease.confirm()
        resolve_intents(self._volume, clock=self._clock)
        if not self._volume.journal.state.is_certain:
            _log.warning("the journal was damaged: every file is verified first")
            self.verify()

    def _follow(self, execution: Execution, under_way: UnderWay | None = None) -> None:
        """Plan again for objects that were changed while they were fetched."""
        executor = self._quick if under_way is None else self._executor
        for _ in range(_ROUNDS):
            if not execution.changed and not execution.changed_sets:
                return
            if under_way is not None:
                under_way.begin_again()
            planned = self._planner.plan_keys(execution.changed, execution.changed_sets)
            later = executor.execute(planned.plan, under_way)
            later.errors.update(planned.failed)
            execution.add(later)
        for key in execution.changed:
            execution.errors[key] = ServiceUnavailable(f"{key} was changed in the bucket each time it was fetched.")
        for prefix in execution.changed_sets:
            execution.errors[prefix] = SaysoError(
                f"The objects of the set {prefix} are not what its manifest says, or change all the time."
            )

    def _note_source(self, listing: Listing) -> None:
        """Forget what the volume has of another bucket, and note the one that it is a copy of from now on."""
        place = self._volume.reader.place
        if not listing.is_complete or read_source(self._volume.root) == place:
            return
        self._volume.lease.confirm()
        if self._planner.forgotten:
            self._volume.journal.append(*self._planner.forgotten)
        write_source(self._volume.root, place)

    def _publish_state(self, began_at: float, execution: Execution, plan: Plan) -> list[SyncError]:
        """Let readers know what is on the volume."""
        missing = {each.prefix: each.reason for each in plan.waiting}
        missing |= {each.key: each.detail for each in plan.refused if each.reason is RefusalReason.FOREIGN_ENTRY}
        missing |= {key: error.message for key, error in execution.errors.items()}
        state = Synchronised(at_seconds=began_at, prefix=self._volume.options.prefix, missing=missing)
        try:
            write_synchronised(self._volume.root, state)
        except OutputFailed as error:
            return [SyncError(path="", error=error.message)]
        return []

    def _tidy(self, *, has_everything: bool) -> list[SyncError]:
        self._volume.lease.confirm()
        try:
            clean_up(self._volume, has_everything=has_everything, clock=self._clock)
        except OutputFailed as error:
            return [SyncError(path="", error=error.message)]
        return []


def _total(plan: Plan) -> int:
    single = sum(action.kind not in {ActionKind.DELETE, ActionKind.FORGET} for action in plan.actions)
    return plan.unchanged + single + sum(len(change.transfers) for change in plan.sets)


def _log_plan(plan: Plan) -> None:
    if plan.refused:
        for refused in plan.refused[:20]:
            _log.warning("a key is refused", key=refused.key, reason=str(refused.reason), detail=refused.detail)
    for waiting in plan.waiting:
        _log.info("a set waits", prefix=waiting.prefix, reason=waiting.reason)
    if plan.withheld_reason is not None:
        _log.error("deletions are withheld", files=len(plan.withheld), reason=plan.withheld_reason)
