"""The values of a plan: what makes the volume equal to the bucket."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sayso.modelsync.journal.values import Stored
    from sayso.modelsync.records import Refused, RemoteObject, VolumeFile


class ActionKind(StrEnum):
    """What is done to the file of a key."""

    DOWNLOAD = "download"
    """There is no file: fetch the object."""
    REPLACE = "replace"
    """The file has another content: fetch the object, and publish it over the file."""
    ADOPT = "adopt"
    """A file of the right size is there that the journal does not know, or that was touched since: read it and compare
    it with the checksums of the object. Equal: the journal takes it. Different, or not comparable: as `REPLACE`."""
    DELETE = "delete"
    """The object is gone: move the file, which is ours and unchanged, to the quarantine."""
    FORGET = "forget"
    """The object is gone, and the file is gone or is not the one that was published: only the journal changes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One step of a plan.

    Attributes:
        kind: what is done.
        key: of the object; its path below the root is the same.
        reason: in a few words, for the report: ``the object has another ETag``.
        remote: the object, with the checksums of a manifest added; None to delete or to forget.
        stored: what the journal has; None if it has nothing.
        found: what is on the volume at the path; None if nothing is. A directory has no file in it any more once the
            deletions before this action are made, and is removed first.
    """

    kind: ActionKind
    key: str
    reason: str
    remote: RemoteObject | None = None
    stored: Stored | None = None
    found: VolumeFile | None = None

    @property
    def size_bytes(self) -> int:
        """How many bytes it may have to transfer."""
        return self.remote.size_bytes if self.remote is not None else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class SetChange:
    """A new version of a set: all of its files are published together, by one change of the link at its prefix.

    Attributes:
        prefix: of the keys of the set, with a ``/`` at the end.
        version: the name of the version's directory, the same for the same objects; empty if the set is removed.
        reason: in a few words.
        members: all objects of the version, with the checksums of the manifest added; none if the set is removed.
        transfers: what is not on the volume as it should be: to download, replace or adopt. The other members are taken
            over from the version before.
        removed: the keys that the journal has files of, and that are not in this version.
    """

    prefix: str
    version: str
    reason: str
    members: tuple[RemoteObject, ...]
    transfers: tuple[Action, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingSet:
    """A set that stays on the volume as it is, although the bucket has another one.

    Attributes:
        prefix: of its keys.
        reason: in a sentence.
        unread: manifests that have to be read first; plan again with them.
    """

    prefix: str
    reason: str
    unread: tuple[RemoteObject, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignEntry:
    """An entry on the volume that Sayso leaves alone.

    Attributes:
        path: below the root.
        reason: in a few words: ``not in the bucket, and not from Sayso``.
    """

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What makes the volume equal to the bucket.

    Attributes:
        actions: of single files, in the order in which they are made: deletions that make room for a file or a
            directory, transfers, other deletions; in each, by key.
        sets: the sets that change, by prefix.
        waiting: the sets that have to wait, by prefix.
        unchanged: how many files are as they should be.
        refused: the keys that cannot become files, by key.
        skipped: how many keys are left out because of their suffix.
        foreign: what is left alone on the volume, by path.
        withheld: the keys whose files are not deleted, although their objects are not in the listing.
        withheld_reason: why, in a sentence; None if none is withheld.
    """

    actions: tuple[Action, ...]
    sets: tuple[SetChange, ...] = ()
    waiting: tuple[WaitingSet, ...] = ()
    unchanged: int = 0
    refused: tuple[Refused, ...] = ()
    skipped: int = 0
    foreign: tuple[ForeignEntry, ...] = ()
    withheld: tuple[str, ...] = ()
    withheld_reason: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not self.actions and not self.sets

    @property
    def size_bytes(self) -> int:
        """How many bytes it may have to transfer."""
        transfers = [transfer for change in self.sets for transfer in change.transfers]
        return sum(action.size_bytes for action in (*self.actions, *transfers))
