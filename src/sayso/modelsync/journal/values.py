"""The values that the journal keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sayso.modelsync.records import Checksum, LocalStat


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What the journal knows about the file of one key.

    Attributes:
        key: of the object.
        etag: of the object that the file holds.
        version_id: of that object; None where it has none.
        modified_at: of that object; None where the server gave none.
        size_bytes: of the content.
        checksums: that the file was verified against, or that were calculated from what was written; empty if none.
        is_verified: whether its content was compared with a checksum of the bucket or of a manifest; otherwise it is
            unverifiable.
        stat: of the file when it was published, or verified last.
        is_ours: whether Sayso put it there, or found it equal to the object; only such files are deleted.
    """

    key: str
    etag: str
    version_id: str | None = None
    modified_at: datetime | None = None
    size_bytes: int
    checksums: tuple[Checksum, ...] = ()
    is_verified: bool
    stat: LocalStat
    is_ours: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishIntent:
    """What the journal notes before a file is renamed to its path.

    After a crash the file at the path tells whether the rename was made: a rename keeps the stat of the file.

    Attributes:
        key: of the object.
        stored: as it will be in the journal once the file is at its path; its ``stat`` is that of the temporary file.
        temporary: the path of the temporary file below the root.
        generation: of the notification that is sent once it is published; None for none.
    """

    kind: Literal["publish"] = "publish"
    key: str
    stored: Stored
    temporary: str
    generation: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Quarantined:
    """A deleted file that is kept for a while.

    Attributes:
        path: where it is, below the root, within ``.sayso/quarantine``.
        key: of the object that is gone.
        size_bytes: of the file.
        since_seconds: when it was moved there, in seconds since 1970.
    """

    path: str
    key: str
    size_bytes: int
    since_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteIntent:
    """What the journal notes before a file is renamed into the quarantine.

    Attributes:
        key: of the object that is gone.
        quarantined: where the file goes.
        generation: of the notification that is sent once it is there; None for none.
    """

    kind: Literal["delete"] = "delete"
    key: str
    quarantined: Quarantined
    generation: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SetVersion:
    """One version of a set of files that are published together.

    Attributes:
        prefix: of the keys of the set, with a ``/`` at the end; the link is at this path.
        version: the name of the version's directory.
        published_at_seconds: when the link was last set to it, in seconds since 1970; None if it never was.
    """

    prefix: str
    version: str
    published_at_seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SetIntent:
    """What the journal notes before the link of a set is changed.

    Attributes:
        version: that the link will lead to.
        files: of the version, as they will be in the journal; they are those of all keys with the prefix.
        generation: of the notification that is sent once the link is changed; None for none.
    """

    version: SetVersion
    files: tuple[Stored, ...]
    generation: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxEntry:
    """A notification that must be sent at least once.

    Attributes:
        generation: grows by one with each notification of a volume; receivers can order by it.
        key: of the object, or the prefix of the set.
        payload: the JSON object to be sent.
        is_ready: whether its change is published; False while it may not have been made.
    """

    generation: int
    key: str
    payload: Mapping[str, Any]
    is_ready: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenEvent:
    """The latest event of a key; it stays for a while after the key is gone, as a tombstone.

    Attributes:
        key: of the object.
        sequencer: of the event.
        at_seconds: when it was seen, in seconds since 1970.
    """

    key: str
    sequencer: str
    at_seconds: float
