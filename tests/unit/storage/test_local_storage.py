"""The local storage: nothing partial is ever left, and nothing appears after it was given up."""

from __future__ import annotations

import asyncio
import os
import re
import resource
import stat
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from sayso.errors import InvalidInput, OutputChanged, OutputFailed, ServiceUnavailable
from sayso.storage import LinkSigner, LocalStorage, Root, SignedFiles, uri_within
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from sayso.storage import Stored


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "finished.mp3"
    path.write_bytes(bytes(3 * 2**20))
    return path


def storage_in(root: Path, *, group_reads: bool = False) -> LocalStorage:
    return LocalStorage(SignedFiles(root=Root(root), signer=LinkSigner([b"secret"])), group_reads=group_reads)


async def publish(
    root: Path, source: Path, name: str = "a.mp3", over: str | None = None, *, group_reads: bool = False
) -> None:
    uri = uri_within(root.as_uri(), "story", name)
    await storage_in(root, group_reads=group_reads).publish(source, uri, content_type="audio/mpeg", over=over)


def files(root: Path) -> list[str]:
    """The names of what is there, but for the lock."""
    return sorted(path.name for path in root.rglob("*") if path.is_file() and path.name != ".sayso-lock")


@contextmanager
def little_space(size_bytes: int) -> Iterator[None]:
    """No file grows beyond this size."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_no_space_leaves_nothing(root: Path, source: Path) -> None:
    """A file that does not fit is an error that says so, and neither it nor a part of it is left."""
    with little_space(2**20), pytest.raises(OutputFailed, match="File too large"):
        await publish(root, source)
    assert files(root) == []


async def test_a_directory_in_the_way_is_an_error(root: Path, source: Path) -> None:
    """Where a directory has the name, or a file has a directory's, nothing is found, written or left."""
    (root / "story" / "a.mp3").mkdir(parents=True)
    (root / "story" / "b").write_text("a file")
    for names in ("a.mp3", "b/c.mp3"):
        uri = f"{root.as_uri()}/story/{names}"
        assert await storage_in(root).find(uri) is None
        with pytest.raises(OutputFailed):
            await storage_in(root).publish(source, uri, content_type="audio/mpeg", over=None)
    assert files(root) == ["b"]


async def test_what_a_killed_writer_left_goes_with_the_next_publication(root: Path, source: Path) -> None:
    """A half-written copy of a process that was killed is removed; one whose writer lives is not."""
    (root / "story").mkdir(parents=True)
    hang = f"""
import fcntl, time
from sayso.storage.local import _hidden
from pathlib import Path
with _hidden(Path({str(root / "story")!r}), group_reads=False) as (path, copy):
    copy.write(b"half")
    copy.flush()
    print("ready", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", hang], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"ready\n"
        await publish(root, source, "a.mp3")
        assert len(files(root)) == 2
        writer.kill()
        writer.wait()
    await publish(root, source, "b.mp3")
    assert files(root) == ["a.mp3", "b.mp3"]


@asynccontextmanager
async def publishing(root: Path, pipe: Path) -> AsyncIterator[tuple[asyncio.Task[Stored], Callable[[], None]]]:
    """A publication that has begun, of a file without end, and what gives it one."""
    os.mkfifo(pipe)
    uri = uri_within(root.as_uri(), "story", "a.mp3")
    task = asyncio.create_task(storage_in(root).publish(pipe, uri, content_type="audio/mpeg", over=None))
    with await asyncio.to_thread(pipe.open, "wb") as end:
        end.write(b"a beginning")
        end.flush()
        await until(lambda: bool(files(root)))
        yield task, end.close


async def test_what_was_given_up_does_not_appear_later(root: Path, tmp_path: Path) -> None:
    """A publication that is cancelled ends when its thread has stopped, and nothing is there then."""

    async with publishing(root, tmp_path / "pipe") as (task, end):
        task.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not task.done()
        end()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert files(root) == []


async def test_what_is_there_is_looked_at_under_the_lock(root: Path, tmp_path: Path) -> None:
    """Whoever holds the directory's lock may write, and a publication that comes after sees it."""
    async with publishing(root, tmp_path / "pipe") as (task, end):
        with FileLock(root / "story" / ".sayso-lock"):
            end()
            await asyncio.wait([task], timeout=0.05)  # it has long come to the lock by then
            assert files(root) != ["a.mp3"]
            (root / "story" / "a.mp3").write_text("another's")
        with pytest.raises(OutputChanged):
            await task
    assert (root / "story" / "a.mp3").read_text() == "another's"


