"""The workers on AWS: SQS, DynamoDB and S3 by moto, behind a proxy that fails as they do."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from aws import AwsPlace
from aws_faults import Fault, aws_faults
from chaos.crew import End
from chaos.evidence import Evidence, Task
from chaos.record import RecordFile
from chaos.stories import aws_orders
from chaos.storm import Trouble

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from types import TracebackType

    from aws_faults import AwsFaults
    from chaos.crew import Crew
    from chaos.record import Record
    from chaos.stories import Order

BUCKET = "stories"

FAULT_SHARE = 0.015
"""How many requests fail at any time; in an outage, all."""

_OUTAGE_SECONDS = (2.0, 8.0)
_LATE_SECONDS = (5.0, 12.0)  # after the client has given up
_SERVICES = {
    "S3": ("S3:HEAD", "S3:PUT", "S3:POST", "S3:GET"),
    "DynamoDB": ("GetItem", "UpdateItem"),
    "SQS": (
        "ReceiveMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "SendMessage",
        "GetQueueAttributes",
    ),
}
_STEPS = ("ReceiveMessage", "GetItem", "UpdateItem", "S3:HEAD", "S3:PUT", "DeleteMessageBatch")
_CHANGES = ("UpdateItem", "S3:PUT", "DeleteMessageBatch", "ChangeMessageVisibility", "ChangeMessageVisibilityBatch")
_TITLE = {"S": "what others wrote"}
_ENTRY = Path(__file__).with_name("aws_server.py")


class SqsScene:
    """A context manager; in it there are a queue, a dead-letter queue, a table and a bucket that keeps all versions.

    Args:
        directory: for the record, and what the workers keep.
        chance: decides about faults.
        settings: the environment that all processes have in common.
        groups: of a FIFO queue; 0 for a standard one.
    """

    def __init__(self, directory: Path, chance: random.Random, settings: Mapping[str, str], *, groups: int = 0) -> None:
        self.name = "FIFO" if groups else "SQS"
        self._directory = directory
        self._settings = settings
        self._groups = groups
        self._chance = chance
        self._seed = chance.getrandbits(32)
        self._record = RecordFile(directory / "record.jsonl")
        self._messages: dict[str, str] = {}
        self._sent: list[Order] = []
        self._armed: list[tuple[str, bool]] = []  # steps at which whoever comes is killed; guarded by the lock
        self._late: list[tuple[str, float]] = []  # and operations of which the next is kept back
        self._lock = threading.Lock()
        self.counts: Counter[str] = Counter()

    def orders(self, count: int, *, engine: str) -> Sequence[Order]:
        """So many jobs."""
        return aws_orders(self._chance, count, engine=engine, bucket=BUCKET, groups=self._groups)

    def environment(self, name: str) -> Mapping[str, str]:
        """What an operator would set; each worker has a disk of its own, as a container has."""
        own = self._directory / "workers" / name
        return {
            **self._settings,
            "AWS_ENDPOINT_URL": self._faults.url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "hush-hush",
            "AWS_SDK_UA_APP_ID": name,
            "QUEUE_URL": self._queue,
            "DLQ_URL": self._dlq,
            "DYNAMODB_TABLE": self._table,
            "OUTPUT_BUCKET": BUCKET,
            "SAYSO_DATA": str(own),
            "SAYSO_CACHE_DIR": str(own / "cache"),
        }

    def send(self, order: Order) -> None:
        """Send a message, and before its first what others write of its tasks."""
        if order not in self._sent:
            self._sent.append(order)
            for parent, task in order.tasks[: self._chance.randint(0, 2)]:
                self._aws.put_item(
                    self._table, parent, task, status={"S": "PENDING"}, title=_TITLE, sparse_gsi_hash_key={"S": "open"}
                )
        self._messages[self._aws.send(self._queue, order.body, group=order.group)] = order.name

    def is_empty(self) -> bool:
        """Whether no message is left."""
        return self._aws.count(self._queue) == (0, 0)

    def record(self) -> Record:
        """See `storm.Place`."""
        return self._record.read()

    # Troubles

    def trouble(
        self, trouble: Trouble, chance: random.Random, crew: Crew
    ) -> Sequence[tuple[float, Callable[[], None]]]:
        """See `storm.Place`."""
        self._faults.watch = lambda operation, headers, is_obeyed: self._watch(operation, headers, is_obeyed, crew)
        if trouble is Trouble.KILL_AT_STEP:
            with self._lock:
                self._armed.append((chance.choice(_STEPS), chance.random() < 0.5))
            return []
        if trouble is Trouble.LATE:
            with self._lock:
                self._late.append((chance.choice(_CHANGES), chance.uniform(*_LATE_SECONDS)))
            return []
        services = chance.choice([*([name] for name in _SERVICES), list(_SERVICES)])
        operations = [operation for service in services for operation in _SERVICES[service]]
        fault = chance.choice((Fault.ERROR, Fault.UNAVAILABLE, Fault.HANG))
        self._faults.at_random(chance.getrandbits(32), 1.0, faults=[fault], operations=operations)
        return [(chance.uniform(*_OUTAGE_SECONDS), self.be_usual)]

    def be_usual(self) -> None:
        """Let a few requests fail, as they always do."""
        self._faults.at_random(self._chance.getrandbits(32), FAULT_SHARE)

    def calm(self) -> None:
        """Let everything through."""
        with self._lock:
            self._armed.clear()
            self._late.clear()
        self._faults.calm()

    def _watch(self, operation: str, headers: Mapping[str, str], is_obeyed: bool, crew: Crew) -> None:
        with self._lock:
            is_last = (operation, is_obeyed) in self._armed
            if is_last:
                self._armed.remove((operation, is_obeyed))
            late = next((pair for pair in self._late if pair[0] == operation and not is_obeyed), None)
            if late is not None:
                self._late.remove(late)
        if is_last:
            worker = crew.named(headers.get("User-Agent", "").partition("app/")[2].partition(" ")[0])
            if worker is not None:
                crew.kill(worker, restart_seconds=1.0, how=End.KILLED_AT_STEP)
        if late is not None:
            self.counts["obeyed late"] += 1
            time.sleep(late[1])

    # The end

    def faults(self) -> Mapping[str, int]:
        """How often each fault was injected."""
        return {str(fault): count for fault, count in self._faults.troubles.items()} | dict(self.counts)

    def evidence(self) -> Evidence:
        """All that is there now."""
        versions: Counter[str] = Counter()
        s3 = self._aws.boto("s3")
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=BUCKET):
            versions.update(f"s3://{BUCKET}/{entry['Key']}" for entry in page.get("Versions", ()))
            versions.update(f"s3://{BUCKET}/{entry['Key']}" for entry in page.get("DeleteMarkers", ()))
        tasks = {task: self._task(task) for order in self._sent for task in order.tasks}
        left = [] if self.is_empty() else [f"messages in the queue: {self._aws.count(self._queue)}"]
        return Evidence(
            orders=self._sent,
            messages=self._messages,
            record=self.record(),
            tasks=tasks,
            versions=versions,
            read=self._read,
            put_aside=self._put_aside(),
            left=left,
        )

    def left_by(self, name: str) -> Sequence[str]:
        """What a worker that ended in order has left on its disk."""
        return [str(path) for path in (self._directory / "workers" / name / "work").glob("*")]

    def _read(self, uri: str) -> bytes:
        key = uri.removeprefix(f"s3://{BUCKET}/")
        content: bytes = self._aws.boto("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content

    def _task(self, key: tuple[str, str]) -> Task:
        item = self._aws.item(self._table, *key)
        found = {name: value.get("S") for name, value in item.items()}
        oddity = None
        if "sparse_gsi_hash_key" in item and found.get("status") == "COMPLETED":
            oddity = "is completed, and in the index of those that are not"
        if item.get("title", _TITLE) != _TITLE:
            oddity = "is not as others wrote it"
        return Task(
            status=found.get("status"), url=found.get("media_url"), error=found.get("sayso_error"), oddity=oddity
        )

    def _put_aside(self) -> Mapping[str, str]:
        """Why, by the names of orders: those of jobs that cannot be done are in their messages."""
        reasons: dict[str, str] = {}
        while True:
            answer: Any = self._aws.boto("sqs").receive_message(
                QueueUrl=self._dlq, MaxNumberOfMessages=10, VisibilityTimeout=600, MessageAttributeNames=["All"]
            )
            messages = answer.get("Messages", [])
            if not messages:
                return reasons
            for message in messages:
                name = next((order.name for order in self._sent if order.body == message["Body"]), message["Body"][:80])
                reasons[name] = message.get("MessageAttributes", {}).get("Reason", {}).get("StringValue", "")

    def __enter__(self) -> Self:
        self._server = subprocess.Popen(
            [sys.executable, str(_ENTRY), str(self._directory / "record.jsonl"), str(self._seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            assert self._server.stdout is not None
            self._aws = AwsPlace(self._server.stdout.readline().strip())
            assert self._aws.url, f"{_ENTRY.name} does not start"
            self._proxy: AbstractContextManager[AwsFaults] = aws_faults(self._aws.url)
            self._faults = self._proxy.__enter__()
            self._dlq = self._aws.make_queue(fifo=self._groups > 0)
            self._queue = self._aws.make_queue(fifo=self._groups > 0)
            self._table = self._aws.make_table()
            s3 = self._aws.boto("s3")
            s3.create_bucket(Bucket=BUCKET)
            s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
            self.be_usual()
        except BaseException:
            self._server.kill()
            self._server.wait()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._proxy.__exit__(None, None, None)
        self._server.kill()
        self._server.wait()
