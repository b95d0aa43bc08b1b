"""What a store of narrations takes and gives: requests, and narrations as they stand.

Neither repeats the options of a narration: a request has its `NarrationSpec`, and a record those of it that are shown.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sayso.narration import NarrationSpec

CallbackStatus: TypeAlias = Literal["pending", "delivered", "failed"]


class NarrationStatus(StrEnum):
    """How far a narration is."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether it ends here, unless somebody has a failed job done again."""
        return self not in {NarrationStatus.QUEUED, NarrationStatus.RUNNING}


@dataclass(frozen=True, kw_only=True, slots=True)
class NarrationRequest:
    """What is to be narrated, and how; all of it has been checked.

    Attributes:
        spec: how; its name and its voice are given.
        text: what to say; None when it is to be fetched.
        url: where the text is; None when it is here.
        callback_url: where the narration object is sent when it has ended; None for nowhere.
    """

    spec: NarrationSpec
    text: str | None = None
    url: str | None = None
    callback_url: str | None = None

    @property
    def formats(self) -> tuple[str, ...]:
        """Of every file, which are also the names of the tasks."""
        return tuple(map(str, self.spec.formats))

    @property
    def fingerprint(self) -> str:
        """The same for the same request, and no other: a SHA-256 in hexadecimal."""
        content = self._source() | self.spec.content() | {"callback_url": self.callback_url}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def message(self, narration_id: str, *, owner: str) -> str:
        """The body of its job; its version is written where an earlier one's reader would not understand it.

        Args:
            narration_id: what it is called.
            owner: the name of the key that it came with.
        """
        version = {"version": self.spec.version} if self.spec.version > 1 else {}
        source = {name: value for name, value in self._source().items() if value is not None}
        content = {"narration_id": narration_id, "owner": owner} | version | source | self.spec.message()
        return json.dumps(content, ensure_ascii=False)

    def _source(self) -> dict[str, str | None]:
        return {"text": self.text, "url": self.url}


@dataclass(frozen=True, kw_only=True, slots=True)
class CallbackAttempt:
    """A try to tell the owner.

    Attributes:
        at: when it ended.
        status: the HTTP status of the answer; None where there was none.
        error: why it did not succeed; None where it did.
    """

    at: datetime
    status: int | None
    error: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Callback:
    """How it goes with telling the owner.

    Attributes:
        url: who is told.
        status: ``pending`` also while the narration has not ended.
        attempts: oldest first.
    """

    url: str
    status: CallbackStatus
    attempts: tuple[CallbackAttempt, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class NarrationRecord:
    """A narration as it stands.

    Attributes:
        id: its name, ``nar_`` and 32 hexadecimal digits.
        owner: the name of the key that it came with.
        event_id: the latest event about it; larger after each change of what follows, callback aside.
        status: how far it is.
        options: those of the request's spec that are shown (`sayso.narration.spec.SHOWN`), as JSON values.
        created_at: when it was accepted.
        started_at: when it was first worked on.
        finished_at: when it ended.
        progress: 0 to 1.
        audio_seconds: of audio made so far.
        error: why it failed, in a sentence.
        files: the URI of each format, in the order of the formats; empty until it is completed.
        callback: None where nobody is to be told.
    """

    id: str
    owner: str
    event_id: int
    status: NarrationStatus
    options: Mapping[str, Any]
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: float
    audio_seconds: float
    error: str | None
    files: Mapping[str, str]
    callback: Callback | None

    @property
    def name(self) -> str:
        """What its files are called, without a suffix."""
        name: str = self.options["name"]
        return name

    @property
    def formats(self) -> tuple[str, ...]:
        """Of every file, audio first; they are also the names of its tasks."""
        return (*self.options["audio"], *self.options["subtitles"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Submitted:
    """An accepted narration.

    Attributes:
        record: how it stands.
        is_new: False when the key had been used for the same request before.
    """

    record: NarrationRecord
    is_new: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Some narrations, the newest first.

    Attributes:
        records: of this page.
        has_more: whether there are older ones.
    """

    records: tuple[NarrationRecord, ...]
    has_more: bool
