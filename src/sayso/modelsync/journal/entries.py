"""The entries of the journal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from sayso.modelsync.journal.values import (
    DeleteIntent,
    OutboxEntry,
    PublishIntent,
    Quarantined,
    SeenEvent,
    SetIntent,
    SetVersion,
    Stored,
)

Intent = Annotated[PublishIntent | DeleteIntent, Field(discriminator="kind")]


@dataclass(frozen=True, kw_only=True, slots=True)
class EventSeen:
    """An event of a key was taken; an earlier one of the same key is stale from now on."""

    op: Literal["seen"] = "seen"
    event: SeenEvent


@dataclass(frozen=True, kw_only=True, slots=True)
class FileKnown:
    """The file of a key was adopted or verified, or its object has another ETag for the same content."""

    op: Literal["known"] = "known"
    stored: Stored


@dataclass(frozen=True, kw_only=True, slots=True)
class FileForgotten:
    """The key has no file that Sayso would answer for."""

    op: Literal["forgotten"] = "forgotten"
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Begun:
    """A file is about to be published or deleted; the notification is sent if it was."""

    op: Literal["begun"] = "begun"
    intent: Intent
    outbox: OutboxEntry | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What was begun for a key was made, or is not going to be made."""

    op: Literal["ended"] = "ended"
    key: str
    is_made: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SetBegun:
    """The link of a set is about to be changed."""

    op: Literal["set_begun"] = "set_begun"
    intent: SetIntent
    outbox: OutboxEntry | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SetEnded:
    """The link of a set was changed, or is not going to be changed."""

    op: Literal["set_ended"] = "set_ended"
    prefix: str
    is_made: bool
    at_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class SetKept:
    """A version of a set is on the volume."""

    op: Literal["set_kept"] = "set_kept"
    version: SetVersion


@dataclass(frozen=True, kw_only=True, slots=True)
class SetDropped:
    """A version of a set was removed from the volume."""

    op: Literal["set_dropped"] = "set_dropped"
    prefix: str
    version: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FileQuarantined:
    """A file is in the quarantine."""

    op: Literal["quarantined"] = "quarantined"
    file: Quarantined


@dataclass(frozen=True, kw_only=True, slots=True)
class QuarantineEmptied:
    """A file was removed from the quarantine."""

    op: Literal["emptied"] = "emptied"
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A notification is to be sent."""

    op: Literal["notice"] = "notice"
    outbox: OutboxEntry


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A notification was sent."""

    op: Literal["sent"] = "sent"
    generation: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """The generation of the next notification; only in snapshots."""

    op: Literal["counted"] = "counted"
    next_generation: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Certainty:
    """Whether the journal has everything that was done: False after damage, True once the volume was verified."""

    op: Literal["certainty"] = "certainty"
    is_certain: bool


Entry = (
    EventSeen
    | FileKnown
    | FileForgotten
    | Begun
    | Ended
    | SetBegun
    | SetEnded
    | SetKept
    | SetDropped
    | FileQuarantined
    | QuarantineEmptied
    | Notice
    | Sent
    | Counted
    | Certainty
)


@cache
def codec() -> TypeAdapter[Any]:
    """Reads and writes an `Entry` as JSON."""
    return TypeAdapter(Annotated[Entry, Field(discriminator="op")])
