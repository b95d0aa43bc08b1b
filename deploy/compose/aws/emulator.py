"""An emulator of SQS, S3 and DynamoDB for local use: moto, with the queues, the table and the buckets of the stack.

Everything is in memory, and is made at each start. Two peculiarities of moto's server are evened out: it reads and
writes in two steps, so requests are served one at a time; and a long poll must not keep the others waiting, so it is
made of short ones.

Run: emulator.py. EMULATOR_HOST and EMULATOR_PORT say where it listens (0.0.0.0:4566); AWS_REGION says where the
queues are (us-east-1).
"""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

os.environ["S3_IGNORE_SUBDOMAIN_BUCKETNAME"] = "1"  # aws.localhost is this emulator, not the bucket aws

import boto3
from moto.server import ThreadedMotoServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HOST = os.environ.get("EMULATOR_HOST") or "0.0.0.0"  # noqa: S104 -- other containers reach it
PORT = int(os.environ.get("EMULATOR_PORT") or "4566")
REGION = os.environ.get("AWS_REGION") or "us-east-1"

QUEUES = ("stories", "model-events", "model-updates")
"""Each has a dead-letter queue, whose name ends with -dlq."""

TABLE = "story-tasks"
BUCKETS = ("stories", "models", "cards")

_LOOK_SECONDS = 0.05
_ATTEMPTS = "5"


class OneAtATime:
    """moto's application, serving one request at a time; a long poll lets the others through.

    Args:
        application: moto's.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._lock = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request (WSGI)."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        end = 0.0
        is_poll = environ.get("HTTP_X_AMZ_TARGET", "").endswith(".ReceiveMessage")
        if is_poll:
            wishes = json.loads(body)
            end = time.monotonic() + wishes.get("WaitTimeSeconds", 0)
            body = json.dumps({**wishes, "WaitTimeSeconds": 0}).encode()
        while True:
            answer: list[Any] = []
            request = {**environ, "wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            with self._lock:
                content = b"".join(self._application(request, lambda *given, kept=answer: kept.extend(given[:2])))
            if not is_poll or b'"Messages"' in content or time.monotonic() >= end:
                start_response(*answer)
                return [content]
            time.sleep(_LOOK_SECONDS)


def client(service: str, port: int = PORT) -> Any:
    """A client of this emulator."""
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 -- the emulator takes any
    )


def make_everything(port: int) -> None:
    """Make the queues, the table and the buckets, and let the bucket of models send its events."""
    sqs, s3, dynamodb = (client(service, port) for service in ("sqs", "s3", "dynamodb"))
    arns = {}
    for name in QUEUES:
        dead = sqs.create_queue(QueueName=f"{name}-dlq")["QueueUrl"]
        redrive = {"deadLetterTargetArn": _arn(sqs, dead), "maxReceiveCount": _ATTEMPTS}
        url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": json.dumps(redrive)})["QueueUrl"]
        arns[name] = _arn(sqs, url)
    for name in BUCKETS:
        # us-east-1 is the one region that S3 does not take as a constraint
        place = {} if REGION == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
        s3.create_bucket(Bucket=name, **place)
    s3.put_bucket_notification_configuration(
        Bucket="models",
        NotificationConfiguration={
            "QueueConfigurations": [
                {"QueueArn": arns["model-events"], "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
            ]
        },
    )
    dynamodb.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "task_id", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "task_id")],
        BillingMode="PAY_PER_REQUEST",
    )


def _arn(sqs: Any, url: str) -> str:
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return str(attributes["QueueArn"])


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    # Other containers find everything or nothing: it is made through a server of this process alone.
    first = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    first.start()
    make_everything(first.get_host_and_port()[1])
    first.stop()
    server = ThreadedMotoServer(ip_address=HOST, port=PORT, verbose=False)
    server.start()
    running: Any = server._server  # noqa: SLF001 -- moto has no other way to its application
    running.app = OneAtATime(running.app)
    print(f"ready on {HOST}:{PORT}", flush=True)  # noqa: T201
    stopped.wait()
    server.stop()


if __name__ == "__main__":
    main()
