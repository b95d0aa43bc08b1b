"""Send the notifications of the journal's outbox: each at least once, after its change is on the volume.

They are sent in the order of their generations, several at once where a receiver takes that, but never two about one
path: so the order of each path is kept. A receiver that fails is asked again, and what comes after for it waits; the
other receivers go on.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog

from sayso.errors import InvalidInput, SaysoError
from sayso.modelsync.journal.entries import Sent
from sayso.modelsync.notifications.channels import Outgoing
from sayso.modelsync.notifications.notices import MESSAGES
from sayso.resilience.retry_policies import RECEIVE
from sayso.threads import on_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sayso.modelsync.journal.journal import Journal
    from sayso.modelsync.journal.values import OutboxEntry
    from sayso.modelsync.notifications.channels import Channel

_log = structlog.get_logger(__name__)

_POLL_SECONDS = 5.0


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
            SaysoError: a receiver does not take a message now; the others have theirs.
        """
        journal = self._journal()
        if journal is None:
            return
        ready = [entry for entry in journal.copied_state().outbox.values() if entry.is_ready]
        ready.sort(key=lambda entry: entry.generation)
        failure: Exception | None = None
        for channel in self._channels:
            try:
                await self._send(journal, channel, ready)
            except Exception as error:  # noqa: BLE001 -- whatever one receiver does, the others get theirs
                failure = failure or error
        self._sent = {place for place in self._sent if place[0] in journal.state.outbox}
        if failure is not None:
            raise failure

    async def _send(self, journal: Journal, channel: Channel, ready: Sequence[OutboxEntry]) -> None:
        """Send to one receiver what it does not have."""
        every = [each for entry in ready for each in _messages_of(entry)]
        missing = [each for each in every if self._place(each, channel) not in self._sent]
        for batch in _batches(missing, channel.most):
            failed = await self._send_batch(channel, batch)
            generations = {each.generation for each in batch}
            await self._note(journal, [entry for entry in ready if entry.generation in generations])
            if failed:
                raise failed[0]

    async def _send_batch(self, channel: Channel, batch: Sequence[Outgoing]) -> Sequence[SaysoError]:
        """The errors of the messages that are to be sent again."""
        failed: Mapping[int, SaysoError]
        try:
            failed = await channel.send(batch)
        except InvalidInput as refused:
            failed = dict.fromkeys(range(len(batch)), refused)
        for place, outgoing in enumerate(batch):
            error = failed.get(place)
            if isinstance(error, InvalidInput):
                _log.error("a notification is refused", channel=channel.name, key=outgoing.path, reason=error.message)
            if error is None or isinstance(error, InvalidInput):
                self._sent.add(self._place(outgoing, channel))
        return [error for error in failed.values() if not isinstance(error, InvalidInput)]

    async def _note(self, journal: Journal, entries: Sequence[OutboxEntry]) -> None:
        """Note in the journal which entries every receiver has."""
        if self._journal() is not journal:
            return  # it was opened again, and has its entries
        sent = [Sent(generation=entry.generation) for entry in entries if self._is_sent(entry)]
        if sent:
            await on_thread(lambda: journal.append(*sent, flush=False))

    def _is_sent(self, entry: OutboxEntry) -> bool:
        messages = reversed(_messages_of(entry))  # the last one is sent last
        return all(self._place(each, channel) in self._sent for each in messages for channel in self._channels)

    @staticmethod
    def _place(outgoing: Outgoing, channel: Channel) -> tuple[int, int, str]:
        return outgoing.generation, outgoing.number, channel.name


def _messages_of(entry: OutboxEntry) -> list[Outgoing]:
    return [
        Outgoing(message=message, generation=entry.generation, number=number)
        for number, message in enumerate(entry.payload[MESSAGES])
    ]


def _batches(messages: Sequence[Outgoing], most: int) -> Iterator[Sequence[Outgoing]]:
    """The messages in order, so many at once, and no path twice in one batch."""
    batch: list[Outgoing] = []
    paths: set[str] = set()
    for outgoing in messages:
        if len(batch) == most or outgoing.path in paths:
            yield batch
            batch, paths = [], set()
        batch.append(outgoing)
        paths.add(outgoing.path)
    if batch:
        yield batch
