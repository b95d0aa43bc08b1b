"""AWS in a process of its own: moto, which is made as unruly as SQS may be, and whose every change is written down.

Requests are let in one at a time, so that the record has them in the order in which they happened. Each line of it is
a JSON object: when (Unix time), which worker asked (``AWS_SDK_UA_APP_ID``; null for the harness), and what came of it:

    received   a message was handed out: queue, message, attempt
    deleted    a message is gone: message
    returned   a message was given back by who had it: message
    changed    an item was changed: parent, task, status, lease, until, and the numbers that the request named
    refused    an item was not changed, for the request's condition did not hold: parent, task
    put        an object was written: uri, and when its request was signed
    put-refused an object was not written, for the request's condition did not hold: uri
    again      a message that somebody has is shown again, as SQS may do: message

It prints its URL, and ends when its standard input does.
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import parse_qs, unquote

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import Message, Queue, sqs_backends

sys.path[0] = str(Path(__file__).resolve().parents[1])

from support.aws.server import REGION, aws_place  # noqa: E402 -- found by the line above

if TYPE_CHECKING:
    from collections.abc import Mapping

AGAIN_SHARE = 0.05
"""How many of the messages that are handed out are shown again at once."""

EARLIER_SHARE = 0.2
"""How many of the messages an earlier consumer had received, and not deleted."""

LATE_SHARE = 0.3
"""How many of the messages are handed out later than they could be."""

_EARLIER_RECEIPTS = (1, 9)
_AGAIN_SECONDS = 1.5
_LATE_SECONDS = 4.0
_LOOK_SECONDS = 0.1
_APP = re.compile(r"\bapp/(\S+)")


def _sent_at(request: Mapping[str, Any]) -> float:
    """When a request was signed, in whole seconds of Unix time: it may have been on its way for long."""
    return datetime.strptime(request["HTTP_X_AMZ_DATE"], "%Y%m%dT%H%M%S%z").timestamp()


class Witness:
    """Writes down what happens, and makes a standard queue unruly; called by one thread at a time.

    Args:
        record: where it is written.
        seed: of what happens to messages.
    """

    def __init__(self, record: TextIO, seed: int) -> None:
        self._record = record
        self._chance = random.Random(seed)  # noqa: S311 -- order, not secrets
        self._messages: dict[str, str] = {}  # ids by receipts

    def __call__(self, request: Mapping[str, Any], body: bytes, status: str, content: bytes) -> None:
        """See `aws.Watch`."""
        found = _APP.search(request.get("HTTP_USER_AGENT", ""))
        worker = found[1] if found else None
        is_done = int(status.split(maxsplit=1)[0]) < HTTPStatus.BAD_REQUEST
        operation = request.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        if operation == "SendMessage" and worker is None and is_done:
            self._sent(json.loads(body), json.loads(content))
        elif operation == "ReceiveMessage" and is_done:
            self._received(worker, json.loads(body), json.loads(content))
        elif operation in {"DeleteMessage", "DeleteMessageBatch"} and is_done:
            self._deleted(worker, json.loads(body), json.loads(content))
        elif operation in {"ChangeMessageVisibility", "ChangeMessageVisibilityBatch"} and is_done:
            self._shown(worker, json.loads(body))
        elif operation == "UpdateItem":
            self._changed(worker, json.loads(body), is_done=is_done)
        elif not operation and request["REQUEST_METHOD"] in {"PUT", "POST"} and worker is not None:
            self._put(worker, request, int(status.split(maxsplit=1)[0]))

    def _write(self, kind: str, worker: str | None, **facts: Any) -> None:
        self._record.write(json.dumps({"at": time.time(), "worker": worker, "kind": kind, **facts}) + "\n")
        self._record.flush()

    def _sent(self, wishes: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Let others overtake a message, as they may in a standard queue, and let another consumer have had it."""
        queue = wishes["QueueUrl"].rpartition("/")[2]
        if self._chance.random() < EARLIER_SHARE:
            for message in _queue(queue)._messages:
                if message.id == answer["MessageId"]:
                    message.approximate_receive_count = self._chance.randint(*_EARLIER_RECEIPTS)
        if not queue.endswith(".fifo") and self._chance.random() < LATE_SHARE:
            self._hide(queue, answer["MessageId"], _LATE_SECONDS)

    def _received(self, worker: str | None, wishes: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        queue = wishes["QueueUrl"].rpartition("/")[2]
        if worker is None:
            return
        for message in answer.get("Messages", ()):
            self._messages[message["ReceiptHandle"]] = message["MessageId"]
            attempt = int(message["Attributes"]["ApproximateReceiveCount"])
            self._write("received", worker, message=message["MessageId"], attempt=attempt)
            if not queue.endswith(".fifo") and self._chance.random() < AGAIN_SHARE:
                self._hide(queue, message["MessageId"], _AGAIN_SECONDS)
                self._write("again", None, message=message["MessageId"])
        if not queue.endswith(".fifo"):
            self._chance.shuffle(_queue(queue)._messages)

    def _hide(self, queue: str, message_id: str, longest_seconds: float) -> None:
        """Let a message be seen again in so long at most."""
        for message in _queue(queue)._messages:
            if message.id == message_id:
                message.visible_at = 1000 * (time.time() + self._chance.uniform(0, longest_seconds))

    def _deleted(self, worker: str | None, wishes: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        failed = {entry["Id"] for entry in answer.get("Failed", ())}
        for entry in wishes.get("Entries", [{"Id": "", **wishes}]):
            message = self._messages.get(entry["ReceiptHandle"])
            if entry["Id"] not in failed and message is not None:
                self._write("deleted", worker, message=message)

    def _shown(self, worker: str | None, wishes: Mapping[str, Any]) -> None:
        """A beat is a batch whose time is long; alone, or at once, a message is given back."""
        entries = wishes.get("Entries")
        back = [wishes] if entries is None else [entry for entry in entries if not int(entry["VisibilityTimeout"])]
        for entry in back:
            message = self._messages.get(entry["ReceiptHandle"])
            if message is not None:
                self._write("returned", worker, message=message)

    def _changed(self, worker: str | None, wishes: Mapping[str, Any], *, is_done: bool) -> None:
        parent, task = wishes["Key"]["id"]["S"], wishes["Key"]["task_id"]["S"]
        if not is_done:
            self._write("refused", worker, parent=parent, task=task)
            return
        item = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].get_item(wishes["TableName"], wishes["Key"])
        attributes = {} if item is None else item.to_json()["Attributes"]
        self._write(
            "changed",
            worker,
            parent=parent,
            task=task,
            status=attributes.get("status", {}).get("S"),
            lease=attributes.get("sayso_lease", {}).get("N"),
            until=attributes.get("sayso_lease_until", {}).get("N"),
            numbers=[value["N"] for value in wishes["ExpressionAttributeValues"].values() if "N" in value],
        )

    def _put(self, worker: str, request: Mapping[str, Any], status: int) -> None:
        query = parse_qs(request["QUERY_STRING"], keep_blank_values=True)
        is_whole = "uploadId" in query if request["REQUEST_METHOD"] == "POST" else "partNumber" not in query
        if not is_whole:
            return
        uri = f"s3:/{unquote(request['PATH_INFO'])}"
        if status == HTTPStatus.PRECONDITION_FAILED:
            self._write("put-refused", worker, uri=uri)
        elif status < HTTPStatus.BAD_REQUEST:
            self._write("put", worker, uri=uri, sent_at=_sent_at(request))


def _make_prompt() -> None:
    """Have moto forget that a message was in hand as soon as its time is over.

    moto does so when it comes to look at the message. Of two of a FIFO group whose time is over it so hands out the
    second first: the first waits behind it.
    """

    def pending(queue: Queue) -> set[Message]:
        queue._pending_messages -= {message for message in queue._pending_messages if message.visible}
        return queue._pending_messages

    def groups(queue: Queue) -> set[str]:
        return {message.group_id for message in pending(queue) if message.group_id is not None}

    changed: Any = Queue
    changed.pending_messages, changed.pending_message_groups = property(pending), property(groups)


def _queue(name: str) -> Any:
    return sqs_backends[DEFAULT_ACCOUNT_ID][REGION].queues[name]


def main(record: str, seed: str) -> None:
    """Serve until the standard input ends."""
    _make_prompt()
    with (
        Path(record).open("w", encoding="utf-8") as stream,
        aws_place(Witness(stream, int(seed)), look_seconds=_LOOK_SECONDS) as place,
    ):
        sys.stdout.write(f"{place.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
