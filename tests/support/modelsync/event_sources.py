"""The ways in which the events of a bucket come to a queue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.aws.server import AwsPlace


def send_to_queue(place: AwsPlace, bucket: str, queue: str) -> None:
    """Directly."""
    configuration = {"QueueArn": place.arn(queue), "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
    place.boto("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [configuration]}
    )


def send_through_sns(place: AwsPlace, bucket: str, queue: str, *, is_raw: bool = False) -> None:
    """Through a topic of SNS, in its envelope or without it."""
    sns = place.boto("sns")
    topic = sns.create_topic(Name=bucket)["TopicArn"]
    attributes = {"RawMessageDelivery": "true"} if is_raw else {}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=place.arn(queue), Attributes=attributes)
    configuration = {"TopicArn": topic, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
    place.boto("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"TopicConfigurations": [configuration]}
    )


def send_raw_through_sns(place: AwsPlace, bucket: str, queue: str) -> None:
    """Through a topic of SNS, without its envelope."""
    send_through_sns(place, bucket, queue, is_raw=True)


def send_through_eventbridge(place: AwsPlace, bucket: str, queue: str) -> None:
    """Through EventBridge."""
    events = place.boto("events")
    events.put_rule(
        Name=bucket, EventPattern=json.dumps({"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}})
    )
    events.put_targets(Rule=bucket, Targets=[{"Id": "queue", "Arn": place.arn(queue)}])
    place.boto("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
