"""A bucket with versions, against moto: delete markers come and go, old versions go, and versioning is suspended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from sayso.aws.s3_reader import BucketReader, locate_bucket
from sayso.modelsync.events.decoding import decode
from sayso.modelsync.service.service import ModelSync
from support.aws.s3_server import S3Server, s3_server
from support.modelsync.events import s3_message
from support.modelsync.services import files_of, options
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "essential/模型 a+b.bin"


@pytest.fixture(name="server", scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


class Versioned:
    """A bucket with versions and its copy; the events that S3 sends are sent by hand, because moto lacks some."""

    def __init__(self, server: S3Server, base: Path) -> None:
        access = server.access()
        self.bucket = f"models-{uuid4().hex[:12]}"
        self.base = base
        self.s3: Any = boto3.client(
            "s3",
            region_name=access.region,
            endpoint_url=access.endpoint_url,
            aws_access_key_id=access.access_key_id,
            aws_secret_access_key=access.secret_access_key,
        )
        self.s3.create_bucket(Bucket=self.bucket)
        self.versioning("Enabled")
        self.reader = BucketReader(locate_bucket(self.bucket, access))
        self.sync = ModelSync(options(base), self.reader)

    def versioning(self, status: str) -> None:
        self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": status})

    def put(self, body: bytes, key: str = KEY) -> str:
        return str(self.s3.put_object(Bucket=self.bucket, Key=key, Body=body).get("VersionId", "null"))

    def delete(self, **version: str) -> str:
        return str(self.s3.delete_object(Bucket=self.bucket, Key=KEY, **version).get("VersionId", "null"))

    def event(self, name: str, version_id: str | None = None) -> dict[str, Any]:
        message = s3_message(name, self.bucket, KEY, version_id=version_id)
        decoded = decode(message, bucket=self.bucket)
        assert len(decoded.events) == 1
        return dict(self.sync.apply(decoded.events).result(WAIT_SECONDS).failed)

    def full(self) -> None:
        wait_until(lambda: not self.sync._requests.is_posted)
        assert self.sync.full_sync().result(WAIT_SECONDS).is_successful

    def body(self) -> bytes | None:
        return files_of(self.base).get(KEY)


@pytest.fixture
def models(server: S3Server, tmp_path: Path) -> Iterator[Versioned]:
    made = Versioned(server, tmp_path / "models")
    made.sync.start()
    wait_until(lambda: made.sync.state.has_reconciled and made.sync.state.status == "running")
    yield made
    made.sync.stop()
    made.sync.join()
    made.reader.close()


def test_a_delete_marker_removes_the_file_and_its_removal_brings_it_back(models: Versioned) -> None:
    """By events: for the removal of a marker S3 sends one of a removal, too."""
    version = models.put(b"one")
    assert models.event("ObjectCreated:Put", version) == {}
    assert models.body() == b"one"
    marker = models.delete()
    assert models.event("ObjectRemoved:DeleteMarkerCreated", marker) == {}
    assert models.body() is None
    models.delete(VersionId=marker)
    assert models.event("ObjectRemoved:Delete", marker) == {}
    assert models.body() == b"one"


def test_a_reconciliation_sees_markers_come_and_go(models: Versioned) -> None:
    models.put(b"one")
    models.full()
    marker = models.delete()
    models.full()
    assert models.body() is None
    models.delete(VersionId=marker)
    models.full()
    assert models.body() == b"one"


def test_the_removal_of_versions(models: Versioned) -> None:
    """Of an old one nothing changes; without the current one the version before is the object."""
    first, second, third = models.put(b"one"), models.put(b"two"), models.put(b"three")
    assert models.event("ObjectCreated:Put", third) == {}
    models.delete(VersionId=second)
    assert models.event("ObjectRemoved:Delete", second) == {}
    assert models.body() == b"three"
    models.delete(VersionId=third)
    assert models.event("ObjectRemoved:Delete", third) == {}
    assert models.body() == b"one"
    models.delete(VersionId=first)
    assert models.event("ObjectRemoved:Delete", first) == {}
    assert models.body() is None


def test_suspended_versioning_and_null_versions(models: Versioned) -> None:
    """A version without a name is fetched by its ETag; a marker without a name hides older versions."""
    models.put(b"named")
    models.versioning("Suspended")
    models.put(b"null")
    assert models.event("ObjectCreated:Put", "null") == {}
    assert models.body() == b"null"
    models.put(b"null again")
    models.full()
    assert models.body() == b"null again"
    marker = models.delete()
    assert marker == "null"
    assert models.event("ObjectRemoved:DeleteMarkerCreated", marker) == {}
    assert models.body() is None
    models.versioning("Enabled")
    models.put(b"named again")
    models.full()
    assert models.body() == b"named again"
