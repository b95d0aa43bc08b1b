"""The thread that looks at the directories of models."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.models.reloading import WatchedModel

_log = structlog.get_logger(__name__)

_CLOSE_SECONDS = 5.0


class ModelWatcher:
    """Looks at each model again and again, on one daemon thread that it owns, from `start` to `close`.

    It asks the file system rather than waiting for its events: inotify sees neither what another machine writes to NFS
    nor the swap of a symbolic link above the directory. A look costs one ``stat`` for each file of a model.

    Args:
        models: whose directories are looked at; one after the other, so that at most one is loaded at a time.
        interval_seconds: the pause between two looks.
    """

    def __init__(self, models: Sequence[WatchedModel[Any]], *, interval_seconds: float) -> None:
        self._models = tuple(models)
        self._interval_seconds = interval_seconds
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="model-watcher", daemon=True)

    def start(self) -> None:
        """Start the thread; at most once."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; one that loads a model just now ends with the process."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        while not self._closing.wait(self._interval_seconds):
            for model in self._models:
                try:
                    model.look()
                except Exception:  # noqa: BLE001 -- the others are still looked at, and this one again
                    _log.exception("a model's directory could not be looked at", engine=model.name)
