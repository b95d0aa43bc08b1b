"""S3 for the tests of this directory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.aws.session import Aws
from support.aws.s3_server import s3_server
from support.aws.s3_storage import KEY, S3, SMALL, large_content

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture(scope="module")
async def shared() -> AsyncIterator[S3]:
    with s3_server() as server:
        async with Aws(server.access()) as aws:
            s3 = S3(server, await aws.client("s3"))
            await s3.client.call("create_bucket", Bucket="bucket")
            yield s3


@pytest.fixture
async def s3(shared: S3) -> S3:
    """S3 with an empty bucket, and nothing planned or remembered."""
    shared.server.faults.clear()
    await shared.client.call("delete_object", Bucket="bucket", Key=KEY)
    shared.server.requests.clear()
    return shared


@pytest.fixture
def small(tmp_path: Path) -> Path:
    path = tmp_path / "small"
    path.write_bytes(SMALL)
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large"
    path.write_bytes(large_content())
    return path
