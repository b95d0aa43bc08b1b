"""An attempt in a process of its own: for a job of which an earlier worker may have died.

The service keeps everything that makes the job its own: the lease, the claim, the heartbeats, and the publishing of
files. Only what computes is in the child. If that dies, by whatever it does to its memory or its interpreter, the
attempt has failed with a reason, and the service goes on with its other jobs.

The child gives way: it has a lower priority, and is the first that Linux kills when memory runs out. Each loads models
of its own: as many run at once as there is memory for, and at least one. A job that finds no room is released, so that
it holds no worker back and loses no time of its attempt.
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
"""How often it is asked whether the story is still wanted."""

_CHILD_BYTES = 2**30
"""What a child may need: Kokoro's and Piper's models, and the longest documents."""

_NICENESS = 3
_FIRST_TO_GO = "1000"
"""Linux's highest readiness to be killed for memory: https://www.kernel.org/doc/html/latest/filesystems/proc.html."""

_CONTEXT = multiprocessing.get_context("spawn")  # nothing of this process's threads and locks is in the child


class IsolatedNarrator:
    """Makes stories' files in a process of their own; threads share it.

    Args:
        settings: what the child opens its engines and its cache from.
        on_look_up: called with whether the child found in the speech cache what it looked for.
        available_bytes: how much memory is left.
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
            ProcessDied: the child did not live to the end.
            SaysoError: as `Narrator.make`.
        """
        with self._room():
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
    def _room(self) -> Iterator[None]:
        with self._lock:
            # Those that run may still be loading: what they will need is counted again, on the safe side.
            if self._children and self._available_bytes() < (self._children + 1) * _CHILD_BYTES:
                raise Busy("There is no memory for another attempt in a process of its own.", retry_after_seconds=60)
            self._children += 1
        try:
            yield
        finally:
            with self._lock:
                self._children -= 1


def _outcome(
    child: SpawnProcess, here: Connection, context: RequestContext, listeners: Mapping[str, Callable[[Any], None]]
) -> Narration:
    """What the child makes, once it has; ``listeners`` are told what it tells on its way.

    Raises:
        ProcessDied: it ended without a word.
        Cancelled, DeadlineExceeded: as the context says.
        SaysoError: what the child raised.
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
            raise ProcessDied(f"The process of the attempt {_ending(child.exitcode or 0)}.")


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed by {name}"


def _main(there: Connection, settings: StoriesSettings, story: Story, directory: Path) -> None:
    """The child."""
    for told in (signal.SIGINT, signal.SIGTERM):  # its parent is told too, and decides
        signal.signal(told, signal.SIG_IGN)
    _give_way()
    threading.Thread(target=_end_with_parent, args=(there,), daemon=True).start()
    configure_logs(settings.log_level, settings.log_format)
    lock = threading.Lock()  # engines look things up on several threads

    def tell(kind: str, content: object) -> None:
        with lock:
            there.send((kind, content))

    try:
        tell("made", _made(tell, settings, story, directory))
    except SaysoError as error:
        tell("failed", error)
    except Exception as error:  # noqa: BLE001 -- told to the parent, for which it is a failure of the attempt
        _log.exception("the attempt broke")
        tell("failed", RuntimeError(f"{type(error).__name__}: {error}"))


def _made(tell: Callable[[str, object], None], settings: StoriesSettings, story: Story, directory: Path) -> Narration:
    engines = EngineRegistry(settings)
    cache = open_speech_cache(settings, on_look_up=lambda hit: tell("looked up", hit))
    narrator = open_narrator(settings, sources=tuple(engines.speech.values()), cache=cache)
    try:
        return narrator.make(story, directory, UNBOUNDED, lambda progress: tell("progress", progress))
    finally:
        cache.close()


def _give_way() -> None:
    os.nice(_NICENESS)
    with contextlib.suppress(OSError):  # only Linux has it
        Path("/proc/self/oom_score_adj").write_text(_FIRST_TO_GO)


def _end_with_parent(there: Any) -> None:
    """Wait for what never comes; the parent's end is the end of the wait."""
    with contextlib.suppress(EOFError, OSError):
        there.recv()
    os._exit(1)
