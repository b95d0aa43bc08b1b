"""The values of model sync that come from outside: objects of the bucket, files on the volume, and events."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_MD5 = re.compile(r"[0-9a-f]{32}")


class ChecksumAlgorithm(StrEnum):
    """The checksums that S3 keeps, by S3's names; MD5 is the ETag of some objects."""

    CRC64NVME = "CRC64NVME"
    CRC32C = "CRC32C"
    CRC32 = "CRC32"
    SHA256 = "SHA256"
    SHA1 = "SHA1"
    MD5 = "MD5"


@dataclass(frozen=True, kw_only=True, slots=True)
class Checksum:
    """One checksum of an object or a file.

    Attributes:
        algorithm: which.
        digest: in lower-case hexadecimal; S3's base64 is converted where it is read.
        is_full_object: whether it is of the whole content; False for a composite checksum, which is of the checksums of
            the parts of an upload and says nothing about a file.
    """

    algorithm: ChecksumAlgorithm
    digest: str
    is_full_object: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteObject:
    """An object as the bucket describes it, in a listing or in the response to HEAD.

    Attributes:
        key: of the object, decoded.
        size_bytes: of its content.
        etag: without quotes; empty where the server gives none. It identifies a content, and need not be its MD5.
        version_id: None in a bucket without versions, and in a listing, which does not have them.
        modified_at: with a time zone; None where the server gives none.
        checksums: that the bucket has of it; a listing has none.
        storage_class: S3's name for it, such as ``GLACIER``; None for the standard one.
    """

    key: str
    size_bytes: int
    etag: str
    version_id: str | None = None
    modified_at: datetime | None = None
    checksums: tuple[Checksum, ...] = ()
    storage_class: str | None = None

    @property
    def possible_md5(self) -> str | None:
        """The ETag if it may be the MD5 of the content.

        A file with this MD5 is equal to the object. One with another MD5 need not differ: the ETag of an object that is
        encrypted with a key of KMS or of the client has the same form, and is no MD5.
        """
        return self.etag if _MD5.fullmatch(self.etag) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """The objects of a bucket, below the prefix that is synchronised.

    Attributes:
        objects: current versions only, in the order of the bucket.
        is_complete: whether every page was received without an error; otherwise a key that is missing means nothing.
        trouble: why it is not complete, in a sentence; None otherwise.
    """

    objects: tuple[RemoteObject, ...]
    is_complete: bool
    trouble: str | None = None


class FileKind(StrEnum):
    """The kinds of entries of a directory."""

    FILE = "file"
    DIRECTORY = "directory"
    SYMLINK = "symlink"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalStat:
    """By what a file is recognised as the one that was published, without reading it.

    Attributes:
        size_bytes: of its content.
        mtime_ns: its modification time, in nanoseconds since 1970.
        inode: of the file.
    """

    size_bytes: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, kw_only=True, slots=True)
class VolumeFile:
    """An entry that is on the volume now.

    Attributes:
        path: below the root, joined by ``/``; never within ``.sayso``.
        kind: of the entry, of a symbolic link itself.
        stat: of it.
        checksums: of its content, where it was read; full-object ones only.
    """

    path: str
    kind: FileKind
    stat: LocalStat
    checksums: tuple[Checksum, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class VolumeScan:
    """What is on the volume now, without ``.sayso``.

    Attributes:
        entries: by path; below a link only if it is the link of a set.
        is_complete: whether every directory could be read; otherwise an entry that is missing means nothing.
        trouble: why it is not complete, in a sentence; None otherwise.
    """

    entries: Mapping[str, VolumeFile]
    is_complete: bool = True
    trouble: str | None = None


class EventKind(StrEnum):
    """What happened to an object, as far as it matters.

    After a removal the key may still have an object: an older version, or one that was created since.
    """

    CREATED = "created"
    REMOVED = "removed"


@dataclass(frozen=True, kw_only=True, slots=True)
class ObjectEvent:
    """One event of a bucket, whatever format it came in. It is a hint: the bucket is asked before anything is done.

    Attributes:
        kind: created or removed.
        bucket: as the event names it.
        key: decoded.
        name: of the event as its sender wrote it: ``ObjectCreated:Put``, ``Object Deleted``.
        version_id: of the version that was created or removed, or of the delete marker; None where there is none.
        sequencer: orders the events of one key (`sayso.modelsync.journal.sequencers`); None where none is sent.
        etag: without quotes; None where it is not given.
        size_bytes: None where it is not given.
        is_delete_marker: whether the removal only added a marker; older versions are still in the bucket.
        occurred_at: when, by the sender's clock, with a time zone; None where it is not given or cannot be read.
    """

    kind: EventKind
    bucket: str
    key: str
    name: str
    version_id: str | None = None
    sequencer: str | None = None
    etag: str | None = None
    size_bytes: int | None = None
    is_delete_marker: bool = False
    occurred_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodedMessage:
    """The content of one message of the queue.

    Attributes:
        events: in the order of the message.
        ignored: how many records were left out, by the reason in a few words; also a test event of the bucket.
        problems: why records could not be understood, each as the end of a sentence. The events are good nevertheless:
            act on them, and dead-letter the message with these reasons.
    """

    events: tuple[ObjectEvent, ...]
    ignored: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


class RefusalReason(StrEnum):
    """Why a key cannot become a file; the values are labels of metrics and logs."""

    EMPTY = "empty"
    ABSOLUTE = "absolute"
    PARENT = "parent"
    EMPTY_SEGMENT = "empty_segment"
    BACKSLASH = "backslash"
    CONTROL_CHARACTER = "control_character"
    NOT_UNICODE = "not_unicode"
    RESERVED = "reserved"
    NAME_TOO_LONG = "name_too_long"
    PATH_TOO_LONG = "path_too_long"
    NAME_COLLISION = "name_collision"
    FILE_AND_DIRECTORY = "file_and_directory"
    FOREIGN_ENTRY = "foreign_entry"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A key that does not become a file; the others go on.

    Attributes:
        key: as the bucket has it.
        reason: as a label.
        detail: in a sentence, for the log and the report.
    """

    key: str
    reason: RefusalReason
    detail: str
