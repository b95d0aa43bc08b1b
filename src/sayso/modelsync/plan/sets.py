"""Decide about the files that are published together."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput
from sayso.modelsync.keys import directories_above, shown
from sayso.modelsync.plan.actions import SetChange, WaitingSet
from sayso.modelsync.plan.manifests import is_manifest, prefix_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from sayso.modelsync.journal.state import JournalState
    from sayso.modelsync.plan.actions import Action
    from sayso.modelsync.plan.manifests import ReadManifests, SetManifest
    from sayso.modelsync.records import Checksum, RemoteObject

_VERSION_DIGITS = 16


class SetPrefixes:
    """The prefixes of sets, none within another one."""

    def __init__(self, prefixes: Iterable[str]) -> None:
        """Keep the outermost ones.

        Args:
            prefixes: each with a ``/`` at the end; the empty one, of the root, is left out.
        """
        given = {prefix for prefix in prefixes if prefix}
        self._prefixes = {prefix for prefix in given if not self._within(given, prefix.rstrip("/"))}

    def of(self, key: str) -> str | None:
        """The prefix of the set that a key belongs to; None for a single file."""
        return next((prefix for prefix in _prefixes_of(key) if prefix in self._prefixes), None)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._prefixes))

    @staticmethod
    def _within(given: set[str], path: str) -> bool:
        return any(prefix in given for prefix in _prefixes_of(path))


def _prefixes_of(path: str) -> Iterator[str]:
    return (f"{directory}/" for directory in directories_above(path))


@dataclass(kw_only=True, slots=True)
class SetDraft:
    """What is known about one set while the plan is made.

    Attributes:
        prefix: of its keys.
        members: its objects that can become files.
        transfers: the files of them that are not as they should be.
        removed: the keys that the journal has files of, whose objects are gone.
    """

    prefix: str
    members: list[RemoteObject] = field(default_factory=list)
    transfers: list[Action] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)


def manifests_of(members: Iterable[RemoteObject], prefix: str) -> list[RemoteObject]:
    """The manifests of a set: those in its own directory."""
    return [member for member in members if is_manifest(member.key) and prefix_of(member.key) == prefix]


def listed_by(prefix: str, manifest: SetManifest) -> Iterator[str]:
    """The keys that a manifest lists."""
    return (f"{prefix}{file.path}" for file in manifest.files)


def with_checksums(remote: RemoteObject, manifest_checksums: Mapping[str, tuple[Checksum, ...]]) -> RemoteObject:
    """An object with the checksums that a manifest has of it, in place of those of the bucket where both have one."""
    added = manifest_checksums.get(remote.key)
    if not added:
        return remote
    names = {checksum.algorithm for checksum in added}
    kept = tuple(each for each in remote.checksums if not each.is_full_object or each.algorithm not in names)
    return replace(remote, checksums=added + kept)


def decide_set(
    draft: SetDraft,
    manifests: ReadManifests,
    state: JournalState,
    *,
    quiet_until: datetime,
) -> SetChange | WaitingSet | None:
    """Whether a set gets a new version; None if it is as it should be.

    Args:
        draft: the set.
        manifests: what was read of them.
        state: of the journal.
        quiet_until: an object that is newer shows that the set is still being uploaded, unless it has a manifest.
    """
    if not draft.members:
        return SetChange(
            prefix=draft.prefix, version="", reason="all objects are gone", members=(), removed=tuple(draft.removed)
        )
    own = manifests_of(draft.members, draft.prefix)
    unread = tuple(each for each in own if (each.key, each.etag) not in manifests)
    if unread:
        return WaitingSet(prefix=draft.prefix, reason="Its manifest has to be read first.", unread=unread)
    reason = _missing(draft, own, manifests) if own else _uploading(draft.members, quiet_until)
    if reason is not None:
        return WaitingSet(prefix=draft.prefix, reason=reason)
    version = version_of(draft.members)
    changes = _changes(draft, state, version)
    if not changes:
        return None
    return SetChange(
        prefix=draft.prefix,
        version=version,
        reason=changes,
        members=tuple(draft.members),
        transfers=tuple(draft.transfers),
        removed=tuple(draft.removed),
    )


def version_of(members: Iterable[RemoteObject]) -> str:
    """The name of a version: equal objects have the same one."""
    facts = sorted(
        [each.key, each.size_bytes, each.etag or (each.modified_at.isoformat() if each.modified_at else "")]
        for each in members
    )
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:_VERSION_DIGITS]


def current_version(state: JournalState, prefix: str) -> str | None:
    """The version of a set that was published last; None if none was."""
    published = [
        (version.published_at_seconds, version.version)
        for version in state.sets.values()
        if version.prefix == prefix and version.published_at_seconds is not None
    ]
    return max(published)[1] if published else None


def _missing(
    draft: SetDraft,
    own: Iterable[RemoteObject],
    manifests: ReadManifests,
) -> str | None:
    """Why a set is not what its manifests say, in a sentence; None if it is."""
    sizes = {member.key: member.size_bytes for member in draft.members}
    for each in own:
        manifest = manifests[each.key, each.etag]
        if isinstance(manifest, InvalidInput):
            return manifest.message
        for file in manifest.files:
            size_bytes = sizes.get(f"{draft.prefix}{file.path}")
            if size_bytes is None:
                return f"Its manifest lists {shown(file.path)}, which is not in the bucket or cannot be a file."
            if size_bytes != file.size_bytes:
                return (
                    f"Its manifest says that {shown(file.path)} has {file.size_bytes:,} bytes; "
                    f"in the bucket it has {size_bytes:,}."
                )
    return None


def _uploading(members: Iterable[RemoteObject], quiet_until: datetime) -> str | None:
    newest = max((each.modified_at for each in members if each.modified_at is not None), default=None)
    if newest is None or newest <= quiet_until:
        return None
    return "It has no manifest, and its objects were changed a moment ago."


def _changes(draft: SetDraft, state: JournalState, version: str) -> str:
    """What is new in a set, in a few words; empty if nothing is."""
    counts = {"files to transfer": len(draft.transfers), "files removed": len(draft.removed)}
    changes = [f"{count} {what}" for what, count in counts.items() if count]
    current = current_version(state, draft.prefix)
    if current is None:
        changes.append("it is not published as a set yet")
    elif current != version and not changes:
        changes.append("its objects were changed")
    return ", ".join(changes)
