"""Fetch many objects at once, each into a temporary file: on threads, small files whole and large ones in ranges."""

from __future__ import annotations

import asyncio
import itertools
import queue
import threading
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING

from sayso.errors import Cancelled, SaysoError, ServiceUnavailable
from sayso.modelsync.errors import ContentDamaged
from sayso.modelsync.transfers.bandwidth import Bandwidth, Space
from sayso.modelsync.transfers.context import TransferContext
from sayso.modelsync.transfers.file_transfer import FileTransfer
from sayso.modelsync.transfers.values import Download, Downloaded, TransferOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self, TypeAlias

    from sayso.aws.s3_reader import BucketReader
    from sayso.modelsync.transfers.ranges import Piece
    from sayso.modelsync.volume.directories import VolumeRoot

    _Tasks: TypeAlias = queue.PriorityQueue[tuple[float, int, int, Callable[[], None]]]

__all__ = ["Download", "Downloaded", "TransferHandle", "TransferOptions", "Transfers"]


class TransferHandle:
    """A transfer that was submitted.

    Attributes:
        future: of the file; its exception is one of Sayso's.
    """

    def __init__(self) -> None:
        self.future: Future[Downloaded] = Future()
        self.future.set_running_or_notify_cancel()
        self.stopped = threading.Event()

    def cancel(self) -> None:
        """Stop the transfer; its temporary file is removed, and then the future has the exception `Cancelled`."""
        self.stopped.set()


class Transfers:
    """Fetches objects on threads of its own; any thread may use it, and one must `close` it.

    A large file is fetched by all threads at once; of several files those that began are finished first, so that few
    are incomplete at any time.

    Args:
        reader: of the bucket; its owner closes it.
        root: of the volume; its owner closes it.
        options: how objects are fetched.
        on_received: called with the number of bytes that arrived, from any thread.
    """

    def __init__(
        self,
        reader: BucketReader,
        root: VolumeRoot,
        options: TransferOptions | None = None,
        *,
        on_received: Callable[[int], None] = lambda _: None,
    ) -> None:
        options = options or TransferOptions()
        self._reader = reader
        self._options = options
        self._context = TransferContext(
            reader=reader,
            root=root,
            options=options,
            space=Space(root.free_bytes, reserve_bytes=options.reserve_bytes),
            bandwidth=None if options.bytes_per_second is None else Bandwidth(options.bytes_per_second),
            on_received=on_received,
        )
        self._tasks: _Tasks = queue.PriorityQueue()
        self._urgent: _Tasks = queue.PriorityQueue()
        self._order = itertools.count()
        self._lock = threading.Lock()
        self._jobs: set[_Job] = set()
        self._is_closed = False
        self.is_suspended = False
        self._threads = [
            threading.Thread(target=self._work, args=(self._tasks,), name=f"transfer-{number}", daemon=True)
            for number in range(options.connections)
        ]
        # The other connections may be busy with large ranges for long.
        self._threads.append(
            threading.Thread(target=self._work, args=(self._urgent,), name="transfer-urgent", daemon=True)
        )
        for thread in self._threads:
            thread.start()

    def submit(self, download: Download) -> TransferHandle:
        """Fetch an object soon.

        Its future raises `ObjectAbsent` or `ObjectChanged` where the bucket has no such object any more,
        `ContentDamaged` where its content is not what its checksum says, `VolumeFull` and `OutputFailed` for the
        volume, `Cancelled`, and `ServiceUnavailable`, `ResourceMissing` and `InvalidInput` for the bucket.

        Raises:
            RuntimeError: it is closed.
        """
        job = _Job(self, self._context, download)
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the transfers are closed")
            self._jobs.add(job)
        job.start()
        return job.handle

    def download(self, download: Download) -> Downloaded:
        """Fetch an object, and wait for it; raises what the future of `submit` does."""
        return self.submit(download).future.result()

    async def fetch(self, download: Download) -> Downloaded:
        """Fetch an object, and wait for it; a cancelled caller has stopped it, and its file is removed."""
        handle = self.submit(download)
        try:
            return await asyncio.wrap_future(handle.future)
        except asyncio.CancelledError:
            handle.cancel()
            raise

    def active(self) -> set[str]:
        """The temporary files that are in use, for `sweep_partials`."""
        with self._lock:
            return {job.temporary for job in self._jobs if job.temporary is not None}

    def close(self, *, is_resumable: bool = False) -> None:
        """Stop all transfers, and wait for the threads; blocks. The requests of the reader end with errors.

        Args:
            is_resumable: whether large files stay, for the next transfer of the same objects; otherwise every temporary
                file is removed.
        """
        with self._lock:
            self._is_closed = True
            jobs = list(self._jobs)
        self.is_suspended = is_resumable
        for job in jobs:
            job.handle.cancel()
        if jobs:
            self._reader.abort()
        for tasks in (self._urgent, *([self._tasks] * self._options.connections)):
            tasks.put((float("inf"), next(self._order), 0, _end))
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def enqueue(self, priority: int, file: int, task: Callable[[], None]) -> None:
        """Run a task on one of the threads: by priority, then in the order of the files; urgent ones have one more."""
        if priority < 0:
            task = _once(task)
            self._urgent.put((priority, file, next(self._order), task))
        self._tasks.put((priority, file, next(self._order), task))

    def next_file(self) -> int:
        """A number that grows with each file."""
        return next(self._order)

    def forget(self, job: _Job) -> None:
        """A job is over."""
        with self._lock:
            self._jobs.discard(job)

    def _work(self, tasks: _Tasks) -> None:
        while True:
            *_, task = tasks.get()
            if task is _end:
                return
            task()


