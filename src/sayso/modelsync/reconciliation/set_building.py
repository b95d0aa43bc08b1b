"""Put together a new version of a set, and swap the set to it."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from sayso.aws.s3_reader import ObjectAbsent, ObjectChanged
from sayso.errors import Cancelled, LeaseLost, OutputFailed, SaysoError
from sayso.modelsync.journal.entries import SetBegun, SetEnded
from sayso.modelsync.journal.values import SetIntent, SetVersion, Stored
from sayso.modelsync.plan.actions import ActionKind
from sayso.modelsync.reconciliation.adoption import ObjectReplaced, compared, real_path
from sayso.modelsync.reconciliation.cleanup import prune_set
from sayso.modelsync.reconciliation.fetching import download_of, stored_of
from sayso.modelsync.reconciliation.single_files import publish_singly, remove_singly
from sayso.modelsync.volume.directories import volume_error
from sayso.modelsync.volume.publish import Ready

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from sayso.modelsync.plan.actions import SetChange
    from sayso.modelsync.reconciliation.opened import OpenVolume
    from sayso.modelsync.reconciliation.outcomes import Execution
    from sayso.modelsync.reconciliation.progress import Progress
    from sayso.modelsync.reconciliation.under_way import UnderWay
    from sayso.modelsync.records import RemoteObject
    from sayso.modelsync.transfers.transfer import TransferHandle
    from sayso.modelsync.transfers.values import Downloaded

_log = structlog.get_logger(__name__)

_LOOK_SECONDS = 0.2


class _Outdated(Exception):
    """An object of the set was changed meanwhile."""


class SetBuilder:
    """Builds versions of sets on one volume; for one thread at a time.

    Args:
        volume: the volume.
        progress: is kept up to date.
        stopped: set to stop.
        under_way: gives way while files are fetched.
        clock: Unix time in seconds.
        priority: of its transfers; lower numbers come first.
    """

    def __init__(
        self,
        volume: OpenVolume,
        progress: Progress,
        stopped: threading.Event,
        under_way: UnderWay,
        *,
        clock: Callable[[], float] = time.time,
        priority: int = 0,
    ) -> None:
        self._volume = volume
        self._progress = progress
        self._stopped = stopped
        self._under_way = under_way
        self._clock = clock
        self._priority = priority

    def build(self, change: SetChange, execution: Execution) -> None:
        """Make a change of a set; what fails is noted, and the set then stays as it is.

        Raises:
            Cancelled: it was stopped.
            LeaseLost: another process has taken over the volume.
            OutputFailed: the journal cannot be written.
        """
        self._under_way.building = change.prefix
        try:
            if change.version:
                self._publish(change, execution)
            else:
                self._withdraw(change, execution)
        except _Outdated:
            execution.changed_sets.add(change.prefix)
        except (Cancelled, LeaseLost):
            raise
        except SaysoError as error:
            self._resolve(change.prefix)
            _log.warning("a set could not be published", prefix=change.prefix, reason=error.message)
            execution.errors[change.prefix] = error
        finally:
            self._under_way.building = None
            self._under_way.ended_set(change.prefix)

    def _resolve(self, prefix: str) -> None:
        """A swap that failed was not made, unless the link says so."""
        intent = self._volume.journal.state.set_intents.get(prefix)
        if intent is None:
            return
        is_made = (self._volume.sets.current(prefix) or "") == intent.version.version
        self._volume.journal.append(SetEnded(prefix=prefix, is_made=is_made, at_seconds=self._clock()))

    def _publish(self, change: SetChange, execution: Execution) -> None:
        fetched: dict[str, Downloaded] = {}
        files = self._collect(change, fetched, execution)
        messages = [
            self._volume.notices.updated(key, size_bytes=each.stat.size_bytes, seconds=each.seconds)
            for key, each in fetched.items()
        ]
        if self._volume.sets.is_supported:
            messages += self._removals(change)
        relatives = [member.key.removeprefix(change.prefix) for member in change.members]
        if self._volume.sets.is_supported:
            self._volume.sets.publish(
                change.prefix, change.version, relatives, before=lambda: self._begin(change, files, messages)
            )
        else:
            self._begin(change, files, messages)
            publish_singly(self._volume, fetched)
            remove_singly(self._volume, change)
        self._end(change.prefix)
        for key, downloaded in fetched.items():
            execution.count(key, downloaded)
        execution.deleted += change.removed
        self._progress.finished(len(change.transfers))
        prune_set(self._volume, change.prefix, keep=self._volume.options.kept_versions, now=self._clock())

    def _withdraw(self, change: SetChange, execution: Execution) -> None:
        if not self._volume.sets.is_supported:
            remove_singly(self._volume, change)
        self._begin(change, [], self._removals(change))
        self._volume.sets.withdraw(change.prefix)
        self._end(change.prefix)
        execution.deleted += change.removed

    def _begin(self, change: SetChange, files: Sequence[Stored], messages: Sequence[Mapping[str, Any]]) -> None:
        self._volume.lease.confirm()
        generation = self._volume.journal.state.next_generation
        outbox = self._volume.notices.entry(generation, change.prefix, messages)
        intent = SetIntent(
            version=SetVersion(prefix=change.prefix, version=change.version),
            files=tuple(files),
            generation=None if outbox is None else generation,
        )
        self._volume.journal.append(SetBegun(intent=intent, outbox=outbox))
        self._volume.lease.confirm()

    def _end(self, prefix: str) -> None:
        self._volume.journal.append(SetEnded(prefix=prefix, is_made=True, at_seconds=self._clock()))

    def _removals(self, change: SetChange) -> list[Mapping[str, Any]]:
        files = self._volume.journal.state.files
        return [
            self._volume.notices.deleted(key, size_bytes=files[key].size_bytes)
            for key in change.removed
            if key in files
        ]

    def _collect(self, change: SetChange, fetched: dict[str, Downloaded], execution: Execution) -> list[Stored]:
        """Bring every member into the directory of the version; how the journal will know them."""
        if change.version in self._volume.sets.versions(change.prefix):
            kept = self._kept(change)
            if kept is not None:
                return kept
        transfers = {each.key: each.kind for each in change.transfers}
        files: dict[str, Stored] = {}
        missing: list[RemoteObject] = []
        for member in change.members:
            stored = self._reused(change, member, transfers.get(member.key))
            if stored is None:
                missing.append(member)
            else:
                files[member.key] = stored
        for member, downloaded in zip(missing, self._fetch(change, missing, execution), strict=True):
            fetched[member.key] = downloaded
            files[member.key] = stored_of(member.key, downloaded)
        return [files[member.key] for member in change.members]

    def _kept(self, change: SetChange) -> list[Stored] | None:
        """The files of a version that is on the volume already, if they are what they should be."""
        files = []
        for member in change.members:
            path = self._path_in(change, member.key, is_complete=True)
            try:
                stored = compared(self._volume, path, member, self._volume.journal.state.files.get(member.key))
            except ObjectReplaced:
                raise _Outdated from None
            except OutputFailed:
                stored = None
            if stored is None and self._volume.sets.current(change.prefix) != change.version:
                self._drop(change)
                return None
            files.append(stored or self._mend(member, path))
        return files

    def _mend(self, member: RemoteObject, path: str) -> Stored:
        """Replace a file of the current version that is not what it should be."""
        downloaded = self._received(self._volume.transfers.submit(download_of(member, path, priority=self._priority)))
        ready = Ready(temporary=downloaded.temporary, path=path)
        (result,) = self._volume.publisher.publish([ready])
        if result.error is not None:
            raise result.error
        return stored_of(member.key, downloaded)

    def _drop(self, change: SetChange) -> None:
        directory = self._volume.sets.building(change.prefix, change.version).rpartition("/")[0]
        try:
            self._volume.root.remove_tree(f"{directory}/{change.version}")
        except OSError as error:
            raise volume_error(error, directory) from error

    def _reused(self, change: SetChange, member: RemoteObject, kind: ActionKind | None) -> Stored | None:
        """Take over a member that is on the volume already; None if it has to be fetched."""
        if kind in {ActionKind.DOWNLOAD, ActionKind.REPLACE}:
            return None
        stored = self._volume.journal.state.files.get(member.key)
        try:
            source = real_path(self._volume.root, member.key)
            if kind is ActionKind.ADOPT:
                stored = compared(self._volume, source, member, stored)
        except ObjectReplaced:
            raise _Outdated from None
        except (OSError, OutputFailed):
            return None
        if stored is None or not self._volume.sets.is_supported:
            return stored
        relative = member.key.removeprefix(change.prefix)
        if not self._volume.sets.reuse(change.prefix, change.version, relative, source):
            return None
        return replace(stored, etag=member.etag or stored.etag)

    def _fetch(self, change: SetChange, members: Sequence[RemoteObject], execution: Execution) -> list[Downloaded]:
        handles = [
            self._volume.transfers.submit(
                download_of(member, self._path_of(change, member.key), priority=self._priority)
            )
            for member in members
        ]
        files: list[Downloaded] = []
        try:
            for member, handle in zip(members, handles, strict=True):
                files.append(self._received(handle))
                execution.received_bytes += files[-1].received_bytes
                if self._volume.sets.is_supported:
                    relative = member.key.removeprefix(change.prefix)
                    self._volume.sets.add(change.prefix, change.version, relative, files[-1].temporary)
        except BaseException:
            self._volume.transfers.is_suspended |= self._stopped.is_set()
            for handle in handles:
                handle.cancel()
            for handle in handles[len(files) :]:
                with suppress(SaysoError):
                    self._remove(handle.future.result().temporary)
            if not self._volume.sets.is_supported:
                for file in files:
                    self._remove(file.temporary)
            raise
        return files

    def _received(self, handle: TransferHandle) -> Downloaded:
        while True:
            if self._stopped.is_set():
                raise Cancelled("The synchronisation was stopped.")
            try:
                return handle.future.result(timeout=_LOOK_SECONDS)
            except TimeoutError:
                self._under_way.give_way()
            except (ObjectAbsent, ObjectChanged):
                raise _Outdated from None

    def _path_of(self, change: SetChange, key: str) -> str:
        return self._path_in(change, key) if self._volume.sets.is_supported else key

    def _path_in(self, change: SetChange, key: str, *, is_complete: bool = False) -> str:
        directory = self._volume.sets.building(change.prefix, change.version)
        if is_complete:
            directory = f"{directory.rpartition('/')[0]}/{change.version}"
        return f"{directory}/{key.removeprefix(change.prefix)}"

    def _remove(self, temporary: str) -> None:
        with suppress(OSError):  # a sweep removes it
            self._volume.root.remove(temporary)
