"""The judges of the scene of model sync see what they are there to see."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from chaos.sync.bucket import signed
from chaos.sync.judge import Outside, closed_directories, differences, remains
from chaos.sync.reader import Reader

if TYPE_CHECKING:
    from pathlib import Path

SET = {name: signed((7).to_bytes(8, "big") + name.encode()) for name in ("one.bin", "two.bin")}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A volume with a file, and a set behind a link."""
    root = tmp_path / "models"
    version = root / ".sayso/sets/a/v1"
    version.mkdir(parents=True)
    (root / "files").mkdir()
    (root / "files/a.bin").write_bytes(signed(b"content"))
    for name, content in SET.items():
        (version / name).write_bytes(content)
    (root / "set").symlink_to(".sayso/sets/a/v1")
    return root


@pytest.fixture
def reader(root: Path) -> Reader:
    return Reader(base=root, hold_seconds=0.0, reads_sets=True)


def test_a_volume_that_differs_is_seen(root: Path) -> None:
    wanted = {"files/a.bin": signed(b"content"), **{f"set/{name}": content for name, content in SET.items()}}
    assert differences(root, wanted) == []
    assert len(differences(root, {**wanted, "files/a.bin": b"other", "files/b.bin": b"missing"})) == 2
    (root / "files/more.bin").write_bytes(b"more")
    assert len(differences(root, wanted)) == 1
    assert differences(root, wanted, ignored={"files/more.bin"}) == []


def test_what_is_left_and_what_is_closed_is_seen(root: Path) -> None:
    assert list(remains(root)) == []
    assert list(closed_directories(root)) == []
    (root / "files/.a.bin.sayso-0123456789abcdef.partial").write_bytes(b"half")
    (root / ".sayso/probe-0123").mkdir()
    (root / "files").chmod(0o700)
    assert len(list(remains(root))) == 2
    assert len(list(closed_directories(root))) == 1


def test_what_is_written_outside_is_seen(root: Path) -> None:
    outside = Outside(root.parent, "sayso-token")
    assert outside.written() == []
    (outside.trap / "x.bin").write_bytes(b"x")
    (root.parent / "sayso-token-up.bin").write_bytes(b"x")
    assert len(outside.written()) >= 2


def test_a_reader_sees_nothing_wrong_where_nothing_is(reader: Reader) -> None:
    for _ in range(20):
        reader.look()
    assert reader.wrong == {}
    assert reader.counts["reads"] > 0
    assert reader.counts["mapped"] > 0
    assert reader.counts["sets"] > 0


@pytest.mark.parametrize("content", [signed(b"content")[:-1], signed(b"content")[:-1] + b"!", b"", bytes(100)])
def test_a_reader_sees_a_partial_or_corrupt_file(reader: Reader, root: Path, content: bytes) -> None:
    (root / "files/a.bin").write_bytes(content)
    reader.look()
    assert any("partial or corrupt" in what for what in reader.wrong)


def test_a_reader_sees_a_mixed_set_and_a_link_to_nowhere(reader: Reader, root: Path) -> None:
    reader.hold_seconds = 1000.0
    reader.look()
    version = root / ".sayso/sets/a/v1"
    (version / "one.bin").write_bytes(signed((8).to_bytes(8, "big")))
    reader.look()
    assert any("mixed set" in what for what in reader.wrong)
    reader.wrong.clear()
    for path in version.iterdir():
        path.unlink()
    version.rmdir()
    reader.look()
    assert "the link of a set leads nowhere" in reader.wrong


def test_a_reader_sees_a_file_that_changes_while_it_is_mapped(reader: Reader, root: Path) -> None:
    reader.hold_seconds = 1000.0
    while not reader.held:
        reader.look()
    for path in root.glob("*/*.bin"):
        with path.open("r+b") as stream:
            stream.seek(-1, os.SEEK_END)
            stream.write(b"!")
    reader.look()
    assert any("changed while it was mapped" in what for what in reader.wrong)
