"""Listing and transfers against moto, an emulator of S3, over HTTP; objects are put there by boto3."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends

from sayso.aws.s3_reader import BucketReader, ObjectAbsent, ObjectChanged, locate_bucket
from sayso.errors import ServiceUnavailable
from sayso.modelsync.bucket.listing import find_object, list_objects
from sayso.modelsync.records import ChecksumAlgorithm
from sayso.modelsync.transfers.transfer import Download, TransferOptions, Transfers
from sayso.modelsync.volume.directories import VolumeRoot
from sayso.resilience.retry_policies import RetryPolicy
from support.aws.s3_server import S3Server, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUICK = RetryPolicy(first_seconds=0.001, longest_seconds=0.01, attempts=3)
OPTIONS = TransferOptions(connections=4, range_bytes=2**20, retry=QUICK)
KEYS = [
    "essential/voice/模型.onnx",
    "essential/voice/plus+plus.bin",
    "optional/bert/with space/config.json",
    "archive/g2p/100%&'()!.txt",
    "archive/g2p/tilde~_-.py",
    "top.bin",
]


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


@pytest.fixture
def bucket() -> str:
    """The name of a bucket of this test."""
    return f"models-{uuid4().hex[:12]}"


@pytest.fixture
def client(server: S3Server, bucket: str) -> Any:
    """boto3's client; the bucket is empty."""
    access = server.access()
    client = boto3.client(
        "s3",
        region_name=access.region,
        endpoint_url=access.endpoint_url,
        aws_access_key_id=access.access_key_id,
        aws_secret_access_key=access.secret_access_key,
    )
    client.create_bucket(Bucket=bucket)
    return client


@pytest.fixture
def reader(server: S3Server, bucket: str) -> Iterator[BucketReader]:
    with BucketReader(locate_bucket(bucket, server.access())) as opened:
        yield opened


def content_of(key: str, size: int = 3_000) -> bytes:
    """The content of an object of a test."""
    return hashlib.shake_128(key.encode()).digest(size)


def fetch_all(reader: BucketReader, path: Path, *, prefix: str = "") -> dict[str, bytes]:
    """Everything that is listed, fetched and verified."""
    listing = list_objects(reader, prefix=prefix, policy=QUICK)
    assert listing.is_complete
    with VolumeRoot(path) as root, Transfers(reader, root, OPTIONS) as transfers:
        handles = [transfers.submit(Download(remote=remote, path=remote.key)) for remote in listing.objects]
        found = [handle.future.result(60) for handle in handles]
    assert all(each.is_verified for each in found)
    return {each.remote.key: (path / each.temporary).read_bytes() for each in found}


def test_keys_of_every_kind_are_listed_and_fetched(
    client: Any, bucket: str, reader: BucketReader, tmp_path: Path
) -> None:
    """As they were put."""
    for key in KEYS:
        client.put_object(Bucket=bucket, Key=key, Body=content_of(key))
    client.put_object(Bucket=bucket, Key="essential/", Body=b"")
    assert [each.key for each in list_objects(reader, policy=QUICK).objects] == sorted(KEYS)
    assert fetch_all(reader, tmp_path) == {key: content_of(key) for key in KEYS}
    assert list(fetch_all(reader, tmp_path, prefix="archive/g2p/100%")) == ["archive/g2p/100%&'()!.txt"]


def test_a_bucket_of_more_than_a_page_is_listed_completely(
    client: Any,
    bucket: str,
    reader: BucketReader,
) -> None:
    """S3 sends a thousand objects at once."""
    client.put_object(Bucket=bucket, Key="百+ 0000", Body=b"")
    for number in range(1, 1_005):  # without HTTP, which takes many times as long
        s3_backends[DEFAULT_ACCOUNT_ID]["aws"].put_object(bucket, f"百+ {number:04}", b"")
    listing = list_objects(reader, policy=QUICK)
    assert listing.is_complete
    assert [each.key for each in listing.objects] == [f"百+ {number:04}" for number in range(1_005)]


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "SHA1", "SHA256", "CRC64NVME"])
def test_the_checksum_that_an_object_was_put_with_verifies_it(
    client: Any, bucket: str, reader: BucketReader, tmp_path: Path, algorithm: str
) -> None:
    """Each that S3 keeps."""
    client.put_object(Bucket=bucket, Key="a.bin", Body=content_of("a"), ChecksumAlgorithm=algorithm)
    facts = find_object(reader, "a.bin", policy=QUICK)
    assert ChecksumAlgorithm(algorithm) in {each.algorithm for each in facts.remote.checksums}
    assert fetch_all(reader, tmp_path) == {"a.bin": content_of("a")}


