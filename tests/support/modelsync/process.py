"""``sayso run sync`` as a process, with a bucket and queues of moto."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Self

    from support.aws.server import AwsPlace

_SERVING = re.compile(r"http://127\.0\.0\.1:(\d+)")


class SyncPlace:
    """A bucket whose events go to a queue, and a queue of notifications."""

    def __init__(self, place: AwsPlace, *, is_versioned: bool = False) -> None:
        self.place = place
        self.bucket = f"models-{uuid4().hex[:16]}"
        self.s3 = place.boto("s3")
        self.s3.create_bucket(Bucket=self.bucket)
        if is_versioned:
            self.s3.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        self.queue = place.make_queue()
        self.dead_letters = place.make_queue()
        self.notifications = place.make_queue()
        self.send_events_to(self.queue)

    def send_events_to(self, queue: str) -> None:
        """Have S3 send its events to a queue."""
        configuration = {"QueueArn": self.place.arn(queue), "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"QueueConfigurations": [configuration]}
        )

    def put(self, key: str, body: bytes) -> None:
        """Put an object."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def delete(self, key: str) -> None:
        """Delete an object."""
        self.s3.delete_object(Bucket=self.bucket, Key=key)

    def contents(self) -> dict[str, bytes]:
        """Every object."""
        found = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {each["Key"]: self.s3.get_object(Bucket=self.bucket, Key=each["Key"])["Body"].read() for each in found}

    def notices(self) -> list[Mapping[str, Any]]:
        """The notifications that have come since the last call, in order."""
        found: list[Mapping[str, Any]] = []
        sqs = self.place.boto("sqs")
        while messages := sqs.receive_message(
            QueueUrl=self.notifications, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=self.notifications, ReceiptHandle=message["ReceiptHandle"])
            found += messages
        return sorted(found, key=lambda each: int(each["MessageAttributes"]["Generation"]["StringValue"]))

    def environment(self, base: Path) -> dict[str, str]:
        """The variables of the contract."""
        access = self.place.access()
        return {
            "AWS_ENDPOINT_URL": self.place.url,
            "AWS_REGION": access.region,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "hush-hush",
            "S3_BUCKET_NAME": self.bucket,
            "SQS_UPDATE_QUEUE_URL": self.queue,
            "SQS_NOTIFICATION_QUEUE_URL": self.notifications,
            "SAYSO_SYNC_DLQ_URL": self.dead_letters,
            "MODELS_BASE_PATH": str(base),
        }


class SyncProcess:
    """The process; its block begins when it serves, and kills it at its end."""

    def __init__(self, directory: Path, place: SyncPlace, *, base: Path, settings: Mapping[str, str] = {}) -> None:
        self.base = base
        self._log = directory / f"sync-{uuid4().hex[:8]}.log"
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {"HOST": "127.0.0.1", "PORT": "0", "SAYSO_LOG_FORMAT": "json", "SAYSO_DATA": str(directory / "data")}
        self.environment = {**inherited, **own, **place.environment(base), **settings}
        self.port = 0

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sayso", "run", "sync"], env=self.environment, stdout=log, stderr=log
            )
        wait_until(lambda: self.process.poll() is not None or _SERVING.search(self.log) is not None)
        found = _SERVING.search(self.log)
        assert found is not None, self.log
        self.port = int(found[1])
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()  # a stop waits for a poll of the queue, for many seconds

    def stop(self) -> int:
        """Stop it as Kubernetes does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    @property
    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text(errors="replace")

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()

    def request(self, method: str, path: str, headers: Mapping[str, str] = {}) -> tuple[int, Any]:
        """The status and the JSON of a response."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, headers=dict(headers))
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        is_json = "json" in response.headers.get("content-type", "")
        return response.status, json.loads(body) if is_json else body.decode()

    def wait_until_ready(self) -> None:
        """Wait for the first synchronisation."""
        wait_until(lambda: self.request("GET", "/ready")[0] == 200)

    def files(self) -> dict[str, bytes]:
        """The files that readers see."""
        found = {}
        for directory, directories, names in os.walk(self.base, followlinks=True):
            if ".sayso" in directories:
                directories.remove(".sayso")
            for name in names:
                path = os.path.join(directory, name)  # noqa: PTH118
                with suppress(FileNotFoundError), open(path, "rb") as stream:  # noqa: PTH123 -- removed meanwhile
                    found[os.path.relpath(path, self.base)] = stream.read()
        return found
