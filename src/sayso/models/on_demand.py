"""Missing models are pulled when they are first needed: in the background of a service, each of them once.

A request for a model that is on its way gets `ModelArriving`, which says how far it is and when to come back. Files
that have arrived stay when a pull is interrupted, and the next one goes on from there.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from sayso.errors import Cancelled, ModelArriving, ModelMissing, SaysoError
from sayso.models.progress import SilentProgress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.models.model_types import Model
    from sayso.models.store import ModelStore

_log = structlog.get_logger(__name__)

_RETRY_SECONDS = 60.0
"""After how long a pull that failed is tried again, when the model is needed."""

_SHORTEST_SECONDS = 2
_LONGEST_SECONDS = 60
"""Bounds of what is said to be left; OpenAI's SDKs wait for no longer."""

_UNKNOWN_SECONDS = 10
_WAIT_SECONDS = 0.2
_CLOSE_SECONDS = 1.0
_LOGGED_STEP_PERCENT = 25


@dataclass(frozen=True, kw_only=True, slots=True)
class _Failed:
    reason: str
    at: float


class _Arriving(SilentProgress):
    """The progress of one model; written by its thread, read by any."""

    def __init__(self, model: Model, is_closed: threading.Event, clock: Callable[[], float]) -> None:
        self.total_bytes = model.size_bytes
        self.done_bytes = 0
        self._is_closed = is_closed
        self._clock = clock
        self._began: tuple[float, int] | None = None
        self._logged_percent = 0

    def arrived(self, model: Model, done_bytes: int, total_bytes: int) -> None:
        """Count, and end the pull if the process ends."""
        if self._is_closed.is_set():
            raise Cancelled("The process ends.")
        if self._began is None:
            self._began = (self._clock(), done_bytes)
        self.done_bytes, self.total_bytes = done_bytes, total_bytes
        percent = 100 * done_bytes // max(total_bytes, 1) // _LOGGED_STEP_PERCENT * _LOGGED_STEP_PERCENT
        if percent > self._logged_percent:
            self._logged_percent = percent
            _log.info("a model is pulled", model=model.name, percent=percent)

    def source_failed(self, model: Model, place: str, reason: str) -> None:
        """Log the reason."""
        _log.warning("a model was not delivered", model=model.name, place=place, reason=reason)

    @property
    def seconds_left(self) -> int:
        """About how long it still takes, within bounds."""
        if self._began is None:
            return _UNKNOWN_SECONDS
        at, before = self._began
        rate = (self.done_bytes - before) / max(self._clock() - at, 0.1)
        if rate <= 0:
            return _UNKNOWN_SECONDS
        return min(max(math.ceil((self.total_bytes - self.done_bytes) / rate), _SHORTEST_SECONDS), _LONGEST_SECONDS)

    def __str__(self) -> str:
        return f"{self.done_bytes // 10**6} of {self.total_bytes // 10**6} MB"


class ModelPulls:
    """See the module; any thread may use it. It owns a thread for each model that is being pulled, until `close`.

    Args:
        store: of the models.
        offline: use no source that needs the network.
        clock: monotonic seconds.
    """

    def __init__(
        self, store: ModelStore, *, offline: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._offline = offline
        self._clock = clock
        self._is_closed = threading.Event()
        self._lock = threading.Lock()  # guards all below
        self._threads: dict[str, threading.Thread] = {}
        self._arriving: dict[str, _Arriving] = {}
        self._failed: dict[str, _Failed] = {}

    def require(self, names: Sequence[str]) -> None:
        """Return if the models are here; otherwise begin to pull what is missing, and do not wait for it.

        Raises:
            InvalidInput: the catalogue has no such model.
            ModelArriving: a model is on its way.
            ModelMissing: a pull failed less than a minute ago.
        """
        missing = self._store.missing(names)
        if not missing:
            return
        with self._lock:
            for name in missing:
                self._begin(name)
        raise self._error(missing)

    def obtain(self, names: Sequence[str]) -> None:
        """Pull what is missing, and wait for it.

        Raises:
            InvalidInput, ModelMissing: as `require`.
            Cancelled: this was closed.
        """
        while not self._is_closed.is_set():
            try:
                self.require(names)
            except ModelArriving:
                self._is_closed.wait(_WAIT_SECONDS)
            else:
                return
        raise Cancelled("The process ends.")

    def state(self, names: Sequence[str]) -> ModelMissing | None:
        """What `require` would raise, without beginning anything; None if the models are here. For health checks."""
        missing = self._store.missing(names)
        return self._error(missing) if missing else None

    def close(self) -> None:
        """End the pulls, which takes a moment; what has arrived is kept."""
        self._is_closed.set()
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join(_CLOSE_SECONDS)

    def _begin(self, name: str) -> None:
        """Under the lock."""
        failed = self._failed.get(name)
        is_recent = failed is not None and self._clock() - failed.at < _RETRY_SECONDS
        if name in self._arriving or is_recent or self._is_closed.is_set():
            return
        self._failed.pop(name, None)
        self._arriving[name] = _Arriving(self._store.model(name), self._is_closed, self._clock)
        thread = threading.Thread(target=self._pull, args=(name,), name=f"pull-{name}", daemon=True)
        self._threads[name] = thread
        thread.start()

    def _pull(self, name: str) -> None:
        began = self._clock()
        _log.info("a missing model is pulled", model=name, size_bytes=self._arriving[name].total_bytes)
        reason: str | None = None
        try:
            self._store.pull([name], offline=self._offline, progress=self._arriving[name])
        except Cancelled:
            reason = "The process ends."
        except SaysoError as error:
            reason = error.message
            _log.warning("a model could not be pulled", model=name, reason=error.message, hint=error.hint)
        except Exception as error:  # noqa: BLE001 -- whatever a client of a registry raises, those who wait hear of it
            reason = f"{type(error).__name__}: {error}"
            _log.exception("a model could not be pulled", model=name)
        else:
            _log.info("a model has arrived", model=name, seconds=round(self._clock() - began, 1))
        with self._lock:
            del self._arriving[name], self._threads[name]
            if reason is not None:
                self._failed[name] = _Failed(reason=reason, at=self._clock())

    def _error(self, missing: Sequence[str]) -> ModelMissing:
        """The error for models of which some are missing."""
        with self._lock:
            arriving = {name: self._arriving[name] for name in missing if name in self._arriving}
            failed = {name: self._failed[name] for name in missing if name in self._failed}
        if failed and not arriving:
            name, failure = next(iter(failed.items()))
            return ModelMissing(
                f"The model {name} could not be pulled: {failure.reason}",
                hint=f"It is tried again after a minute. Or run: sayso models pull {' '.join(missing)}",
            )
        if not arriving:
            size = sum(self._store.model(name).size_bytes for name in missing) // 10**6
            return ModelArriving(
                f"Not here yet, and pulled at the first use: {', '.join(missing)} ({size} MB).",
                retry_after_seconds=_UNKNOWN_SECONDS,
            )
        progress = " and ".join(f"{name} ({each})" for name, each in arriving.items())
        left = max(each.seconds_left for each in arriving.values())
        return ModelArriving(f"Being pulled: {progress}.", retry_after_seconds=left)