async def test_a_file_that_somebody_else_changed_has_another_version(root: Path, source: Path) -> None:
    """The version and the checksum are those of what is there, whoever wrote it."""
    await publish(root, source)
    storage, path = storage_in(root), root / "story" / "a.mp3"
    before = await storage.find(path.as_uri())
    path.write_bytes(b"another")
    after = await storage.find(path.as_uri())
    assert before is not None
    assert after is not None
    assert before.version != after.version
    assert before.sha256 != after.sha256


def modes(root: Path) -> dict[str, int]:
    """The permissions of a root and of everything below it."""
    return {
        path.relative_to(root.parent).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in (root, *root.rglob("*"))
    }


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022, 0o077])
async def test_what_is_published_is_its_owners(root: Path, source: Path, umask: int) -> None:
    """Files, directories and locks are closed to other users whatever the umask is."""
    before = os.umask(umask)
    try:
        await publish(root, source)
    finally:
        os.umask(before)
    private = {"root": 0o700, "root/story": 0o700, "root/story/a.mp3": 0o600, "root/story/.sayso-lock": 0o600}
    assert modes(root) == private


async def test_a_group_reads_where_it_is_allowed_to(root: Path, source: Path) -> None:
    """With the setting the group may read what is published, whatever the umask is, but lock nothing."""
    before = os.umask(0o077)
    try:
        await publish(root, source, group_reads=True)
    finally:
        os.umask(before)
    shared = {"root": 0o750, "root/story": 0o750, "root/story/a.mp3": 0o640, "root/story/.sayso-lock": 0o600}
    assert modes(root) == shared


async def test_a_lock_that_was_open_to_others_is_closed(root: Path, source: Path) -> None:
    """A lock file that an earlier version left readable is private after the next publication."""
    (root / "story").mkdir(parents=True)
    (root / "story" / ".sayso-lock").touch(0o644)
    await publish(root, source)
    assert modes(root)["root/story/.sayso-lock"] == 0o600


async def test_a_disk_that_fails_is_a_service_that_may_come_back(root: Path, source: Path) -> None:
    """A file that is there and cannot be read is neither absent nor the caller's mistake."""
    storage = storage_in(root)
    uri = uri_within(root.as_uri(), "story", "a.mp3")
    await storage.publish(source, uri, content_type="audio/mpeg", over=None)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        with pytest.raises(ServiceUnavailable):
            await storage.find(uri)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_what_was_written_under_another_root_is_found_where_the_directory_is_now(
    root: Path, source: Path
) -> None:
    """A data directory that was moved keeps its narrations: only files of the names that move are looked for here."""
    moved = re.compile(r"/narrations/[a-z]+/narration\.[a-z0-9]+\Z")
    storage = LocalStorage(SignedFiles(root=Root(root, moved=moved), signer=LinkSigner([b"secret"])))
    old = "file:///before/output/narrations/nar/narration.mp3"

    uri = f"{root.as_uri()}/narrations/nar/narration.mp3"
    await storage.publish(source, uri, content_type="audio/mpeg", over=None)
    assert (await storage.link(old, seconds=60, file_name="a.mp3")).startswith("/files/narrations/nar/")
    assert await storage.find(old) is not None
    await storage.delete(old)
    assert await storage.find(uri) is None
    for other in ("file:///before/output/a.mp3", "file:///x/narrations/nar/narration.mp3/y", "file:///etc/passwd"):
        with pytest.raises(InvalidInput):
            await storage.find(other)


async def test_a_directory_goes_with_its_last_file(root: Path, source: Path) -> None:
    """Its lock and what a killed writer left are no reason to stay; another file is, and the root never goes."""
    await publish(root, source, "a.mp3")
    await publish(root, source, "b.mp3")
    (root / "story" / ".sayso-left.part").touch()
    first, second = (uri_within(root.as_uri(), "story", name) for name in ("a.mp3", "b.mp3"))
    assert await storage_in(root).delete(first) == 1
    assert files(root) == ["b.mp3"]
    assert await storage_in(root).delete(first, second) == 1
    assert list(root.iterdir()) == []
    assert await storage_in(root).delete(uri_within(root.as_uri(), "c.mp3")) == 0
    assert root.exists()


async def test_a_directory_that_is_empty_already_goes_too(root: Path) -> None:
    """A process may have died between the last file and its directory."""
    (root / "story").mkdir(parents=True)
    (root / "story" / ".sayso-lock").touch()
    assert await storage_in(root).delete(uri_within(root.as_uri(), "story", "a.mp3")) == 0
    assert not (root / "story").exists()
