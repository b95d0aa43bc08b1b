"""The stories service of a process is opened on AWS as it is just then."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import structlog
from pydantic import SecretStr

from sayso.bootstrap.process import Process
from sayso.bootstrap.stories import StoriesOpener
from sayso.cache import NoCache
from sayso.errors import InvalidInput
from sayso.jobs.sqs import SqsQueue
from sayso.scheduling import Scheduler
from sayso.settings import Settings
from sayso.testing import FakeSpeechEngine
from sayso.tts.cache import SpeechCache
from sayso.tts.selection import LocalSpeech
from support.aws.faults import Fault
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sayso.aws.session import AwsClient
    from sayso.workers import WorkerService
    from support.aws.faults import AwsFaults
    from support.aws.server import AwsPlace

pytestmark = pytest.mark.usefixtures("short_pauses")

TRIES = 5  # of a call, until it is given up

MESSAGE = {"text": "The lamp is lit.", "parent_id": "p", "tts_task_id": "a", "srt_task_id": "b"}


def service(
    place: AwsPlace,
    faults: AwsFaults,
    directory: Path,
    *,
    queue: str,
    table: str,
    bucket: str | None = None,
    dlq: str | None = None,
) -> WorkerService:
    settings = Settings(
        queue_url=queue,
        dlq_url=dlq,
        dynamodb_table=table,
        aws_endpoint_url=faults.url,
        aws_access_key_id="key",
        aws_secret_access_key=SecretStr("hush-hush"),
        output_bucket=bucket or uuid4().hex,
        kokoro_voice="fake_en",
        data_dir=directory,
    )
    if bucket is None:
        place.boto("s3").create_bucket(Bucket=settings.output_bucket)
    engine = FakeSpeechEngine()
    opener = StoriesOpener(
        settings,
        process=Process(),
        sources=[LocalSpeech("fake", lambda: engine)],
        scheduler=Scheduler(permits=2, slots=4),
        cache=SpeechCache(NoCache()),
    )
    return opener.service()


def test_a_worker_that_starts_in_an_outage_works_after_it(place: AwsPlace, faults: AwsFaults, tmp_path: Path) -> None:
    """Queues and a table that do not answer at the start are no reason to die: the story is told once they do."""
    queue = place.make_queue()
    stories = service(place, faults, tmp_path, queue=queue, table=place.make_table())
    for operation in ("GetQueueAttributes", "GetItem"):
        faults.next(operation, Fault.UNAVAILABLE, times=TRIES)
    place.send(queue, json.dumps(MESSAGE))
    stories.start()
    try:
        wait_until(lambda: stories.trouble() is not None or place.count(queue) == (0, 0))
        assert stories.trouble() is None
    finally:
        stories.stop()
        place.send(queue, "which ends the poll under way, and is handed back")
        assert stories.join(WAIT_SECONDS)


@contextmanager
def started(place: AwsPlace, stories: WorkerService, queue: str) -> Iterator[None]:
    stories.start()
    try:
        yield
    finally:
        stories.stop()
        with suppress(Exception):
            place.send(queue, "which ends the poll under way, and is handed back")
        assert stories.join(WAIT_SECONDS)


@pytest.mark.parametrize(
    ("operation", "code"),
    [
        ("ReceiveMessage", "KMS.ThrottlingException"),
        ("ReceiveMessage", "OverLimit"),
        ("ReceiveMessage", "InvalidSecurity"),
        ("ReceiveMessage", "NeverHeardOf"),
        ("GetItem", "ExpiredToken"),
        ("UpdateItem", "NeverHeardOf"),
        ("S3:HEAD", "RequestTimeTooSkewed"),  # which comes as a bare 400
        ("S3:PUT", "InvalidAccessKeyId"),
    ],
)
def test_a_refusal_of_any_kind_passes(
    place: AwsPlace, faults: AwsFaults, tmp_path: Path, operation: str, code: str
) -> None:
    """Neither the worker nor the story fails for what a service answers for a while, known or not."""
    queue, dlq, table = place.make_queue(), place.make_queue(), place.make_table()
    stories = service(place, faults, tmp_path, queue=queue, table=table, dlq=dlq)
    faults.refuse(operation, code, times=TRIES + 1)
    place.send(queue, json.dumps(MESSAGE))
    with started(place, stories, queue):
        wait_until(lambda: status(place, table, "p") == "COMPLETED")
        assert stories.trouble() is None
        assert faults.seen(operation) > 1
    assert place.count(dlq) == (0, 0)


def test_a_worker_waits_for_a_queue_that_is_not_yet_there(place: AwsPlace, faults: AwsFaults, tmp_path: Path) -> None:
    """It says which it misses, lives, and works when the queue is made; and again when it was deleted meanwhile."""
    name = f"late-{uuid4().hex}"
    queue = place.make_queue().rpartition("/")[0] + f"/{name}"
    table = place.make_table()
    stories = service(place, faults, tmp_path, queue=queue, table=table)
    with started(place, stories, queue):
        for parent in ("first", "second"):
            wait_until(lambda: "There is no SQS queue" in str(stories.trouble()))
            place.boto("sqs").create_queue(QueueName=name)
            wait_until(lambda: stories.trouble() is None)
            place.send(queue, json.dumps(MESSAGE | {"parent_id": parent}))
            wait_until(lambda parent=parent: status(place, table, parent) == "COMPLETED")  # type: ignore[misc]
            place.boto("sqs").delete_queue(QueueUrl=queue)


def test_a_worker_waits_for_a_table_that_is_not_yet_there(place: AwsPlace, faults: AwsFaults, tmp_path: Path) -> None:
    """No message is taken, so that none is used up, and the reason is told to whoever asks for its health."""
    queue = place.make_queue()
    place.send(queue, json.dumps(MESSAGE))
    stories = service(place, faults, tmp_path, queue=queue, table="none")
    with started(place, stories, queue):
        wait_until(lambda: "There is no DynamoDB table" in str(stories.trouble()))
        assert place.count(queue) == (1, 0)


def test_a_worker_waits_for_its_bucket(place: AwsPlace, faults: AwsFaults, tmp_path: Path) -> None:
    """A missing OUTPUT_BUCKET costs no narration and no message: it is told, and the story follows when it is made."""
    queue, table, bucket = place.make_queue(), place.make_table(), f"late-{uuid4().hex}"
    place.send(queue, json.dumps(MESSAGE))
    stories = service(place, faults, tmp_path, queue=queue, table=table, bucket=bucket)
    with started(place, stories, queue):
        wait_until(lambda: "There is no bucket" in str(stories.trouble()))
        assert place.count(queue) == (1, 0)
        place.boto("s3").create_bucket(Bucket=bucket)
        wait_until(lambda: status(place, table, "p") == "COMPLETED")
        assert stories.trouble() is None


def test_what_an_earlier_consumer_received_often_is_tried(place: AwsPlace, faults: AwsFaults, tmp_path: Path) -> None:
    """At a cut-over a message is not put aside for receipts that were not ours."""
    queue, table = place.make_queue(), place.make_table()
    place.send(queue, json.dumps(MESSAGE))
    for _ in range(7):
        assert place.messages(queue)
    with started(place, service(place, faults, tmp_path, queue=queue, table=table), queue):
        wait_until(lambda: status(place, table, "p") == "COMPLETED")


@pytest.mark.parametrize("mistake", [{"speed": 0}, {"text": None}, {"voice": {"id": "x"}}, {"use_alignment": "maybe"}])
def test_a_message_with_good_ids_and_a_bad_field_is_told_to_who_waits(
    place: AwsPlace, faults: AwsFaults, tmp_path: Path, mistake: dict[str, object]
) -> None:
    """Its tasks are FAILED with the reason that its dead letter has, and a task that was completed before stays so."""
    queue, dlq, table = place.make_queue(), place.make_queue(), place.make_table()
    place.put_item(table, "p", "b", status={"S": "COMPLETED"}, media_url={"S": "s3://bucket/b.srt"})
    place.send(queue, json.dumps(MESSAGE | mistake))
    with started(place, service(place, faults, tmp_path, queue=queue, table=table, dlq=dlq), queue):
        wait_until(lambda: place.count(dlq) == (1, 0))
        (letter,) = place.messages(dlq)  # before the stop, whose message may be received and dead-lettered too
    reason = letter["MessageAttributes"]["Reason"]["StringValue"]
    assert next(iter(mistake)) in reason
    assert (status(place, table, "p"), place.item(table, "p", "a")["sayso_error"]) == ("FAILED", {"S": reason})
    assert place.item(table, "p", "b")["status"] == {"S": "COMPLETED"}


def test_a_task_that_takes_no_status_ends_as_a_dead_letter(place: AwsPlace, faults: AwsFaults, tmp_path: Path) -> None:
    """An item of 400 KB cannot become FAILED: the message does not come again for ever, and its sibling has failed."""
    queue, dlq, table = place.make_queue(), place.make_queue(), place.make_table()
    place.put_full_item(table, "p", "b")
    place.send(queue, json.dumps(MESSAGE))
    with started(place, service(place, faults, tmp_path, queue=queue, table=table, dlq=dlq), queue):
        wait_until(lambda: place.count(dlq) == (1, 0))
        assert status(place, table, "p") == "FAILED"
        (letter,) = place.messages(dlq)
        assert "allowed size. Its tasks could not be updated: " in letter["MessageAttributes"]["Reason"]["StringValue"]


@pytest.mark.parametrize(
    "spelling",
    [
        "{scheme}://{host}/{account}/{name}",
        "{scheme}://{host}/{account}/{name}/",
        "https://sqs.us-east-1.amazonaws.com/{account}/{name}",
        "https://us-east-1.queue.amazonaws.com//{account}/{name}?x=1",
        "http://LOCALHOST:4566/queue/us-east-1/{account}/%71{rest}",
    ],
)
def test_a_dead_letter_queue_that_is_the_queue_is_refused(
    place: AwsPlace, faults: AwsFaults, tmp_path: Path, spelling: str
) -> None:
    """In whatever spelling: each message that cannot be done would make another, for ever."""
    queue = place.make_queue()
    parts = urlsplit(queue)
    account, name = parts.path.split("/")[-2:]
    dlq = spelling.format(scheme=parts.scheme, host=parts.netloc, account=account, name=name, rest=name[1:])
    with pytest.raises(InvalidInput, match="same queue"):
        service(place, faults, tmp_path, queue=queue, table="any", dlq=dlq)


@pytest.mark.parametrize(("receipts", "warnings"), [(3, 1), (5, 0)])
async def test_a_redrive_policy_that_is_quicker_than_the_attempts_is_warned_of(
    place: AwsPlace, sqs: AwsClient, receipts: int, warnings: int
) -> None:
    """SQS would take a message away before it was tried as often as the settings say: the start names both numbers."""
    queue, dead = place.make_queue(), place.make_queue()
    policy = json.dumps({"deadLetterTargetArn": place.arn(dead), "maxReceiveCount": receipts})
    place.boto("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    with structlog.testing.capture_logs() as logs:
        checked = SqsQueue(sqs, queue)
        await checked.check(max_attempts=5)
        await checked.check(max_attempts=5)
    assert [(log["max_receive_count"], log["max_attempts"]) for log in logs] == [(3, 5)] * warnings
    assert all("maxReceiveCount" in log["event"] and "SAYSO_MAX_ATTEMPTS" in log["event"] for log in logs)


def status(place: AwsPlace, table: str, parent: str) -> str | None:
    found: str | None = place.item(table, parent, "a").get("status", {}).get("S")
    return found
