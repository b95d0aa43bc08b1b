"""Transfers on a full volume, with a limited bandwidth, and in the order of their priorities."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import OutputFailed
from sayso.modelsync.errors import VolumeFull
from support.aws.object_server import ObjectServer, Reply, object_server
from support.modelsync.transfers import (
    KEY,
    LARGE,
    OPTIONS,
    SMALL,
    content_of,
    files,
    transferring,
    wanted,
)
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_the_reserve_of_the_volume_is_kept(server: ObjectServer, tmp_path: Path, content: bytes) -> None:
    """No file is begun for which there is no space."""
    server.put(KEY, content)
    with (
        transferring(server, tmp_path, replace(OPTIONS, reserve_bytes=2**60)) as transfers,
        pytest.raises(VolumeFull, match="in reserve"),
    ):
        transfers.download(wanted(server))
    assert files(tmp_path) == []


@pytest.mark.parametrize("call", ["pwrite", "open"])
@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_a_full_volume_is_an_error_that_leaves_nothing(
    server: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, call: str
) -> None:
    """Whenever it is noticed; the file that was there stays."""
    server.put(KEY, content)
    (tmp_path / KEY).parent.mkdir(parents=True)
    (tmp_path / KEY).write_bytes(b"old")
    true = getattr(os, call)

    def full(first: Any, *arguments: Any, **options: Any) -> Any:
        if call == "pwrite" or "partial" in str(first):
            raise OSError(errno.ENOSPC, "No space left on device")
        return true(first, *arguments, **options)

    with transferring(server, tmp_path) as transfers:
        monkeypatch.setattr(os, call, full)
        with pytest.raises(VolumeFull, match="no space left"):
            transfers.download(wanted(server))
        monkeypatch.undo()
    assert files(tmp_path) == [KEY]
    assert (tmp_path / KEY).read_bytes() == b"old"


def test_a_directory_that_is_a_link_is_an_error(server: ObjectServer, tmp_path: Path) -> None:
    """Nothing is written outside of the root."""
    server.put("link/file", SMALL)
    (tmp_path / "outside").mkdir()
    (tmp_path / "root").mkdir()
    (tmp_path / "root/link").symlink_to(tmp_path / "outside")
    with transferring(server, tmp_path / "root") as transfers, pytest.raises(OutputFailed, match="symbolic link"):
        transfers.download(wanted(server, "link/file"))
    assert list((tmp_path / "outside").iterdir()) == []


def test_the_bandwidth_is_limited_for_all_together(server: ObjectServer, tmp_path: Path) -> None:
    """Four files of 12,800 bytes at 64,000 bytes a second, of which a quarter of a second may come at once."""
    for number in range(4):
        server.put(str(number), SMALL)
    with transferring(server, tmp_path, replace(OPTIONS, bytes_per_second=64_000)) as transfers:
        handles = [transfers.submit(wanted(server, str(number))) for number in range(4)]
        seconds = max(handle.future.result(60).seconds for handle in handles)
    assert seconds >= (4 * len(SMALL) - 16_000) / 64_000 - 0.05


def test_priorities_come_first(server: ObjectServer, tmp_path: Path) -> None:
    """Before files that were submitted earlier."""
    for number in range(4):
        server.put(str(number), SMALL)
    with transferring(server, tmp_path, replace(OPTIONS, connections=1)) as transfers:
        server.faults.append(Reply(sent_bytes=10, is_hanging=True))
        handles = [transfers.submit(wanted(server, str(n), priority=p)) for n, p in enumerate([0, 2, 2, 1])]
        server.released.set()
        for handle in handles:
            handle.future.result(30)
    order = list(dict.fromkeys(request.key for request in server.requests))
    assert order == ["0", "3", "1", "2"]


def test_an_urgent_file_comes_while_every_connection_is_busy(server: ObjectServer, tmp_path: Path) -> None:
    """With objects that take long; it is fetched once."""
    for name in ("busy", "waits"):
        server.put(name, SMALL)
    server.put("urgent", SMALL)
    server.choose = lambda request: None if request.key == "urgent" else Reply(sent_bytes=1, is_hanging=True)
    with transferring(server, tmp_path, replace(OPTIONS, connections=1)) as transfers:
        busy = [transfers.submit(wanted(server, name)) for name in ("busy", "waits")]
        found = transfers.download(wanted(server, "urgent", priority=-1))
        assert content_of(tmp_path, found) == SMALL
        server.choose = lambda _request: None
        server.released.set()
        assert [handle.future.result(WAIT_SECONDS).path for handle in busy] == ["busy", "waits"]
        assert sum(request.key == "urgent" for request in server.requests) == 1
