"""Run an attempt in a separate process: for a job of which an earlier worker may have died.

The service keeps the lease, the claim, the heartbeats, and the publishing of files. Only the computation is in the
child process. If the child dies, because of its memory or its interpreter, the attempt has failed with a reason, and
the service continues with its other jobs.

The child has a lower priority, and is the first that Linux kills when memory runs out. Each child loads its own models:
as many run at once as there is memory for, and at least one. A job that finds no memory is released, so that it blocks
no worker and loses no time of its attempt.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from sayso.bootstrap.chains import EngineRegistry
from sayso.bootstrap.engines import open_speech_cache
from sayso.bootstrap.narrator import open_narrator
from sayso.errors import Busy, ProcessDied, SaysoError
from sayso.machine import available_memory_bytes
from sayso.observability import configure_logs
from sayso.scheduling import UNBOUNDED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

    from sayso.narration import Narration, Progress
    from sayso.scheduling import RequestContext
    from sayso.settings import StoriesSettings
    from sayso.stories import Story

_log = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.2
"""How often the context is checked for cancellation."""

_CHILD_BYTES = 2**30
"""The memory that a child may need: Kokoro's and Piper's models, and the longest documents."""

_NICENESS = 3
_FIRST_TO_GO = "1000"
"""Linux's highest OOM score adjustment: https://www.kernel.org/doc/html/latest/filesystems/proc.html."""

_CONTEXT = multiprocessing.get_context("spawn")  # the child has no locks and threads of this process


class IsolatedNarrator:
    """Makes stories' files in a child process; threads share it.

    Args:
        settings: from which the child opens its engines and its cache.
        on_look_up: called with whether a lookup of the child in the speech cache was a hit.
        available_bytes: returns the available memory.
    """

    def __init__(
        self,
        settings: StoriesSettings,
        *,
        on_look_up: Callable[[bool], None] = lambda _: None,
        available_bytes: Callable[[], int] = available_memory_bytes,
    ) -> None:
        self._settings = settings
        self._on_look_up = on_look_up
        self._available_bytes = available_bytes
        self._lock = threading.Lock()
        self._children = 0

    def make(
        self, story: Story, directory: Path, context: RequestContext, on_progress: Callable[[Progress], None]
    ) -> Narration:
        """See `Narrator.make`.

        Raises:
            Busy: there is no memory for another child.
            ProcessDied: the child died before it finished.
            SaysoError: as for `Narrator.make`.
        """
        with self._reserved_memory():
            here, there = _CONTEXT.Pipe()
            child = _CONTEXT.Process(
                target=_main, args=(there, self._settings, story, directory), name="sayso-attempt", daemon=True
            )
            child.start()
            there.close()
            _log.info("the attempt has a process of its own", pid=child.pid)
            try:
                return _outcome(child, here, context, {"progress": on_progress, "looked up": self._on_look_up})
            finally:
                child.kill()
                child.join()
                here.close()

    @contextlib.contextmanager
    def _reserved_memory(self) -> Iterator[None]:
        with self._lock:
            # Running children may still be loading, so their needs are counted in full, to be safe.
            if self._children and self._available_bytes() < (self._children + 1) * _CHILD_BYTES:
                raise Busy("There is no memory for another attempt in a separate process.", retry_after_seconds=60)
            self._children += 1
        try:
            yield
        finally:
            with self._lock:
                self._children -= 1


def _outcome(
    child: SpawnProcess, here: Connection, context: RequestContext, listeners: Mapping[str, Callable[[Any], None]]
) -> Narration:
    """Wait for the child's result; ``listeners`` are called with the child's messages meanwhile.

    Raises:
        ProcessDied: it ended without a result.
        Cancelled, DeadlineExceeded: as the context says.
        SaysoError: raised by the child.
    """
    while True:
        ready = wait([here, child.sentinel], timeout=_LOOK_SECONDS)
        context.check()
        if not ready:
            continue
        try:
            message: tuple[str, Any] = here.recv() if here.poll() else ("", None)
        except (EOFError, OSError):
            message = ("", None)
        kind, content = message
        if kind in listeners:
            listeners[kind](content)
        elif kind == "made":
            narration: Narration = content
            return narration
        elif kind == "failed":
            raise content
        else:
            child.join()
            raise ProcessDied(f"The process of the attempt {_exit_reason(child.exitcode or 0)}.")


def _exit_reason(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed by {name}"


def _main(there: Connection, settings: StoriesSettings, story: Story, directory: Path) -> None:
    """The main function of the child."""
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent receives the signal too, and decides
        signal.signal(number, signal.SIG_IGN)
    _lower_priority()
    threading.Thread(target=_end_with_parent, args=(there,), daemon=True).start()
    configure_logs(settings.log_level, settings.log_format)
    lock = threading.Lock()  # engines look up entries on several threads

    def send(kind: str, content: object) -> None:
        with lock:
            there.send((kind, content))

    try:
        send("made", _narrate(send, settings, story, directory))
    except SaysoError as error:
        send("failed", error)
    except Exception as error:  # noqa: BLE001 -- sent to the parent, for which it is a failed attempt
        _log.exception("the attempt broke")
        send("failed", RuntimeError(f"{type(error).__name__}: {error}"))


def _narrate(
    send: Callable[[str, object], None], settings: StoriesSettings, story: Story, directory: Path
) -> Narration:
    engines = EngineRegistry(settings)
    cache = open_speech_cache(settings, on_look_up=lambda hit: send("looked up", hit))
    narrator = open_narrator(settings, sources=tuple(engines.speech.values()), cache=cache)
    try:
        return narrator.make(story, directory, UNBOUNDED, lambda progress: send("progress", progress))
    finally:
        cache.close()


def _lower_priority() -> None:
    os.nice(_NICENESS)
    with contextlib.suppress(OSError):  # exists only on Linux
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)


def _end_with_parent(there: Any) -> None:
    """Wait for a message that is never sent; the end of the parent ends the wait."""
    with contextlib.suppress(EOFError, OSError):
        there.recv()
    os._exit(1)
