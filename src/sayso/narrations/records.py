"""The values of a store of narrations: requests, and records of narrations.

Neither repeats the options of a narration: a request has its `NarrationSpec`, and a record the options that are shown.
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
    """The status of a narration."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether this is a final status, unless a failed job is retried by an operator."""
        return self not in {NarrationStatus.QUEUED, NarrationStatus.RUNNING}


@dataclass(frozen=True, kw_only=True, slots=True)
class NarrationRequest:
    """A validated request for a narration.

    Attributes:
        spec: its options; name and voice are set.
        text: the text; None if it is fetched from a URL.
        url: of the text; None if the text is given.
        callback_url: where the narration object is sent at the end; None for no callback.
    """

    spec: NarrationSpec
    text: str | None = None
    url: str | None = None
    callback_url: str | None = None

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats of all files, which are also the names of the tasks."""
        return tuple(map(str, self.spec.formats))

    @property
    def fingerprint(self) -> str:
        """A SHA-256 in hexadecimal that identifies the content of the request."""
        content = self._source() | self.spec.content() | {"callback_url": self.callback_url}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def message(self, narration_id: str, *, owner: str) -> str:
        """The body of its job; it has a version if workers of an earlier version would misunderstand it.

        Args:
            narration_id: of the narration.
            owner: the name of the submitter's API key.
        """
        version = {"version": self.spec.version} if self.spec.version > 1 else {}
        source = {name: value for name, value in self._source().items() if value is not None}
        content = {"narration_id": narration_id, "owner": owner} | version | source | self.spec.message()
        return json.dumps(content, ensure_ascii=False)

    def _source(self) -> dict[str, str | None]:
        return {"text": self.text, "url": self.url}


@dataclass(frozen=True, kw_only=True, slots=True)
class CallbackAttempt:
    """An attempt to deliver a callback.

    Attributes:
        at: when it ended.
        status: the HTTP status of the response; None if there was none.
        error: why it failed; None if it succeeded.
    """

    at: datetime
    status: int | None
    error: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Callback:
    """The state of a callback.

    Attributes:
        url: of the receiver.
        status: ``pending`` also while the narration has not ended.
        attempts: oldest first.
    """

    url: str
    status: CallbackStatus
    attempts: tuple[CallbackAttempt, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class NarrationRecord:
    """The state of a narration.

    Attributes:
        id: ``nar_`` and 32 hexadecimal digits.
        owner: the name of the submitter's API key.
        event_id: the latest event about it; grows with each change of the following attributes, except the callback.
        status: of the narration.
        options: those of the request's spec that are shown (`sayso.narration.spec.SHOWN`), as JSON values.
        created_at: when it was accepted.
        started_at: when its first attempt began.
        finished_at: when it ended.
        progress: 0 to 1.
        audio_seconds: of audio made so far.
        error: why it failed, in a sentence.
        files: the URI of each format, in the order of the formats; empty until it is completed.
        callback: None without a callback URL.
        error_code: the kind of error, for programs; None if it has not failed, or an earlier version recorded it.
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
    error_code: str | None = None

    @property
    def name(self) -> str:
        """The name of its files, without a suffix."""
        name: str = self.options["name"]
        return name

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats of all files, audio first; also the names of its tasks."""
        return (*self.options["audio"], *self.options["subtitles"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Submitted:
    """The result of a submission.

    Attributes:
        record: the narration.
        is_new: False if the key was used for the same request before.
    """

    record: NarrationRecord
    is_new: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page of narrations, the newest first.

    Attributes:
        records: of this page.
        has_more: whether there are older ones.
    """

    records: tuple[NarrationRecord, ...]
    has_more: bool
