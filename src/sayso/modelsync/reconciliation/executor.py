"""Execute plans: delete, adopt, fetch and publish, each with its intent in the journal before its effect."""

from __future__ import annotations

import queue
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from sayso.aws.s3_reader import ObjectAbsent, ObjectChanged
from sayso.errors import Cancelled, SaysoError
from sayso.modelsync.errors import PathBlocked
from sayso.modelsync.journal.entries import Begun, Ended, FileForgotten, FileKnown
from sayso.modelsync.journal.values import PublishIntent, Stored
from sayso.modelsync.plan.actions import ActionKind
from sayso.modelsync.reconciliation.adoption import ObjectReplaced, adopt
from sayso.modelsync.reconciliation.fetching import download_of, stored_of
from sayso.modelsync.reconciliation.outcomes import Execution
from sayso.modelsync.reconciliation.set_building import SetBuilder
from sayso.modelsync.reconciliation.under_way import UnderWay
from sayso.modelsync.records import FileKind
from sayso.modelsync.volume.directories import volume_error
from sayso.modelsync.volume.publish import Ready

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Sequence
    from concurrent.futures import Future

    from sayso.modelsync.plan.actions import Action, Plan
    from sayso.modelsync.reconciliation.opened import OpenVolume
    from sayso.modelsync.reconciliation.progress import Progress
    from sayso.modelsync.transfers.values import Downloaded

_log = structlog.get_logger(__name__)

_GROUP_FILES = 256
_GROUP_SECONDS = 0.2
"""Files that are complete are published together, so many at most, and after so long at the latest."""

_TRANSFERS = frozenset({ActionKind.DOWNLOAD, ActionKind.REPLACE, ActionKind.ADOPT})


