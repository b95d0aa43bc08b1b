"""Deleted files are kept for a while: they are renamed into ``.sayso/quarantine``, which is emptied later."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from sayso.errors import OutputFailed
from sayso.modelsync.journal.entries import Begun, Ended, FileForgotten, QuarantineEmptied
from sayso.modelsync.journal.values import DeleteIntent, Quarantined
from sayso.modelsync.keys import STATE_DIRECTORY
from sayso.modelsync.volume.directories import local_stat, volume_error
from sayso.modelsync.volume.durability import sync_directories

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.modelsync.journal.journal import Journal
    from sayso.modelsync.journal.values import Stored
    from sayso.modelsync.notifications.notices import Notices
    from sayso.modelsync.plan.actions import Action
    from sayso.modelsync.volume.capabilities import Abilities
    from sayso.modelsync.volume.directories import VolumeRoot

QUARANTINE_DIRECTORY = f"{STATE_DIRECTORY}/quarantine"


class Quarantine:
    """The quarantine of one volume; for one thread at a time.

    Args:
        root: of the volume.
        abilities: of the volume.
        journal: of the volume.
        notices: makes the notifications about deletions.
        confirm: raises `LeaseLost` if another process has the volume.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        root: VolumeRoot,
        abilities: Abilities,
        journal: Journal,
        notices: Notices,
        *,
        confirm: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._root = root
        self._abilities = abilities
        self._journal = journal
        self._notices = notices
        self._confirm = confirm
        self._clock = clock

    def move(self, actions: Sequence[Action]) -> dict[str, OutputFailed | None]:
        """Move files here, of which the plan says that they are deleted.

        A file that was changed since the plan was made stays where it is, and is not Sayso's any more.

        Returns:
            For each key the error, or None.

        Raises:
            LeaseLost: another process has the volume.
            OutputFailed: the journal cannot be written, or the disk fails.
        """
        results: dict[str, OutputFailed | None] = {}
        intents: list[DeleteIntent] = []
        begun: list[Begun] = []
        now = self._clock()
        place = f"{QUARANTINE_DIRECTORY}/{int(now)}-{secrets.token_hex(4)}"
        generation = self._journal.state.next_generation
        for action in actions:
            if not self._is_unchanged(action.key, action.stored):
                self._journal.append(FileForgotten(key=action.key), flush=False)
                results[action.key] = None
                continue
            size_bytes = action.found.stat.size_bytes if action.found is not None else 0
            kept = Quarantined(path=f"{place}/{action.key}", key=action.key, size_bytes=size_bytes, since_seconds=now)
            message = self._notices.deleted(action.key, size_bytes=size_bytes)
            outbox = self._notices.entry(generation + len(intents), action.key, [message])
            intent = DeleteIntent(
                key=action.key, quarantined=kept, generation=None if outbox is None else outbox.generation
            )
            intents.append(intent)
            begun.append(Begun(intent=intent, outbox=outbox))
        if not intents:
            return results
        self._journal.append(*begun)
        self._confirm()
        stored = {action.key: action.stored for action in actions}
        results.update({intent.key: self._rename(intent, stored[intent.key]) for intent in intents})
        moved = [intent for intent in intents if results[intent.key] is None]
        parents = {path.rpartition("/")[0] for each in moved for path in (each.key, each.quarantined.path)}
        try:
            sync_directories(self._root, self._abilities, parents)
        except OSError as error:
            raise volume_error(error, "The quarantine") from error
        ended = [Ended(key=intent.key, is_made=results[intent.key] is None) for intent in intents]
        self._journal.append(*ended, flush=False)
        return results

    def empty(self, *, older_than_seconds: float) -> int:
        """Remove the files that came here before a time, for good; how many bytes they had.

        Args:
            older_than_seconds: Unix time.

        Raises:
            OutputFailed: one cannot be removed, or the journal cannot be written.
        """
        old = [each for each in self._journal.state.quarantined.values() if each.since_seconds <= older_than_seconds]
        try:
            for each in old:
                self._root.remove(each.path)
            if old:
                self._journal.append(*(QuarantineEmptied(path=each.path) for each in old), flush=False)
            kept = {path.split("/")[2] for path in self._journal.state.quarantined}
            busy = {
                intent.quarantined.path.split("/")[2]
                for intent in self._journal.state.intents.values()
                if isinstance(intent, DeleteIntent)
            }
            for name in self._root.names(QUARANTINE_DIRECTORY):
                if name not in kept | busy and not any(self._root.entries(f"{QUARANTINE_DIRECTORY}/{name}")):
                    self._root.remove_tree(f"{QUARANTINE_DIRECTORY}/{name}")
        except OSError as error:
            raise volume_error(error, QUARANTINE_DIRECTORY) from error
        return sum(each.size_bytes for each in old)

    def _is_unchanged(self, key: str, stored: Stored | None) -> bool:
        try:
            found = self._root.stat(key)
        except OSError:
            return False
        return found is not None and stored is not None and local_stat(found) == stored.stat

    def _rename(self, intent: DeleteIntent, stored: Stored | None) -> OutputFailed | None:
        if not self._is_unchanged(intent.key, stored):
            return OutputFailed(f"{intent.key} was changed while it was deleted.")
        try:
            self._root.rename(intent.key, intent.quarantined.path)
        except OSError as error:
            return volume_error(error, intent.key)
        return None
