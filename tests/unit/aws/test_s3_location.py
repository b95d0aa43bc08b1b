"""Where a bucket is, as AWS's own tools find it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.aws.access import AwsAccess
from sayso.aws.s3_reader import locate_bucket
from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An AWS configuration file of the test, and none of the machine."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "config"


@pytest.mark.parametrize(
    ("bucket", "region", "host", "path"),
    [
        ("models", "us-west-2", "models.s3.us-west-2.amazonaws.com", "/"),
        ("models", "cn-north-1", "models.s3.cn-north-1.amazonaws.com.cn", "/"),
        ("my.models", "us-west-2", "s3.us-west-2.amazonaws.com", "/my.models/"),
        (
            "arn:aws:s3:us-west-2:123456789012:accesspoint/voices",
            "us-west-2",
            "voices-123456789012.s3-accesspoint.us-west-2.amazonaws.com",
            "/",
        ),
    ],
)
def test_a_bucket_of_aws_is_where_its_partition_and_name_say(bucket: str, region: str, host: str, path: str) -> None:
    """Over TLS."""
    found = locate_bucket(bucket, AwsAccess(region=region))
    assert (found.host, found.path, found.region) == (host, path, region)
    assert found.address.port == 443
    assert found.address.tls is not None


@pytest.mark.parametrize(
    ("endpoint", "host", "port", "path"),
    [
        ("http://minio:9000", "minio:9000", 9000, "/models/"),
        ("http://minio:9000/", "minio:9000", 9000, "/models/"),
        ("https://storage.example/s3", "storage.example", 443, "/s3/models/"),
        ("http://[::1]:9000", "[::1]:9000", 9000, "/models/"),
    ],
)
def test_a_bucket_at_an_endpoint_is_a_part_of_the_path(endpoint: str, host: str, port: int, path: str) -> None:
    """Of any kind of S3."""
    found = locate_bucket("models", AwsAccess(endpoint_url=endpoint))
    assert (found.host, found.address.port, found.path) == (host, port, path)
    assert (found.address.tls is not None) is endpoint.startswith("https")


@pytest.mark.parametrize(("style", "host"), [("virtual", "models.minio:9000"), ("path", "minio:9000")])
def test_the_configuration_file_may_ask_for_virtual_hosts(config: Path, style: str, host: str) -> None:
    """As some providers demand."""
    config.write_text(f"[default]\ns3 =\n    addressing_style = {style}\n")
    assert locate_bucket("models", AwsAccess(endpoint_url="http://minio:9000")).host == host


def test_a_name_that_cannot_be_a_bucket_is_an_error() -> None:
    """Before anything is asked."""
    with pytest.raises(InvalidInput, match="cannot be used"):
        locate_bucket("no bucket!", AwsAccess())
