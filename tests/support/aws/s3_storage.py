"""S3 that fails as planned, and files to publish in it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from sayso.aws.session import AwsClient, Patience
from sayso.resilience.retry_policies import AWS_CALL
from sayso.storage.s3 import S3Storage

if TYPE_CHECKING:
    from support.aws.s3_server import S3Server

FIVE_MIB = 5 * 2**20  # the smallest part that S3 takes
KEY = "story/a.wav"
URI = f"s3://bucket/{KEY}"
SMALL = b"a small file" * 1000

AT_ONCE = replace(AWS_CALL, first_seconds=0.001, longest_seconds=0.001)
QUICK = Patience(retry=AT_ONCE)
IMPATIENT = Patience(try_seconds=0.5, retry=AT_ONCE)
ONCE = Patience(retry=replace(AWS_CALL, attempts=1))


class S3:
    """A server, and a client of it, which the tests share: to make one takes long."""

    def __init__(self, server: S3Server, client: AwsClient) -> None:
        self.server = server
        self.client = client

    def storage(self, patience: Patience = QUICK) -> S3Storage:
        client = AwsClient("s3", self.client._client, patience=patience, clock=time.monotonic, sleep=asyncio.sleep)
        return S3Storage(client, part_bytes=FIVE_MIB)


@cache
def large_content() -> bytes:
    """Two whole parts and a bit, each part different."""
    return b"".join(number.to_bytes(4, "big") for number in range(FIVE_MIB // 2 + 100))


async def content_of(storage: S3Storage) -> bytes:
    return b"".join([block async for block in storage.read(URI)])


def operations(s3: S3) -> list[tuple[str, str]]:
    """What was asked, in order: the method, and what the query begins with."""
    return [(request.method, request.query.partition("=")[0]) for request in s3.server.requests]
