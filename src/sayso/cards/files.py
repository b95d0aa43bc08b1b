"""The MP3 files at their public places: a directory that a web server serves, or S3.

Caches may keep a file for a year. So a name whose content is not what it was first gets a version in its URL: ``?v=``
and the beginning of its SHA-256.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from sayso.cards.base import FileContent
from sayso.errors import ServiceUnavailable
from sayso.resilience.retry_policies import CARD_SERVICE
from sayso.storage import uri_within
from sayso.threads import on_thread
from sayso.workers.availability import retry_until_available
from sayso.workers.publishing import FilePublisher

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from sayso.cards.base import FileRecords, SpokenPhrase
    from sayso.cards.file_names import FileName
    from sayso.jobs import Delivery
    from sayso.resilience.retry_policies import RetryPolicy
    from sayso.storage import Storages, Stored

CARD_FILES_PATH = "/api/tts/files"
"""The path under which the service itself serves the files of a directory."""

_VERSION_CHARACTERS = 10

_CONFIRMED_SECONDS = 1.0
"""For so long a lease that was confirmed is not confirmed again."""


class StoredCardFiles:
    """See `CardFiles`; belongs to the event loop of its storages.

    Args:
        storages: where the files go.
        root: the URI below which they are.
        base_url: their public address: a URL is this, ``/`` and the name.
        records: what was published under which name.
        confirm: makes sure that a job still belongs to this worker; raises `LeaseLost` when it does not.
        scratch: a directory for files on their way; its opener removes it.
        policy: for how long a storage is waited for.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        storages: Storages,
        *,
        root: str,
        base_url: str,
        records: FileRecords,
        confirm: Callable[[Delivery], Awaitable[None]],
        scratch: Path,
        policy: RetryPolicy = CARD_SERVICE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storages = storages
        self._root = root
        self._base_url = base_url.rstrip("/")
        self._records = records
        self._leases = ConfirmedLeases(confirm, clock=clock)
        self._scratch = scratch
        self._policy = policy

    async def publish(self, delivery: Delivery, name: FileName, spoken: SpokenPhrase) -> str:
        """See `CardFiles.publish`."""
        content = FileContent(
            job_id=delivery.job_id,
            speech_key=spoken.speech_key,
            sha256=hashlib.sha256(spoken.mp3).hexdigest(),
            size_bytes=len(spoken.mp3),
        )
        for candidate in (name.name, name.other_name):
            url = await self._publish_as(candidate, delivery, name.subject, content, spoken.mp3)
            if url is not None:
                return url
        raise ServiceUnavailable(f"The names of the file {name.name} belong to other files.")

    async def _publish_as(
        self, name: str, delivery: Delivery, subject: str, content: FileContent, mp3: bytes
    ) -> str | None:
        """Publish a file under a name, and return its URL; None if the name is another file's."""
        uri = uri_within(self._root, name)
        publisher = FilePublisher(self._storages, partial(self._leases.confirm, delivery), policy=self._policy)
        found = (await publisher.note_versions([uri]))[uri]
        record = partial(self._records.record, name, subject, content, earlier=_content_of(found))
        first = await retry_until_available(record, policy=self._policy)
        if first is None:
            return None
        if found is None or found.sha256 != content.sha256:
            path = self._scratch / f"{uuid4().hex}.mp3"
            try:
                await on_thread(partial(_write, path, mp3))
                await publisher.publish(path, uri)
            finally:
                path.unlink(missing_ok=True)
        url = f"{self._base_url}/{name}"
        return url if first == content.sha256 else f"{url}?v={content.sha256[:_VERSION_CHARACTERS]}"


class ConfirmedLeases:
    """Confirms leases, each at most once a second; for one event loop.

    Args:
        confirm: makes sure that a job still belongs to this worker; raises `LeaseLost` when it does not.
        clock: monotonic seconds.
    """

    def __init__(self, confirm: Callable[[Delivery], Awaitable[None]], *, clock: Callable[[], float]) -> None:
        self._confirm = confirm
        self._clock = clock
        self._confirmed: dict[str, float] = {}
        self._asking = asyncio.Lock()  # the many files of a job wait for one answer

    async def confirm(self, delivery: Delivery) -> None:
        """Make sure that a job belongs to this worker, or did a second ago.

        Raises:
            LeaseLost: it does not.
            ServiceUnavailable: the queue does not answer.
        """
        if self._is_confirmed(delivery):
            return
        async with self._asking:
            if self._is_confirmed(delivery):
                return
            now = self._clock()
            await self._confirm(delivery)
            self._confirmed = {lease: at for lease, at in self._confirmed.items() if now - at < _CONFIRMED_SECONDS}
            self._confirmed[delivery.lease] = now

    def _is_confirmed(self, delivery: Delivery) -> bool:
        at = self._confirmed.get(delivery.lease)
        return at is not None and self._clock() - at < _CONFIRMED_SECONDS


def _content_of(found: Stored | None) -> str | None:
    """What stands for the content of a file."""
    return None if found is None else found.sha256 or found.version


def _write(path: Path, data: bytes) -> None:
    """Write a file on its way.

    Raises:
        ServiceUnavailable: this machine cannot.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise ServiceUnavailable(f"Cannot write {path}: {error.strerror or error}.") from error
