"""Model sync as a service: one thread that has the volume, and what other threads may ask of it.

The thread waits for the lease of the volume, reconciles, and then does what comes: events of keys, all that have come
together, and reconciliations on demand and on a schedule. Only one of these runs at a time.
"""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import structlog

from sayso.errors import Cancelled, LeaseLost, OutputFailed, SaysoError, ServiceUnavailable
from sayso.modelsync.reconciliation.opened import open_volume
from sayso.modelsync.reconciliation.progress import Progress
from sayso.modelsync.reconciliation.reconcile import Reconciler
from sayso.modelsync.service.event_actions import EventActions
from sayso.modelsync.service.requests import SyncRequests
from sayso.modelsync.service.schedule import SyncSchedule
from sayso.modelsync.service.standby import take_volume_lease, wait_for_lease
from sayso.modelsync.service.state import ServiceState
from sayso.modelsync.volume.directories import VolumeRoot
from sayso.modelsync.volume.root_directory import make_root

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    from sayso.aws.s3_reader import BucketReader
    from sayso.modelsync.journal.journal import Journal
    from sayso.modelsync.plan.actions import Plan
    from sayso.modelsync.reconciliation.opened import OpenVolume, SyncOptions
    from sayso.modelsync.reconciliation.outcomes import Execution
    from sayso.modelsync.reconciliation.reconciled import Reconciled
    from sayso.modelsync.reconciliation.verify import Verification
    from sayso.modelsync.records import ObjectEvent
    from sayso.modelsync.service.requests import Applied
    from sayso.modelsync.volume.lease import Lease

_log = structlog.get_logger(__name__)

_REOPEN_SECONDS = 5.0
_MOST_IDLE_SECONDS = 5.0


