"""A bucket of moto whose responses fail now and then, and whose objects change while they are fetched."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import socket
import struct
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from chaos.sync.faults import NETWORK, Counts, Fault
from sayso.aws.access import AwsAccess
from support.aws.server import InterruptiblePolls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

REGION = "us-east-1"

_SLOW_SECONDS = 0.4
_SILENT_SECONDS = 2.5
_PIECES = 20
_WHOLE = frozenset({Fault.ERROR_500, Fault.ERROR_503})
_OF_OBJECTS = frozenset({Fault.FLIP, Fault.OVERWRITTEN})


class ChaoticBucket:
    """A bucket, as an application of WSGI around moto's; any thread may use it.

    Attributes:
        contents: of its objects, by key, as they are now.
        share: which part of the responses to GET and HEAD have a fault.
        overwrite: is called with the key of an object that is to be overwritten; whether it was.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], name: str, seed: str, counts: Counts) -> None:
        self.name = name
        self.contents: dict[str, bytes] = {}
        self.share = 0.0
        self.overwrite: Callable[[str], bool] = lambda _: False
        self.url = ""
        self._application = application
        self._chance = random.Random(seed)  # noqa: S311 -- moments, not secrets
        self._counts = counts
        self._deck: list[Fault] = []
        """The faults that come next: each as often as the others."""
        self._lock = threading.RLock()
        self._backend: Any = s3_backends[DEFAULT_ACCOUNT_ID]["aws"]

    def access(self) -> AwsAccess:
        """How to reach it."""
        return AwsAccess(endpoint_url=self.url, region=REGION, access_key_id="key", secret_access_key="hush")  # noqa: S106

    def boto(self, service: str) -> Any:
        """A client of moto."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="key",
            aws_secret_access_key="hush",  # noqa: S106 -- moto takes any
        )

    def create(self) -> None:
        """Make it, and have its events sent to a queue."""
        self.boto("s3").create_bucket(Bucket=self.name)
        queue = self.boto("sqs").create_queue(QueueName=self.name)["QueueUrl"]
        arn = self.boto("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
        configuration = {"QueueArn": arn["QueueArn"], "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        self.boto("s3").put_bucket_notification_configuration(
            Bucket=self.name, NotificationConfiguration={"QueueConfigurations": [configuration]}
        )

    def put(self, key: str, content: bytes) -> None:
        """Put an object."""
        with self._lock:
            self._backend.put_object(self.name, key, content)
            self.contents[key] = content

    def delete(self, key: str) -> None:
        """Delete an object."""
        with self._lock:
            self._backend.delete_object(self.name, key)
            del self.contents[key]

    def events(self) -> list[dict[str, Any]]:
        """The events since the last call, in order, as S3 writes them."""
        with self._lock:
            messages: Any = sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[self.name]._messages
            found = [json.loads(message.body) for message in messages]
            messages.clear()
        return [event for event in found if "Records" in event]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_X_AMZ_TARGET"):  # SQS, whose polls are long
            return self._application(environ, start_response)
        answer: list[Any] = []

        def keep(*arguments: Any) -> None:
            answer[:] = arguments[:2]

        with self._lock:
            body = b"".join(self._application(environ, keep))
            fault = self._fault(environ, answer[0], body)
        if fault is not None:
            status, headers, pieces = _Damage(fault, environ, self).apply(answer[0], answer[1], body)
            start_response(status, headers)
            return pieces
        start_response(*answer)
        return [body]

    def counted(self, fault: Fault) -> None:
        """A fault was made."""
        self._counts.add(fault)

    def number(self, below: int) -> int:
        """A random number."""
        with self._lock:
            return self._chance.randrange(below)

    def _fault(self, environ: Mapping[str, Any], status: str, body: bytes) -> Fault | None:
        is_read = environ["REQUEST_METHOD"] in {"GET", "HEAD"} and status.startswith("2")
        if not is_read or self._chance.random() >= self.share:
            return None
        has_body = environ["REQUEST_METHOD"] == "GET" and bool(body)
        excluded = set() if key_of(environ, self.name) else _OF_OBJECTS
        choices = [fault for fault in self._deck if fault in _WHOLE or (has_body and fault not in excluded)]
        if not choices:  # the deck has none that fits any more
            self._deck = self._chance.sample(NETWORK, len(NETWORK))
            return self._fault(environ, status, body)
        self._deck.remove(choices[0])
        return choices[0]


def key_of(environ: Mapping[str, Any], bucket: str) -> str:
    """The key of a request; empty for one of the bucket itself."""
    path = unquote(environ.get("RAW_URI") or environ["PATH_INFO"]).partition("?")[0]
    return path.removeprefix(f"/{bucket}").removeprefix("/")


class _Damage:
    """What a fault makes of one response."""

    def __init__(self, fault: Fault, environ: Mapping[str, Any], bucket: ChaoticBucket) -> None:
        self._fault = fault
        self._environ = environ
        self._bucket = bucket

    def apply(
        self, status: str, headers: list[tuple[str, str]], body: bytes
    ) -> tuple[str, list[tuple[str, str]], Iterable[bytes]]:
        """The response as it is sent."""
        if self._fault in _WHOLE:
            self._bucket.counted(self._fault)
            code = "InternalError" if self._fault is Fault.ERROR_500 else "SlowDown"
            document = f"<Error><Code>{code}</Code><Message>The scene says so.</Message></Error>".encode()
            headers = [("Content-Length", str(len(document))), ("Content-Type", "application/xml")]
            return f"{self._fault} {code}", headers, [document]
        if self._fault is Fault.SHORT:
            self._bucket.counted(self._fault)
            body = body[: self._bucket.number(len(body))]
            others = [(name, value) for name, value in headers if name.lower() != "content-length"]
            return status, [*others, ("Content-Length", str(len(body)))], [body]
        if self._fault is Fault.FLIP:
            self._bucket.counted(self._fault)
            place = self._bucket.number(len(body))
            return status, headers, [body[:place] + bytes([body[place] ^ 1 << place % 8]) + body[place + 1 :]]
        return status, headers, self._sent(body)

    def _sent(self, body: bytes) -> Iterator[bytes]:
        half = len(body) // 2
        if self._fault is Fault.OVERWRITTEN:
            yield body[:half]
            if self._bucket.overwrite(key_of(self._environ, self._bucket.name)):
                self._bucket.counted(self._fault)
            yield body[half:]
            return
        self._bucket.counted(self._fault)
        if self._fault is Fault.SLOW:
            size = max(len(body) // _PIECES, 1)
            for start in range(0, len(body), size):
                time.sleep(_SLOW_SECONDS / _PIECES)
                yield body[start : start + size]
            return
        yield body[:half]
        if self._fault is Fault.SILENT:
            time.sleep(_SILENT_SECONDS)
        _end(self._environ["werkzeug.socket"], is_reset=self._fault is Fault.CUT)
        raise ConnectionAbortedError("the scene says so")


def _end(connection: socket.socket, *, is_reset: bool) -> None:
    """End a connection now: in order, or with a reset. What holds the socket finds the end of a stream."""
    if not is_reset:
        connection.shutdown(socket.SHUT_RDWR)
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    here, there = socket.socketpair()
    there.close()
    os.dup2(here.fileno(), connection.fileno())
    here.close()


def signed(payload: bytes) -> bytes:
    """A content that says what it must be: its own SHA-256 comes first."""
    return hashlib.sha256(payload).digest() + payload


@contextmanager
def chaotic_bucket(name: str, seed: str, counts: Counts) -> Iterator[ChaoticBucket]:
    """A bucket at a server of its own."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)  # neither requests nor the connections that are cut
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    web = moto._server
    if web is None:
        raise RuntimeError("moto does not serve")
    bucket = ChaoticBucket(InterruptiblePolls(web.app), name, seed, counts)
    web.app = bucket
    host, port = moto.get_host_and_port()
    bucket.url = f"http://{host}:{port}"
    bucket.create()
    try:
        yield bucket
    finally:
        moto.stop()
