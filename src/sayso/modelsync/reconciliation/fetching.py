"""From objects to downloads, and from downloads to entries of the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.modelsync.journal.values import Stored
from sayso.modelsync.transfers.values import Download

if TYPE_CHECKING:
    from sayso.modelsync.records import RemoteObject
    from sayso.modelsync.transfers.values import Downloaded


def download_of(remote: RemoteObject | None, path: str, *, priority: int = 0) -> Download:
    """The download of an object to a path; the checksums of a manifest are expected of it."""
    if remote is None:
        raise AssertionError("there is an object to be fetched")
    expected = tuple(each for each in remote.checksums if each.is_full_object)
    return Download(remote=remote, path=path, expected=expected, priority=priority)


def stored_of(key: str, downloaded: Downloaded) -> Stored:
    """The entry of the journal for a file that was fetched."""
    remote = downloaded.remote
    return Stored(
        key=key,
        etag=remote.etag,
        version_id=remote.version_id,
        modified_at=remote.modified_at,
        size_bytes=remote.size_bytes,
        checksums=downloaded.checksums,
        is_verified=downloaded.is_verified,
        stat=downloaded.stat,
    )
