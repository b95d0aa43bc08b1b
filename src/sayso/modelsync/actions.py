"""The values of a plan: what makes the volume equal to the bucket."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sayso.modelsync.records import Refused, RemoteObject, VolumeFile
    from sayso.modelsync.state import Stored


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
        key: of the object.
        path: of the file below the root, joined by ``/``.
        reason: in a few words, for the report: ``the ETag is another one``.
        remote: the object; None to delete or to forget.
        stored: what the journal has; None if it has nothing.
        found: what is on the volume at the path; None if nothing is.
        set_prefix: the set that the file belongs to, with a ``/`` at the end; None for a single file.
    """

    kind: ActionKind
    key: str
    path: str
    reason: str
    remote: RemoteObject | None = None
    stored: Stored | None = None
    found: VolumeFile | None = None
    set_prefix: str | None = None

    @property
    def size_bytes(self) -> int:
        """How many bytes it may have to transfer."""
        is_transfer = self.kind in {ActionKind.DOWNLOAD, ActionKind.REPLACE, ActionKind.ADOPT}
        return self.remote.size_bytes if is_transfer and self.remote is not None else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ForeignEntry:
    """An entry on the volume that Sayso leaves alone.

    Attributes:
        path: below the root.
        reason: in a few words: ``not in the bucket and not from Sayso``.
    """

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What makes the volume equal to the bucket.

    Attributes:
        actions: ordered by key; downloads before deletions.
        unchanged: how many files are as they should be.
        refused: the keys that cannot become files.
        skipped: how many keys are left out because of their suffix.
        foreign: what is left alone on the volume.
        withheld: the deletions that are not made, although their objects are gone.
        withheld_reason: why, in a sentence; None if none is withheld.
    """

    actions: tuple[Action, ...]
    unchanged: int = 0
    refused: tuple[Refused, ...] = ()
    skipped: int = 0
    foreign: tuple[ForeignEntry, ...] = ()
    withheld: tuple[Action, ...] = ()
    withheld_reason: str | None = None

    @property
    def size_bytes(self) -> int:
        """How many bytes it may have to transfer."""
        return sum(action.size_bytes for action in self.actions)
