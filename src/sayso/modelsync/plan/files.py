"""Decide what is done to the file of one key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.modelsync.plan.actions import Action, ActionKind
from sayso.modelsync.records import FileKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sayso.modelsync.journal.values import Stored
    from sayso.modelsync.records import Checksum, RemoteObject, VolumeFile


def transfer_of(remote: RemoteObject, stored: Stored | None, found: VolumeFile | None) -> Action | None:
    """What makes a file equal to its object; None if it is.

    Args:
        remote: the object.
        stored: what the journal has.
        found: a file, a directory that makes room for one, or nothing.
    """
    decision = _decided(remote, stored, found if found is not None and found.kind is FileKind.FILE else None)
    if decision is None:
        return None
    kind, reason = decision
    return Action(kind=kind, key=remote.key, reason=reason, remote=remote, stored=stored, found=found)


def removal_of(stored: Stored, found: VolumeFile | None) -> Action:
    """What is done to a file whose object is gone: only one that is ours, and was not changed since, is deleted."""
    if found is None:
        kind, reason = ActionKind.FORGET, "the object is gone, and so is the file"
    elif not stored.is_ours:
        kind, reason = ActionKind.FORGET, "the object is gone; the file is not from Sayso and stays"
    elif found.kind is not FileKind.FILE or found.stat != stored.stat:
        kind, reason = ActionKind.FORGET, "the object is gone; the file was changed by others and stays"
    else:
        kind, reason = ActionKind.DELETE, "the object is gone"
    return Action(kind=kind, key=stored.key, reason=reason, stored=stored, found=found)


def is_same_object(remote: RemoteObject, stored: Stored) -> bool:
    """Whether a file was made of the object as it is now: by its ETag, or by its time where the server has no ETags."""
    if remote.size_bytes != stored.size_bytes:
        return False
    if remote.etag and stored.etag:
        return remote.etag == stored.etag
    return remote.modified_at is not None and remote.modified_at == stored.modified_at


def _decided(remote: RemoteObject, stored: Stored | None, found: VolumeFile | None) -> tuple[ActionKind, str] | None:
    if found is None:
        return ActionKind.DOWNLOAD, "it is not on the volume" if stored is None else "the file is gone from the volume"
    if stored is not None and found.stat == stored.stat:
        if is_same_object(remote, stored):
            return None
        if remote.size_bytes == stored.size_bytes and _agree(remote.checksums, stored.checksums) is True:
            return ActionKind.ADOPT, "the object has another ETag for the same content"
        return ActionKind.REPLACE, "the object was changed"
    if found.stat.size_bytes != remote.size_bytes:
        return ActionKind.REPLACE, "the file has another size"
    if _agree(remote.checksums, found.checksums) is False:
        return ActionKind.REPLACE, "the file has another content"
    if stored is None:
        return ActionKind.ADOPT, "the journal does not know the file"
    return ActionKind.ADOPT, "the file was touched since it was published"


def _agree(first: Iterable[Checksum], second: Iterable[Checksum]) -> bool | None:
    """Whether two contents are equal, by the full-object checksums that both have; None if they share no algorithm."""
    digests = {each.algorithm: each.digest for each in first if each.is_full_object}
    common = [
        each.digest == digests[each.algorithm] for each in second if each.is_full_object and each.algorithm in digests
    ]
    return all(common) if common else None
