"""Transfers against a server that damages, cuts, slows down and changes what it sends."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import random
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sayso.aws.s3_reader import ObjectAbsent, ObjectChanged
from sayso.errors import Cancelled, OutputFailed, ServiceUnavailable
from sayso.modelsync import file_transfer
from sayso.modelsync.checksums import composite_hex
from sayso.modelsync.directories import VolumeRoot
from sayso.modelsync.errors import ContentDamaged, VolumeFull
from sayso.modelsync.partial_files import sweep_partials
from sayso.modelsync.records import Checksum, ChecksumAlgorithm, RemoteObject
from sayso.modelsync.transfer import Download, Downloaded, TransferOptions, Transfers
from sayso.resilience.retry_policies import RetryPolicy
from support.aws.object_server import ObjectServer, Reply, SeenRequest, checksum_headers, object_server
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RANGE = 20_000
OPTIONS = TransferOptions(
    connections=4,
    range_bytes=RANGE,
    buffer_bytes=3_001,
    retry=RetryPolicy(first_seconds=0.001, longest_seconds=0.002, attempts=3),
)
SMALL = bytes(range(256)) * 50
LARGE = hashlib.shake_128(b"large").digest(10 * RANGE + 123)
KEY = "essential/voice/模型 a+b.onnx"


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


@contextmanager
def transferring(server: ObjectServer, path: Path, options: TransferOptions = OPTIONS) -> Iterator[Transfers]:
    with server.reader() as reader, VolumeRoot(path) as root, Transfers(reader, root, options) as transfers:
        yield transfers


def wanted(server: ObjectServer, key: str = KEY, **changes: Any) -> Download:
    """An object as it would be listed."""
    served = server.objects[key]
    remote = RemoteObject(key=key, size_bytes=len(served.content), etag=served.quoted_etag.strip('"'))
    return replace(Download(remote=remote, path=key), **changes)


def content_of(path: Path, found: Downloaded) -> bytes:
    """What was written."""
    return (path / found.temporary).read_bytes()


def files(path: Path) -> list[str]:
    """All files, also those of Sayso."""
    return sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())


def crc64(content: bytes) -> str:
    """The checksum that every file has."""
    return checksum_headers(content)["x-amz-checksum-crc64nvme"]


@pytest.mark.parametrize("content", [b"", b"x", SMALL, LARGE[:RANGE], LARGE[: RANGE + 1], LARGE])
def test_an_object_is_fetched_and_verified(server: ObjectServer, tmp_path: Path, content: bytes) -> None:
    """Empty, small and in ranges; the temporary file is beside its target, and nothing else is left."""
    server.put(KEY, content).headers["x-amz-version-id"] = "v7"
    with transferring(server, tmp_path) as transfers:
        found = transfers.download(wanted(server))
    assert content_of(tmp_path, found) == content
    assert found.is_verified
    assert found.unverifiable_reason is None
    assert found.remote.version_id == "v7"
    assert found.received_bytes == len(content)
    assert found.stat.size_bytes == len(content)
    assert files(tmp_path) == [found.temporary]
    assert (tmp_path / found.temporary).parent == (tmp_path / KEY).parent
    assert all(each.headers["if-match"] == server.objects[KEY].quoted_etag for each in server.requests[1:])


def test_many_files_come_at_once_over_few_connections(server: ObjectServer, tmp_path: Path) -> None:
    """One request each: the checksum comes with the content."""
    for number in range(50):
        server.put(f"a/{number}", SMALL + str(number).encode())
    with transferring(server, tmp_path) as transfers:
        handles = [transfers.submit(wanted(server, f"a/{number}")) for number in range(50)]
        found = [handle.future.result(30) for handle in handles]
    for number, each in enumerate(found):
        assert content_of(tmp_path, each) == SMALL + str(number).encode()
        assert each.is_verified
    assert len(server.requests) == 50


def test_a_version_and_its_etag_are_what_is_fetched(server: ObjectServer, tmp_path: Path) -> None:
    """In every range, also if only the response named the version."""
    server.put(KEY, LARGE).headers["x-amz-version-id"] = "v1"
    with transferring(server, tmp_path) as transfers:
        transfers.download(wanted(server))
    ranges = [each for each in server.requests if each.method == "GET"]
    assert len(ranges) == 11
    assert {each.query["versionId"] for each in ranges} == {"v1"}


@pytest.mark.parametrize(
    "fault",
    [
        Reply(status=500),
        Reply(status=503, code="SlowDown"),
        Reply(sent_bytes=0),
        Reply(sent_bytes=5_000),
        Reply(sent_bytes=5_000, is_hanging=True),
    ],
)
@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_a_break_is_continued_where_it_broke(
    server: ObjectServer, tmp_path: Path, content: bytes, fault: Reply
) -> None:
    """Also several in a row, as long as each brings something."""
    server.put(KEY, content)
    server.faults.extend([fault] * 2)
    options = replace(OPTIONS, connections=2)
    with (
        server.reader(read_seconds=0.2) as reader,
        VolumeRoot(tmp_path) as root,
        Transfers(reader, root, options) as transfers,
    ):
        found = transfers.download(wanted(server))
    assert content_of(tmp_path, found) == content
    assert found.is_verified
    assert found.received_bytes == len(content)


def test_breaks_that_bring_bytes_are_not_counted(server: ObjectServer, tmp_path: Path) -> None:
    """A bad line is slow, but gets there."""
    server.put(KEY, SMALL)
    server.faults.extend([Reply(sent_bytes=1_000)] * 12)
    with transferring(server, tmp_path) as transfers:
        assert content_of(tmp_path, transfers.download(wanted(server))) == SMALL


def test_a_server_that_stays_away_is_an_error(server: ObjectServer, tmp_path: Path) -> None:
    """After the attempts of the policy; nothing is left of a small file."""
    server.put(KEY, SMALL)
    server.choose = lambda _request: Reply(status=503, code="SlowDown")
    with transferring(server, tmp_path) as transfers, pytest.raises(ServiceUnavailable, match="SlowDown"):
        transfers.download(wanted(server))
    assert files(tmp_path) == []


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_a_flipped_bit_is_found_and_the_object_fetched_again(
    server: ObjectServer, tmp_path: Path, content: bytes
) -> None:
    """By the checksum of the whole."""
    server.put(KEY, content)
    server.faults.append(Reply(flipped=77))
    with transferring(server, tmp_path) as transfers:
        found = transfers.download(wanted(server))
    assert content_of(tmp_path, found) == content
    assert found.is_verified
    assert files(tmp_path) == [found.temporary]


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_content_that_is_always_damaged_is_an_error(server: ObjectServer, tmp_path: Path, content: bytes) -> None:
    """And is not left on the volume."""
    server.put(KEY, content)
    server.choose = lambda request: Reply(flipped=1) if request.method == "GET" else None
    with transferring(server, tmp_path) as transfers, pytest.raises(ContentDamaged, match="does not have its checksum"):
        transfers.download(wanted(server))
    assert files(tmp_path) == []


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_an_object_that_was_changed_is_not_fetched(server: ObjectServer, tmp_path: Path, content: bytes) -> None:
    """Its ETag is another one; or its size, where there is no ETag."""
    server.put(KEY, content)
    listed = wanted(server)
    server.put(KEY, content[::-1])
    with transferring(server, tmp_path) as transfers:
        with pytest.raises(ObjectChanged):
            transfers.download(listed)
        without = replace(listed, remote=replace(listed.remote, etag="", size_bytes=len(content) - 1))
        with pytest.raises(ObjectChanged):
            transfers.download(without)
        del server.objects[KEY]
        with pytest.raises(ObjectAbsent):
            transfers.download(listed)
    assert files(tmp_path) == []


def test_an_object_that_changes_during_the_transfer_is_given_up(server: ObjectServer, tmp_path: Path) -> None:
    """No file is a mixture of two objects."""
    server.put(KEY, LARGE)
    listed = wanted(server)

    def change() -> None:
        server.put(KEY, LARGE[::-1])

    def choose(request: SeenRequest) -> Reply | None:
        is_third = request.headers.get("range", "").startswith(f"bytes={3 * RANGE}-")
        return Reply(then=change) if is_third else None

    server.choose = choose
    with transferring(server, tmp_path) as transfers, pytest.raises(ObjectChanged):
        transfers.download(listed)
    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"content-range": "bytes 0-1/2"},
        {"content-range": f"bytes 0-{RANGE - 1}/*"},
        {"content-range": ""},
        {"etag": '"another"'},
    ],
)
def test_a_range_that_was_not_asked_for_is_not_taken(
    server: ObjectServer, tmp_path: Path, headers: dict[str, str]
) -> None:
    """The server, or a proxy, answers something else."""
    server.put(KEY, LARGE)
    server.choose = lambda request: Reply(headers=headers) if request.method == "GET" else None
    with transferring(server, tmp_path) as transfers, pytest.raises((ServiceUnavailable, ObjectChanged)):
        transfers.download(wanted(server))


def test_a_range_with_the_status_of_a_whole_object_is_taken(server: ObjectServer, tmp_path: Path) -> None:
    """`rclone serve s3` answers so; the header says that it is the range."""
    server.range_status = 200
    server.put(KEY, LARGE)
    with transferring(server, tmp_path) as transfers:
        assert content_of(tmp_path, transfers.download(wanted(server))) == LARGE


def test_an_etag_that_is_an_md5_verifies(server: ObjectServer, tmp_path: Path) -> None:
    """Where the bucket has no checksum, also for ranges."""
    server.put(KEY, LARGE, is_checksummed=False)
    server.faults.append(Reply(flipped=1))
    with transferring(server, tmp_path) as transfers:
        found = transfers.download(wanted(server))
    assert content_of(tmp_path, found) == LARGE
    assert found.is_verified
    assert {checksum.algorithm for checksum in found.checksums} == {
        ChecksumAlgorithm.CRC64NVME,
        ChecksumAlgorithm.MD5,
    }


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_the_etag_of_an_upload_in_parts_verifies(server: ObjectServer, tmp_path: Path, content: bytes) -> None:
    """Once the server has said how large the parts are."""
    part = 7_000
    parts = [content[start : start + part] for start in range(0, len(content), part)]
    etag = composite_hex(ChecksumAlgorithm.MD5, [hashlib.md5(each).hexdigest() for each in parts])  # noqa: S324
    server.put(KEY, content, is_checksummed=False, etag=etag)

    def choose(request: SeenRequest) -> Reply | None:
        return Reply(headers={"content-length": str(part)}) if request.query.get("partNumber") else None

    server.choose = choose
    server.faults.append(Reply(flipped=1))
    with transferring(server, tmp_path) as transfers:
        found = transfers.download(wanted(server))
    assert content_of(tmp_path, found) == content
    assert found.is_verified


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_what_cannot_be_verified_is_said(server: ObjectServer, tmp_path: Path, content: bytes) -> None:
    """It is fetched, and not passed off as verified; its own checksum is calculated."""
    server.put(KEY, content, is_checksummed=False, etag="0x8D4BCC2E4835CD0")
    with transferring(server, tmp_path) as transfers:
        found = transfers.download(wanted(server))
    assert content_of(tmp_path, found) == content
    assert not found.is_verified
    assert found.unverifiable_reason == "it has no checksum"
    assert [checksum.algorithm for checksum in found.checksums] == [ChecksumAlgorithm.CRC64NVME]


def test_etags_that_only_look_like_md5s_can_be_left_out(server: ObjectServer, tmp_path: Path) -> None:
    """By the options, for servers of that kind."""
    server.put(KEY, SMALL, is_checksummed=False, etag="0" * 32)
    with transferring(server, tmp_path, replace(OPTIONS, is_etag_md5=False)) as transfers:
        assert not transfers.download(wanted(server)).is_verified
    with transferring(server, tmp_path) as transfers, pytest.raises(ContentDamaged):
        transfers.download(wanted(server))


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
def test_a_manifest_verifies_what_the_bucket_cannot(server: ObjectServer, tmp_path: Path, content: bytes) -> None:
    """And finds an object that is not the one of the manifest."""
    sha = Checksum(algorithm=ChecksumAlgorithm.SHA256, digest=hashlib.sha256(content).hexdigest())
    server.put(KEY, content, is_checksummed=False, etag="unknown")
    with transferring(server, tmp_path) as transfers:
        assert transfers.download(wanted(server, expected=(sha,))).is_verified
        server.faults.append(Reply(flipped=9))
        assert transfers.download(wanted(server, expected=(sha,))).is_verified
        server.put(KEY, content[::-1])
        with pytest.raises(ObjectChanged, match="manifest"):
            transfers.download(wanted(server, expected=(sha,)))


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
    """The transfer begins anew; the old file is left to the sweep."""
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


def test_a_bad_line_delivers_everything_in_the_end(server: ObjectServer, tmp_path: Path) -> None:
    """Seeded faults of every kind in a third of the responses: each file is right, none is left over."""
    chance = random.Random(20)  # noqa: S311 -- faults, not secrets
    contents = {f"k{number}": LARGE[: chance.randrange(3 * RANGE)] for number in range(60)}
    for key, content in contents.items():
        server.put(key, content)
    lock = threading.Lock()

    def choose(_request: SeenRequest) -> Reply | None:
        with lock:
            if chance.random() > 0.33:
                return None
            faults = [Reply(status=500), Reply(status=503), Reply(sent_bytes=chance.randrange(RANGE))]
            return chance.choice([*faults, Reply(flipped=chance.randrange(RANGE))])

    server.choose = choose
    patient = replace(OPTIONS, damaged_attempts=50, retry=replace(OPTIONS.retry, attempts=50))
    with transferring(server, tmp_path, patient) as transfers:
        handles = {key: transfers.submit(wanted(server, key)) for key in contents}
        found = {key: handle.future.result(120) for key, handle in handles.items()}
    assert {key: content_of(tmp_path, each) for key, each in found.items()} == contents
    assert all(each.is_verified for each in found.values())
    assert files(tmp_path) == sorted(each.temporary for each in found.values())
