"""S3 storage over HTTP, in parts and while S3 fails: what is put counts once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from sayso.aws.session import Aws, AwsAccess, Patience
from sayso.errors import OutputChanged, OutputFailed, ResourceMissing, ServiceUnavailable
from sayso.storage.s3 import S3Storage, open_s3_storage
from support.aws.s3_server import Fault
from support.aws.s3_storage import (
    FIVE_MIB,
    IMPATIENT,
    ONCE,
    QUICK,
    S3,
    SMALL,
    URI,
    content_of,
    large_content,
    operations,
)
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


async def test_a_large_file_goes_in_parts(s3: S3, large: Path) -> None:
    """A file larger than a part is put together from parts, which each carry a checksum, and is one file then."""
    storage = s3.storage()
    stored = await storage.publish(large, URI, content_type="audio/wav", over=None)
    assert await storage.find(URI) == stored
    assert await content_of(storage) == large_content()
    parts = [request for request in s3.server.requests if request.method == "PUT"]
    assert [int(part.headers["CONTENT_LENGTH"]) for part in parts] == [FIVE_MIB, FIVE_MIB, 400]
    assert all("X_AMZ_CHECKSUM_SHA256" in part.headers for part in parts)


@pytest.mark.parametrize("exists", [False, True])
async def test_the_condition_is_on_the_last_step(s3: S3, large: Path, small: Path, exists: bool) -> None:
    """A file of several parts is put together under the condition that a small one is put under.

    Whether S3 obeys is not seen here: moto looks at If-None-Match there, and not yet at If-Match.
    """

    async def scenario() -> str | None:
        storage = s3.storage()
        found = await storage.publish(small, URI, content_type="audio/wav", over=None) if exists else None
        over = None if found is None else found.version
        await storage.publish(large, URI, content_type="audio/wav", over=over)
        return over

    over = await scenario()
    last = [request for request in s3.server.requests if request.method == "POST"][-1]
    assert last.query.startswith("uploadId=")
    assert last.headers.get("IF_MATCH") == over
    assert last.headers.get("IF_NONE_MATCH") == ("*" if over is None else None)


async def test_a_large_file_is_not_sent_in_vain(s3: S3, large: Path, small: Path) -> None:
    """Where another file is already, no part is sent."""
    storage = s3.storage()
    await storage.publish(small, URI, content_type="audio/wav", over=None)
    s3.server.requests.clear()
    with pytest.raises(OutputChanged):
        await storage.publish(large, URI, content_type="audio/wav", over=None)
    assert {method for method, _ in operations(s3)} == {"HEAD"}


@pytest.mark.parametrize(
    "fault", [Fault(kind="refuse", method="PUT", query="partNumber=2"), Fault(kind="refuse", method="POST")]
)
async def test_an_upload_that_fails_leaves_no_parts(s3: S3, large: Path, fault: Fault) -> None:
    """Parts whose upload did not end well are removed, and the failure may pass."""
    storage = s3.storage(ONCE)
    s3.server.faults.append(fault)
    with pytest.raises(ServiceUnavailable):
        await storage.publish(large, URI, content_type="audio/wav", over=None)
    assert await storage.find(URI) is None
    assert not (await s3.client.call("list_multipart_uploads", Bucket="bucket")).get("Uploads")


async def test_a_cancelled_upload_leaves_no_parts(s3: S3, large: Path) -> None:
    """Parts of an upload that was given up are removed."""
    storage = s3.storage()
    s3.server.faults.append(Fault(kind="hang", method="PUT", query="partNumber=2"))
    publishing = asyncio.create_task(storage.publish(large, URI, content_type="audio/wav", over=None))
    await until(lambda: not s3.server.faults)  # the server has the request
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing
    assert await storage.find(URI) is None
    assert not (await s3.client.call("list_multipart_uploads", Bucket="bucket")).get("Uploads")


@pytest.mark.parametrize("patience", [QUICK, ONCE], ids=["tried again", "tried once"])
@pytest.mark.parametrize("over", [False, True], ids=["new", "over another"])
async def test_a_lost_answer_is_a_success(s3: S3, small: Path, tmp_path: Path, over: bool, patience: Patience) -> None:
    """A put that was done although S3 answered that it was not is recognised as one's own, refused again or not."""
    before = tmp_path / "before"
    before.write_bytes(b"before")
    storage = s3.storage(patience)
    first = await storage.publish(before, URI, content_type="audio/wav", over=None) if over else None
    s3.server.faults.append(Fault(kind="lose", method="PUT"))
    stored = await storage.publish(small, URI, content_type="audio/wav", over=None if first is None else first.version)
    assert await storage.find(URI) == stored
    assert await content_of(storage) == SMALL


