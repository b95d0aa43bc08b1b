"""What may stand for a bucket in the settings."""

from __future__ import annotations

import pytest

from sayso.errors import InvalidInput
from sayso.modelsync.bucket.names import bucket_of_events, check_bucket, region_of

POINT = "arn:aws:s3:eu-central-1:123456789012:accesspoint/mine"


@pytest.mark.parametrize("name", ["models", "my.bucket-1", "Old_Bucket", "mine-abc123456-s3alias", POINT])
def test_buckets_and_access_points_can_be_read(name: str) -> None:
    check_bucket(name, endpoint_url=None)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("arn:aws:s3:::models", "the name alone: models"),
        ("arn:aws-cn:s3:::models/prefix", "the name alone: models"),
        ("s3://models", "the name alone: models"),
        ("s3://models/essential/", "SAYSO_SYNC_PREFIX=essential/"),
        ("models/essential", "S3_BUCKET_NAME"),
        (" models", "S3_BUCKET_NAME"),
        ("", "S3_BUCKET_NAME"),
        ("arn:aws:s3::123456789012:accesspoint/abc.mrap", "name of the bucket"),
        ("arn:aws:s3-object-lambda:us-east-1:123456789012:accesspoint/x", "name of the bucket"),
        ("models--usw2-az1--x-s3", "general purposes"),
    ],
)
def test_others_are_refused_with_what_to_give(name: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_bucket(name, endpoint_url=None)
    assert hint in (refused.value.hint or "")


def test_an_access_point_needs_aws_itself() -> None:
    with pytest.raises(InvalidInput, match="AWS_ENDPOINT_URL"):
        check_bucket(POINT, endpoint_url="http://127.0.0.1:9000")


def test_the_events_of_an_access_point_name_its_bucket() -> None:
    """Which the setting does not say: those of every bucket of the queue count."""
    assert bucket_of_events("models") == "models"
    assert bucket_of_events(POINT) is None
    assert bucket_of_events("mine-abc123456-s3alias") is None
    assert (region_of(POINT), region_of("models")) == ("eu-central-1", None)
