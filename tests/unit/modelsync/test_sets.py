"""Sets of files are swapped at once; old versions stay, and nothing foreign is replaced."""

from __future__ import annotations

import errno
import os
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import InvalidInput, OutputFailed
from sayso.modelsync.errors import PathBlocked
from sayso.modelsync.transfers.partial_files import new_temporary, sweep_partials
from sayso.modelsync.volume import sets
from sayso.modelsync.volume.capabilities import Abilities, probe_volume
from sayso.modelsync.volume.directories import VolumeRoot
from sayso.modelsync.volume.publish import Publisher
from sayso.modelsync.volume.sets import SetStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX = "essential/bert/"
FILES = ("config.json", "weights/1.bin", "weights/2.bin")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[VolumeRoot]:
    with VolumeRoot(tmp_path) as opened:
        yield opened


@pytest.fixture
def abilities(root: VolumeRoot) -> Abilities:
    return probe_volume(root)


@pytest.fixture
def store(root: VolumeRoot, abilities: Abilities) -> SetStore:
    return SetStore(root, abilities, Publisher(root, abilities))


def put_together(root: VolumeRoot, store: SetStore, version: str, prefix: str = PREFIX) -> None:
    """A version whose files all contain its name."""
    for relative in FILES:
        temporary, opened = new_temporary(root, f"{store.building(prefix, version)}/{relative}")
        os.write(opened, version.encode())
        os.close(opened)
        store.add(prefix, version, relative, temporary)


def seen(path: Path) -> dict[str, str]:
    """What a reader of the set sees."""
    return {relative: (path / PREFIX / relative).read_text() for relative in FILES}


def test_what_a_killed_process_has_left_in_a_version_does_not_hinder_it(
    root: VolumeRoot, store: SetStore, tmp_path: Path
) -> None:
    """It was killed while it fetched a file of the same version."""
    for relative in FILES:
        os.close(new_temporary(root, f"{store.building(PREFIX, 'v1')}/{relative}")[1])
    put_together(root, store, "v1")
    store.publish(PREFIX, "v1", FILES)
    assert seen(tmp_path) == dict.fromkeys(FILES, "v1")
    assert sorted(path.name for path in tmp_path.rglob("*.partial")) == []


def test_a_set_is_swapped_at_once_and_old_versions_stay(root: VolumeRoot, store: SetStore, tmp_path: Path) -> None:
    """The link is relative, so that the volume may be mounted anywhere."""
    for version in ("v1", "v2", "v3", "v4"):
        put_together(root, store, version)
        store.publish(PREFIX, version, FILES)
        assert seen(tmp_path) == dict.fromkeys(FILES, version)
        assert store.current(PREFIX) == version
    link = tmp_path / "essential/bert"
    assert link.is_symlink()
    assert not link.readlink().is_absolute()
    assert store.versions(PREFIX) == ["v1", "v2", "v3", "v4"]
    assert store.prune(PREFIX, keep=2) == ["v1"]
    assert store.versions(PREFIX) == ["v2", "v3", "v4"]
    moved = tmp_path.rename(tmp_path.with_name("elsewhere"))
    assert seen(moved) == dict.fromkeys(FILES, "v4")


def test_versions_that_were_never_published_are_removed_first(root: VolumeRoot, store: SetStore) -> None:
    """They were completed before a crash; the version before is the one that readers have open."""
    put_together(root, store, "v1")
    store.publish(PREFIX, "v1", FILES)
    for version in ("x1", "x2"):
        put_together(root, store, version)
        with pytest.raises(OutputFailed):
            store.publish(PREFIX, version, FILES, before=_crash)
    put_together(root, store, "v2")
    store.publish(PREFIX, "v2", FILES)
    assert store.prune(PREFIX, keep=1, published=["v1", "v2"]) == ["x1", "x2"]
    assert store.versions(PREFIX) == ["v1", "v2"]


def _crash() -> None:
    raise OutputFailed("The process ends here.")


