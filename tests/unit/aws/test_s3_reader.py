"""The reader of S3: what arrives, over which connections, and what failures become."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from sayso.aws.s3_reader import ObjectAbsent, ObjectChanged
from sayso.errors import InvalidInput, ResourceMissing, ServiceUnavailable
from sayso.resilience.retry import RetryableError
from support.aws.object_server import ObjectServer, Reply, object_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.aws.s3_reader import BucketReader

CONTENT = bytes(range(256)) * 1000


@pytest.fixture
def server() -> Iterator[ObjectServer]:
    with object_server() as running:
        running.put("a/key", CONTENT)
        yield running


def read(reader: BucketReader, key: str = "a/key", headers: dict[str, str] | None = None) -> bytes:
    """An object as it arrives, in small pieces."""
    content = bytearray()
    buffer = memoryview(bytearray(10_007))
    with reader.open(key, {}, headers or {}) as body:
        while count := body.read_into(buffer):
            content += buffer[:count]
    return bytes(content)


def test_content_arrives_and_its_connection_is_used_again(server: ObjectServer) -> None:
    """For the next object, and for HEAD."""
    with server.reader() as reader:
        assert read(reader) == CONTENT
        assert read(reader, headers={"range": "bytes=1000-70000"}) == CONTENT[1000:70001]
        facts = reader.head("a/key", {}, {"x-amz-checksum-mode": "ENABLED"})
        assert facts["content-length"] == str(len(CONTENT))
        assert read(reader) == CONTENT
        assert len(reader._pool._idle) == 1


def test_a_connection_that_the_server_has_closed_costs_no_attempt(server: ObjectServer) -> None:
    """The request goes over a new one."""
    server.faults.append(Reply(headers={"connection": "close", "keep-alive": "none"}))
    with server.reader() as reader:
        assert read(reader) == CONTENT
        assert read(reader) == CONTENT


def test_a_body_that_is_not_read_to_its_end_costs_its_connection(server: ObjectServer) -> None:
    """The rest of it must not be taken for the next response."""
    with server.reader() as reader:
        with reader.open("a/key", {}, {}) as body:
            body.read_into(memoryview(bytearray(10)))
        assert reader._pool._idle == []
        assert read(reader) == CONTENT


def test_a_body_in_chunks_is_read_to_its_end(server: ObjectServer) -> None:
    """Listings come so."""
    chunked = b"4\r\n<a><\r\n3\r\n/a>\r\n0\r\n\r\n"
    server.own_page = chunked
    reply = Reply(headers={"transfer-encoding": "chunked", "content-length": ""})
    server.page_faults.extend([reply, reply])
    with server.reader() as reader:
        assert reader.page({"list-type": "2"}) == b"<a></a>"
        assert reader.page({"list-type": "2"}) == b"<a></a>"


def test_a_body_that_ends_early_is_an_error(server: ObjectServer) -> None:
    """Although its length was announced."""
    server.faults.append(Reply(sent_bytes=100_000))
    with server.reader() as reader, pytest.raises(RetryableError, match="ended early"):
        read(reader)


@pytest.mark.parametrize(
    ("status", "code", "kind", "words"),
    [
        (500, "InternalError", RetryableError, "InternalError"),
        (503, "SlowDown", RetryableError, "SlowDown"),
        (429, "", RetryableError, "429"),
        (400, "RequestTimeout", RetryableError, "RequestTimeout"),
        (404, "NoSuchKey", ObjectAbsent, "no s3://models/a/key"),
        (404, "NoSuchBucket", ResourceMissing, "no bucket"),
        (405, "MethodNotAllowed", ServiceUnavailable, "MethodNotAllowed"),
        (403, "AccessDenied", ServiceUnavailable, "does not allow"),
        (403, "InvalidObjectState", InvalidInput, "archived"),
        (412, "PreconditionFailed", ObjectChanged, "changed"),
        (416, "InvalidRange", ObjectChanged, "changed"),
        (301, "PermanentRedirect", InvalidInput, "another region"),
    ],
)
def test_each_refusal_has_its_error(
    server: ObjectServer, status: int, code: str, kind: type[Exception], words: str
) -> None:
    """Only those that may pass are tried again, and only 404 says that an object is absent."""
    server.faults.append(Reply(status=status, code=code))
    with server.reader() as reader, pytest.raises(kind, match=words) as caught:
        read(reader)
    assert type(caught.value) is kind


def test_a_delete_marker_says_that_the_object_is_gone(server: ObjectServer) -> None:
    """With 404 for the current version, with 405 for the marker itself."""
    marker = {"x-amz-delete-marker": "true"}
    server.head_faults.extend([Reply(status=404, headers=marker), Reply(status=405, headers=marker)])
    with server.reader() as reader:
        for _ in range(2):
            with pytest.raises(ObjectAbsent) as caught:
                reader.head("a/key", {}, {})
            assert caught.value.is_delete_marker
        with pytest.raises(ObjectAbsent) as caught:
            reader.head("another", {}, {})
        assert not caught.value.is_delete_marker


def test_a_delay_that_the_server_asks_for_is_passed_on(server: ObjectServer) -> None:
    """To the retry policy."""
    server.faults.append(Reply(status=503, code="SlowDown", headers={"retry-after": "7"}))
    with server.reader() as reader, pytest.raises(RetryableError) as caught:
        read(reader)
    assert caught.value.error.retry_after_seconds == 7


def test_a_wrong_clock_is_corrected_after_the_refusal(server: ObjectServer) -> None:
    """The next signature has the server's time; a refusal for another reason stays one."""
    late = {"date": "Tue, 01 Jan 2030 00:00:00 GMT"}
    server.faults.extend([Reply(status=403, code="RequestTimeTooSkewed", headers=late)])
    with server.reader() as reader:
        with pytest.raises(RetryableError, match="clock"):
            read(reader)
        assert read(reader) == CONTENT
    assert server.requests[-1].headers["x-amz-date"].startswith("20300101T0000")


