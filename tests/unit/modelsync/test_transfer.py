"""Transfers against a server that damages, cuts, slows down and changes what it sends."""

from __future__ import annotations

import hashlib
import random
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sayso.aws.s3_reader import ObjectAbsent, ObjectChanged
from sayso.errors import ServiceUnavailable
from sayso.modelsync.checksums.content import composite_hex
from sayso.modelsync.errors import ContentDamaged
from sayso.modelsync.records import Checksum, ChecksumAlgorithm
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

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


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

    server.choose = lambda request: _part_of(parts, request)
    server.faults.append(Reply(flipped=1))
    with transferring(server, tmp_path) as transfers:
        found = transfers.download(wanted(server))
    assert content_of(tmp_path, found) == content
    assert found.is_verified


def test_an_upload_in_parts_of_different_sizes_is_not_taken_for_damaged(server: ObjectServer, tmp_path: Path) -> None:
    """S3 takes such parts; their number is that of equal ones as large as the first."""
    parts = [LARGE[:7_000], LARGE[7_000:14_100], LARGE[14_100:20_000]]
    content = b"".join(parts)
    etag = composite_hex(ChecksumAlgorithm.MD5, [hashlib.md5(each).hexdigest() for each in parts])  # noqa: S324
    server.put(KEY, content, is_checksummed=False, etag=etag)
    server.choose = lambda request: _part_of(parts, request)
    with transferring(server, tmp_path) as transfers:
        found = transfers.download(wanted(server))
    assert content_of(tmp_path, found) == content
    assert not found.is_verified


def _part_of(parts: list[bytes], request: SeenRequest) -> Reply | None:
    """The answer of S3 about one part."""
    number = request.query.get("partNumber")
    return None if number is None else Reply(headers={"content-length": str(len(parts[int(number) - 1]))})


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
