"""Files are published whole, durably, and with the old ones kept for a while."""

from __future__ import annotations

import errno
import mmap
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import OutputFailed
from sayso.modelsync.errors import PathBlocked
from sayso.modelsync.transfers.partial_files import new_temporary
from sayso.modelsync.volume import durability
from sayso.modelsync.volume.capabilities import Abilities, probe_volume
from sayso.modelsync.volume.directories import VolumeRoot
from sayso.modelsync.volume.publish import Publisher, Ready
from sayso.modelsync.volume.system_calls import sync_file_system

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Iterator[VolumeRoot]:
    with VolumeRoot(tmp_path) as opened:
        yield opened


@pytest.fixture
def abilities(root: VolumeRoot) -> Abilities:
    return probe_volume(root)


def fetched(root: VolumeRoot, path: str, content: bytes) -> Ready:
    """A file as a transfer leaves it."""
    temporary, opened = new_temporary(root, path)
    os.write(opened, content)
    os.close(opened)
    return Ready(temporary=temporary, path=path)


def old_files(path: Path) -> list[bytes]:
    """What is kept of replaced files."""
    directory = path / ".sayso/old"
    return [each.read_bytes() for each in directory.iterdir()] if directory.exists() else []


@pytest.mark.parametrize("count", [1, 40])
def test_a_group_is_published_in_the_right_order(
    root: VolumeRoot, abilities: Abilities, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """Content durable, intents, renames, directories durable, done: each before the next."""
    steps: list[str] = []
    fsync, syncfs, rename = os.fsync, sync_file_system, os.rename

    def record(step: str) -> None:
        if not steps or steps[-1] != step:
            steps.append(step)

    def synced(descriptor: int) -> None:
        record("directory" if os.path.isdir(f"/proc/self/fd/{descriptor}") else "content")  # noqa: PTH112
        fsync(descriptor)

    def synced_all(descriptor: int) -> None:
        record("content")
        syncfs(descriptor)

    def renamed(*arguments: Any, **options: Any) -> None:
        record("rename")
        rename(*arguments, **options)

    files = [fetched(root, f"a/b/{number}", str(number).encode()) for number in range(count)]
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(durability, "sync_file_system", synced_all)
    monkeypatch.setattr(os, "rename", renamed)
    results = Publisher(root, abilities).publish(
        files, before=lambda _: record("intents"), after=lambda _: record("done")
    )
    assert steps == ["content", "intents", "rename", "directory", "done"]
    assert [result.error for result in results] == [None] * count
    assert {each.name: each.read_bytes() for each in (tmp_path / "a/b").iterdir()} == {
        str(number): str(number).encode() for number in range(count)
    }


def test_a_replaced_file_stays_for_a_grace_period(root: VolumeRoot, abilities: Abilities, tmp_path: Path) -> None:
    """Under another name, as the same file, so that a reader on another machine keeps it."""
    now = [1000.0]
    publisher = Publisher(root, abilities, grace_seconds=60, clock=lambda: now[0])
    publisher.publish([fetched(root, "model", b"one")])
    inode = (tmp_path / "model").stat().st_ino
    publisher.publish([fetched(root, "model", b"two")])
    assert (tmp_path / "model").read_bytes() == b"two"
    assert [each.stat().st_ino for each in (tmp_path / ".sayso/old").iterdir()] == [inode]
    now[0] = 1059
    assert publisher.sweep_old() == 0
    now[0] = 1060
    assert publisher.sweep_old() == 1
    assert old_files(tmp_path) == []


@pytest.mark.parametrize("code", [errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP])
def test_a_file_that_cannot_be_kept_is_replaced_all_the_same(
    root: VolumeRoot, abilities: Abilities, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """It is another user's, or the volume has no links."""

    def refuse(*_arguments: Any, **_options: Any) -> None:
        raise OSError(code, os.strerror(code))

    publisher = Publisher(root, abilities)
    publisher.publish([fetched(root, "model", b"one")])
    monkeypatch.setattr(os, "link", refuse)
    assert publisher.publish([fetched(root, "model", b"two")])[0].error is None
    assert (tmp_path / "model").read_bytes() == b"two"


def test_without_a_grace_period_or_links_nothing_is_kept(
    root: VolumeRoot, abilities: Abilities, tmp_path: Path
) -> None:
    """By the settings, or by the volume."""
    for publisher in (
        Publisher(root, abilities, grace_seconds=0),
        Publisher(root, replace(abilities, hard_links=False)),
    ):
        publisher.publish([fetched(root, "model", b"one")])
        publisher.publish([fetched(root, "model", b"two")])
    assert old_files(tmp_path) == []


def test_a_directory_in_the_way_blocks_one_file_only(root: VolumeRoot, abilities: Abilities, tmp_path: Path) -> None:
    """The others are published; its temporary file is removed."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b/foreign").write_bytes(b"kept")
    done: list[str] = []

    def after(files: Sequence[Ready]) -> None:
        done.extend(ready.path for ready in files)

    files = [fetched(root, name, b"x") for name in ("a", "b", "c")]
    results = Publisher(root, abilities).publish(files, after=after)
    assert [type(result.error) for result in results] == [type(None), PathBlocked, type(None)]
    assert done == ["a", "c"]
    assert (tmp_path / "b/foreign").read_bytes() == b"kept"
    assert not (tmp_path / files[1].temporary).exists()


def test_a_symbolic_link_in_the_way_is_replaced_itself(root: VolumeRoot, abilities: Abilities, tmp_path: Path) -> None:
    """Its target stays as it is."""
    (tmp_path / "target").write_bytes(b"kept")
    (tmp_path / "model").symlink_to("target")
    Publisher(root, abilities).publish([fetched(root, "model", b"new")])
    assert (tmp_path / "target").read_bytes() == b"kept"
    assert not (tmp_path / "model").is_symlink()


def test_a_disk_that_fails_publishes_nothing(
    root: VolumeRoot, abilities: Abilities, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Content that is not durable never replaces a file."""
    publisher = Publisher(root, abilities)
    publisher.publish([fetched(root, "model", b"one")])
    ready = fetched(root, "model", b"two")

    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    called: list[object] = []
    with pytest.raises(OutputFailed, match="Input/output error"):
        publisher.publish([ready], before=called.append)
    assert called == []
    assert (tmp_path / "model").read_bytes() == b"one"


def test_a_volume_that_cannot_sync_publishes_all_the_same(
    root: VolumeRoot, abilities: Abilities, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its mode says so."""

    def refuse(_descriptor: int) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "fsync", refuse)
    limited = replace(abilities, syncs_files=False, syncs_directories=False)
    assert Publisher(root, limited).publish([fetched(root, "model", b"one")])[0].error is None
    assert (tmp_path / "model").read_bytes() == b"one"


def test_readers_see_whole_files_only(root: VolumeRoot, abilities: Abilities, tmp_path: Path) -> None:
    """A reader that opens and maps the file while it is replaced sees one content from end to end."""
    contents = [bytes([number]) * 30_000 for number in range(60)]
    publisher = Publisher(root, abilities)
    publisher.publish([fetched(root, "model", contents[0])])
    ended = threading.Event()
    bad: list[set[int]] = []

    def read() -> None:
        while not ended.is_set():
            with (
                (tmp_path / "model").open("rb") as stream,
                mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            ):
                seen = set(mapped[:])
                if len(seen) != 1 or len(mapped) != 30_000:
                    bad.append(seen)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for content in contents[1:]:
        publisher.publish([fetched(root, "model", content)])
    ended.set()
    for reader in readers:
        reader.join()
    assert bad == []
