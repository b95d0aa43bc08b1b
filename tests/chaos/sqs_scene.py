"""The workers on AWS: SQS, DynamoDB and S3 by moto, behind a proxy that fails as they do."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from chaos.aws_troubles import AwsTroubles
from chaos.disk import SmallDisk
from chaos.evidence import Evidence, Task
from chaos.promises import broken_promises
from chaos.record import RecordFile
from chaos.stories import BUCKET, aws_orders
from chaos.storm import Trouble
from support.aws.faults import aws_faults
from support.aws.server import AwsPlace

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from chaos.crew import Crew, Death
    from chaos.promises import Broken
    from chaos.record import Record
    from chaos.stories import Order

_DISK_BYTES = 512 * 2**20
_FULL_SECONDS = (1.0, 4.0)  # not so long that the workers are ended for their health
_GONE_SECONDS = (2.0, 8.0)
_PAUSE_SECONDS = 0.2
_LONG_SENTENCES = 200
_LONG_CHARACTERS = 2000
_OUTLIVING = 3
_TITLE = {"S": "what others wrote"}
_ENTRY = Path(__file__).with_name("aws_server.py")


class SqsScene:
    """A context manager; in it there are a queue, a dead-letter queue, a table and a bucket that keeps all versions.

    Args:
        directory: for the record, and what the workers keep.
        chance: decides about faults.
        settings: the environment that all processes have in common.
        groups: of a FIFO queue; 0 for a standard one.
        name: of the scene.
        hostile: whether there are documents among the jobs that only versions of today are sure to withstand.
        outliving: whether the first story is very long, and any long one sent several times at once: its duplicates
            come again and again while it is told.
    """

    command: Sequence[str] = ("run", "stories")

    def __init__(
        self,
        directory: Path,
        chance: random.Random,
        settings: Mapping[str, str],
        *,
        groups: int = 0,
        name: str = "SQS",
        hostile: bool = True,
        outliving: bool = False,
    ) -> None:
        self.name = name
        self._directory = directory
        self._settings = settings
        self._groups = groups
        self._chance = chance
        self._seed = chance.getrandbits(32)
        self._record = RecordFile(directory / "record.jsonl")
        self._messages: dict[str, str] = {}
        self._sent: list[Order] = []
        self._hostile = hostile
        self._outliving = outliving
        self._stack = ExitStack()
        self._sending = threading.Lock()  # guards what was sent, and whether there is a queue to send to
        self._is_queue_gone = False

    def orders(self, count: int, *, engine: str) -> Sequence[Order]:
        """So many jobs."""
        return aws_orders(
            self._chance,
            count,
            engine=engine,
            groups=self._groups,
            hostile=self._hostile,
            first_sentences=_LONG_SENTENCES if self._outliving else None,
        )

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
        """Send a message, and before its first what others write of its tasks; wait where there is no queue."""
        is_first = order not in self._sent
        if is_first:
            for parent, task in order.tasks[: self._chance.randint(0, 2)]:
                self._aws.put_item(
                    self._table, parent, task, status={"S": "PENDING"}, title=_TITLE, sparse_gsi_hash_key={"S": "open"}
                )
        while True:
            with self._sending:
                if not self._is_queue_gone:
                    if is_first:
                        self._sent.append(order)
                    is_outlived = is_first and self._outliving and len(order.text) > _LONG_CHARACTERS
                    for _ in range(_OUTLIVING if is_outlived else 1):
                        self._send(order)
                    return
            time.sleep(_PAUSE_SECONDS)

    def _send(self, order: Order) -> None:
        self._messages[self._aws.send(self._queue, order.body, group=order.group)] = order.name

    def is_empty(self) -> bool:
        """Whether no message is left."""
        with self._sending:
            return not self._is_queue_gone and self._aws.count(self._queue) == (0, 0)

    def record(self) -> Record:
        """See `storm.Place`."""
        return self._record.read()

    # Troubles

    def trouble(
        self, trouble: Trouble, chance: random.Random, crew: Crew
    ) -> Sequence[tuple[float, Callable[[], None]]]:
        """See `storm.Place`."""
        if trouble is Trouble.FULL_DISK:
            self._disk.fill()
            return [(chance.uniform(*_FULL_SECONDS), self._disk.free)]
        if trouble is Trouble.NO_QUEUE:
            with self._sending:
                if self._is_queue_gone:
                    return []
                self._aws.boto("sqs").delete_queue(QueueUrl=self._queue)
                self._is_queue_gone = True
            return [(chance.uniform(*_GONE_SECONDS), self._make_queue_again)]
        return self._troubles.make(trouble, chance, crew)

    def _make_queue_again(self) -> None:
        """With the messages that were lost with it, in their order, as an operator would send them again."""
        with self._sending:
            name = self._queue.rpartition("/")[2]
            attributes = {"FifoQueue": "true"} if self._groups else {}
            self._aws.boto("sqs").create_queue(QueueName=name, Attributes=attributes)
            self._is_queue_gone = False
            ended = {self._messages.get(settled.message) for settled in self.record().settled if settled.is_deleted}
            for order in self._sent:
                if order.name not in ended:
                    self._send(order)

    def calm(self) -> None:
        """Let everything through."""
        self._troubles.calm()

    @property
    def skipped(self) -> Mapping[Trouble, str]:
        """Troubles that cannot be made here, and why."""
        return {} if self._disk.missing is None else {Trouble.FULL_DISK: self._disk.missing}

    # The end

    def faults(self) -> Mapping[str, int]:
        """How often each fault was injected."""
        return self._troubles.counts

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
            dead_lettered=self._dead_letter(),
            left=left,
        )

    def broken(self, evidence: Evidence, deaths: Sequence[Death]) -> Broken:
        """See `run.Scene`."""
        return broken_promises(evidence, deaths)

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

    def _dead_letter(self) -> Mapping[str, str]:
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
        with ExitStack() as stack:
            server = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, str(_ENTRY), str(self._directory / "record.jsonl"), str(self._seed)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                    start_new_session=True,
                )
            )
            stack.callback(server.kill)
            assert server.stdout is not None
            self._aws = AwsPlace(server.stdout.readline().strip())
            assert self._aws.url, f"{_ENTRY.name} does not start"
            self._faults = stack.enter_context(aws_faults(self._aws.url))
            self._troubles = AwsTroubles(self._faults, self._chance)
            self._disk = stack.enter_context(SmallDisk(self._directory / "workers", _DISK_BYTES))
            self._dlq = self._aws.make_queue(fifo=self._groups > 0)
            self._queue = self._aws.make_queue(fifo=self._groups > 0)
            self._table = self._aws.make_table()
            s3 = self._aws.boto("s3")
            s3.create_bucket(Bucket=BUCKET)
            s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
            self._troubles.be_usual()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