@pytest.mark.parametrize("prefix", ["bert/", "a/b/c/d/"])
def test_a_set_may_be_at_any_depth(root: VolumeRoot, store: SetStore, tmp_path: Path, prefix: str) -> None:
    """Its link leads to the same place."""
    put_together(root, store, "v1", prefix)
    store.publish(prefix, "v1", FILES)
    assert (tmp_path / prefix / "config.json").read_text() == "v1"


def test_a_reader_that_resolves_the_link_once_sees_one_version(
    root: VolumeRoot, store: SetStore, tmp_path: Path
) -> None:
    """While versions are swapped all the time."""
    put_together(root, store, "0")
    store.publish(PREFIX, "0", FILES)
    ended = threading.Event()
    mixed: list[set[str]] = []

    def read() -> None:
        while not ended.is_set():
            directory = (tmp_path / PREFIX).resolve()
            found = {(directory / relative).read_text() for relative in FILES}
            if len(found) != 1:
                mixed.append(found)

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 40):
        put_together(root, store, str(number))
        store.publish(PREFIX, str(number), FILES)
    ended.set()
    reader.join()
    assert mixed == []


def test_an_unchanged_file_is_linked(root: VolumeRoot, store: SetStore, tmp_path: Path) -> None:
    """Not fetched, and not stored twice."""
    put_together(root, store, "v1")
    store.publish(PREFIX, "v1", FILES)
    put_together(root, store, "v2")
    before = f"{store.building(PREFIX, 'v1').replace('building-', '')}/config.json"
    assert store.reuse(PREFIX, "v2", "config.json", before)
    assert not store.reuse(PREFIX, "v2", "weights/1.bin", "no/such/file")
    assert not store.reuse(PREFIX, "v2", "weights/1.bin", "essential/bert/config.json"), "over a link"
    store.publish(PREFIX, "v2", FILES)
    assert (tmp_path / PREFIX / "config.json").read_text() == "v1"
    assert (tmp_path / PREFIX / "config.json").stat().st_nlink == 2


def test_an_incomplete_version_is_not_published(root: VolumeRoot, store: SetStore, tmp_path: Path) -> None:
    """A file is missing, or there is one too many."""
    put_together(root, store, "v1")
    with pytest.raises(OutputFailed, match="another"):
        store.publish(PREFIX, "v1", [*FILES, "another"])
    with pytest.raises(OutputFailed, match="incomplete"):
        store.publish(PREFIX, "v1", FILES[1:])
    assert not (tmp_path / PREFIX).exists()
    assert store.current(PREFIX) is None