class Executor:
    """Executes plans on one volume; for one thread at a time.

    Args:
        volume: the volume.
        progress: is kept up to date.
        stopped: set to stop: no new file is published then.
        clock: monotonic seconds.
        wall_clock: Unix time in seconds.
        priority: of its transfers; lower numbers come first.
    """

    def __init__(
        self,
        volume: OpenVolume,
        progress: Progress,
        stopped: threading.Event,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        priority: int = 0,
    ) -> None:
        self._volume = volume
        self._progress = progress
        self._stopped = stopped
        self._clock = clock
        self._wall_clock = wall_clock
        self._priority = priority
        self._under_way = UnderWay()

    def execute(self, plan: Plan, under_way: UnderWay | None = None) -> Execution:
        """Make the changes of a plan.

        Args:
            plan: the plan.
            under_way: gives way while files are fetched; None to make all changes first.

        Returns:
            What came of it; what failed for one key is in it.

        Raises:
            LeaseLost: another process has taken over the volume.
            Cancelled: it was stopped.
            OutputFailed: the journal cannot be written, or the disk fails: the volume must be opened again.
        """
        execution = Execution()
        self._under_way = under_way = under_way or UnderWay()
        plan = under_way.begin(plan)
        transfers = [action for action in plan.actions if action.kind in _TRANSFERS]
        files = len(transfers) + sum(len(change.transfers) for change in plan.sets)
        self._progress.expect(files=files, size_bytes=plan.size_bytes)
        first = next((place for place, each in enumerate(plan.actions) if each.kind in _TRANSFERS), len(plan.actions))
        self._remove(plan.actions[:first], execution)
        self._transfer(transfers, execution)
        self._remove([each for each in plan.actions[first:] if each.kind not in _TRANSFERS], execution)
        builder = SetBuilder(
            self._volume,
            self._progress,
            self._stopped,
            under_way,
            clock=self._wall_clock,
            priority=self._priority,
        )
        for change in plan.sets:
            under_way.give_way()
            if under_way.is_current_set(change.prefix):
                self._check()
                builder.build(change, execution)
        return execution

    def _check(self) -> None:
        if self._stopped.is_set():
            raise Cancelled("The synchronisation was stopped.")
        self._volume.lease.confirm()

    def _remove(self, actions: Sequence[Action], execution: Execution) -> None:
        actions = [action for action in actions if self._under_way.is_current(action.key)]
        forgotten = [FileForgotten(key=action.key) for action in actions if action.kind is ActionKind.FORGET]
        if forgotten:
            self._volume.journal.append(*forgotten, flush=False)
        deletions = [action for action in actions if action.kind is ActionKind.DELETE]
        if not deletions:
            return
        self._check()
        for key, error in self._volume.quarantine.move(deletions).items():
            if error is None:
                execution.deleted.append(key)
            else:
                execution.errors[key] = error

    def _transfer(self, actions: Sequence[Action], execution: Execution) -> None:
        adoptions = [action for action in actions if action.kind is ActionKind.ADOPT]
        downloads = [action for action in actions if action.kind is not ActionKind.ADOPT]
        known: list[FileKnown] = []
        results = self._under_way.meanwhile(lambda: adopt(self._volume, adoptions)) if adoptions else []
        for action, result in zip(adoptions, results, strict=True):
            if not self._under_way.is_current(action.key):
                self._progress.finished()
            elif isinstance(result, Stored):
                known.append(FileKnown(stored=result))
                execution.adopted.append(action.key)
                self._progress.received(action.size_bytes)
                self._progress.finished()
            elif isinstance(result, ObjectReplaced):
                execution.changed.add(action.key)
            elif isinstance(result, SaysoError):
                execution.errors[action.key] = result
            else:
                downloads.append(action)
        if known:
            self._volume.journal.append(*known)
        self._under_way.ended(each.stored.key for each in known)
        if downloads:
            self._download(downloads, execution)

    def _download(self, actions: Sequence[Action], execution: Execution) -> None:
        done: queue.SimpleQueue[tuple[Action, Future[Downloaded]]] = queue.SimpleQueue()
        handles = []
        for action in actions:
            handle = self._volume.transfers.submit(download_of(action.remote, action.key, priority=self._priority))
            handles.append(handle)
            handle.future.add_done_callback(lambda future, action=action: done.put((action, future)))  # type: ignore[misc]
        left = len(actions)
        group: list[tuple[Action, Downloaded]] = []
        began = self._clock()
        try:
            while left or group:
                if left:
                    with suppress(queue.Empty):
                        action, future = done.get(timeout=_GROUP_SECONDS)
                        left -= 1
                        if not group:
                            began = self._clock()
                        group += self._received(action, future, execution)
                is_due = len(group) >= _GROUP_FILES or self._clock() - began >= _GROUP_SECONDS or not left
                if group and is_due:
                    ready, group = group, []
                    self._publish(ready, execution)
                self._check_stopped()
                self._under_way.give_way()
        except BaseException:
            self._volume.transfers.is_suspended |= self._stopped.is_set()  # what was received stays for the next start
            for handle in handles:
                handle.cancel()
            for _ in range(left):
                action, future = done.get()
                group += self._received(action, future, Execution())
            self._discard(downloaded for _, downloaded in group)
            raise

    def _check_stopped(self) -> None:
        if self._stopped.is_set():
            raise Cancelled("The synchronisation was stopped.")

    def _received(
        self, action: Action, future: Future[Downloaded], execution: Execution
    ) -> list[tuple[Action, Downloaded]]:
        try:
            downloaded = future.result()
        except (ObjectAbsent, ObjectChanged):
            self._under_way.ended([action.key])
            if self._under_way.is_current(action.key):
                execution.changed.add(action.key)
            return []
        except SaysoError as error:
            self._under_way.ended([action.key])
            if isinstance(error, Cancelled) or not self._under_way.is_current(action.key):
                return []
            _log.warning("a file could not be fetched", key=action.key, reason=error.message)
            execution.errors[action.key] = error
            return []
        execution.received_bytes += downloaded.received_bytes
        return [(action, downloaded)]

    def _publish(self, group: Sequence[tuple[Action, Downloaded]], execution: Execution) -> None:
        volume = self._volume
        outdated = [each for each in group if not self._under_way.is_current(each[0].key)]
        self._discard(downloaded for _, downloaded in outdated)
        self._progress.finished(len(outdated))
        group = [each for each in group if each not in outdated]
        try:
            self._check()
            ready = [each for each in group if self._makes_room(each[0], each[1], execution)]
            begun = self._intents(ready)
            results = volume.publisher.publish(
                [Ready(temporary=downloaded.temporary, path=action.key) for action, downloaded in ready],
                before=lambda _: self._begin(begun),
            )
        except SaysoError:
            self._discard(downloaded for _, downloaded in group)
            raise
        ended = []
        for (action, downloaded), result in zip(ready, results, strict=True):
            ended.append(Ended(key=action.key, is_made=result.error is None))
            if result.error is None:
                execution.count(action.key, downloaded)
            else:
                execution.errors[action.key] = result.error
        volume.journal.append(*ended, flush=False)
        self._under_way.ended(action.key for action, _ in group)
        self._progress.finished(len(ready))

    def _begin(self, begun: Sequence[Begun]) -> None:
        """Note what is about to be renamed; to sync the files may have taken long, so the lease is looked at again."""
        self._volume.journal.append(*begun)
        self._volume.lease.confirm()

    def _intents(self, ready: Sequence[tuple[Action, Downloaded]]) -> list[Begun]:
        generation = self._volume.journal.state.next_generation
        begun = []
        for number, (action, downloaded) in enumerate(ready):
            message = self._volume.notices.updated(
                action.key, size_bytes=downloaded.stat.size_bytes, seconds=downloaded.seconds
            )
            outbox = self._volume.notices.entry(generation + number, action.key, [message])
            intent = PublishIntent(
                key=action.key,
                stored=stored_of(action.key, downloaded),
                temporary=downloaded.temporary,
                generation=None if outbox is None else outbox.generation,
            )
            begun.append(Begun(intent=intent, outbox=outbox))
        return begun

    def _makes_room(self, action: Action, downloaded: Downloaded, execution: Execution) -> bool:
        """Remove the empty directories in the place of a file; whether it can be published."""
        if action.found is None or action.found.kind is not FileKind.DIRECTORY:
            return True
        try:
            if not any(self._volume.root.entries(action.key)):
                self._volume.root.remove_tree(action.key)
                return True
            execution.errors[action.key] = PathBlocked(
                f"{action.key} cannot be published: there are files in the directory in its place."
            )
        except OSError as error:
            execution.errors[action.key] = volume_error(error, action.key)
        self._discard([downloaded])
        return False

    def _discard(self, files: Iterable[Downloaded]) -> None:
        for downloaded in files:
            with suppress(OSError):  # a sweep removes it
                self._volume.root.remove(downloaded.temporary)
