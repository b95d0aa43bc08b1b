"""The receivers of notifications: an SQS queue, a webhook, and a file that is replaced."""

from __future__ import annotations

import json
import os
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from sayso.errors import InvalidInput, NotDelivered, ServiceUnavailable
from sayso.jobs.sqs.remote import BATCH, RemoteQueue
from sayso.modelsync.notifications.notices import attributes_of
from sayso.narrations.webhook_signatures import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, signature_headers
from sayso.net import post
from sayso.threads import on_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sayso.aws.session import AwsClient
    from sayso.errors import SaysoError

_WEBHOOK_SECONDS = 10.0
_OK = range(200, 300)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A message on its way.

    Attributes:
        message: as the contract has it.
        generation: of its entry in the outbox.
        number: of the message in its entry.
    """

    message: Mapping[str, Any]
    generation: int
    number: int

    @property
    def path(self) -> str:
        """The path of the model that it is about."""
        return str(self.message["path"])

    @property
    def message_id(self) -> str:
        """The same for every attempt to send it."""
        return f"{self.message['type']}_{self.generation}_{self.number}"


class Channel(Protocol):
    """Sends messages to one receiver; it belongs to one event loop.

    Attributes:
        name: of the receiver, for logs.
        most: how many messages it takes at once.
    """

    name: str
    most: int

    async def send(self, messages: Sequence[Outgoing]) -> Mapping[int, SaysoError]:
        """Send messages.

        Returns:
            What was not sent, by its place: an `InvalidInput` if the receiver never takes it.

        Raises:
            InvalidInput: the receiver never takes any of them.
            SaysoError: all may be sent later.
        """
        ...


class SqsChannel:
    """Sends to an SQS queue.

    Args:
        client: of SQS; its opener closes it.
        queue_url: of the queue.
    """

    name = "sqs"
    most = BATCH

    def __init__(self, client: AwsClient, queue_url: str) -> None:
        self._remote = RemoteQueue(client, queue_url, setting="SQS_NOTIFICATION_QUEUE_URL")

    async def send(self, messages: Sequence[Outgoing]) -> Mapping[int, SaysoError]:
        """See `Channel.send`."""
        answer = await self._remote.call(
            "send_message_batch",
            Entries=[{"Id": str(place), **self._entry(outgoing)} for place, outgoing in enumerate(messages)],
        )
        failed: dict[int, SaysoError] = {}
        for entry in answer.get("Failed", ()):
            reason = f"SQS does not take a notification: {entry.get('Message') or entry.get('Code')}."
            kind = InvalidInput if entry.get("SenderFault") else ServiceUnavailable
            failed[int(entry["Id"])] = kind(reason)
        return failed

    def _entry(self, outgoing: Outgoing) -> Mapping[str, Any]:
        attributes = {**attributes_of(outgoing.message), "Generation": str(outgoing.generation)}
        order: dict[str, Any] = {}
        if self._remote.is_fifo:
            order = {
                "MessageGroupId": "models",
                "MessageDeduplicationId": f"{outgoing.message_id}_{outgoing.message['timestamp']}",
            }
        return {
            "MessageBody": json.dumps(outgoing.message, ensure_ascii=False),
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value or "unknown"} for name, value in attributes.items()
            },
            **order,
        }


class WebhookChannel:
    """Calls an address, with the headers of Standard Webhooks.

    Args:
        url: of the receiver; it may be on a private network.
        keys: of the signature, the current one first; without any, calls are not signed.
        clock: Unix time in seconds.
    """

    name = "webhook"
    most = 1

    def __init__(self, url: str, keys: Sequence[bytes], *, clock: Callable[[], float] = time.time) -> None:
        self._url = url
        self._keys = keys
        self._clock = clock

    async def send(self, messages: Sequence[Outgoing]) -> Mapping[int, SaysoError]:
        """See `Channel.send`."""
        (outgoing,) = messages
        message = outgoing.message
        document = {"type": message["type"], "timestamp": message["timestamp"], "data": {**message}}
        body = json.dumps({**document, "generation": outgoing.generation}, ensure_ascii=False).encode()
        message_id, timestamp = outgoing.message_id, int(self._clock())
        headers = {"Content-Type": "application/json", ID_HEADER: message_id, TIMESTAMP_HEADER: str(timestamp)}
        if self._keys:
            signed = signature_headers(self._keys, message_id=message_id, timestamp=timestamp, body=body)
            headers[SIGNATURE_HEADER] = signed[SIGNATURE_HEADER]
        status = await on_thread(
            lambda: post(
                self._url,
                body,
                headers=headers,
                timeout_seconds=_WEBHOOK_SECONDS,
                private_hosts=[urlsplit(self._url).hostname or ""],
            )
        )
        if status not in _OK:
            raise NotDelivered(f"The webhook answered {status}.")
        return {}


class TouchFileChannel:
    """Writes the generation and the message to a file, which is replaced at once.

    Args:
        path: of the file.
    """

    name = "touch_file"
    most = 1

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, messages: Sequence[Outgoing]) -> Mapping[int, SaysoError]:
        """See `Channel.send`."""
        (outgoing,) = messages
        facts = {**outgoing.message, "generation": outgoing.generation, "number": outgoing.number}
        content = json.dumps(facts, ensure_ascii=False) + "\n"
        try:
            await on_thread(lambda: self._write(content))
        except OSError as error:
            raise NotDelivered(f"{self._path} cannot be written: {error.strerror or error}.") from error
        return {}

    def _write(self, content: str) -> None:
        temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        try:
            temporary.write_text(content, encoding="utf-8")
            os.replace(temporary, self._path)  # noqa: PTH105 -- as in the rest of the room
        finally:
            temporary.unlink(missing_ok=True)
