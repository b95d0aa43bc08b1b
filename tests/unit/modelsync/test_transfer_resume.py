"""Transfers that are interrupted, cancelled or suspended: what they leave, and how they are resumed."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from sayso.errors import Cancelled, ServiceUnavailable
from sayso.modelsync.transfers import file_transfer
from sayso.modelsync.transfers.partial_files import sweep_partials
from sayso.modelsync.transfers.transfer import Transfers
from sayso.modelsync.volume.directories import VolumeRoot
from support.aws.object_server import ObjectServer, Reply, SeenRequest, object_server
from support.modelsync.transfers import (
    KEY,
    LARGE,
    OPTIONS,
    RANGE,
    SMALL,
    content_of,
    files,
    transferring,
    wanted,
)
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


class Killed(BaseException):
    """The process dies: nothing is cleaned up."""


def interrupted(server: ObjectServer, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transfer of the large object in a process that dies after six ranges."""

    def choose(request: SeenRequest) -> Reply | None:
        first = request.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")[0]
        return Reply(status=503) if int(first) >= 6 * RANGE else None

    server.choose = choose
    with monkeypatch.context() as patch:
        patch.setattr(file_transfer.FileTransfer, "abandon", lambda *_arguments, **_options: None)
        with transferring(server, path) as transfers, pytest.raises(ServiceUnavailable):
            transfers.download(wanted(server))
    server.choose = lambda _request: None
    server.requests.clear()


def test_a_transfer_resumes_after_a_crash(
    server: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the ranges that are on the disk, which are read and compared first."""
    server.put(KEY, LARGE)
    interrupted(server, tmp_path, monkeypatch)
    temporary = next(each for each in tmp_path.rglob("*.partial"))
    with temporary.open("r+b") as stream:  # the second range did not reach the disk
        stream.seek(RANGE + 5)
        stream.write(b"lost")
    with VolumeRoot(tmp_path) as root:
        assert sweep_partials(root) == []
    with transferring(server, tmp_path) as transfers:
        found = transfers.download(wanted(server))
    assert content_of(tmp_path, found) == LARGE
    assert tmp_path / found.temporary == temporary
    assert found.is_verified
    assert found.received_bytes == len(LARGE) - 5 * RANGE
    assert files(tmp_path) == [found.temporary]


def test_a_transfer_of_another_object_does_not_resume(
    server: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old file is removed."""
    server.put(KEY, LARGE)
    interrupted(server, tmp_path, monkeypatch)
    server.put(KEY, LARGE[::-1])
    with transferring(server, tmp_path) as transfers:
        found = transfers.download(wanted(server))
    assert content_of(tmp_path, found) == LARGE[::-1]
    assert found.received_bytes == len(LARGE)
    assert files(tmp_path) == [found.temporary]


@pytest.mark.parametrize("notes", [b"", b"{", b"[]\n", b'{"temporary": 5}\n', b"\xff\n" * 3])
def test_notes_that_are_damaged_are_not_used(
    server: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notes: bytes
) -> None:
    """The transfer begins again; the old file is removed by the next clean-up."""
    server.put(KEY, LARGE)
    interrupted(server, tmp_path, monkeypatch)
    next((tmp_path / ".sayso/partial").iterdir()).write_bytes(notes)
    with transferring(server, tmp_path) as transfers:
        found = transfers.download(wanted(server))
        assert content_of(tmp_path, found) == LARGE
        with VolumeRoot(tmp_path) as root:
            sweep_partials(root, active={found.temporary}, clock=lambda: 2e10)
    assert files(tmp_path) == [found.temporary]


def test_a_large_file_is_kept_when_the_server_stays_away(server: ObjectServer, tmp_path: Path) -> None:
    """And the next transfer goes on; the sweep removes it once it is old."""
    server.put(KEY, LARGE)

    def choose(request: SeenRequest) -> Reply | None:
        return Reply(status=503) if f"bytes={6 * RANGE}-" in request.headers.get("range", "") else None

    server.choose = choose
    with transferring(server, tmp_path) as transfers:
        with pytest.raises(ServiceUnavailable):
            transfers.download(wanted(server))
        server.choose = lambda _request: None
        assert len(files(tmp_path)) == 2
        assert transfers.download(wanted(server)).received_bytes < len(LARGE)


def test_the_sweep_removes_what_no_transfer_uses(
    server: ObjectServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old files that could be resumed, and files without notes; nothing else."""
    server.put(KEY, LARGE)
    interrupted(server, tmp_path, monkeypatch)
    (tmp_path / ".name.sayso-0123456789abcdef.partial").write_bytes(b"left")
    (tmp_path / "model.partial").write_bytes(b"foreign")
    (tmp_path / ".hidden").write_bytes(b"foreign")
    with VolumeRoot(tmp_path) as root:
        assert sweep_partials(root, active=set()) == [], "it may be one that was made just now"
        assert sweep_partials(root) == [".name.sayso-0123456789abcdef.partial"]
        assert len(sweep_partials(root, older_than_seconds=2e10)) == 2
    assert files(tmp_path) == [".hidden", "model.partial"]


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
async def test_a_cancelled_transfer_leaves_nothing(server: ObjectServer, tmp_path: Path, content: bytes) -> None:
    """Whatever it waits for."""
    server.put(KEY, content)
    hanging = threading.Event()
    server.choose = lambda request: (
        Reply(sent_bytes=4_000, is_hanging=True, then=hanging.set) if request.method == "GET" else None
    )
    with server.reader() as reader, VolumeRoot(tmp_path) as root:
        transfers = Transfers(reader, root, OPTIONS)
        fetching = asyncio.ensure_future(transfers.fetch(wanted(server)))
        assert await asyncio.to_thread(hanging.wait, 30)
        fetching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        await asyncio.to_thread(transfers.close)
    assert files(tmp_path) == []


def test_transfers_that_are_suspended_are_resumed(server: ObjectServer, tmp_path: Path) -> None:
    """When a service stops in good order; small files are removed."""
    server.put(KEY, LARGE)
    server.put("small", SMALL)
    hanging = threading.Event()

    def choose(request: SeenRequest) -> Reply | None:
        is_last = request.key == "small" or f"bytes={10 * RANGE}-" in request.headers.get("range", "")
        return Reply(sent_bytes=50, is_hanging=True, then=hanging.set) if is_last else None

    server.choose = choose
    with server.reader() as reader, VolumeRoot(tmp_path) as root:
        transfers = Transfers(reader, root, OPTIONS)
        handles = [transfers.submit(wanted(server)), transfers.submit(wanted(server, "small", priority=1))]
        assert hanging.wait(30)
        wait_until(lambda: sum("range" in each.headers for each in server.requests) == 11)
        transfers.close(is_resumable=True)
        for handle in handles:
            with pytest.raises((Cancelled, ServiceUnavailable)):
                handle.future.result(0)
        with pytest.raises(RuntimeError, match="closed"):
            transfers.submit(wanted(server))
    server.choose = lambda _request: None
    with transferring(server, tmp_path) as again:
        found = again.download(wanted(server))
    assert content_of(tmp_path, found) == LARGE
    assert found.received_bytes < len(LARGE)
    assert files(tmp_path) == [found.temporary]
