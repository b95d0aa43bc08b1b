"""A model in a directory that is replaced while the model serves: the new one is loaded beside the old, then swapped.

Requests take the current model once, at their beginning, and keep it to their end. A model that was replaced leaves the
memory with the last request that uses it. A new one that is incomplete, corrupt, cannot be loaded, lacks what it must
have, or finds no memory beside the old leaves the old one in its place; it is tried again when the directory changes.
"""

from __future__ import annotations

import gc
import threading
import time
import weakref
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import structlog

from sayso.errors import Busy, ModelMissing, ModelReplaced, SaysoError
from sayso.machine import available_memory_bytes, return_free_memory
from sayso.models.folder import FolderState, state_of
from sayso.models.opener import ModelStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sayso.models.opener import ModelOpener

_log = structlog.get_logger(__name__)

_RETRY_SECONDS = 60.0
"""After how long a new model is tried again for which there was no memory, or that could not be read."""

_SPARE_BYTES = 64 * 2**20

T = TypeVar("T")


class _Serving(NamedTuple, Generic[T]):
    model: T
    state: FolderState


class _Seen(NamedTuple):
    """A state of the directory, and when it was seen first, or tried, in monotonic seconds."""

    state: FolderState
    at: float


class WatchedModel(Generic[T]):
    """The model of a directory; `current` may be called by any thread, `look` by one at a time: the watcher's.

    Args:
        name: of the engine, for logs.
        directory: of the model, or a symbolic link to it.
        opener: opens it.
        quiet_seconds: how long a directory without a manifest must be unchanged before it is loaded.
        on_reload: called with ``loaded`` or ``rejected`` after each attempt to replace the model.
        clock: monotonic seconds.
        available_bytes: returns the memory that may be taken.
    """

    def __init__(
        self,
        name: str,
        directory: Path,
        opener: ModelOpener[T],
        *,
        quiet_seconds: float,
        on_reload: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        available_bytes: Callable[[], int] = available_memory_bytes,
    ) -> None:
        self.name = name
        self.directory = directory
        self._opener = opener
        self._quiet_seconds = quiet_seconds
        self._on_reload = on_reload
        self._clock = clock
        self._available_bytes = available_bytes
        self._opening = threading.Lock()  # held while a model is opened for a request, and never taken under the other
        self._lock = threading.Lock()  # guards the three below
        self._serving: _Serving[T] | None = None
        self._replacements = 0
        self._problem: str | None = None
        # Only the watcher's thread uses these:
        self._changed: _Seen | None = None
        self._rejected: _Seen | None = None
        self._retries = False
        self._retired: list[weakref.ref[object]] = []

    def current(self) -> T:
        """The model that serves; opened, and not loaded, by the first call.

        Raises:
            ModelMissing: the directory or a file is missing; the next call tries again.
            SaysoError: as `ModelOpener.open`.
        """
        serving = self._now()
        if serving is None:
            with self._opening:
                serving = self._now() or self._open_for_request()
        return serving.model

    def reopened(self, stale: T) -> T:
        """The model in place of one whose files were replaced while it was not in memory.

        Raises:
            SaysoError: as `current`.
        """
        with self._opening:
            serving = self._now()
            if serving is not None and serving.model is not stale:
                return serving.model
            serving = self._open_for_request(replaces=True)
        _log.info("the model was opened again", engine=self.name, directory=str(serving.state.directory))
        self._on_reload("loaded")
        return serving.model

    def require_found(self) -> None:
        """Return unless no model was opened yet and there is no complete one; opens nothing.

        Raises:
            ModelMissing, InvalidInput: as `current`.
        """
        if self._now() is None:
            self._opener.require_complete(self._found().directory)

    def status(self) -> ModelStatus:
        """The state for health checks; does not block for long."""
        with self._lock:
            serving, replacements, problem = self._serving, self._replacements, self._problem
        description = None if serving is None else self._opener.describe(serving.model)
        return ModelStatus(
            directory=self.directory, description=description, replacements=replacements, problem=problem
        )

    def look(self) -> None:
        """Look at the directory, and replace the model if its files have changed; blocks while a new one is loaded."""
        self._collect_retired()
        serving = self._now()
        if serving is None:
            return  # the first request opens what is there then
        state = state_of(self.directory)
        if state is None:
            self._changed = None
            self._note("The directory cannot be read; the model in memory is used.")
        elif state == serving.state:
            self._changed = self._rejected = None
            self._note(None)
        elif not self._was_rejected(state) and self._is_quiet(state):
            self._replace(serving, state)

    def _now(self) -> _Serving[T] | None:
        with self._lock:
            return self._serving

    def _open_for_request(self, *, replaces: bool = False) -> _Serving[T]:
        """Open what is in the directory; under the lock of opening."""
        state = self._found()
        serving = _Serving(self._opener.open(state.directory), state)
        with self._lock:
            self._serving = serving
            self._replacements += replaces
        return serving

    def _found(self) -> FolderState:
        state = state_of(self.directory)
        if state is None:
            raise ModelMissing(
                f"There is no directory {self.directory}, or it cannot be read.",
                hint="Synchronise it (docs/how-to/model-sync.md), or change the setting that names it.",
            )
        return state

    def _was_rejected(self, state: FolderState) -> bool:
        rejected = self._rejected
        if rejected is None or rejected.state != state:
            return False
        return not (self._retries and self._clock() - rejected.at >= _RETRY_SECONDS)

    def _is_quiet(self, state: FolderState) -> bool:
        """Whether the files are complete by their manifest, or have not changed for long enough."""
        if self._changed is None or self._changed.state != state:
            self._changed = _Seen(state, self._clock())
        return self._opener.is_set(state.directory) or self._clock() - self._changed.at >= self._quiet_seconds

    def _replace(self, serving: _Serving[T], state: FolderState) -> None:
        began = self._clock()
        try:
            self._require_memory(state)
            model = self._opener.open(state.directory)
            self._opener.prepare(model, serving.model)
        except ModelReplaced:
            return  # while it was loaded: the next look sees what is there now
        except SaysoError as error:
            self._reject(state, error.message, retries=isinstance(error, Busy))
        except (OSError, MemoryError) as error:
            self._reject(state, f"It cannot be read: {error}.", retries=True)
        except Exception as error:  # noqa: BLE001 -- whatever a library raises, the old model goes on
            _log.exception("a new model broke", engine=self.name)
            self._reject(state, f"It broke: {error}.", retries=False)
        else:
            self._swap(serving, _Serving(model, state), seconds=self._clock() - began)

    def _swap(self, serving: _Serving[T], new: _Serving[T], *, seconds: float) -> None:
        """Let new requests have the new model, unless the directory has changed while it was loaded."""
        self._retired.append(weakref.ref(new.model))
        if state_of(self.directory) != new.state:
            return  # the next look sees what it is now
        with self._lock:
            if self._serving is not serving:
                return  # a request has opened it meanwhile
            self._serving = new
            self._replacements += 1
            self._problem = None
        self._changed = self._rejected = None
        self._retired[-1] = weakref.ref(serving.model)
        self._opener.retire(serving.model)
        made = self._opener.describe(new.model)
        _log.info(
            "the model was replaced",
            engine=self.name,
            model=made.name,
            version=made.version,
            fingerprint=made.fingerprint,
            seconds=round(seconds, 3),
        )
        self._on_reload("loaded")

    def _require_memory(self, state: FolderState) -> None:
        """Refuse a model that may not find memory beside the one that serves.

        Raises:
            Busy: with the figures.
        """
        needed = int(state.size_bytes * self._opener.memory_factor) + _SPARE_BYTES
        available = self._available_bytes()
        if needed > available:
            raise Busy(
                f"Loading it beside the old one may take {needed >> 20} MiB of memory, and {available >> 20} MiB are "
                "free. Free some, or restart.",
                retry_after_seconds=_RETRY_SECONDS,
            )

    def _reject(self, state: FolderState, reason: str, *, retries: bool) -> None:
        gc.collect()  # what was loaded of it
        return_free_memory()
        is_new = self._rejected is None or self._rejected.state != state
        self._rejected = _Seen(state, self._clock())
        self._retries = retries
        self._note(f"The new model is not used: {reason}")
        if is_new:
            _log.warning("the new model is not used", engine=self.name, directory=str(self.directory), reason=reason)
            self._on_reload("rejected")

    def _note(self, problem: str | None) -> None:
        with self._lock:
            self._problem = problem

    def _collect_retired(self) -> None:
        """Free replaced models that nothing uses any more, also those that a cycle of references keeps."""
        if not self._retired:
            return
        gc.collect()
        kept = [each for each in self._retired if each() is not None]
        if len(kept) < len(self._retired):
            return_free_memory()
            _log.info("a replaced model has left the memory", engine=self.name, still_used=len(kept))
        self._retired = kept
