"""Files appear complete or not at all."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from sayso.errors import OutputFailed
from sayso.files import replacing


def test_a_file_appears_when_it_is_complete(tmp_path: Path) -> None:
    """Until the block ends, the old content is at the name; afterwards the new, and nothing else is in the folder."""
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    with replacing(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"

    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interrupted_block_leaves_no_trace(tmp_path: Path, error: type[BaseException]) -> None:
    """What was half written is gone, whatever ended the block, and what ended it comes through."""

    def interrupted() -> None:
        with replacing(tmp_path / "a.txt") as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_followed(tmp_path: Path) -> None:
    """A link to a file stays a link; the file it leads to is replaced."""
    target = tmp_path / "target.txt"
    target.write_bytes(b"old")
    link = tmp_path / "link.txt"
    link.symlink_to(target)

    with replacing(link) as file:
        file.write(b"new")

    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    """What is not a file, such as a pipe or a device, receives the bytes and stays what it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()

    with replacing(pipe) as file:
        file.write(b"through")
    reader.join(timeout=10)

    assert received == [b"through"]
    assert pipe.is_fifo()


def test_a_name_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    """The hidden file's name is not longer than the one it stands for."""
    path = tmp_path / ("n" * 255)
    with replacing(path) as file:
        file.write(b"x")
    assert path.read_bytes() == b"x"


@pytest.mark.parametrize("name", ["missing/a.txt", "file/a.txt", "folder", "n" * 300])
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, name: str) -> None:
    """No such directory, a file in its place, a directory at the name: the message has the path, nothing is left."""
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()

    def write() -> None:
        with replacing(tmp_path / name) as file:
            file.write(b"x")

    with pytest.raises(OutputFailed, match=name):
        write()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
def test_a_full_disk_is_reported() -> None:
    """Bytes that found no place raise, also when they were still in a buffer at the end."""

    def write() -> None:
        with replacing(Path("/dev/full")) as file:
            file.write(b"x")

    with pytest.raises(OutputFailed, match="No space left"):
        write()
