"""The whole service, ``sayso run sync``, with its queues: what is slow to begin, and so is killed less often."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from chaos.sync.bucket import REGION
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Self

    from chaos.sync.bucket import ChaoticBucket

_SERVING = re.compile(r"http://127\.0\.0\.1:(\d+)")
_LEASE_SECONDS = 3600.0
_EARLY_EVERY = 3
_INHERITED = ("PATH", "HOME", "LANG", "PYTHONPATH")


class ServiceProcess:
    """One process; see `chaos.sync.processes.Synchroniser`.

    Attributes:
        said: what it has logged.
    """

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "sayso", "run", "sync"], env=environment, stdout=output, stderr=output
            )

    @property
    def said(self) -> list[dict[str, Any]]:
        """See the class."""
        found = []
        for line in self._log.read_text(errors="replace").splitlines():
            with suppress(ValueError):
                facts = json.loads(line)
                found.append({"log": str(facts.pop("event", "")), "facts": facts})
        return found

    @property
    def is_serving(self) -> bool:
        """Whether it answers, or has ended."""
        return self._process.poll() is not None or _SERVING.search(self._log.read_text(errors="replace")) is not None

    def freeze(self, seconds: float) -> None:
        """Stop it for a while."""
        self._process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> bool:
        """Kill it, and wait for its end; whether it was alive."""
        is_alive = self._process.poll() is None
        self._process.kill()
        self._process.wait()
        return is_alive

    def stop(self) -> None:
        """Stop it as Kubernetes does.

        Raises:
            RuntimeError: it ends otherwise than in order.
        """
        self._process.send_signal(signal.SIGTERM)
        if code := self._process.wait(WAIT_SECONDS):
            raise RuntimeError(f"it ended with {code}: {self.said[-3:]}")

    def full(self) -> list[str]:
        """Have it reconcile; the errors."""
        wait_until(lambda: self._request("GET", "/ready")[0] == 200)
        status, body = self._request("POST", "/sync/full")
        while status == 409:
            time.sleep(0.05)
            status, body = self._request("POST", "/sync/full")
        if status not in {200, 207}:
            return [f"{status}: {body}"]
        return [f"{each.get('path', '')}: {each.get('error', each)}" for each in body["data"]["errors"]]

    def _request(self, method: str, path: str) -> tuple[int, Any]:
        found = _SERVING.search(self._log.read_text(errors="replace"))
        if found is None:
            if self._process.poll() is not None:
                raise RuntimeError(f"the service ended by itself: {self.said[-3:]}")
            return 0, None
        connection = http.client.HTTPConnection("127.0.0.1", int(found[1]), timeout=WAIT_SECONDS)
        try:
            connection.request(method, path)
            response = connection.getresponse()
            return response.status, json.loads(response.read() or b"null")
        except OSError:
            return 0, None
        finally:
            connection.close()


class Services:
    """Begins services; a context manager. See `chaos.sync.processes.Copies`."""

    longest_run_seconds = 3.0

    def __init__(self, bucket: ChaoticBucket, base: Path, directory: Path, *, grace_seconds: float) -> None:
        self._bucket = bucket
        self._base = base
        self._directory = directory
        self._grace_seconds = grace_seconds
        self._number = 0

    def __enter__(self) -> Self:
        sqs = self._bucket.boto("sqs")
        names = ("work", "dead", "notices")
        self._queues = {name: sqs.create_queue(QueueName=f"{self._bucket.name}-{name}")["QueueUrl"] for name in names}
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing of it outlives its processes."""

    def begin(self) -> ServiceProcess:
        """A new process, which serves already: a start takes long. Some are killed while they start."""
        access = self._bucket.access()
        self._number += 1
        environment = {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "HOST": "127.0.0.1",
            "PORT": "0",
            "SAYSO_LOG_FORMAT": "json",
            "SAYSO_DATA": str(self._directory / "data"),
            "AWS_ENDPOINT_URL": str(access.endpoint_url),
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "hush",
            "S3_BUCKET_NAME": self._bucket.name,
            "SQS_UPDATE_QUEUE_URL": self._queues["work"],
            "SQS_NOTIFICATION_QUEUE_URL": self._queues["notices"],
            "SAYSO_SYNC_DLQ_URL": self._queues["dead"],
            "MODELS_BASE_PATH": str(self._base),
            "SAYSO_SYNC_GRACE_SECONDS": str(self._grace_seconds),
            "SAYSO_SYNC_QUARANTINE_SECONDS": str(self._grace_seconds),
            "SAYSO_SYNC_MAX_DELETE_RATIO": "1",
            "SAYSO_SYNC_RESERVE_BYTES": "0",
        }
        process = ServiceProcess(environment, self._directory / f"service-{self._number}.log")
        if self._number % _EARLY_EVERY:
            wait_until(lambda: process.is_serving)
        return process

    def feed(self, _: ServiceProcess, bodies: Sequence[str]) -> None:
        """Put events into the queue."""
        backend: Any = sqs_backends[DEFAULT_ACCOUNT_ID][REGION]
        for body in bodies:
            backend.send_message(queue_name=f"{self._bucket.name}-work", message_body=body)

    def act(self, process: ServiceProcess, bodies: Sequence[str]) -> list[str]:
        """Have it act on events, and on those that killed processes had; the errors."""
        self.feed(process, bodies)
        for message in self._messages("work"):
            message.visible_at -= 1000 * _LEASE_SECONDS
        wait_until(lambda: not self._messages("work"))
        return [f"an event is a dead letter: {message.body[:300]}" for message in self._messages("dead")]

    def full(self, process: ServiceProcess) -> list[str]:
        """Have it reconcile, and wait for its notifications; the errors."""
        errors = process.full()
        announced = -1
        while announced != len(self._messages("notices")):
            announced = len(self._messages("notices"))
            time.sleep(0.3)
        return errors

    def stop(self, process: ServiceProcess) -> None:
        """Stop it in order."""
        process.stop()

    def announced(self) -> dict[str, float]:
        """When each key was announced last, as Unix time."""
        return {json.loads(each.body)["path"]: each.sent_timestamp / 1000 for each in self._messages("notices")}

    def _messages(self, name: str) -> list[Any]:
        queue: Any = sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[f"{self._bucket.name}-{name}"]
        return list(queue._messages)
