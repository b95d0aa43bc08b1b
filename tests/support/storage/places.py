"""A storage of each kind, for the tests that every storage passes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

import httpx2
from fastapi import FastAPI
from starlette.testclient import TestClient

from sayso.api.routes import files
from sayso.aws.session import Aws
from sayso.storage import LinkSigner, LocalStorage, Root, SignedFiles, open_s3_storage
from sayso.testing import InMemoryStorage
from support.aws.server import aws_place
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sayso.storage import Storage


class Place(Protocol):
    """A storage of one kind, open on the loop of the test."""

    base: str
    storage: Storage

    def fetch(self, url: str) -> httpx2.Response:
        """What a link gives."""


class MemoryPlace:
    base = "s3://bucket"
    storage: Storage

    def __init__(self) -> None:
        self.storage = InMemoryStorage()

    def fetch(self, url: str) -> httpx2.Response:
        raise AssertionError(f"nobody listens at {url}")


class LocalPlace:
    def __init__(self, directory: Path) -> None:
        self.files = SignedFiles(root=Root(directory), signer=LinkSigner([b"secret"]))
        self.storage: Storage = LocalStorage(self.files)
        self.base = directory.as_uri()

    def fetch(self, url: str) -> httpx2.Response:
        app = FastAPI()
        app.include_router(files.router)
        app.state.served = self
        with TestClient(app) as client:
            return client.get(url)


class S3Place:
    def __init__(self, storage: Storage, bucket: str) -> None:
        self.storage = storage
        self.base = f"s3://{bucket}/some prefix"

    def fetch(self, url: str) -> httpx2.Response:
        return httpx2.get(url, timeout=WAIT_SECONDS)


@asynccontextmanager
async def memory_place(_path: Path) -> AsyncIterator[Place]:
    yield MemoryPlace()


@asynccontextmanager
async def local_place(path: Path) -> AsyncIterator[Place]:
    yield LocalPlace(path / "a root")


@asynccontextmanager
async def s3_place(_path: Path) -> AsyncIterator[Place]:
    with aws_place() as server:
        bucket = f"bucket-{uuid4().hex}"
        server.boto("s3").create_bucket(Bucket=bucket)
        async with Aws(server.access()) as aws:
            yield S3Place(await open_s3_storage(aws), bucket)
