"""Model sync as a service: one thread that has the volume, and what other threads may ask of it.

The thread waits for the lease of the volume, reconciles, and then does what comes: events of keys, all that have come
together, and reconciliations on demand and on a schedule. Only one of these runs at a time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from sayso.errors import Cancelled, LeaseLost, SaysoError, ServiceUnavailable
from sayso.modelsync.directories import VolumeRoot
from sayso.modelsync.journal_entries import EventSeen
from sayso.modelsync.lease import VolumeLease, lease_holder
from sayso.modelsync.opened import open_volume
from sayso.modelsync.progress import Progress
from sayso.modelsync.reconcile import Reconciler
from sayso.modelsync.sequencers import is_stale
from sayso.modelsync.state import SeenEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sayso.aws.s3_reader import BucketReader
    from sayso.modelsync.journal import Journal
    from sayso.modelsync.opened import OpenVolume, SyncOptions
    from sayso.modelsync.outcomes import Execution
    from sayso.modelsync.reconcile import Reconciled
    from sayso.modelsync.records import ObjectEvent
    from sayso.modelsync.verify import Verification

_log = structlog.get_logger(__name__)

_LEASE_POLL_SECONDS = 1.0
_REOPEN_SECONDS = 5.0
_NEVER = float("inf")

_FAILED_SECONDS = 15.0
_MOST_DOUBLINGS = 6
"""After errors a reconciliation is tried again so soon, and later each time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceState:
    """What the service does.

    Attributes:
        status: ``starting``, ``standby``, ``syncing``, ``running`` or ``stopped``.
        has_reconciled: whether a reconciliation has looked at everything since the start.
        is_standby: whether another process has the volume.
        trouble: why the volume is not kept equal to the bucket, in a sentence; None while it is.
        last: what came of the last reconciliation; None before the first.
    """

    status: str
    has_reconciled: bool
    is_standby: bool
    trouble: str | None
    last: Reconciled | None


@dataclass(kw_only=True, slots=True)
class _Batch:
    """Events that wait, and who waits for them."""

    events: Sequence[ObjectEvent]
    future: Future[dict[str, SaysoError]]


class FullSyncRunning(SaysoError):
    """A reconciliation that was asked for runs already."""