@pytest.mark.parametrize("name", ["small", "large"])
async def test_no_answer_is_a_success_too(s3: S3, name: str, request: pytest.FixtureRequest) -> None:
    """A put that was done and never answered is recognised by its checksum."""
    path: Path = request.getfixturevalue(name)
    storage = s3.storage(IMPATIENT)
    last = Fault(kind="hang", method="PUT") if name == "small" else Fault(kind="hang", method="POST", query="Id")
    s3.server.faults.append(last)
    stored = await storage.publish(path, URI, content_type="audio/wav", over=None)
    assert await storage.find(URI) == stored
    assert not s3.server.faults


async def test_a_refused_put_is_tried_again_whole(s3: S3, small: Path) -> None:
    """A put that S3 could not take is sent again from its beginning."""
    storage = s3.storage()
    s3.server.faults += [Fault(kind="refuse", method="PUT")] * 2
    await storage.publish(small, URI, content_type="audio/wav", over=None)
    assert await content_of(storage) == SMALL


async def test_a_bucket_that_is_missing_is_said_so(s3: S3, small: Path, large: Path) -> None:
    """Without a bucket that a job names nothing can be written, now or later, as a first look at a file tells."""
    storage = s3.storage()
    for path in (small, large):
        with pytest.raises(OutputFailed, match="no bucket"):
            await storage.publish(path, "s3://nowhere/a.wav", content_type="audio/wav", over=None)
    with pytest.raises(OutputFailed, match="no bucket"):
        await storage.find("s3://nowhere/a.wav")
    with pytest.raises(OutputFailed):
        _ = [block async for block in storage.read("s3://nowhere/a.wav")]


async def test_the_settings_own_bucket_is_waited_for(s3: S3, small: Path) -> None:
    """While the bucket of the settings is missing every call is unavailability, and once it is made all is well."""
    storage = S3Storage(s3.storage()._client, own_bucket="late")
    calls: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: storage.check("s3://late"),
        lambda: storage.find("s3://late/a.wav"),
        lambda: storage.publish(small, "s3://late/a.wav", content_type="audio/wav", over=None),
    )
    for call in calls:
        with pytest.raises(ResourceMissing, match="no bucket") as caught:
            await call()
        assert "OUTPUT_BUCKET" in (caught.value.hint or "")
    await s3.client.call("create_bucket", Bucket="late")
    for call in calls:
        await call()


async def test_a_service_that_is_not_there_may_come_back(small: Path) -> None:
    """Where nobody listens, every call says that the service is not available, and shows no secret."""

    access = AwsAccess(
        endpoint_url="http://127.0.0.1:9",
        access_key_id="key",
        secret_access_key="hush-hush",  # noqa: S106 -- nobody listens
        patience=ONCE,
    )
    async with Aws(access) as aws:
        storage = await open_s3_storage(aws)
        calls = (
            storage.check(URI),
            storage.find(URI),
            storage.publish(small, URI, content_type="audio/wav", over=None),
            content_of(storage),
            storage.delete(URI),
        )
        for call in calls:
            with pytest.raises(ServiceUnavailable) as caught:
                await call
            assert "hush-hush" not in str(caught.value)