class _Job:
    """One submitted transfer: its tasks, attempts and outcome."""

    def __init__(self, transfers: Transfers, context: TransferContext, download: Download) -> None:
        self.handle = TransferHandle()
        self._transfers = transfers
        self._context = context
        self._download = download
        self._number = transfers.next_file()
        self._attempts_left = context.options.damaged_attempts
        self._lock = threading.Lock()
        self._pieces_left = 0
        self._error: BaseException | None = None
        self._transfer: FileTransfer | None = None

    @property
    def temporary(self) -> str | None:
        """The temporary file, once it is made."""
        return None if self._transfer is None else self._transfer.temporary

    def start(self) -> None:
        self._enqueue(self._begin)

    def _enqueue(self, task: Callable[[], None]) -> None:
        self._transfers.enqueue(self._download.priority, self._number, task)

    def _begin(self) -> None:
        transfer = self._transfer = FileTransfer(self._context, self._download, self.handle.stopped)
        try:
            self._check_stopped()
            pieces = transfer.begin()
        except BaseException as error:  # noqa: BLE001 -- it belongs to the future
            self._error = error
            self._end()
            return
        self._pieces_left = len(pieces)
        if not pieces:
            self._end()
        for piece in pieces:
            self._enqueue(lambda piece=piece: self._fetch(transfer, piece))  # type: ignore[misc]

    def _fetch(self, transfer: FileTransfer, piece: Piece) -> None:
        try:
            if self._error is None:
                self._check_stopped()
                transfer.fetch(piece)
        except BaseException as error:  # noqa: BLE001 -- it belongs to the future
            with self._lock:
                self._error = self._error or error
        with self._lock:
            self._pieces_left -= 1
            is_last = not self._pieces_left
        if is_last:
            self._end()

    def _end(self) -> None:
        """Verify the file, or give it up; on the thread of the last piece."""
        transfer, result, error = self._transfer, None, self._error
        if transfer is None:
            raise AssertionError("a job begins before it ends")
        try:
            if error is None:
                result = transfer.finish()
        except BaseException as failure:  # noqa: BLE001 -- it belongs to the future
            error = failure
        if error is not None:
            with suppress(SaysoError):  # the first error is the one that matters; a sweep removes what is left
                transfer.abandon(is_resumable=self._is_resumable(error))
            if self._tries_again(error):
                return
        self._transfers.forget(self)
        if result is not None:
            self.handle.future.set_result(result)
        else:
            self.handle.future.set_exception(error or AssertionError("no result"))

    def _tries_again(self, error: BaseException) -> bool:
        self._attempts_left -= 1
        if not isinstance(error, ContentDamaged) or not self._attempts_left or self.handle.stopped.is_set():
            return False
        self._error = None
        self._enqueue(self._begin)
        return True

    def _is_resumable(self, error: BaseException) -> bool:
        if isinstance(error, Cancelled):
            return self._transfers.is_suspended
        return isinstance(error, ServiceUnavailable)

    def _check_stopped(self) -> None:
        if self.handle.stopped.is_set():
            raise Cancelled(f"The transfer of {self._download.path} was stopped.")


def _end() -> None:
    """Ends a thread."""


def _once(task: Callable[[], None]) -> Callable[[], None]:
    """A task that two threads may begin, and one makes."""
    turn = threading.Lock()

    def run() -> None:
        if turn.acquire(blocking=False):
            task()

    return run