class ModelSync:
    """See the module; any thread may use it.

    Args:
        options: how the bucket is synchronised.
        reader: of the bucket; its owner closes it after this.
        take_lease: takes the lease of the volume, or returns None if another process has it.
        interval_seconds: between reconciliations by schedule; 0 for none.
        on_ready: called when there may be notifications to be sent, from the thread of the service.
        on_execution: called with the changes of events, and of each reconciliation.
        on_reconciled: called after each reconciliation.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        options: SyncOptions,
        reader: BucketReader,
        *,
        take_lease: Callable[[VolumeRoot], Lease | None] = take_volume_lease,
        interval_seconds: float = 0.0,
        on_ready: Callable[[], None] = lambda: None,
        on_execution: Callable[[Execution], None] = lambda _: None,
        on_reconciled: Callable[[Reconciled], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.options = options
        self.progress = Progress()
        self._reader = reader
        self._take_lease = take_lease
        self._on_ready = on_ready
        self._on_execution = on_execution
        self._on_reconciled = on_reconciled
        self._clock = clock
        self._stopped = threading.Event()
        self._requests = SyncRequests(self._stopped)
        self._schedule = SyncSchedule(interval_seconds=interval_seconds, quiet_seconds=options.rules.quiet_seconds)
        self._volume: OpenVolume | None = None
        self._status = "starting"
        self._trouble: str | None = None
        self._last: Reconciled | None = None
        self._has_reconciled = False
        self._thread = threading.Thread(target=self._run, name="modelsync", daemon=True)

    # For other threads

    def start(self) -> None:
        """Begin; the first reconciliation runs as soon as the lease is taken."""
        self._thread.start()

    @property
    def is_stopping(self) -> bool:
        """Whether it was stopped."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Stop soon; transfers that can be resumed are kept. Returns at once. The reader is stopped, too."""
        self._stopped.set()
        self._requests.wake()
        self._reader.stop()

    def join(self, timeout_seconds: float | None = None) -> bool:
        """Wait for the end; whether it came."""
        if self._thread.ident is None:
            return True
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    @property
    def state(self) -> ServiceState:
        """What the service does now."""
        volume = self._volume
        return ServiceState(
            status=self._status,
            has_reconciled=self._has_reconciled,
            is_standby=self._status == "standby",
            trouble=self._trouble,
            last=self._last,
            abilities=None if volume is None else volume.abilities,
        )

    @property
    def journal(self) -> Journal | None:
        """The journal of the volume; None while it is not open."""
        volume = self._volume
        return None if volume is None else volume.journal

    def full_sync(self) -> Future[Reconciled]:
        """Reconcile everything; one that runs since the start, or by schedule, is joined.

        Raises:
            FullSyncRunning: one that was asked for by this method runs, or waits.
            ServiceUnavailable: another process has the volume, or the service has stopped.
        """
        return self._requests.full_sync(is_standby=self._status == "standby")

    def apply(self, events: Sequence[ObjectEvent]) -> Future[Applied]:
        """Act on events soon, also while a reconciliation runs."""
        return self._requests.apply(events, is_standby=self._status == "standby")

    def verify(self) -> Future[Verification]:
        """Read and compare every file soon; what is damaged or missing is fetched again afterwards.

        Raises:
            ServiceUnavailable: another process has the volume, or the service has stopped.
        """
        return self._requests.verify(is_standby=self._status == "standby")

    # The thread

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._hold()
            except Cancelled:
                break
            except LeaseLost as error:
                self._requests.fail(ServiceUnavailable(error.message))
                self._has_reconciled = False  # the volume may be another one now
                _log.warning("the lease of the volume is lost", reason=error.message)
            except SaysoError as error:
                reason = f"{error.message} {error.hint}" if error.hint else error.message
                if reason != self._trouble:  # it is tried every few seconds
                    _log.error("the volume cannot be used", reason=error.message, hint=error.hint)
                self._fail(reason)
            except Exception as error:  # noqa: BLE001 -- the volume is opened again
                self._fail(f"{type(error).__name__}: {error}")
                _log.exception("the synchronisation broke")
            self._stopped.wait(_REOPEN_SECONDS if self._trouble else 0)
        self._status = "stopped"
        self._requests.fail(ServiceUnavailable("The service has stopped."))

    def _fail(self, reason: str) -> None:
        self._trouble = reason
        self._requests.fail(ServiceUnavailable(reason))

    def _hold(self) -> None:
        """Take the lease, open the volume, and work until something breaks."""
        with ExitStack() as stack:
            make_root(self.options.base_path)
            root = stack.enter_context(VolumeRoot(self.options.base_path, self.options.modes))
            lease = wait_for_lease(root, self._take_lease, self._stopped, on_standby=self._stand_by)
            stack.callback(lease.close)
            self._status = "starting"
            volume = stack.enter_context(
                open_volume(
                    self.options, self._reader, root, lease, on_received=self.progress.received, clock=self._clock
                )
            )
            self._volume = volume
            stack.callback(self._close)
            reconciler = Reconciler(volume, self.progress, self._stopped, clock=self._clock)
            actions = EventActions(
                self._requests, volume.journal, reconciler, on_changed=self._changed, clock=self._clock
            )
            self._on_ready()  # the outbox may have entries from before
            self._clean_up(reconciler)  # what a crash has left may take the space that the reconciliation needs
            self._schedule.reconcile_at_once()
            while not self._stopped.is_set():
                self._step(reconciler, actions, lease)

    def _close(self) -> None:
        self._volume = None

    def _stand_by(self) -> None:
        if self._status != "standby":
            self._requests.fail(ServiceUnavailable("Another process has the volume."))
        self._status, self._trouble = "standby", None

    def _step(self, reconciler: Reconciler, actions: EventActions, lease: Lease) -> None:
        """Do the next thing, or wait for it."""
        due_seconds = self._schedule.due_seconds()
        if due_seconds > 0 and self._requests.is_empty:
            self._status = "running"
            self._requests.wait(min(due_seconds, _MOST_IDLE_SECONDS))
            lease.confirm()
            return
        self._status = "syncing"
        if self._requests.begin_reconciliation(is_due=self._schedule.is_reconciliation_due):
            self._reconcile(reconciler, actions)
        elif batches := self._requests.take_batches():
            actions.apply(batches)
        elif self._requests.is_verification_wanted:
            self._verify(reconciler, actions)
        elif due := self._schedule.take_due_prefixes():
            self._recheck(reconciler, due)
        elif self._schedule.is_clean_up_due:
            self._clean_up(reconciler)

    def _reconcile(self, reconciler: Reconciler, actions: EventActions) -> None:
        try:
            result = reconciler.run(actions.apply_meanwhile)
        except Exception as error:
            self._requests.end_reconciliation(error)
            raise
        self._last = result
        self._has_reconciled = self._has_reconciled or result.is_complete
        self._trouble = result.trouble
        self._schedule.reconciled(is_successful=not result.is_worth_repeating)
        self._on_execution(result.execution)
        self._on_reconciled(result)
        self._schedule.recheck_later(result.waiting)
        self._on_ready()
        _log.info(
            "the bucket is synchronised" if result.is_successful else "the bucket is not synchronised completely",
            models=result.total,
            fetched=len(result.published),
            deleted=len(result.deleted),
            errors=len(result.errors),
            seconds=round(result.seconds, 3),
        )
        self._requests.end_reconciliation(result)

    def _recheck(self, reconciler: Reconciler, due: Sequence[str]) -> None:
        execution, plan = reconciler.apply([], due)
        self._changed(execution, plan)

    def _clean_up(self, reconciler: Reconciler) -> None:
        self._schedule.cleaned_up()
        try:
            reconciler.clean_up()
        except OutputFailed as error:
            _log.warning("the volume cannot be cleaned up", reason=error.message)

    def _changed(self, execution: Execution, plan: Plan) -> None:
        """Say what was changed and refused, and look later at the sets that are incomplete or that failed."""
        for refused in plan.refused:
            _log.warning("a key is refused", key=refused.key, reason=str(refused.reason), detail=refused.detail)
        self._on_execution(execution)
        self._schedule.recheck_later([each.prefix for each in plan.waiting])
        self._schedule.recheck_later([key for key in execution.errors if key.endswith("/")])
        self._on_ready()

    def _verify(self, reconciler: Reconciler, actions: EventActions) -> None:
        result = reconciler.verify(actions.apply_meanwhile)
        if result.damaged or result.missing:
            self._schedule.reconcile_at_once()
        self._requests.end_verification(result)
