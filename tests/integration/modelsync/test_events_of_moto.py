"""The events that moto's S3 sends, to SQS directly, through SNS and through EventBridge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from sayso.modelsync.events.decoding import decode
from sayso.modelsync.records import EventKind
from support.aws.server import AwsPlace, aws_place
from support.modelsync.event_sources import (
    send_raw_through_sns,
    send_through_eventbridge,
    send_through_sns,
    send_to_queue,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.modelsync.records import DecodedMessage

KEYS = ["essential/bert/model.bin", "essential/voice/中文 模型 v2+ (a&b=100%).onnx", "a+b/c%20d.json"]


@pytest.fixture(name="place", scope="module")
def server() -> Iterator[AwsPlace]:
    """An AWS."""
    with aws_place() as place:
        yield place


@pytest.fixture(name="bucket")
def new_bucket(place: AwsPlace) -> str:
    """A bucket without versions: moto sends no event for a delete marker."""
    name = f"models-{uuid4().hex}"
    place.boto("s3").create_bucket(Bucket=name)
    return name


def received(place: AwsPlace, queue: str, bucket: str) -> list[DecodedMessage]:
    """Everything that is on the queue, decoded; it is empty then."""
    found: list[DecodedMessage] = []
    sqs: Any = place.boto("sqs")
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(decode(message["Body"], bucket=bucket))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return found


@pytest.mark.parametrize("connect", [send_to_queue, send_through_sns, send_raw_through_sns, send_through_eventbridge])
def test_every_change_is_an_event_with_its_key(place: AwsPlace, bucket: str, connect: Any) -> None:
    """Created, overwritten, copied, uploaded in parts, for which moto sends two events, and removed."""
    queue = place.make_queue()
    connect(place, bucket, queue)
    test_events = received(place, queue, bucket)
    assert [message.events for message in test_events] == [()] * len(test_events)
    s3 = place.boto("s3")
    for key in KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=b"one")
        s3.put_object(Bucket=bucket, Key=key, Body=b"three")
        s3.copy_object(Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": key}, MetadataDirective="REPLACE")
        upload = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
        part = s3.upload_part(Bucket=bucket, Key=key, UploadId=upload, PartNumber=1, Body=b"four")
        parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
        s3.complete_multipart_upload(Bucket=bucket, Key=key, UploadId=upload, MultipartUpload=parts)
        s3.delete_object(Bucket=bucket, Key=key)
    messages = received(place, queue, bucket)
    assert all(message.problems == () for message in messages)
    events = [event for message in messages for event in message.events]
    for key in KEYS:
        kinds = [event.kind for event in events if event.key == key]
        assert kinds == [EventKind.CREATED] * 5 + [EventKind.REMOVED]
    assert len(events) == 6 * len(KEYS)
