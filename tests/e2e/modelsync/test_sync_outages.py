"""A bucket, a queue and a receiver of notifications that refuse for a while: waited for, said, and then it goes on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.aws.faults import AwsFaults, aws_faults
from support.aws.server import AwsPlace, aws_place
from support.aws.troubles import OF_S3, OF_SQS
from support.modelsync.process import SyncPlace, SyncProcess
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUEUES = {"ReceiveMessage": OF_SQS, "GetQueueAttributes": OF_SQS, "SendMessageBatch": OF_SQS}
BUCKET = {"S3:GET": OF_S3, "S3:HEAD": OF_S3}


@pytest.fixture(name="aws", scope="module")
def server() -> Iterator[AwsPlace]:
    with aws_place() as place:
        yield place


@pytest.fixture
def faults(aws: AwsPlace) -> Iterator[AwsFaults]:
    with aws_faults(aws.url) as proxy:
        yield proxy


def reason(sync: SyncProcess) -> str:
    """Why /health says that the service is not healthy; empty if it says that it is."""
    status, body = sync.request("GET", "/health")
    assert (status == 200) == (body["status"] == "healthy")
    return "" if status == 200 else str(body["reason"])


def test_a_start_while_everything_refuses(aws: AwsPlace, faults: AwsFaults, tmp_path: Path) -> None:
    """Throttled, denied, with credentials that have expired: it is not ready, says why, and goes on by itself."""
    place = SyncPlace(aws)
    place.put("a.bin", b"a")
    faults.refuse_all(7, QUEUES | BUCKET)
    settings = {"AWS_ENDPOINT_URL": faults.url, "SAYSO_SYNC_INTERVAL_SECONDS": "0"}
    with SyncProcess(tmp_path, place, base=tmp_path / "models", settings=settings) as sync:
        wait_until(lambda: "s3" in reason(sync))
        assert sync.request("GET", "/ready")[0] == 503
        assert sync.request("GET", "/live")[0] == 200
        assert sync.request("POST", "/sync/full")[0] in {207, 409}
        faults.relent()
        sync.wait_until_ready()
        wait_until(lambda: reason(sync) == "")
        assert sync.files() == {"a.bin": b"a"}
        wait_until(lambda: aws.count(place.notifications)[0] >= 1)


def test_queues_that_refuse_for_a_while(aws: AwsPlace, faults: AwsFaults, tmp_path: Path) -> None:
    """No event and no notification is lost; what was purged is found by the next reconciliation."""
    place = SyncPlace(aws)
    settings = {"AWS_ENDPOINT_URL": faults.url, "SAYSO_SYNC_INTERVAL_SECONDS": "0"}
    with SyncProcess(tmp_path, place, base=tmp_path / "models", settings=settings) as sync:
        sync.wait_until_ready()
        faults.refuse_all(8, QUEUES)
        place.put("late.bin", b"late")
        wait_until(lambda: "queue sync" in reason(sync))
        faults.relent()
        wait_until(lambda: sync.files() == {"late.bin": b"late"})
        wait_until(lambda: reason(sync) == "")
        faults.refuse_all(9, {"SendMessageBatch": OF_SQS, "ReceiveMessage": OF_SQS})
        place.put("purged.bin", b"purged")
        aws.boto("sqs").purge_queue(QueueUrl=place.queue)
        faults.refuse_all(10, {"SendMessageBatch": OF_SQS})
        assert sync.request("POST", "/sync/full")[0] == 200
        assert set(sync.files()) == {"late.bin", "purged.bin"}
        wait_until(lambda: "Notifications wait" in reason(sync))
        faults.relent()
        announced: set[str] = set()

        def is_announced() -> bool:
            announced.update(json.loads(each["Body"])["path"] for each in place.notices())
            return announced == {"late.bin", "purged.bin"}

        wait_until(is_announced)
        wait_until(lambda: reason(sync) == "")
        assert aws.count(place.dead_letters) == (0, 0)
