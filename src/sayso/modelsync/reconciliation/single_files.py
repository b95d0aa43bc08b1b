"""Sets on a volume without symbolic links: their files are published and removed one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.modelsync.plan.actions import Action, ActionKind
from sayso.modelsync.records import FileKind, VolumeFile
from sayso.modelsync.volume.publish import Ready

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.modelsync.plan.actions import SetChange
    from sayso.modelsync.reconciliation.opened import OpenVolume
    from sayso.modelsync.transfers.values import Downloaded


def publish_singly(volume: OpenVolume, fetched: Mapping[str, Downloaded]) -> None:
    """Publish the files of a set one by one.

    Raises:
        SaysoError: a file could not be published; others may have been.
    """
    ready = [Ready(temporary=each.temporary, path=key) for key, each in fetched.items()]
    failed = [each.error for each in volume.publisher.publish(ready) if each.error is not None]
    if failed:
        raise failed[0]


def remove_singly(volume: OpenVolume, change: SetChange) -> None:
    """Move the files of objects that are gone to the quarantine.

    Raises:
        SaysoError: a file could not be moved; others may have been.
    """
    actions = []
    for key in change.removed:
        stored = volume.journal.state.files.get(key)
        if stored is not None:
            found = VolumeFile(path=key, kind=FileKind.FILE, stat=stored.stat)
            actions.append(Action(kind=ActionKind.DELETE, key=key, reason=change.reason, stored=stored, found=found))
    failed = [error for error in volume.quarantine.move(actions).values() if error is not None]
    if failed:
        raise failed[0]
