"""Remove what nothing needs any more: temporary files, replaced files, old versions of sets, and the quarantine."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

import structlog

from sayso.modelsync.journal.entries import SetDropped
from sayso.modelsync.transfers.partial_files import sweep_partials
from sayso.modelsync.volume.directories import volume_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.modelsync.journal.values import SetVersion
    from sayso.modelsync.reconciliation.opened import OpenVolume

_log = structlog.get_logger(__name__)

_RESUMABLE_SECONDS = 86_400.0
"""How long a large file that was fetched in part is kept, to be resumed."""


def clean_up(volume: OpenVolume, *, has_everything: bool = False, clock: Callable[[], float] = time.time) -> None:
    """Remove what nothing needs any more; nothing may be fetched meanwhile, and no intent may be open.

    Args:
        volume: the volume.
        has_everything: whether the volume has every object of the bucket, so that no transfer will be resumed.
        clock: Unix time in seconds.

    Raises:
        OutputFailed: something cannot be removed, or the journal cannot be written.
    """
    now = clock()
    try:
        resumable_seconds = 0.0 if has_everything else _RESUMABLE_SECONDS
        removed = sweep_partials(volume.root, older_than_seconds=now - resumable_seconds)
    except OSError as error:
        raise volume_error(error, "What an interrupted transfer has left") from error
    old = volume.publisher.sweep_old()
    emptied = volume.quarantine.empty(older_than_seconds=now - volume.options.quarantine_seconds)
    versions = sum(_prune(volume, prefix, now) for prefix in {each.prefix for each in _sets(volume)})
    if removed or old or emptied or versions:
        _log.info(
            "the volume is cleaned up",
            temporary_files=len(removed),
            old_files=old,
            quarantined_bytes=emptied,
            set_versions=versions,
        )


def prune_set(
    volume: OpenVolume, prefix: str, *, keep: int, now: float, unfinished_before: float | None = None
) -> list[str]:
    """Remove old versions of a set, and those that were never completed.

    A version stays for the grace period after it was replaced, as single files do, however many came after it.

    Args:
        volume: the volume.
        prefix: of the set.
        keep: how many versions stay besides the current one.
        now: Unix time in seconds.
        unfinished_before: a Unix time; versions that were never completed, and changed later, stay, because their
            large files can be resumed; None if none is needed.

    Returns:
        The names of their directories.

    Raises:
        OutputFailed: the volume fails.
    """
    known = [each for each in _sets(volume) if each.prefix == prefix]
    published = sorted(
        (each.published_at_seconds, each.version) for each in known if each.published_at_seconds is not None
    )
    replaced_at = {version: at for (_, version), (at, _) in pairwise(published)}
    removed = volume.sets.prune(
        prefix,
        keep=keep,
        published=[version for _, version in published],
        spared={version for version, at in replaced_at.items() if at > now - volume.options.grace_seconds},
        unfinished_before=unfinished_before,
    )
    names = {each.version for each in known}
    dropped = [SetDropped(prefix=prefix, version=name) for name in removed if name in names]
    if dropped:
        volume.journal.append(*dropped, flush=False)
    return removed


def _prune(volume: OpenVolume, prefix: str, now: float) -> int:
    """Remove old versions of a set; all of them once it has been withdrawn for as long as deleted files are kept."""
    unfinished_before = now - _RESUMABLE_SECONDS
    times = {
        each.version: each.published_at_seconds or 0.0 for each in _sets(volume) if each.prefix == prefix
    }  # the version of a set that was withdrawn is empty
    is_withdrawn = times.get("") == max(times.values()) and volume.sets.current(prefix) is None
    if not is_withdrawn or times[""] > now - volume.options.quarantine_seconds:
        keep = volume.options.kept_versions
        return len(prune_set(volume, prefix, keep=keep, now=now, unfinished_before=unfinished_before))
    removed = prune_set(volume, prefix, keep=0, now=now)
    volume.journal.append(SetDropped(prefix=prefix, version=""), flush=False)
    return len(removed)


def _sets(volume: OpenVolume) -> list[SetVersion]:
    return list(volume.journal.state.sets.values())