def test_a_server_that_does_not_answer_is_an_error_after_the_time_limit(server: ObjectServer) -> None:
    """And so is one that cannot be reached."""
    server.faults.append(Reply(sent_bytes=10, is_hanging=True))
    with server.reader(read_seconds=0.05) as reader, pytest.raises(RetryableError, match="timed out"):
        read(reader)


def test_an_abort_ends_a_wait_for_bytes(server: ObjectServer) -> None:
    """With an error in the thread that waits."""
    hangs = threading.Event()
    server.faults.append(Reply(sent_bytes=10, is_hanging=True, then=hangs.set))
    errors: list[Exception] = []

    def work() -> None:
        try:
            read(reader)
        except RetryableError as error:
            errors.append(error)

    with server.reader() as reader:
        thread = threading.Thread(target=work)
        thread.start()
        assert hangs.wait(10)
        reader.abort()
        thread.join(10)
    assert len(errors) == 1


def test_an_error_of_the_caller_is_not_taken_for_one_of_the_connection(server: ObjectServer) -> None:
    """As a full disk, while a body is written."""
    with server.reader() as reader, pytest.raises(OSError, match="full"), reader.open("a/key", {}, {}):
        raise OSError("full")


@pytest.mark.parametrize(
    ("reply", "kind", "words"),
    [
        (Reply(status=403, code="InvalidObjectState"), InvalidInput, "SAYSO_SYNC_PREFIX"),
        (Reply(status=400, headers={"x-amz-bucket-region": "eu-central-1"}), InvalidInput, "AWS_REGION=eu-central-1"),
        (Reply(status=400, code="BadDigest", headers={"x-amz-bucket-region": "us-east-1"}), ServiceUnavailable, ""),
        (Reply(status=403, code="AccessDenied"), ServiceUnavailable, "s3:GetObject"),
    ],
)
def test_a_refusal_says_what_helps(server: ObjectServer, reply: Reply, kind: type[Exception], words: str) -> None:
    """Where only the operator can help; a region is wrong only if it is another one."""
    server.faults.append(reply)
    with server.reader() as reader, pytest.raises(kind) as caught:
        read(reader)
    assert words in (getattr(caught.value, "hint", None) or "")


def test_a_listing_that_is_refused_names_the_permission(server: ObjectServer) -> None:
    server.page_faults.append(Reply(status=403, code="AccessDenied"))
    with server.reader() as reader, pytest.raises(ServiceUnavailable) as caught:
        reader.page({"list-type": "2"})
    assert "s3:ListBucket" in (caught.value.hint or "")
    assert "requesters pay" in (caught.value.hint or "")
