"""The bucket is asked: its listing, complete or not, and single objects."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from sayso.aws.s3_reader import ObjectAbsent, ObjectChanged
from sayso.errors import Cancelled, ServiceUnavailable
from sayso.modelsync.bucket.listing import find_object, find_part_bytes, list_objects, read_object
from sayso.modelsync.checksums.content import Expected, Unverifiable
from sayso.modelsync.records import ChecksumAlgorithm, RemoteObject
from sayso.resilience.retry_policies import RetryPolicy
from support.aws.object_server import ObjectServer, Reply, object_server
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

QUICK = RetryPolicy(first_seconds=0.001, longest_seconds=0.002, attempts=3)
MD5 = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with object_server() as running:
        yield running


def test_a_listing_has_every_object_of_every_page(server: ObjectServer) -> None:
    """Whatever characters the keys have; the markers of directories are no objects."""
    keys = ["a/plus+plus", "a/space space", "a/百分%.bin", "essential/voice/模型.onnx", "z&<>'\"", "é/é", "ctl\x01.bin"]
    for key in keys:
        server.put(key, key.encode())
    server.put("a/", b"")
    server.page_size = 2
    with server.reader() as reader:
        counts: list[int] = []
        listing = list_objects(reader, policy=QUICK, on_page=counts.append)
    assert listing.is_complete
    assert listing.trouble is None
    assert [each.key for each in listing.objects] == sorted(keys)
    assert counts == [1, 3, 5, 7]
    first = listing.objects[0]
    assert first.size_bytes == len(first.key)
    assert first.possible_md5 is not None
    assert first.modified_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert first.storage_class is None


def test_a_listing_is_of_one_prefix(server: ObjectServer) -> None:
    """If one is given."""
    for key in ("a/1", "b/1", "b/2"):
        server.put(key, b"x")
    with server.reader() as reader:
        assert [each.key for each in list_objects(reader, prefix="b/", policy=QUICK).objects] == ["b/1", "b/2"]
        assert list_objects(reader, prefix="c/", policy=QUICK).is_complete


def test_a_page_that_fails_for_a_moment_is_asked_for_again(server: ObjectServer) -> None:
    """A refusal, a page that is cut, and one that is no listing."""
    for number in range(5):
        server.put(f"{number}", b"x")
    server.page_size = 2
    server.page_faults.extend(
        [Reply(status=503, code="SlowDown"), Reply(sent_bytes=150), Reply(), Reply(headers={"content-length": "120"})]
    )
    with server.reader() as reader:
        listing = list_objects(reader, policy=QUICK)
    assert listing.is_complete
    assert len(listing.objects) == 5


def test_a_listing_with_an_error_is_incomplete_and_says_why(server: ObjectServer) -> None:
    """What was received before is there, and so is the reason."""
    for number in range(5):
        server.put(f"{number}", b"x")
    server.page_size = 2
    server.page_faults.extend([Reply(), *[Reply(status=500)] * 3])
    with server.reader() as reader:
        listing = list_objects(reader, policy=QUICK)
    assert not listing.is_complete
    assert listing.trouble is not None
    assert "InternalError" in listing.trouble
    assert [each.key for each in listing.objects] == ["0", "1"]


@pytest.mark.parametrize(
    "page",
    [
        b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        (
            b"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
            b"</ListBucketResult>"
        ),
        b"<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>",
        b"<html>a login page</html>",
        b"",
    ],
)
def test_a_page_that_cannot_be_right_makes_a_listing_incomplete(server: ObjectServer, page: bytes) -> None:
    """No next page although it is not the last, the same page for ever, an entry without a size, no listing at all."""
    server.own_page = page
    with server.reader() as reader:
        assert not list_objects(reader, policy=QUICK).is_complete


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (404, "NoSuchBucket"), (301, "PermanentRedirect")])
def test_a_bucket_that_cannot_be_listed_is_not_an_empty_one(server: ObjectServer, status: int, code: str) -> None:
    """Nothing is deleted because of it."""
    server.page_faults.append(Reply(status=status, code=code))
    with server.reader() as reader:
        assert not list_objects(reader, policy=QUICK).is_complete


def test_an_object_is_found_with_its_checksums(server: ObjectServer) -> None:
    """And what it is verified by."""
    served = server.put("a", b"content")
    served.headers["x-amz-version-id"] = "v1"
    with server.reader() as reader:
        facts = find_object(reader, "a", policy=QUICK)
    assert facts.remote.version_id == "v1"
    assert facts.remote.size_bytes == 7
    assert facts.remote.etag == served.quoted_etag.strip('"')
    assert isinstance(facts.expectation, Expected)
    assert facts.expectation.algorithm is ChecksumAlgorithm.CRC64NVME
    assert server.requests[-1].headers["x-amz-checksum-mode"] == "ENABLED"


def test_a_version_is_asked_for_by_its_name(server: ObjectServer) -> None:
    """And the version of a bucket without versions is none."""
    server.put("a", b"x").headers["x-amz-version-id"] = "null"
    with server.reader() as reader:
        facts = find_object(reader, "a", version_id="v/1+", policy=QUICK)
    assert facts.remote.version_id is None
    assert server.requests[-1].query == {"versionId": "v/1+"}


@pytest.mark.parametrize(
    "headers",
    [
        {"x-amz-server-side-encryption": "aws:kms"},
        {"x-amz-server-side-encryption": "aws:kms:dsse"},
        {"x-amz-server-side-encryption-customer-algorithm": "AES256"},
    ],
)
def test_the_etag_of_an_encrypted_object_is_no_md5(server: ObjectServer, headers: dict[str, str]) -> None:
    """Although it looks like one."""
    server.put("a", b"x", is_checksummed=False).headers.update(headers)
    with server.reader() as reader:
        assert isinstance(find_object(reader, "a", policy=QUICK).expectation, Unverifiable)


def test_only_404_says_that_an_object_is_gone(server: ObjectServer) -> None:
    """403 is also the answer to a caller who may not list the bucket."""
    server.head_faults.extend([Reply(status=403), *[Reply(status=500)] * 3])
    with server.reader() as reader:
        for _ in range(2):
            with pytest.raises(ServiceUnavailable):
                find_object(reader, "gone", policy=QUICK)
        with pytest.raises(ObjectAbsent):
            find_object(reader, "gone", policy=QUICK)


def test_the_size_of_the_parts_is_asked_for(server: ObjectServer) -> None:
    """A server that ignores the question, or refuses it, does not know."""
    remote = RemoteObject(key="a", size_bytes=20, etag=f"{MD5}-3")
    server.put("a", b"x" * 20, etag=remote.etag)
    parts = [Reply(headers={"content-length": length}) for length in ("7", "7", "6")]
    server.head_faults.extend([*parts, Reply(), Reply(status=400, code="Unknown")])
    with server.reader() as reader:
        assert [find_part_bytes(reader, remote, policy=QUICK) for _ in range(3)] == [7, None, None]
    assert server.requests[0].query == {"partNumber": "1"}


@pytest.mark.parametrize("lengths", [("7", "6", "7"), ("7", "9", "4"), ("7", "7", "5")])
def test_parts_of_different_sizes_have_no_size(server: ObjectServer, lengths: tuple[str, ...]) -> None:
    """Clients may upload such parts, and servers count as they like."""
    remote = RemoteObject(key="a", size_bytes=20, etag=f"{MD5}-3")
    server.put("a", b"x" * 20, etag=remote.etag)
    server.head_faults.extend(Reply(headers={"content-length": length}) for length in lengths)
    with server.reader() as reader:
        assert find_part_bytes(reader, remote, policy=QUICK) is None


def test_a_listing_that_waits_for_the_server_ends_when_the_reader_is_stopped(server: ObjectServer) -> None:
    """A stop does not wait for the pauses between attempts; later requests are refused, too."""
    slow = RetryPolicy(first_seconds=3600, longest_seconds=3600)
    server.page_faults.append(Reply(status=503))
    with server.reader() as reader:

        def stop() -> None:
            wait_until(lambda: bool(server.requests))
            reader.stop()

        stopping = threading.Thread(target=stop)
        stopping.start()
        with pytest.raises(Cancelled):
            list_objects(reader, policy=slow)
        stopping.join()
        with pytest.raises(Cancelled):
            find_object(reader, "a", policy=QUICK)


@pytest.mark.parametrize(
    "fault",
    [Reply(flipped=7), Reply(sent_bytes=5), Reply(sent_bytes=5, headers={"content-length": "5"}), Reply(status=503)],
)
@pytest.mark.parametrize("is_checksummed", [True, False])
def test_a_small_object_is_read_again_until_it_is_what_the_bucket_says(
    server: ObjectServer, fault: Reply, *, is_checksummed: bool
) -> None:
    """By a checksum, or by an ETag that is an MD5."""
    content = b'{"manifest_version": 1}'
    server.put("a.manifest.json", content, is_checksummed=is_checksummed)
    server.faults.append(fault)
    with server.reader() as reader:
        (remote,) = list_objects(reader, policy=QUICK).objects
        assert read_object(reader, remote, limit_bytes=100, policy=QUICK) == content


def test_a_small_object_that_stays_damaged_or_was_replaced_is_an_error(server: ObjectServer) -> None:
    server.put("a.manifest.json", b"first")
    with server.reader() as reader:
        (remote,) = list_objects(reader, policy=QUICK).objects
        server.faults.extend([Reply(flipped=1)] * 3)
        with pytest.raises(ServiceUnavailable, match="damaged"):
            read_object(reader, remote, limit_bytes=100, policy=QUICK)
        server.put("a.manifest.json", b"other")
        with pytest.raises(ObjectChanged):
            read_object(reader, remote, limit_bytes=100, policy=QUICK)
