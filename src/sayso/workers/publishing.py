"""Publishing the files of a job, so that two workers with the same job never replace each other's files unnoticed.

A file is published only over the version that was there when the job was claimed, right after the lease was confirmed.
When another version is there, another worker wrote it; the worker that still holds the lease replaces it.
"""

from __future__ import annotations

import errno
from functools import partial
from typing import TYPE_CHECKING

import structlog

from sayso.errors import OutputChanged, OutputFailed, ServiceUnavailable
from sayso.files import digest_of
from sayso.resilience.retry_policies import SERVICE_OF_A_JOB
from sayso.storage import content_type_of
from sayso.threads import on_thread
from sayso.workers.availability import retry_until_available

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from pathlib import Path

    from sayso.resilience.retry_policies import RetryPolicy
    from sayso.storage import Storages, Stored

_log = structlog.get_logger(__name__)

_TRIES = 3

_OF_THE_MACHINE = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
        errno.ENOSPC,
        errno.EPERM,
        errno.EROFS,
        errno.ESTALE,
    }
)
"""Errors of a file system that are no fault of the job, such as a full disk; others are about the name of the file."""


class FilePublisher:
    """Publishes the files of one job; belongs to the event loop of its storages.

    Create it as soon as the job is claimed, call `note_versions`, do the work, then `publish` each file.

    Args:
        storages: where the files go.
        confirm: makes sure that the job still belongs to this worker; raises `LeaseLost` when it does not. It is called
            right before each file is written.
        policy: for how long a storage is waited for.
    """

    def __init__(
        self,
        storages: Storages,
        confirm: Callable[[], Awaitable[None]],
        *,
        policy: RetryPolicy = SERVICE_OF_A_JOB,
    ) -> None:
        self._storages = storages
        self._confirm = confirm
        self._policy = policy
        self._versions: dict[str, str | None] = {}

    async def note_versions(self, uris: Iterable[str]) -> Mapping[str, Stored | None]:
        """Note which versions of these files there are, and return them: only they may be replaced.

        Raises:
            InvalidInput: a URI is in no storage, or outside of its root.
            OutputFailed: no file can be there.
            ResourceMissing, ServiceUnavailable: as `retry_until_available`.
        """
        noted = {uri: await self._find(uri) for uri in uris}
        self._versions |= {uri: None if found is None else found.version for uri, found in noted.items()}
        return noted

    async def publish(self, path: Path, uri: str) -> None:
        """Put a finished file in its place, unless a file with the same content is there already.

        Args:
            path: the file on this machine; its suffix gives the media type.
            uri: its place, whose version was noted.

        Raises:
            LeaseLost: the job belongs to another worker; nothing was written.
            OutputFailed: no file can be there.
            ResourceMissing, ServiceUnavailable: as `retry_until_available`; also when the file changes at each try, or
                this machine cannot write it.
        """
        storage = self._storages.of(uri)
        version = self._versions[uri]
        digest = await on_thread(lambda: digest_of(path))
        for _ in range(_TRIES):
            found = await self._find(uri)
            if found is not None and found.sha256 == digest:
                return  # an earlier attempt published it, or another worker that came as far
            await retry_until_available(self._confirm, policy=self._policy)
            publish = partial(
                storage.publish, path, uri, content_type=content_type_of(path.name), over=version, sha256=digest
            )
            try:
                await retry_until_available(partial(_publish, publish), policy=self._policy)
            except OutputChanged:
                _log.warning("the file is not what it was", uri=uri)
                found = await self._find(uri)
                version = None if found is None else found.version
            else:
                return
        raise ServiceUnavailable(f"{uri} changes whenever it is to be written.")

    async def _find(self, uri: str) -> Stored | None:
        storage = self._storages.of(uri)
        return await retry_until_available(lambda: storage.find(uri), policy=self._policy)


async def _publish(publish: Callable[[], Awaitable[Stored]]) -> None:
    """Publish a file.

    Raises:
        ServiceUnavailable: this machine cannot write it now, which is no fault of the job.
        SaysoError: as `Storage.publish`.
    """
    try:
        await publish()
    except OutputFailed as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in _OF_THE_MACHINE:
            raise ServiceUnavailable(f"This worker cannot publish: {error.message}", hint=error.hint) from error
        raise
