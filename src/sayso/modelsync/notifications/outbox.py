"""Send the notifications of the journal's outbox: each at least once, after its change is on the volume.

They are sent in the order of their generations. A receiver that fails is asked again, and those after it wait.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import structlog

from sayso.errors import InvalidInput, NotDelivered, SaysoError
from sayso.modelsync.journal.entries import Sent
from sayso.modelsync.notifications.notices import MESSAGES, attributes_of
from sayso.narrations.webhook_signatures import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, signature_headers
from sayso.net import post
from sayso.resilience.retry_policies import RECEIVE
from sayso.threads import on_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sayso.aws.session import AwsClient
    from sayso.modelsync.journal.journal import Journal
    from sayso.modelsync.journal.values import OutboxEntry

_log = structlog.get_logger(__name__)

_POLL_SECONDS = 5.0
_WEBHOOK_SECONDS = 10.0
_OK = range(200, 300)


class Channel(Protocol):
    """Sends messages to one receiver; it belongs to one event loop."""

    name: str

    async def send(self, message: Mapping[str, Any], *, generation: int, number: int) -> None:
        """Send a message.

        Args:
            message: as the contract has it.
            generation: of its entry.
            number: of the message in its entry.

        Raises:
            InvalidInput: the receiver never takes this message.
            SaysoError: it may be sent later.
        """
        ...


class SqsChannel:
    """Sends to an SQS queue.

    Args:
        client: of SQS; its opener closes it.
        queue_url: of the queue.
    """

    name = "sqs"

    def __init__(self, client: AwsClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    async def send(self, message: Mapping[str, Any], *, generation: int, number: int) -> None:
        """See `Channel.send`."""
        attributes = {**attributes_of(message), "Generation": str(generation)}
        order: dict[str, Any] = {}
        if self._queue_url.endswith(".fifo"):
            order = {"MessageGroupId": "models", "MessageDeduplicationId": _message_id(message, generation, number)}
        await self._client.call(
            "send_message",
            QueueUrl=self._queue_url,
            MessageBody=json.dumps(message, ensure_ascii=False),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value or "unknown"} for name, value in attributes.items()
            },
            **order,
        )


class WebhookChannel:
    """Calls an address, with the headers of Standard Webhooks.

    Args:
        url: of the receiver; it may be on a private network.
        keys: of the signature, the current one first; without any, calls are not signed.
        clock: Unix time in seconds.
    """

    name = "webhook"

    def __init__(self, url: str, keys: Sequence[bytes], *, clock: Callable[[], float] = time.time) -> None:
        self._url = url
        self._keys = keys
        self._clock = clock

    async def send(self, message: Mapping[str, Any], *, generation: int, number: int) -> None:
        """See `Channel.send`."""
        document = {"type": message["type"], "timestamp": message["timestamp"], "data": {**message}}
        body = json.dumps({**document, "generation": generation}, ensure_ascii=False).encode()
        message_id = _message_id(message, generation, number)
        timestamp = int(self._clock())
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


class TouchFileChannel:
    """Writes the generation and the message to a file, which is replaced at once.

    Args:
        path: of the file.
    """

    name = "touch_file"

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, message: Mapping[str, Any], *, generation: int, number: int) -> None:
        """See `Channel.send`."""
        content = json.dumps({**message, "generation": generation, "number": number}, ensure_ascii=False) + "\n"
        try:
            await on_thread(lambda: self._write(content))
        except OSError as error:
            raise NotDelivered(f"{self._path} cannot be written: {error.strerror or error}.") from error

    def _write(self, content: str) -> None:
        temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(4)}")
        try:
            temporary.write_text(content)
            os.replace(temporary, self._path)  # noqa: PTH105 -- as in the rest of the room
        finally:
            temporary.unlink(missing_ok=True)


class OutboxSender:
    """Sends what is in the outbox; it belongs to one event loop.

    Args:
        journal: returns the journal of the volume; None while it is not open.
        channels: the receivers.
    """

    def __init__(self, journal: Callable[[], Journal | None], channels: Sequence[Channel]) -> None:
        self._journal = journal
        self._channels = channels
        self._sent: set[tuple[int, int, str]] = set()
        self._wake = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self.trouble: str | None = None
        """Why notifications are not sent, in a sentence; None while they are."""

    def wake(self) -> None:
        """There may be something to send; from any thread."""
        self._loop.call_soon_threadsafe(self._wake.set)

    async def run(self) -> None:
        """Send, until cancelled."""
        failures = 0
        while True:
            try:
                await self.send_all()
            except Exception as error:  # noqa: BLE001 -- whatever a receiver does, it is asked again
                failures += 1
                self.trouble = error.message if isinstance(error, SaysoError) else f"{type(error).__name__}: {error}"
                _log.warning("notifications wait", reason=self.trouble)
                await asyncio.sleep(RECEIVE.pause_seconds(failures))
                continue
            failures, self.trouble = 0, None
            self._wake.clear()
            try:
                async with asyncio.timeout(_POLL_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def send_all(self) -> None:
        """Send everything that is ready.

        Raises:
            SaysoError: a receiver does not take a message now.
        """
        journal = self._journal()
        if journal is None:
            return
        for entry in sorted(journal.copied_state().outbox.values(), key=lambda each: each.generation):
            if not entry.is_ready:
                continue
            await self._send(entry)
            if self._journal() is not journal:
                return  # it was opened again, and has its entries
            await on_thread(lambda entry=entry: journal.append(Sent(generation=entry.generation), flush=False))  # type: ignore[misc]
            self._sent = {each for each in self._sent if each[0] != entry.generation}

    async def _send(self, entry: OutboxEntry) -> None:
        for number, message in enumerate(entry.payload[MESSAGES]):
            for channel in self._channels:
                place = (entry.generation, number, channel.name)
                if place in self._sent:
                    continue
                try:
                    await channel.send(message, generation=entry.generation, number=number)
                except InvalidInput as error:
                    _log.error("a notification is refused", channel=channel.name, key=entry.key, reason=error.message)
                self._sent.add(place)


def _message_id(message: Mapping[str, Any], generation: int, number: int) -> str:
    """The same for every attempt to send a message."""
    return f"{message['type']}_{generation}_{number}"
