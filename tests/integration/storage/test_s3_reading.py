"""S3 storage over HTTP: what is read is whole, whatever fails meanwhile, and links lead to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest

from sayso.aws.session import Aws
from sayso.errors import ServiceUnavailable
from sayso.narrations.service import files_origin_of
from sayso.storage import Storages
from sayso.storage.s3 import open_s3_storage
from support.aws.s3_server import Fault
from support.aws.s3_storage import KEY, S3, SMALL, URI, content_of, large_content
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path


async def test_what_is_cut_off_is_gone_on_with(s3: S3, large: Path) -> None:
    """A reader whose connection is cut, again and again, has every byte once."""
    storage = s3.storage()
    await storage.publish(large, URI, content_type="audio/wav", over=None)
    s3.server.faults += [Fault(kind="cut", method="GET")] * 3
    assert await content_of(storage) == large_content()


async def test_a_reader_is_told_when_it_cannot_go_on(s3: S3, large: Path, small: Path) -> None:
    """A file that is cut off every time, or replaced meanwhile, is no shorter file but an error that may pass."""
    storage = s3.storage()
    stored = await storage.publish(large, URI, content_type="audio/wav", over=None)
    s3.server.faults += [Fault(kind="cut", method="GET")] * 4
    with pytest.raises(ServiceUnavailable, match="cut"):
        await content_of(storage)
    s3.server.faults.append(Fault(kind="cut", method="GET"))
    blocks = storage.read(URI)
    await anext(blocks)
    await storage.publish(small, URI, content_type="audio/wav", over=stored.version)
    with pytest.raises(ServiceUnavailable, match="replaced"):
        _ = [block async for block in blocks]


async def test_a_file_of_somebody_else_has_no_checksum(s3: S3) -> None:
    """What Sayso has not written is found and read, and its checksum is not made up."""
    storage = s3.storage()
    await s3.client.call("put_object", Bucket="bucket", Key=KEY, body=b"another's")
    found = await storage.find(URI)
    assert found is not None
    assert (found.size_bytes, found.sha256) == (9, None)
    assert await content_of(storage) == b"another's"


async def test_links_are_signed_as_every_bucket_takes_them(s3: S3, small: Path) -> None:
    """A link has the signature of version 4, gives ranges, and lasts no longer than S3 allows."""

    async def scenario() -> str:
        async with Aws(s3.server.access()) as aws:
            await s3.storage().publish(small, URI, content_type="audio/wav", over=None)
            return await (await open_s3_storage(aws)).link(URI, seconds=10**9, file_name="a.wav")

    url = httpx2.URL(await scenario())
    assert url.params["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert url.params["X-Amz-Expires"] == "604800"
    assert httpx2.get(url, headers={"range": "bytes=2-6"}, timeout=WAIT_SECONDS).content == SMALL[2:7]


async def test_the_page_is_told_where_links_lead(s3: S3) -> None:
    """The origin of the links to files in a bucket is that of its endpoint."""

    async def scenario() -> str | None:
        async with Aws(s3.server.access()) as aws:
            storages = Storages({"s3": await open_s3_storage(aws)})
            return await files_origin_of(storages, URI.rpartition("/")[0])

    assert await scenario() == s3.server.url
