"""Narrations that others ask for: accepted, listed, cancelled, followed, and described as they are told of."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog

from sayso.errors import SaysoError
from sayso.narrations.checks import check_request
from sayso.narrations.events import ChangeBroadcaster

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sayso.narrations import (
        Callback,
        NarrationRecord,
        NarrationRequest,
        NarrationStatus,
        NarrationStore,
        Page,
        Submitted,
    )
    from sayso.narrations.events import Subscription
    from sayso.scheduling import RequestContext
    from sayso.storage import Storages
    from sayso.tts.selection import SpeechSource

_log = structlog.get_logger(__name__)

_UNFIT_FOR_FILES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
"""What some system does not have in the name of a file."""


class Narrations:
    """The service; it belongs to the loop that its store was opened on, `check` aside.

    Args:
        store: where they are kept.
        describer: how they are told of.
        sources: who may speak them; the first that has a voice does.
        following: who tells followers; made from the store by default.
        files_origin: see `files_origin_of`.
        maximum_seconds: the longest audio that is made of one narration; None for any length.
    """

    def __init__(
        self,
        store: NarrationStore,
        describer: NarrationPresenter,
        *,
        sources: Sequence[SpeechSource],
        following: ChangeBroadcaster | None = None,
        files_origin: str | None = None,
        maximum_seconds: float | None = None,
    ) -> None:
        self._store = store
        self._describer = describer
        self._sources = tuple(sources)
        self._following = following or ChangeBroadcaster(store)
        self.files_origin = files_origin
        self._maximum_seconds = maximum_seconds

    def check(self, request: NarrationRequest, context: RequestContext) -> None:
        """Refuse what could only fail; on any thread, since it may compute for a moment.

        Raises:
            SaysoError: as `check_request`.
        """
        check_request(request, self._sources, context, maximum_seconds=self._maximum_seconds)

    async def submit(self, request: NarrationRequest, *, owner: str, idempotency_key: str | None = None) -> Submitted:
        """Accept a narration that has been checked.

        Raises:
            IdempotencyKeyReused: the owner has used the key for another request.
            ServiceUnavailable: the store does not answer.
        """
        submitted = await self._store.submit(request, owner=owner, idempotency_key=idempotency_key)
        _log.info("narration accepted", narration_id=submitted.record.id, is_new=submitted.is_new)
        return submitted

    async def get(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """A narration.

        Raises:
            NoSuchJob: there is none that the owner may see; None may see all.
            ServiceUnavailable: the store does not answer.
        """
        return await self._store.get(narration_id, owner=owner)

    async def page(
        self, *, owner: str | None, status: NarrationStatus | None = None, limit: int, after: str | None = None
    ) -> Page:
        """Some narrations, the newest first; see `NarrationStore.page`.

        Raises:
            NoSuchJob: the owner has no narration ``after``.
            ServiceUnavailable: the store does not answer.
        """
        return await self._store.page(owner=owner, status=status, limit=limit, after=after)

    async def cancel(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """End a narration at once; one that has ended stays as it is.

        Raises:
            NoSuchJob: as `get`.
            ServiceUnavailable: the store does not answer.
        """
        record = await self._store.cancel(narration_id, owner=owner)
        _log.info("narration cancelled", narration_id=record.id, status=record.status)
        return record

    def follow(self, record: NarrationRecord, *, seen: int = 0) -> Subscription:
        """Be told of a narration: how it stands, unless that was told before, and then of every change.

        Args:
            record: as it was just read.
            seen: the latest event that was told before.

        Raises:
            Cancelled: the process ends.
        """
        return self._following.follow(record, seen=seen)

    async def described(self, record: NarrationRecord, *, base_url: str) -> dict[str, Any]:
        """The narration object of the API; see `NarrationPresenter.described`."""
        return await self._describer.described(record, base_url=base_url)

    def release_followers(self) -> None:
        """Let everybody go who follows: the process is about to end, and they would hold it up."""
        self._following.close()

    async def close(self) -> None:
        """Let followers go, and give up the store's connections."""
        self._following.close()
        await self._store.close()


class NarrationPresenter:
    """Says how a narration stands, as the API and callbacks tell it; for one loop.

    Args:
        storages: where the files are.
        link_seconds: how long a link to a file works.
    """

    def __init__(self, storages: Storages, *, link_seconds: int) -> None:
        self._storages = storages
        self._link_seconds = link_seconds

    async def described(self, record: NarrationRecord, *, base_url: str | None) -> dict[str, Any]:
        """The narration object.

        Args:
            record: the narration.
            base_url: what links to this service's own files begin with; None leaves them relative.
        """
        return {
            "id": record.id,
            "object": "narration",
            "status": record.status,
            **record.options,
            "created_at": _time(record.created_at),
            "started_at": _time(record.started_at),
            "finished_at": _time(record.finished_at),
            "progress": round(record.progress, 4),
            "audio_seconds": round(record.audio_seconds, 3),
            "error": record.error,
            "files": [await self._file(record, name, uri, base_url) for name, uri in record.files.items()],
            "callback": None if record.callback is None else _callback(record.callback),
        }

    async def _file(self, record: NarrationRecord, name: str, uri: str, base_url: str | None) -> dict[str, Any]:
        file_name = f"{file_stem(record.name)}.{name}"
        try:
            link = await self._storages.of(uri).link(uri, seconds=self._link_seconds, file_name=file_name)
        except SaysoError as error:
            # The rest of the narration can be told all the same.
            _log.warning("a file cannot be linked to", narration_id=record.id, uri=uri, reason=error.message)
            return {"format": name, "url": None, "file_name": file_name}
        if link.startswith("/") and base_url is not None:
            link = base_url.rstrip("/") + link
        return {"format": name, "url": link, "file_name": file_name}


async def files_origin_of(storages: Storages, root: str) -> str | None:
    """Where links to files below ``root`` lead, as browsers name it (``https://bucket.example.com``).

    None for this service itself, and where no link can be made: then none is given to anybody.
    """
    try:
        link = await storages.of(root).link(f"{root}/narration", seconds=1, file_name="narration")
    except SaysoError:
        return None
    parts = urlsplit(link)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None


def file_stem(name: str) -> str:
    """A narration's name as a file can have it, without a suffix."""
    return _UNFIT_FOR_FILES.sub("-", name).strip(". -") or "narration"


def _callback(callback: Callback) -> dict[str, Any]:
    return {
        "url": callback.url,
        "status": callback.status,
        "attempts": [
            {"at": _time(attempt.at), "status": attempt.status, "error": attempt.error} for attempt in callback.attempts
        ],
    }


def _time(at: datetime | None) -> str | None:
    """RFC 3339, in UTC, to the millisecond."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
