"""What other threads have asked model sync to do, until its thread takes it."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sayso.errors import SaysoError, ServiceUnavailable
from sayso.modelsync.errors import FullSyncRunning

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from sayso.modelsync.reconciliation.reconciled import Reconciled
    from sayso.modelsync.reconciliation.verify import Verification
    from sayso.modelsync.records import ObjectEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """What came of events.

    Attributes:
        failed: the keys with which something failed, and why.
        later: the keys whose objects the reconciliation that runs fetches: they are on the volume soon, and if that
            fails, the reconciliation is repeated.
    """

    failed: Mapping[str, SaysoError]
    later: frozenset[str] = frozenset()


@dataclass(kw_only=True, slots=True)
class EventBatch:
    """Events that wait, and who waits for them."""

    events: Sequence[ObjectEvent]
    future: Future[Applied]

    def end(self, failed: Mapping[str, SaysoError], later: Collection[str] = ()) -> None:
        """Give what came of the events of all batches to those who wait for this one."""
        keys = {event.key for event in self.events}
        self.future.set_result(
            Applied(
                failed={key: error for key, error in failed.items() if key in keys}, later=frozenset(keys & set(later))
            )
        )


class SyncRequests:
    """Reconciliations, events and verifications that were asked for; any thread may use it.

    Args:
        stopped: set when the service stops; call `wake` then.
    """

    def __init__(self, stopped: threading.Event) -> None:
        self._stopped = stopped
        self._changed = threading.Condition()
        self._batches: deque[EventBatch] = deque()
        self._wanted: Future[Reconciled] | None = None
        self._running: Future[Reconciled] | None = None
        self._is_posted = False
        self._verification: Future[Verification] | None = None

    # For those who ask

    @property
    def is_posted(self) -> bool:
        """Whether a reconciliation that was asked for runs, or waits."""
        return self._is_posted

    def full_sync(self, *, is_standby: bool) -> Future[Reconciled]:
        """Ask for a reconciliation; one that runs since the start, or by schedule, is joined.

        Args:
            is_standby: whether another process has the volume.

        Raises:
            FullSyncRunning: one that was asked for by this method runs, or waits.
            ServiceUnavailable: another process has the volume, or the service has stopped.
        """
        with self._changed:
            if self._is_posted:
                raise FullSyncRunning("A full sync is running already.")
            self._require_volume(is_standby=is_standby)
            self._is_posted = True
            future = self._running or self._wanted
            if future is None:
                future = self._wanted = _new_future()
            future.add_done_callback(self._forget_post)
            self._changed.notify_all()
            return future

    def apply(self, events: Sequence[ObjectEvent], *, is_standby: bool) -> Future[Applied]:
        """Ask to act on events; the future has their result, or raises `ServiceUnavailable`."""
        batch = EventBatch(events=events, future=_new_future())
        with self._changed:
            if is_standby or self._stopped.is_set():
                reason = "The service has stopped." if self._stopped.is_set() else "Another process has the volume."
                batch.future.set_exception(ServiceUnavailable(reason))
                return batch.future
            self._batches.append(batch)
            self._changed.notify_all()
        return batch.future

    def verify(self, *, is_standby: bool) -> Future[Verification]:
        """Ask for every file to be read and compared; a verification that waits or runs is joined.

        Raises:
            ServiceUnavailable: another process has the volume, or the service has stopped.
        """
        with self._changed:
            self._require_volume(is_standby=is_standby)
            if self._verification is None:
                self._verification = _new_future()
            self._changed.notify_all()
            return self._verification

    def _require_volume(self, *, is_standby: bool) -> None:
        if is_standby:
            raise ServiceUnavailable("Another process has the volume; ask that one.")
        if self._stopped.is_set():
            raise ServiceUnavailable("The service is stopping.")

    def _forget_post(self, _: Future[Reconciled]) -> None:
        self._is_posted = False

    # For the thread of the service

    def wake(self) -> None:
        """End `wait` now."""
        with self._changed:
            self._changed.notify_all()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self._batches and self._wanted is None and self._verification is None

    def wait(self, seconds: float) -> None:
        """Wait until something is asked for or the service stops, for at most so long."""
        with self._changed:
            if self.is_empty and not self._stopped.is_set():
                self._changed.wait(seconds)

    def begin_reconciliation(self, *, is_due: bool) -> bool:
        """Begin a reconciliation that was asked for, or is due; whether there is one."""
        with self._changed:
            if self._wanted is None and not is_due:
                return False
            self._running, self._wanted = self._wanted or _new_future(), None
            return True

    def end_reconciliation(self, result: Reconciled | Exception) -> None:
        """Give the result, or the error, to those who wait for the reconciliation."""
        with self._changed:
            running, self._running = self._running, None
        if running is None:
            return
        if isinstance(result, Exception):
            running.set_exception(result)
        else:
            running.set_result(result)

    def take_batches(self, *, but: Callable[[ObjectEvent], bool] = lambda _: False) -> list[EventBatch]:
        """All events that have come; their futures are the caller's from now on.

        Args:
            but: which events wait still, with those that came together with them.
        """
        if not self._batches:
            return []
        with self._changed:
            taken: list[EventBatch] = []
            left: deque[EventBatch] = deque()
            for batch in self._batches:
                (left if any(map(but, batch.events)) else taken).append(batch)
            self._batches = left
            return taken

    @property
    def is_verification_wanted(self) -> bool:
        """Whether a verification was asked for."""
        return self._verification is not None

    def end_verification(self, result: Verification) -> None:
        """Give the result to those who wait for the verification."""
        with self._changed:
            future, self._verification = self._verification, None
        if future is not None:
            future.set_result(result)

    def fail(self, error: SaysoError) -> None:
        """Fail everything that waits or runs: it was not done."""
        with self._changed:
            waiting: list[Future[Any]] = [batch.future for batch in self._batches]
            waiting += [each for each in (self._wanted, self._running, self._verification) if each is not None]
            self._batches.clear()
            self._wanted = self._running = self._verification = None
        for future in waiting:
            if not future.done():
                future.set_exception(error)


def _new_future() -> Future[Any]:
    """A future whose work those who wait for it cannot cancel."""
    future: Future[Any] = Future()
    future.set_running_or_notify_cancel()
    return future
