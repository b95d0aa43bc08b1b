"""The workers: processes that are started as an operator would, and killed, stopped and frozen as nobody would."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Self

import httpx2

from bench.server import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

STOP_SECONDS = 60.0
"""How long a process that was told to stop may take; what is left in it after SAYSO_SHUTDOWN_SECONDS ends with it."""

_HEALTH_SECONDS = 10.0
_UNHEALTHY_LOOKS = 3
_POLL_SECONDS = 0.05
ENTRY = Path(__file__).with_name("worker.py")
"""What is started in place of ``sayso``."""

_OF_OTHERS = (
    *("AWS_", "SAYSO_", "KOKORO_", "CHAOS_", "OPENAI_", "PG", "DATABASE_URL", "QUEUE_URL", "DLQ_URL"),
    *("DYNAMODB_TABLE", "OUTPUT_BUCKET", "HOST", "PORT"),
)


class End(StrEnum):
    """How a worker ended."""

    KILLED = "kill -9"
    KILLED_AT_STEP = "kill -9 at a step"
    TOLD = "SIGTERM"
    UNHEALTHY = "unhealthy"
    BY_ITSELF = "by itself"


@dataclass(frozen=True, kw_only=True, slots=True)
class Death:
    """A worker that ended.

    Attributes:
        at: when, in Unix seconds.
        told: when it was told to stop; as ``at`` for one that was not.
        worker: its name.
        how: it ended.
        exit_code: its own; negative for a signal.
    """

    at: float
    told: float
    worker: str
    how: End
    exit_code: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Freeze:
    """A worker that did nothing for a while, in Unix seconds."""

    worker: str
    began: float
    ended: float


@dataclass(eq=False, kw_only=True, slots=True)
class Worker:
    """A process.

    Attributes:
        name: that others see: of its slot, and how many there were before it.
        port: where it tells of its health.
        process: itself.
        told: when it was told to stop, in Unix seconds.
        frozen: since when it has been frozen.
        bad_looks: how often in a row it was found unhealthy.
    """

    name: str
    port: int
    process: subprocess.Popen[bytes]
    told: float | None = None
    frozen: float | None = None
    bad_looks: int = 0


@dataclass(kw_only=True, slots=True)
class _Slot:
    name: str
    made: int = 0
    worker: Worker | None = None
    restart_at: float = 0.0


@dataclass(kw_only=True, slots=True)
class Losses:
    """What was done to the workers."""

    deaths: list[Death] = field(default_factory=list)
    freezes: list[Freeze] = field(default_factory=list)
    older: set[str] = field(default_factory=set)
    """Workers of an older version."""


class Crew:
    """So many workers at once, each started again when it has ended; any thread may use it, and the lock guards all.

    Args:
        slots: how many.
        directory: for logs.
        environment: of a worker, by its name.
        prefix: of their names.
        command: what each is told to do.
        older: the source of an older version, which every second of them is; None where all are of today.
    """

    def __init__(
        self,
        slots: int,
        directory: Path,
        environment: Callable[[str], Mapping[str, str]],
        *,
        prefix: str = "w",
        command: Sequence[str] = ("run", "stories"),
        older: Path | None = None,
    ) -> None:
        self.losses = Losses()
        self._directory = directory
        self._environment = environment
        self._command = command
        self._older = older
        self._slots = [_Slot(name=f"{prefix}{number}") for number in range(1, slots + 1)]
        self._lock = threading.RLock()
        self._is_closing = False

    @property
    def running(self) -> Sequence[Worker]:
        """Those that live, are not frozen and were not told to stop."""
        with self._lock:
            workers = [slot.worker for slot in self._slots if slot.worker is not None]
        return [worker for worker in workers if worker.told is None and worker.frozen is None]

    def look(self) -> None:
        """Take note of those that ended, and start others in their place when it is time."""
        with self._lock:
            for slot in self._slots:
                if slot.worker is not None:
                    self._look_at(slot, slot.worker)
                elif not self._is_closing and time.time() >= slot.restart_at:
                    self._start(slot)

    def look_at_health(self) -> None:
        """What ECS and Kubernetes do: end those that say three times in a row that they are not well."""
        for worker in self.running:
            if worker.process.poll() is None and _is_unwell(worker.port):
                worker.bad_looks += 1
            else:
                worker.bad_looks = 0
            if worker.bad_looks >= _UNHEALTHY_LOOKS:
                self._end(worker, End.UNHEALTHY, restart_seconds=0)

    def await_health(self) -> None:
        """Wait until every worker answers that it is well, or for so long that it never will."""
        give_up = time.monotonic() + STOP_SECONDS
        while time.monotonic() < give_up and not all(_is_well(worker.port) for worker in self.running):
            time.sleep(_POLL_SECONDS)

    def kill(self, worker: Worker, *, restart_seconds: float, how: End = End.KILLED) -> None:
        """Have it gone at once, and another started some time later."""
        self._end(worker, how, restart_seconds=restart_seconds)

    def stop(self, worker: Worker) -> None:
        """Tell it to stop; another is started when it has."""
        with self._lock:
            if worker.process.poll() is None:
                worker.told = time.time()
                worker.process.send_signal(signal.SIGTERM)

    def freeze(self, worker: Worker) -> None:
        """Let it do nothing until `thaw`."""
        with self._lock:
            if worker.process.poll() is None:
                worker.frozen = time.time()
                worker.process.send_signal(signal.SIGSTOP)

    def thaw(self, worker: Worker) -> None:
        """Let it go on."""
        with self._lock:
            if worker.frozen is not None and worker.process.poll() is None:
                self.losses.freezes.append(Freeze(worker=worker.name, began=worker.frozen, ended=time.time()))
                worker.process.send_signal(signal.SIGCONT)
            worker.frozen = None

    def named(self, name: str) -> Worker | None:
        """The worker of this name, while it lives."""
        with self._lock:
            return next((slot.worker for slot in self._slots if slot.worker and slot.worker.name == name), None)

    def close(self) -> None:
        """Tell all to stop, and wait until they have; start no others."""
        with self._lock:
            self._is_closing = True
            workers = [slot.worker for slot in self._slots if slot.worker is not None]
        for worker in workers:
            self.thaw(worker)
            self.stop(worker)
        while any(slot.worker is not None for slot in self._slots):
            time.sleep(_POLL_SECONDS)
            self.look()

    def __enter__(self) -> Self:
        self.look()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave none behind."""
        with self._lock:
            self._is_closing = True
            for slot in self._slots:
                if slot.worker is not None:
                    slot.worker.process.kill()  # a frozen one, too
                    slot.worker.process.wait()

    def _start(self, slot: _Slot) -> None:
        slot.made += 1
        name, port = f"{slot.name}-{slot.made}", free_port()
        environment = {**plain_environment(), "HOST": "127.0.0.1", "PORT": str(port), **self._environment(name)}
        is_older = self._older is not None and self._slots.index(slot) % 2 == 1
        entry = ENTRY
        if self._older is not None and is_older:
            environment["PYTHONPATH"] = str(self._older / "src")
            entry = self._older / "tests" / "chaos" / ENTRY.name
            self.losses.older.add(name)
        with (self._directory / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(entry), *self._command],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is the harness's
            )
        slot.worker = Worker(name=name, port=int(environment["PORT"]), process=process)

    def _end(self, worker: Worker, how: End, *, restart_seconds: float) -> None:
        with self._lock:
            slot = next((slot for slot in self._slots if slot.worker is worker), None)
            if slot is None or worker.process.poll() is not None:
                return
            worker.process.kill()
            at = time.time()
            slot.worker = None
            slot.restart_at = at + restart_seconds
            exit_code = worker.process.wait()
            self.losses.deaths.append(Death(at=at, told=at, worker=worker.name, how=how, exit_code=exit_code))

    def _look_at(self, slot: _Slot, worker: Worker) -> None:
        exit_code = worker.process.poll()
        if exit_code is None:
            if worker.told is not None and time.time() > worker.told + STOP_SECONDS:
                worker.process.kill()
            return
        how = End.BY_ITSELF if worker.told is None else End.TOLD
        at = time.time()
        told = worker.told or at
        self.losses.deaths.append(Death(at=at, told=told, worker=worker.name, how=how, exit_code=exit_code))
        slot.worker = None
        slot.restart_at = time.time() + (1.0 if worker.told is None else 0.0)


def plain_environment() -> Mapping[str, str]:
    """The environment of the harness, without what is meant for another Sayso."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OF_OTHERS)}


def _is_unwell(port: int) -> bool:
    """Whether it says so; one that does not answer yet says nothing."""
    return _is_well(port) is False


def _is_well(port: int) -> bool | None:
    """What it says; None where it does not answer."""
    with suppress(httpx2.TransportError):
        return httpx2.get(f"http://127.0.0.1:{port}/healthz", timeout=_HEALTH_SECONDS).is_success
    return None
