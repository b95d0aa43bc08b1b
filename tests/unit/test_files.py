"""Files appear complete or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from sayso.errors import NotText, OutputFailed
from sayso.files import create_private, decode_prose, decode_text, make_private_directory, private_lock, replacing


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


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o277])
def test_what_is_private_is_its_owners(tmp_path: Path, umask: int) -> None:
    """Directories with all that were missing above them, files and locks: whatever the umask is."""
    before = os.umask(umask)
    try:
        make_private_directory(tmp_path / "a" / "b")
        with create_private(tmp_path / "a" / "file"), private_lock(tmp_path / "a" / "lock"):
            pass
        with replacing(tmp_path / "a" / "replaced", private=True):
            pass
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "a").iterdir()}
    assert modes == {"b": 0o700, "file": 0o600, "lock": 0o600, "replaced": 0o600}
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


def test_a_directory_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    """Somebody may have opened it to others on purpose; a file in its place is an error."""
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    make_private_directory(tmp_path / "open")
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o755
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        make_private_directory(tmp_path / "file")
    with pytest.raises(NotADirectoryError):
        make_private_directory(tmp_path / "file" / "below")


def test_another_user_cannot_hold_a_lock(tmp_path: Path) -> None:
    """Not even one whose file an earlier version left open to all."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    tmp_path.chmod(0o755)
    path = tmp_path / "lock"
    path.touch(0o644)
    path.chmod(0o644)
    hold = "import fcntl, os, sys; os.setuid(65534); fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX)"
    stranger = [sys.executable, "-c", hold, str(path)]
    private_lock(path)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o011)
    refused = subprocess.run(stranger, capture_output=True, text=True, check=False)
    assert "PermissionError" in refused.stderr


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html><p>Hello</p>",
        "\ufeff\n  <HTML lang=en>",
        "<!-- made by a -- program -->\n<html>",
        '<?xml version="1.0"?>\n<!-- x --><rss version="2.0">',
        "<head><title>x</title>",
        "%PDF-1.7",
        "{\\rtf1 Hello}",
    ],
)
def test_a_web_page_is_no_text_to_read_aloud(text: str) -> None:
    """Its tags would be read too: what is taken is said in its place."""
    with pytest.raises(NotText) as caught:
        decode_prose(text.encode(), "page")
    assert "Markdown" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "text", ["<div align=center>\n\n# Title", "# <html> explained", "<!-- a note -->\nIt was late.", "<headline>", ""]
)
def test_a_text_that_begins_with_a_tag_may_be_markdown(text: str) -> None:
    """Only what begins as web pages do is one."""
    assert decode_prose(text.encode(), "text") == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_text_in_another_unicode_encoding_is_named(encoding: str) -> None:
    """By its byte order mark, as Windows writes it; what is advised gives back the text."""
    data = ("" if encoding in {"utf-16", "utf-32"} else "\ufeff") + "héllo"
    with pytest.raises(NotText) as caught:
        decode_text(data.encode(encoding), "a.txt")
    name = encoding.upper()[:6]
    assert caught.value.message == f"a.txt is not UTF-8 but {name}"
    assert caught.value.hint == f"Convert it, for example with: iconv -f {name} -t utf-8"
    assert data.encode(encoding).decode(name) == "héllo"  # as iconv reads it