def test_a_version_is_published_again_after_a_crash(
    root: VolumeRoot, store: SetStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it stopped: before the version had its name, before the swap, after it."""
    put_together(root, store, "v1")

    def crash() -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sets, "sync_tree", lambda *_: crash())
        with pytest.raises(KeyboardInterrupt):
            store.publish(PREFIX, "v1", FILES)
    with pytest.raises(KeyboardInterrupt):
        store.publish(PREFIX, "v1", FILES, before=crash)
    assert store.versions(PREFIX) == ["v1"]
    for _ in range(2):
        store.publish(PREFIX, "v1", FILES)
        assert seen(tmp_path) == dict.fromkeys(FILES, "v1")


def test_a_real_directory_is_exchanged_and_kept_for_a_while(
    root: VolumeRoot, store: SetStore, abilities: Abilities, tmp_path: Path
) -> None:
    """If all of its files are of the set; readers that have them open keep them."""
    if not abilities.exchanges:
        pytest.skip("this file system cannot exchange entries")
    (tmp_path / PREFIX / "weights").mkdir(parents=True)
    (tmp_path / PREFIX / "config.json").write_text("before")
    put_together(root, store, "v1")
    store.publish(PREFIX, "v1", FILES)
    assert seen(tmp_path) == dict.fromkeys(FILES, "v1")
    kept = next((tmp_path / ".sayso/old").iterdir())
    assert (kept / "config.json").read_text() == "before"
    assert os.listdir(tmp_path / "essential") == ["bert"]  # noqa: PTH208


@pytest.mark.parametrize("kind", ["file", "foreign", "no exchange"])
def test_what_is_in_the_place_of_a_set_is_not_replaced_if_it_is_not_of_it(
    root: VolumeRoot, store: SetStore, abilities: Abilities, tmp_path: Path, kind: str
) -> None:
    """A file, a directory with files of others, or one that the volume cannot exchange: it is said, and stays."""
    place = tmp_path / "essential/bert"
    if kind == "file":
        place.parent.mkdir()
        place.write_text("kept")
    else:
        place.mkdir(parents=True)
        (place / ("own.txt" if kind == "foreign" else "config.json")).write_text("kept")
    if kind == "no exchange":
        store = SetStore(root, replace(abilities, exchanges=False), Publisher(root, abilities))
    put_together(root, store, "v1")
    with pytest.raises(PathBlocked):
        store.publish(PREFIX, "v1", FILES)
    kept = place if kind == "file" else next(place.iterdir())
    assert kept.read_text() == "kept"


def test_a_swap_that_fails_leaves_the_old_version(
    root: VolumeRoot, store: SetStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And no temporary link."""
    put_together(root, store, "v1")
    store.publish(PREFIX, "v1", FILES)
    put_together(root, store, "v2")
    rename = os.rename

    def fail(source: str, target: str, **options: Any) -> None:
        if target == "bert":
            raise OSError(errno.EIO, "Input/output error")
        rename(source, target, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fail)
        with pytest.raises(OutputFailed, match="Input/output error"):
            store.publish(PREFIX, "v2", FILES)
    assert seen(tmp_path) == dict.fromkeys(FILES, "v1")
    assert os.listdir(tmp_path / "essential") == ["bert"]  # noqa: PTH208


def test_a_foreign_link_is_no_version_of_ours(root: VolumeRoot, store: SetStore, tmp_path: Path) -> None:
    """It is replaced by the first version, and what it led to stays."""
    (tmp_path / "essential").mkdir()
    (tmp_path / "foreign").mkdir()
    (tmp_path / "essential/bert").symlink_to("../foreign")
    assert store.current(PREFIX) is None
    put_together(root, store, "v1")
    store.publish(PREFIX, "v1", FILES)
    assert store.current(PREFIX) == "v1"
    assert (tmp_path / "foreign").is_dir()


def test_versions_that_were_never_completed_are_removed(root: VolumeRoot, store: SetStore) -> None:
    """Unless they are put together now."""
    for version in ("v1", "v2"):
        put_together(root, store, version)
    assert store.prune(PREFIX, keep=1, active={"v2"}) == ["building-v1"]
    store.publish(PREFIX, "v2", FILES)


@pytest.mark.parametrize("version", ["", "..", "a/b", ".hidden", "building-x", "é", "v" * 101])
def test_a_version_has_a_plain_name(store: SetStore, version: str) -> None:
    """It becomes the name of a directory."""
    with pytest.raises(InvalidInput):
        store.building(PREFIX, version)


def test_the_directory_that_a_crash_left_at_a_temporary_name_is_swept(root: VolumeRoot, tmp_path: Path) -> None:
    """After the exchange, and before it was moved away."""
    left = tmp_path / "essential/.bert.sayso-0123456789abcdef.partial"
    (left / "weights").mkdir(parents=True)
    (left / "weights/1.bin").write_text("old")
    (left / "config.json").write_text("old")
    assert sweep_partials(root) == ["essential/.bert.sayso-0123456789abcdef.partial"]
    assert not left.exists()


def test_a_volume_without_links_says_so(root: VolumeRoot, abilities: Abilities) -> None:
    """Then the files are published one by one."""
    limited = SetStore(root, replace(abilities, symlinks=False, hard_links=False), Publisher(root, abilities))
    assert not limited.is_supported
    assert not limited.reuse(PREFIX, "v1", "config.json", "config.json")
