"""SQS, DynamoDB and S3 by moto, over HTTP, with what moto lacks: one request at a time, and interruptible polls."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

import boto3
from botocore.config import Config
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer
from moto.sqs.models import sqs_backends

from sayso.aws.session import AwsAccess, Patience
from sayso.resilience.retry_policies import AWS_CALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

REGION = "us-east-1"
QUICK = Patience(
    try_seconds=30.0, retry=replace(AWS_CALL, total_seconds=30.0, first_seconds=0.01, longest_seconds=0.05)
)
"""Patience for tests: the same tries, closer together."""

Watch: TypeAlias = "Callable[[Mapping[str, Any], bytes, str, bytes], None]"
"""Called with a request and its response: the WSGI environment, the body, the status line, the response's body."""

_PAUSE_SECONDS = 0.01
_LOOK_SECONDS = 0.1
_READS = ("Receive", "Get", "List", "Describe", "Query", "Scan", "BatchGet")
_LARGEST_ITEM_BYTES = 405_000  # moto's bound, a little under DynamoDB's
_TASK_KEYS = ("id", "task_id")


class Time:
    """An adjustable clock."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class InterruptiblePolls:
    """A wrapper of moto's application, which reads and writes in two steps: it serves one request at a time.

    A long poll would block all other requests, so it is made of short ones: the next follows a request that may have
    put a message in a queue. Since messages also become visible by the clock, it follows in any case after a while.

    Args:
        application: moto's.
        watch: called with each request and its response, before the next is served.
        look_seconds: the longest time between two short polls.
    """

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        watch: Watch = lambda *_: None,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._application = application
        self._watch = watch
        self._look_seconds = look_seconds
        self._one_at_a_time = threading.Condition()
        self._changes = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        give_up = 0.0
        is_poll = environ.get("HTTP_X_AMZ_TARGET", "").endswith(".ReceiveMessage")
        if is_poll:
            wishes = json.loads(body)
            give_up = time.monotonic() + wishes.get("WaitTimeSeconds", 0)
            body = json.dumps({**wishes, "WaitTimeSeconds": 0}).encode()
        while True:
            changes = self._changes
            answer, content = self._ask(environ, body)
            if not is_poll or b'"Messages"' in content or time.monotonic() >= give_up:
                start_response(*answer)
                return [content]
            time.sleep(_PAUSE_SECONDS)
            with self._one_at_a_time:
                self._one_at_a_time.wait_for(partial(self._has_changed, changes), self._look_seconds)

    def _has_changed(self, changes: int) -> bool:
        return self._changes != changes

    def _ask(self, environ: Mapping[str, Any], body: bytes) -> tuple[list[Any], bytes]:
        answer: list[Any] = []

        def keep(*arguments: Any) -> None:
            answer[:] = arguments[:2]

        asked = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        with self._one_at_a_time:
            content = b"".join(self._application(asked, keep))
            self._watch(environ, body, answer[0], content)
            if not _is_read(environ):
                self._changes += 1
                self._one_at_a_time.notify_all()
            return answer, content


def _is_read(environ: Mapping[str, Any]) -> bool:
    """Whether a request changes nothing: by its operation, or for S3 by its method."""
    _, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")
    return operation.startswith(_READS) if operation else environ["REQUEST_METHOD"] in {"GET", "HEAD"}


class AwsPlace:
    """AWS at an address, empty at first; the tests check the adapters with `boto`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.boto = cache(self._boto)

    def access(self, url: str | None = None, *, patience: Patience = QUICK) -> AwsAccess:
        """How our adapters reach it, possibly through a proxy at another address."""
        return AwsAccess(
            region=REGION,
            endpoint_url=url or self.url,
            access_key_id="key",
            secret_access_key="hush-hush",  # noqa: S106 -- moto takes any
            patience=patience,
        )

    def make_queue(self, *, fifo: bool = False, **attributes: str) -> str:
        """Make a queue, and return its URL."""
        if fifo:
            attributes["FifoQueue"] = "true"
        name = f"queue-{uuid4().hex}" + (".fifo" if fifo else "")
        return str(self.boto("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def make_table(self) -> str:
        """Make a table of tasks, and return its name."""
        name = f"table-{uuid4().hex}"
        self.boto("dynamodb").create_table(
            TableName=name,
            KeySchema=[
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(_TASK_KEYS, ("HASH", "RANGE"), strict=True)
            ],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in _TASK_KEYS],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    def arn(self, queue_url: str) -> str:
        """The queue's ARN."""
        return str(self._facts(queue_url)["QueueArn"])

    def send(self, queue_url: str, body: str, *, group: str | None = None, **parameters: Any) -> str:
        """Send a message, and return its id."""
        if group is not None:
            parameters |= {"MessageGroupId": group, "MessageDeduplicationId": uuid4().hex}
        return str(self.boto("sqs").send_message(QueueUrl=queue_url, MessageBody=body, **parameters)["MessageId"])

    def count(self, queue_url: str) -> tuple[int, int]:
        """How many messages are visible, and how many are not."""
        facts = self._facts(queue_url)
        return int(facts["ApproximateNumberOfMessages"]), int(facts["ApproximateNumberOfMessagesNotVisible"])

    def messages(self, queue_url: str) -> Sequence[Mapping[str, Any]]:
        """The visible messages; they stay visible."""
        answer = self.boto("sqs").receive_message(
            QueueUrl=queue_url,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        )
        messages: Sequence[Mapping[str, Any]] = answer.get("Messages", [])
        return messages

    def pass_time(self, queue_url: str, seconds: float) -> None:
        """Let time pass for the messages of a queue; it changes moto's objects, because SQS has no such operation."""
        messages: Any = sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[queue_url.rpartition("/")[2]]._messages
        for message in messages:
            message.sent_timestamp -= int(1000 * seconds)
            message.visible_at -= 1000 * seconds

    def end_leases(self, table: str, seconds: float) -> None:
        """Let time pass for the claims of a table of tasks."""
        client = self.boto("dynamodb")
        for item in client.scan(TableName=table)["Items"]:
            if "sayso_lease_until" in item:
                client.update_item(
                    TableName=table,
                    Key={key: item[key] for key in _TASK_KEYS},
                    UpdateExpression="SET sayso_lease_until = sayso_lease_until - :seconds",
                    ExpressionAttributeValues={":seconds": {"N": str(seconds)}},
                )

    def item(self, table: str, parent_id: str, task_id: str) -> dict[str, Any]:
        """The attributes of a task, in DynamoDB's format."""
        key = {"id": {"S": parent_id}, "task_id": {"S": task_id}}
        item: dict[str, Any] = self.boto("dynamodb").get_item(TableName=table, Key=key).get("Item", {})
        return item

    def put_item(self, table: str, parent_id: str, task_id: str, **attributes: Any) -> None:
        """Write a task as other services do."""
        item = {"id": {"S": parent_id}, "task_id": {"S": task_id}, **attributes}
        self.boto("dynamodb").put_item(TableName=table, Item=item)

    def put_full_item(self, table: str, parent_id: str, task_id: str) -> None:
        """Write a task whose item is ten bytes smaller than moto allows."""
        names = sum(map(len, ("id", parent_id, "task_id", task_id, "story")))
        self.put_item(table, parent_id, task_id, story={"S": "x" * (_LARGEST_ITEM_BYTES - names - 10)})

    def _facts(self, queue_url: str) -> Mapping[str, str]:
        answer = self.boto("sqs").get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])
        facts: Mapping[str, str] = answer["Attributes"]
        return facts

    def _boto(self, service: str) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="key",
            aws_secret_access_key="hush-hush",  # noqa: S106 -- moto takes any
            config=Config(retries={"total_max_attempts": 1}),
        )


@contextmanager
def aws_place(watch: Watch = lambda *_: None, *, look_seconds: float = _LOOK_SECONDS) -> Iterator[AwsPlace]:
    """A server until the end of the block; others in the process share its queues, tables and buckets.

    Args:
        watch: called with each request and its response, before the next is served.
        look_seconds: the longest time between two short polls of a long poll.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    assert moto._server is not None
    moto._server.app = InterruptiblePolls(moto._server.app, watch, look_seconds)
    host, port = moto.get_host_and_port()
    place = AwsPlace(f"http://{host}:{port}")
    try:
        yield place
    finally:
        moto.stop()
