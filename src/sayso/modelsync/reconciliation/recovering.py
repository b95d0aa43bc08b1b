"""After a crash: resolve what was begun, by looking at what is on the volume."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import structlog

from sayso.errors import OutputFailed
from sayso.modelsync.checksums.content import Unverifiable
from sayso.modelsync.errors import PathBlocked
from sayso.modelsync.journal.entries import Ended, FileKnown, SetEnded
from sayso.modelsync.journal.values import PublishIntent
from sayso.modelsync.reconciliation.recovery import (
    Outcome,
    outcome_of_deleting,
    outcome_of_publishing,
    outcome_of_swapping,
)
from sayso.modelsync.records import VolumeFile
from sayso.modelsync.transfers.verification import Requirement, compare_file, given_checksums
from sayso.modelsync.volume.directories import kind_of, local_stat, volume_error
from sayso.modelsync.volume.durability import sync_directories

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.modelsync.journal.entries import Entry
    from sayso.modelsync.journal.values import DeleteIntent
    from sayso.modelsync.reconciliation.opened import OpenVolume
    from sayso.modelsync.volume.directories import VolumeRoot

_log = structlog.get_logger(__name__)


def resolve_intents(volume: OpenVolume, *, clock: Callable[[], float] = time.time) -> int:
    """Note in the journal what became of each intent; how many there were.

    Raises:
        OutputFailed: the volume cannot be read, or the journal not be written.
    """
    state = volume.journal.copied_state()
    entries: list[Entry] = []
    parents: set[str] = set()
    for intent in state.intents.values():
        entries += _resolved(volume, intent)
        parents.add(intent.key.rpartition("/")[0])
    for prefix, set_intent in state.set_intents.items():
        outcome = outcome_of_swapping(set_intent, volume.sets.current(prefix))
        entries.append(SetEnded(prefix=prefix, is_made=outcome is Outcome.MADE, at_seconds=clock()))
        parents.add(prefix.rstrip("/").rpartition("/")[0])
    if entries:
        try:  # what is found now may have been renamed a moment before the crash
            sync_directories(volume.root, volume.abilities, parents)
        except OSError as error:
            raise volume_error(error, "What was published") from error
        volume.journal.append(*entries)
        _log.info("what was begun before the last end is resolved", intents=len(state.intents) + len(state.set_intents))
    return len(state.intents) + len(state.set_intents)


def _resolved(volume: OpenVolume, intent: PublishIntent | DeleteIntent) -> list[Entry]:
    found = entry_at(volume.root, intent.key)
    if not isinstance(intent, PublishIntent):
        outcome = outcome_of_deleting(found, entry_at(volume.root, intent.quarantined.path))
        return [Ended(key=intent.key, is_made=outcome is Outcome.MADE)]
    outcome = outcome_of_publishing(intent, found)
    entries: list[Entry] = []
    if outcome is Outcome.COMPARE:
        requirement = Requirement(
            expectation=Unverifiable(reason="only the journal knows it"), given=given_checksums(intent.stored.checksums)
        )
        with suppress(OutputFailed):
            comparison, stat = compare_file(volume.root, intent.key, requirement)
            if comparison.is_equal:
                outcome = Outcome.MADE
                entries.append(FileKnown(stored=replace(intent.stored, stat=stat)))
    is_made = outcome is Outcome.MADE
    if not is_made:
        with suppress(OSError):  # a sweep removes it
            volume.root.remove(intent.temporary)
    return [Ended(key=intent.key, is_made=is_made), *entries]


def entry_at(root: VolumeRoot, path: str) -> VolumeFile | None:
    """What is at a path, below no link; None if nothing is.

    Raises:
        OutputFailed: the volume cannot be read.
    """
    try:
        found = root.stat(path)
    except NotADirectoryError:
        return None
    except OSError as error:
        failure = volume_error(error, path)
        if not isinstance(failure, PathBlocked):
            raise failure from error
        return None  # a directory of the path is a link or a file now
    return None if found is None else VolumeFile(path=path, kind=kind_of(found.st_mode), stat=local_stat(found))
