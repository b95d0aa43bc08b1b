"""A file is published over the version that was known, by the worker that still has the job, and only once."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sayso.errors import InvalidInput, LeaseLost, OutputFailed, ResourceMissing, ServiceUnavailable
from sayso.files import digest_of
from sayso.resilience.retry_policies import RetryPolicy
from sayso.storage import Storages
from sayso.testing.storage import InMemoryStorage
from sayso.workers import FilePublisher

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from sayso.storage import Stored

URI = "s3://bucket/key.mp3"
QUICK = RetryPolicy(first_seconds=0.001, longest_seconds=0.001)


class FailingStorage(InMemoryStorage):
    """A storage that cannot write, as a directory has it; the first so many times, or for ever."""

    def __init__(self, cause: OSError | None, *, times: int | None = None) -> None:
        super().__init__()
        self.failures = 0
        self._cause = cause
        self._times = times

    async def publish(
        self, path: Path, uri: str, *, content_type: str, over: str | None, sha256: str | None = None
    ) -> Stored:
        if self.failures != self._times:
            self.failures += 1
            raise OutputFailed(f"Cannot write {uri}: {self._cause}.") from self._cause
        return await super().publish(path, uri, content_type=content_type, over=over, sha256=sha256)


class Confirmations:
    """Counts confirmations of the lease, and acts at each."""

    def __init__(self, action: Callable[[], Awaitable[object]] | None = None) -> None:
        self.count = 0
        self._action = action

    async def __call__(self) -> None:
        self.count += 1
        if self._action is not None:
            await self._action()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "narration.mp3"
    path.write_bytes(b"ours")
    return path


@pytest.fixture
def other(tmp_path: Path) -> Path:
    path = tmp_path / "other.mp3"
    path.write_bytes(b"another worker's")
    return path


async def publish(
    storage: InMemoryStorage,
    file: Path,
    confirm: Confirmations,
    *,
    between: Callable[[], Awaitable[object]] | None = None,
) -> None:
    """Note the version, let something happen, and publish the file."""
    publisher = FilePublisher(Storages({"s3": storage}), confirm)
    await publisher.note_versions([URI])
    if between is not None:
        await between()
    await publisher.publish(file, URI)


def put(storage: InMemoryStorage, path: Path) -> Callable[[], Awaitable[Stored]]:
    """What writes a file over whatever is there."""

    async def write() -> Stored:
        found = await storage.find(URI)
        over = None if found is None else found.version
        return await storage.publish(path, URI, content_type="audio/mpeg", over=over)

    return write


async def test_a_new_file_is_published_after_one_confirmation(file: Path) -> None:
    """The lease is confirmed right before, and the media type is that of the suffix."""
    storage, confirm = InMemoryStorage(), Confirmations()
    await publish(storage, file, confirm)
    assert (storage.files[URI].content, storage.files[URI].content_type) == (b"ours", "audio/mpeg")
    assert confirm.count == 1


async def test_the_storage_is_given_the_checksum(file: Path) -> None:
    """It was computed to compare the file with the one that is there: no file is hashed twice."""
    given = []

    class Storage(InMemoryStorage):
        async def publish(
            self, path: Path, uri: str, *, content_type: str, over: str | None, sha256: str | None = None
        ) -> Stored:
            given.append(sha256)
            return await super().publish(path, uri, content_type=content_type, over=over, sha256=sha256)

    await publish(Storage(), file, Confirmations())
    assert given == [digest_of(file)]


async def test_the_version_that_was_known_is_replaced(file: Path, other: Path) -> None:
    """A file that was there before the work is what the job is to replace."""
    storage = InMemoryStorage()
    await put(storage, other)()
    await publish(storage, file, Confirmations())
    assert storage.files[URI].content == b"ours"


async def test_a_file_with_the_same_content_is_left_alone(file: Path) -> None:
    """It was published by an earlier attempt: it keeps its version, and no lease is needed."""
    storage, confirm = InMemoryStorage(), Confirmations()
    await publish(storage, file, confirm, between=put(storage, file))
    assert storage.files[URI].version == 1
    assert confirm.count == 0


async def test_a_file_that_another_worker_wrote_meanwhile_is_replaced_by_the_holder(file: Path, other: Path) -> None:
    """The lease is confirmed again before the second try."""
    storage, confirm = InMemoryStorage(), Confirmations()
    await publish(storage, file, confirm, between=put(storage, other))
    assert storage.files[URI].content == b"ours"
    assert confirm.count == 2


async def test_nothing_is_written_without_the_lease(file: Path) -> None:
    """A worker that lost its job leaves what is there."""

    async def lost() -> None:
        raise LeaseLost("The job belongs to another worker.")

    storage = InMemoryStorage()
    with pytest.raises(LeaseLost):
        await publish(storage, file, Confirmations(lost))
    assert storage.files == {}


async def test_a_file_that_changes_at_each_try_is_given_up(file: Path, other: Path) -> None:
    """Two workers that both believe to hold the job do not replace each other's file for ever."""
    storage = InMemoryStorage()
    confirm = Confirmations(put(storage, other))
    with pytest.raises(ServiceUnavailable, match="changes whenever"):
        await publish(storage, file, confirm)
    assert confirm.count == 3
    assert storage.files[URI].content == b"another worker's"


async def test_a_place_that_no_storage_has_is_refused_before_the_work() -> None:
    """The job fails at once, and not after it was done."""

    publisher = FilePublisher(Storages({"s3": InMemoryStorage()}), Confirmations())
    with pytest.raises(InvalidInput):
        await publisher.note_versions(["file:///tmp/key.mp3"])


async def test_a_storage_that_is_missing_is_not_waited_for() -> None:
    """The worker waits for it before it takes jobs."""
    storage = InMemoryStorage()

    async def missing(*_: object, **__: object) -> Stored | None:
        raise ResourceMissing("There is no such bucket.")

    storage.find = missing  # type: ignore[method-assign]
    publisher = FilePublisher(Storages({"s3": storage}), Confirmations())
    with pytest.raises(ResourceMissing):
        await publisher.note_versions([URI])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO])
async def test_a_disk_that_cannot_be_written_now_is_waited_for(file: Path, number: int) -> None:
    """A full disk is no fault of the job: its finished files are kept until there is room again."""
    storage = FailingStorage(OSError(number, os.strerror(number)), times=2)
    publisher = FilePublisher(Storages({"s3": storage}), Confirmations(), policy=QUICK)
    await publisher.note_versions([URI])
    await publisher.publish(file, URI)
    assert storage.files[URI].content == b"ours"
    assert storage.failures == 2


async def test_a_disk_that_stays_full_is_no_fault_of_the_job(file: Path) -> None:
    """After the wait the job is released, uncounted."""
    storage = FailingStorage(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    publisher = FilePublisher(Storages({"s3": storage}), Confirmations(), policy=replace(QUICK, attempts=3))
    await publisher.note_versions([URI])
    with pytest.raises(ServiceUnavailable, match="No space left"):
        await publisher.publish(file, URI)


@pytest.mark.parametrize("cause", [OSError(errno.EISDIR, "Is a directory"), None])
async def test_a_place_where_no_file_can_be_fails_the_job(file: Path, cause: OSError | None) -> None:
    """No wait helps a job that names a directory, or a bucket that does not exist."""
    storage = FailingStorage(cause)
    publisher = FilePublisher(Storages({"s3": storage}), Confirmations(), policy=QUICK)
    await publisher.note_versions([URI])
    with pytest.raises(OutputFailed):
        await publisher.publish(file, URI)
    assert storage.failures == 1