def test_an_upload_in_parts_is_verified(
    client: Any,
    bucket: str,
    reader: BucketReader,
    tmp_path: Path,
) -> None:
    """By the ETag, which is made of the parts' MD5s."""
    part = 5 * 2**20
    content = content_of("big", 2 * part + 12_345)
    upload = client.create_multipart_upload(Bucket=bucket, Key="big.bin")["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": client.upload_part(
                Bucket=bucket,
                Key="big.bin",
                UploadId=upload,
                PartNumber=number,
                Body=content[(number - 1) * part : number * part],
            )["ETag"],
        }
        for number in (1, 2, 3)
    ]
    client.complete_multipart_upload(Bucket=bucket, Key="big.bin", UploadId=upload, MultipartUpload={"Parts": parts})
    assert fetch_all(reader, tmp_path) == {"big.bin": content}


def test_versions_are_fetched_as_they_were_listed(
    client: Any, bucket: str, reader: BucketReader, tmp_path: Path
) -> None:
    """An overwritten object is not the one that was listed; its old version still is."""
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket=bucket, Key="a.bin", Body=b"one" * 1_000)
    listed = list_objects(reader, policy=QUICK).objects[0]
    first = find_object(reader, "a.bin", policy=QUICK).remote
    assert first.version_id is not None
    client.put_object(Bucket=bucket, Key="a.bin", Body=b"two" * 1_000)
    with VolumeRoot(tmp_path) as root, Transfers(reader, root, OPTIONS) as transfers:
        with pytest.raises(ObjectChanged):
            transfers.download(Download(remote=listed, path="a.bin"))
        found = transfers.download(Download(remote=first, path="a.bin"))
        assert (tmp_path / found.temporary).read_bytes() == b"one" * 1_000
        current = transfers.download(Download(remote=list_objects(reader, policy=QUICK).objects[0], path="a.bin"))
    assert current.remote.version_id not in {None, first.version_id}


def test_a_removed_object_is_absent(
    client: Any,
    bucket: str,
    reader: BucketReader,
    tmp_path: Path,
) -> None:
    """With a delete marker, or for good."""
    client.put_object(Bucket=bucket, Key="gone.bin", Body=b"x")
    remote = find_object(reader, "gone.bin", policy=QUICK).remote
    client.delete_object(Bucket=bucket, Key="gone.bin")
    with pytest.raises(ObjectAbsent):
        find_object(reader, "gone.bin", policy=QUICK)
    with VolumeRoot(tmp_path) as root, Transfers(reader, root, OPTIONS) as transfers, pytest.raises(ObjectAbsent):
        transfers.download(Download(remote=remote, path="gone.bin"))
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    client.put_object(Bucket=bucket, Key="gone.bin", Body=b"x")
    client.delete_object(Bucket=bucket, Key="gone.bin")
    with pytest.raises(ObjectAbsent) as caught:
        find_object(reader, "gone.bin", policy=QUICK)
    assert caught.value.is_delete_marker
    assert list_objects(reader, policy=QUICK).objects == ()


def test_a_public_bucket_is_read_without_credentials(
    client: Any, bucket: str, server: S3Server, tmp_path: Path
) -> None:
    """No request is signed."""
    client.put_object(Bucket=bucket, Key="a.bin", Body=b"x", ACL="public-read")
    client.put_bucket_acl(Bucket=bucket, ACL="public-read")
    access = replace(server.access(), access_key_id=None, secret_access_key=None)
    server.requests.clear()
    with BucketReader(locate_bucket(bucket, access, is_anonymous=True)) as reader:
        assert fetch_all(reader, tmp_path) == {"a.bin": b"x"}
    assert all("AUTHORIZATION" not in request.headers for request in server.requests)


def test_credentials_come_from_the_chain_of_the_sdk(
    client: Any, bucket: str, server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here from the profile in AWS's own files; without any, it is said."""
    client.put_object(Bucket=bucket, Key="a.bin", Body=b"x")
    access = replace(server.access(), access_key_id=None, secret_access_key=None)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    with (
        BucketReader(locate_bucket(bucket, access)) as reader,
        pytest.raises(ServiceUnavailable, match="no AWS credentials"),
    ):
        find_object(reader, "a.bin", policy=QUICK)
    (tmp_path / "credentials").write_text("[default]\naws_access_key_id = from-file\naws_secret_access_key = secret\n")
    (tmp_path / "volume").mkdir()
    server.requests.clear()
    with BucketReader(locate_bucket(bucket, access)) as reader:
        assert fetch_all(reader, tmp_path / "volume") == {"a.bin": b"x"}
    assert all("Credential=from-file/" in request.headers["AUTHORIZATION"] for request in server.requests)
