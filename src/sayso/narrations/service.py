"""The service of narrations: submit, list, cancel, follow, and present them as API objects."""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import structlog

from sayso.broadcaster import ChangeBroadcaster
from sayso.errors import SaysoError
from sayso.narrations.checks import check_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sayso.broadcaster import Subscription
    from sayso.errors import ServiceUnavailable
    from sayso.narrations import (
        Callback,
        NarrationRecord,
        NarrationRemover,
        NarrationRequest,
        NarrationStatus,
        NarrationStore,
        Page,
        Submitted,
    )
    from sayso.scheduling import RequestContext
    from sayso.storage import Storages
    from sayso.tts.selection import SpeechSource

_log = structlog.get_logger(__name__)

_UNFIT_FOR_FILES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]+')
"""Characters that are not allowed in file names on some system."""


class Narrations:
    """The service; it belongs to the loop on which its store was opened, except for `check`.

    Args:
        store: of the narrations.
        presenter: makes narration objects.
        sources: the available engines; the first that has a voice is used.
        remover: removes narrations with their files.
        broadcaster: broadcasts changes; made from the store by default.
        files_origin: see `files_origin_of`.
        maximum_seconds: the longest audio of one narration; None for any length.
    """

    def __init__(
        self,
        store: NarrationStore,
        presenter: NarrationPresenter,
        *,
        sources: Sequence[SpeechSource],
        remover: NarrationRemover,
        broadcaster: ChangeBroadcaster[NarrationRecord] | None = None,
        files_origin: str | None = None,
        maximum_seconds: float | None = None,
    ) -> None:
        self._store = store
        self._presenter = presenter
        self._sources = tuple(sources)
        self._remover = remover
        self._broadcaster = broadcaster or ChangeBroadcaster(store, on_outage=_log_outage)
        self.files_origin = files_origin
        self._maximum_seconds = maximum_seconds

    def check(self, request: NarrationRequest, context: RequestContext) -> None:
        """Refuse a request that can only fail; call it on any thread, because it may compute for a moment.

        Raises:
            SaysoError: as for `check_request`.
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
            NoSuchJob: it does not exist, or is not visible to the owner; None may see all.
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
        """Cancel a narration at once; a finished one stays unchanged.

        Raises:
            NoSuchJob: as for `get`.
            ServiceUnavailable: the store does not answer.
        """
        record = await self._store.cancel(narration_id, owner=owner)
        _log.info("narration cancelled", narration_id=record.id, status=record.status)
        return record

    async def retry(self, narration_id: str, *, owner: str | None) -> NarrationRecord:
        """Enqueue a failed or cancelled narration again; one that has not ended stays unchanged.

        Raises:
            NoSuchJob, InvalidInput: as for `NarrationStore.retry`.
            ServiceUnavailable: the store does not answer.
        """
        record = await self._store.retry(narration_id, owner=owner)
        _log.info("narration retried", narration_id=record.id, status=record.status)
        return record

    async def remove(self, narration_id: str, *, owner: str | None) -> None:
        """Cancel a narration unless it has ended, and remove it with its files.

        Raises:
            NoSuchJob: as for `get`.
            InvalidInput, OutputFailed, ServiceUnavailable: as for `NarrationRemover.remove`.
        """
        record = await self._store.cancel(narration_id, owner=owner)
        await self._remover.remove(record)
        _log.info("narration removed", narration_id=record.id)

    def follow(self, record: NarrationRecord, *, seen: int = 0) -> Subscription[NarrationRecord]:
        """Subscribe to a narration: the current state, unless it was delivered before, then every change.

        Args:
            record: as it was just read.
            seen: the latest event that was delivered before.

        Raises:
            Cancelled: the process ends.
        """
        return self._broadcaster.follow(record, seen=seen)

    async def narration_object(self, record: NarrationRecord, *, base_url: str) -> dict[str, Any]:
        """The narration object of the API; see `NarrationPresenter.narration_object`."""
        return await self._presenter.narration_object(record, base_url=base_url)

    def end_subscriptions(self) -> None:
        """End all subscriptions: the process is about to end, and would wait for them."""
        self._broadcaster.close()

    async def close(self) -> None:
        """End all subscriptions, and close the store's connections."""
        self._broadcaster.close()
        await self._store.close()


class NarrationPresenter:
    """Makes the narration objects of the API and of callbacks; for one loop.

    Args:
        storages: of the files.
        link_seconds: how long a link to a file is valid.
    """

    def __init__(self, storages: Storages, *, link_seconds: int) -> None:
        self._storages = storages
        self._link_seconds = link_seconds

    async def narration_object(self, record: NarrationRecord, *, base_url: str | None) -> dict[str, Any]:
        """The narration object.

        Args:
            record: the narration.
            base_url: the prefix of links to this service's own files; None for relative links.
        """
        return {
            "id": record.id,
            "object": "narration",
            "status": record.status,
            **_shown(record.options),
            "created_at": _time(record.created_at),
            "started_at": _time(record.started_at),
            "finished_at": _time(record.finished_at),
            "progress": round(record.progress, 4),
            "audio_seconds": round(record.audio_seconds, 3),
            "error": record.error,
            **({} if record.error_code is None else {"error_code": record.error_code}),
            "files": [await self._file(record, name, uri, base_url) for name, uri in record.files.items()],
            "callback": None if record.callback is None else _callback(record.callback),
        }

    async def _file(self, record: NarrationRecord, name: str, uri: str, base_url: str | None) -> dict[str, Any]:
        file_name = f"{file_stem(record.name)}.{name}"
        try:
            link = await self._storages.of(uri).link(uri, seconds=self._link_seconds, file_name=file_name)
        except SaysoError as error:
            # Without a link, the narration is presented all the same.
            _log.warning("a file cannot be linked to", narration_id=record.id, uri=uri, reason=error.message)
            return {"format": name, "url": None, "file_name": file_name}
        if link.startswith("/") and base_url is not None:
            link = base_url.rstrip("/") + link
        return {"format": name, "url": link, "file_name": file_name}


async def files_origin_of(storages: Storages, root: str) -> str | None:
    """The origin of links to files below ``root``, as browsers name it (``https://bucket.example.com``).

    None for this service itself, and if no link can be made, because then the page gets no links.
    """
    try:
        link = await storages.of(root).link(f"{root}/narration", seconds=1, file_name="narration")
    except SaysoError:
        return None
    parts = urlsplit(link)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None


def file_stem(name: str) -> str:
    """A narration's name as a file name without a suffix."""
    return _UNFIT_FOR_FILES.sub("-", name).strip(". -") or "narration"


def _log_outage(error: ServiceUnavailable) -> None:
    _log.warning("changes of narrations cannot be seen", reason=error.message)


def _shown(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of the narration object: a lexicon only where there is one."""
    return {name: value for name, value in options.items() if name != "lexicon" or value is not None}


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