class ModelSync:
    """See the module; any thread may use it.

    Args:
        options: how the bucket is synchronised.
        reader: of the bucket; its owner closes it after this.
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
        interval_seconds: float = 0.0,
        on_ready: Callable[[], None] = lambda: None,
        on_execution: Callable[[Execution], None] = lambda _: None,
        on_reconciled: Callable[[Reconciled], None] = lambda _: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.options = options
        self.progress = Progress()
        self._reader = reader
        self._interval_seconds = interval_seconds
        self._on_ready = on_ready
        self._on_execution = on_execution
        self._on_reconciled = on_reconciled
        self._clock = clock
        self._stopped = threading.Event()
        self._changed = threading.Condition()
        self._batches: deque[_Batch] = deque()
        self._wanted: Future[Reconciled] | None = None
        self._running: Future[Reconciled] | None = None
        self._is_posted = False
        self._verification: Future[Verification] | None = None
        self._recheck_at: dict[str, float] = {}
        self._volume: OpenVolume | None = None
        self._status = "starting"
        self._trouble: str | None = None
        self._last: Reconciled | None = None
        self._next_at = 0.0
        self._has_reconciled = False
        self._failures = 0
        self._thread = threading.Thread(target=self._run, name="modelsync", daemon=True)

    # For other threads

    def start(self) -> None:
        """Begin; the first reconciliation runs as soon as the lease is taken."""
        self._thread.start()

    def stop(self) -> None:
        """Stop soon; transfers that can be resumed are kept. Returns at once."""
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()

    def join(self, timeout_seconds: float | None = None) -> bool:
        """Wait for the end; whether it came."""
        if self._thread.ident is None:
            return True
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    @property
    def state(self) -> ServiceState:
        """What the service does now."""
        return ServiceState(
            status=self._status,
            has_reconciled=self._has_reconciled,
            is_standby=self._status == "standby",
            trouble=self._trouble,
            last=self._last,
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
        with self._changed:
            if self._is_posted:
                raise FullSyncRunning("A full sync is running already.")
            if self._status == "standby":
                raise ServiceUnavailable("Another process has the volume; ask that one.")
            if self._stopped.is_set():
                raise ServiceUnavailable("The service is stopping.")
            self._is_posted = True
            future = self._running or self._wanted
            if future is None:
                future = self._wanted = _new_future()
            future.add_done_callback(self._forget_post)
            self._changed.notify_all()
            return future

    def apply(self, events: Sequence[ObjectEvent]) -> Future[dict[str, SaysoError]]:
        """Act on events soon; its result has the keys with which something failed."""
        batch = _Batch(events=events, future=_new_future())
        with self._changed:
            self._batches.append(batch)
            self._changed.notify_all()
        return batch.future

    def verify(self) -> Future[Verification]:
        """Read and compare every file soon."""
        with self._changed:
            if self._verification is None:
                self._verification = _new_future()
            self._changed.notify_all()
            return self._verification

    def _forget_post(self, _: Future[Reconciled]) -> None:
        self._is_posted = False

    # The thread

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self._hold()
            except Cancelled:
                break
            except LeaseLost as error:
                self._end(ServiceUnavailable(error.message))
                _log.warning("the lease of the volume is lost", reason=error.message)
            except SaysoError as error:
                self._fail(error.message)
                _log.error("the volume cannot be used", reason=error.message, hint=error.hint)
            except Exception as error:  # noqa: BLE001 -- the volume is opened again
                self._fail(f"{type(error).__name__}: {error}")
                _log.exception("the synchronisation broke")
            self._stopped.wait(_REOPEN_SECONDS if self._trouble else 0)
        self._status = "stopped"
        self._end(ServiceUnavailable("The service has stopped."))

    def _fail(self, reason: str) -> None:
        self._trouble = reason
        self._end(ServiceUnavailable(reason))

    def _end(self, error: SaysoError) -> None:
        """Tell those who wait that their work was not done."""
        with self._changed:
            waiting: list[Future[object]] = [batch.future for batch in self._batches]  # type: ignore[misc]
            waiting += [each for each in (self._wanted, self._running, self._verification) if each is not None]  # type: ignore[misc]
            self._batches.clear()
            self._wanted = self._running = self._verification = None
        for future in waiting:
            if not future.done():
                future.set_exception(error)

    def _hold(self) -> None:
        """Take the lease, open the volume, and work until something breaks."""
        with ExitStack() as stack:
            self.options.base_path.mkdir(parents=True, exist_ok=True)
            root = stack.enter_context(VolumeRoot(self.options.base_path, self.options.modes))
            lease = self._leased(root)
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
            self._on_ready()  # the outbox may have entries from before
            self._next_at = 0.0
            while not self._stopped.is_set():
                self._step(reconciler)

    def _close(self) -> None:
        self._volume = None

    def _leased(self, root: VolumeRoot) -> VolumeLease:
        """Wait for the lease.

        Raises:
            Cancelled: the service stopped first.
        """
        is_logged = False
        while not self._stopped.is_set():
            lease = VolumeLease.take(root)
            if lease is not None:
                return lease
            self._status, self._trouble = "standby", None
            if not is_logged:
                _log.info("another process has the volume; this one takes over when it ends", holder=lease_holder(root))
                is_logged = True
            self._stopped.wait(_LEASE_POLL_SECONDS)
        raise Cancelled("The service was stopped.")

    def _step(self, reconciler: Reconciler) -> None:
        """Do the next thing, or wait for it."""
        with self._changed:
            due_seconds = min([self._next_at, *self._recheck_at.values()]) - self._clock()
            has_work = self._batches or self._wanted is not None or self._verification is not None
            if not has_work and due_seconds > 0:
                self._status = "running"
                self._changed.wait(min(due_seconds, 5.0))
                return
            is_full = self._wanted is not None or self._next_at <= self._clock()
            batches = [] if is_full else list(self._batches)
            if is_full:
                self._running, self._wanted = self._wanted or _new_future(), None
            else:
                self._batches.clear()
        self._status = "syncing"
        if is_full:
            self._reconcile(reconciler)
        elif batches:
            self._apply(reconciler, batches)
        elif self._verification is not None:
            self._verify(reconciler)
        else:
            self._recheck(reconciler)

    def _reconcile(self, reconciler: Reconciler) -> None:
        running = self._running
        try:
            result = reconciler.run()
        except Exception as error:
            self._settle(running, error)
            raise
        self._last = result
        self._has_reconciled = self._has_reconciled or result.is_complete
        self._trouble = None if result.is_complete else next(each.error for each in result.errors if not each.path)
        self._failures = 0 if result.is_successful else self._failures + 1
        self._next_at = self._clock() + self._pause_seconds()
        self._on_execution(result.execution)
        self._on_reconciled(result)
        self._wait_for(result.waiting)
        self._on_ready()
        _log.info(
            "the bucket is synchronised" if result.is_successful else "the bucket is not synchronised completely",
            models=result.total,
            fetched=len(result.published),
            deleted=len(result.deleted),
            errors=len(result.errors),
            seconds=round(result.seconds, 3),
        )
        with self._changed:
            self._running = None
        if running is not None:
            running.set_result(result)

    def _pause_seconds(self) -> float:
        """How long until the next reconciliation: less after one with errors."""
        interval_seconds = self._interval_seconds or _NEVER
        if not self._failures:
            return interval_seconds
        return min(interval_seconds, _FAILED_SECONDS * 2.0 ** min(self._failures - 1, _MOST_DOUBLINGS))

    def _settle(self, running: Future[Reconciled] | None, error: Exception) -> None:
        with self._changed:
            self._running = None
        if running is not None:
            running.set_exception(error)

    def _wait_for(self, prefixes: Iterable[str]) -> None:
        """Look at incomplete sets again after a while."""
        at = self._clock() + max(self.options.rules.quiet_seconds, 1.0)
        for prefix in prefixes:
            self._recheck_at.setdefault(prefix, at)

    def _recheck(self, reconciler: Reconciler) -> None:
        now = self._clock()
        due = [prefix for prefix, at in self._recheck_at.items() if at <= now]
        for prefix in due:
            del self._recheck_at[prefix]
        if due:
            execution, plan = reconciler.apply([], due)
            self._on_execution(execution)
            self._wait_for([each.prefix for each in plan.waiting])
            self._wait_for([key for key in execution.errors if key.endswith("/")])
            self._on_ready()

    def _verify(self, reconciler: Reconciler) -> None:
        future = self._verification
        result = reconciler.verify()
        with self._changed:
            self._verification = None
            if result.damaged or result.missing:
                self._next_at = 0.0
        if future is not None:
            future.set_result(result)

    def _apply(self, reconciler: Reconciler, batches: Sequence[_Batch]) -> None:
        """Act on the events of all batches at once: a burst of events for one key is one transfer."""
        journal = self.journal
        if journal is None:
            raise AssertionError("the volume is open")
        seen = journal.state.seen
        events: list[ObjectEvent] = []
        for event in (event for batch in batches for event in batch.events):
            known = seen.get(event.key)
            if not is_stale(event.sequencer, known=None if known is None else known.sequencer):
                events.append(event)
        errors: dict[str, SaysoError] = {}
        try:
            if events:
                execution, plan = reconciler.apply({event.key for event in events})
                errors = execution.errors
                self._on_execution(execution)
                self._wait_for([each.prefix for each in plan.waiting])
                self._wait_for([key for key in errors if key.endswith("/")])  # sets that failed
                self._note(journal, [event for event in events if event.key not in errors])
        except Exception as error:
            for batch in batches:
                batch.future.set_exception(error)
            raise
        for batch in batches:
            batch.future.set_result({each.key: errors[each.key] for each in batch.events if each.key in errors})
        self._on_ready()

    def _note(self, journal: Journal, events: Sequence[ObjectEvent]) -> None:
        """Remember the order of the events; an earlier one of the same key is stale from now on."""
        now = self._clock()
        entries = [
            EventSeen(event=SeenEvent(key=event.key, sequencer=event.sequencer, at_seconds=now))
            for event in events
            if event.sequencer is not None
        ]
        if entries:
            journal.append(*entries, flush=False)


def _new_future() -> Future[Any]:
    """A future whose work those who wait for it cannot cancel."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future
