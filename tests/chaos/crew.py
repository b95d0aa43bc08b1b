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
_ENTRY = Path(__file__).with_name("worker.py")
_KEPT_OUT = ("AWS_", "SAYSO_", "KOKORO_", "CHAOS_", "DATABASE_URL", "DLQ_URL", "DYNAMODB_TABLE", "OUTPUT_BUCKET")
_KEPT_OUT_TOO = ("QUEUE_URL", "HOST", "PORT", "PG")


class End(StrEnum):
    """How a worker ended."""

    KILLED = "kill -9"
    TOLD = "SIGTERM"
    UNHEALTHY = "unhealthy"
    BY_ITSELF = "by itself"


@dataclass(frozen=True, kw_only=True, slots=True)
class Death:
    """A worker that ended.

    Attributes:
        at: when, in Unix seconds; of one that was told to stop, when it was told.
        worker: its name.
        how: it ended.
        exit_code: its own; negative for a signal.
    """

    at: float
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


class Crew:
    """So many workers at once, each started again when it has ended; any thread may use it, and the lock guards all.

    Args:
        slots: how many.
        directory: for logs.
        environment: of a worker, by the name of its slot and its own.
    """

    def __init__(
        self, slots: int, directory: Path, environment: Callable[[str, str], Mapping[str, str]]
    ) -> None:
        self.losses = Losses()
        self._directory = directory
        self._environment = environment
        self._slots = [_Slot(name=f"w{number}") for number in range(1, slots + 1)]
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
        """What ECS and Kubernetes do: stop those that say of themselves that they are not well, three times in a row."""
        for worker in self.running:
            if worker.process.poll() is None and _is_unwell(worker.port):
                worker.bad_looks += 1
            else:
                worker.bad_looks = 0
            if worker.bad_looks >= _UNHEALTHY_LOOKS:
                self._end(worker, End.UNHEALTHY, restart_seconds=0)

    def kill(self, worker: Worker, *, restart_seconds: float) -> None:
        """Have it gone at once, and another started some time later."""
        self._end(worker, End.KILLED, restart_seconds=restart_seconds)

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
            time.sleep(0.05)
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
        kept = {key: value for key, value in os.environ.items() if not key.startswith((*_KEPT_OUT, *_KEPT_OUT_TOO))}
        environment = {**kept, "HOST": "127.0.0.1", "PORT": str(port), **self._environment(slot.name, name)}
        with (self._directory / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(_ENTRY), "run", "stories"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C is the harness's
            )
        slot.worker = Worker(name=name, port=port, process=process)

    def _end(self, worker: Worker, how: End, *, restart_seconds: float) -> None:
        with self._lock:
            slot = next((slot for slot in self._slots if slot.worker is worker), None)
            if slot is None or worker.process.poll() is not None:
                return
            worker.process.kill()
            at = time.time()
            slot.worker = None
            slot.restart_at = at + restart_seconds
            self.losses.deaths.append(Death(at=at, worker=worker.name, how=how, exit_code=worker.process.wait()))

    def _look_at(self, slot: _Slot, worker: Worker) -> None:
        exit_code = worker.process.poll()
        if exit_code is None:
            if worker.told is not None and time.time() > worker.told + STOP_SECONDS:
                worker.process.kill()
            return
        how = End.BY_ITSELF if worker.told is None else End.TOLD
        at = worker.told or time.time()
        self.losses.deaths.append(Death(at=at, worker=worker.name, how=how, exit_code=exit_code))
        slot.worker = None
        slot.restart_at = time.time() + (1.0 if worker.told is None else 0.0)


def _is_unwell(port: int) -> bool:
    """Whether it says so; one that does not answer yet says nothing."""
    with suppress(httpx2.TransportError):
        return not httpx2.get(f"http://127.0.0.1:{port}/healthz", timeout=_HEALTH_SECONDS).is_success
    return False
