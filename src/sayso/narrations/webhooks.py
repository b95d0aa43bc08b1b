"""Callbacks: report the end of a narration to the URL in its request.

Each final status of a narration is one job. The narration object is sent, with a signature, as
``docs/how-to/callbacks.md`` says. A response of 2xx means success; 4xx, except 408 and 429, is final; after anything
else the job's queue retries. Every attempt is stored with the narration.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from sayso.errors import DeliveryRefused, FetchRefused, InvalidInput, NoSuchJob, NotDelivered, SaysoError
from sayso.narrations import NarrationStatus
from sayso.narrations.webhook_signatures import signature_headers
from sayso.net import post
from sayso.threads import on_thread
from sayso.workers import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from sayso.narrations import CallbackStatus, NarrationRecord, NarrationStore
    from sayso.narrations.service import NarrationPresenter
    from sayso.workers import Job

_log = structlog.get_logger(__name__)

CALLBACK_POLICY = Policy(at_once=8, max_attempts=32, job_seconds=60.0)
"""With the usual pauses, which grow to a quarter of an hour, the attempts continue for more than four hours."""

_TIMEOUT_SECONDS = 10.0

_MAY_PASS = frozenset({408, 429})
"""The 4xx statuses that are not about the request itself: a timeout, and too many requests."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookSender:
    """Sends callbacks.

    Attributes:
        keys: returns an owner's keys for signatures, by the owner's name; the current key first.
        base_url: the prefix of links to this service's own files; None for relative links.
        private_hosts: hosts that may be called although their addresses are private.
        timeout_seconds: the time limit of one attempt.
        wall_clock: Unix time in seconds.
    """

    keys: Callable[[str], Sequence[bytes]]
    base_url: str | None = None
    private_hosts: Collection[str] = ()
    timeout_seconds: float = _TIMEOUT_SECONDS
    wall_clock: Callable[[], float] = time.time

    def send(self, url: str, content: dict[str, Any], *, message_id: str, owner: str) -> int:
        """Send an object, and return the status of the response; blocks.

        Args:
            url: of the receiver.
            content: the object.
            message_id: the same for every attempt.
            owner: whose key signs it.

        Raises:
            FetchRefused: the URL may not be called.
            NotDelivered: there was no response.
        """
        body = json.dumps(content, ensure_ascii=False).encode()
        signed = signature_headers(self.keys(owner), message_id=message_id, timestamp=int(self.wall_clock()), body=body)
        headers = {"Content-Type": "application/json", **signed}
        return post(url, body, headers=headers, timeout_seconds=self.timeout_seconds, private_hosts=self.private_hosts)


class WebhookHandler:
    """The `Handler` of the queue ``callbacks``, for one loop; run it with `CALLBACK_POLICY`.

    Args:
        store: of the narrations.
        presenter: makes narration objects.
        sender: sends callbacks.
    """

    def __init__(self, store: NarrationStore, presenter: NarrationPresenter, sender: WebhookSender) -> None:
        self._store = store
        self._presenter = presenter
        self._sender = sender

    async def work(self, job: Job) -> None:
        """See `Handler.work`.

        Raises:
            NotDelivered: the delivery failed, but may succeed later.
            DeliveryRefused: the receiver refused it for good.
            InvalidInput: the job does not belong to this queue.
            ServiceUnavailable: the store does not answer.
        """
        record = await self._narration_to_announce(job)
        if record is None or record.callback is None:
            return
        url = record.callback.url
        content = await self._presenter.narration_object(record, base_url=self._sender.base_url)
        status: int | None = None
        failure: SaysoError | None = None
        try:
            send = partial(self._sender.send, url, content, message_id=_message_id(record), owner=record.owner)
            status = await on_thread(send)
            failure = _failure(status)
        except (FetchRefused, NotDelivered) as error:
            failure = error
        await self._store.record_attempt(
            record.id,
            status=status,
            error=None if failure is None else failure.message,
            callback=_callback_status(failure),
        )
        if failure is not None:
            raise failure
        _log.info("callback delivered", narration_id=record.id, status=status)

    async def give_up(self, job: Job, error: str) -> bool:
        """See `Handler.give_up`: the last attempt is stored, and now it is known to be the last."""
        try:
            record = await self._narration_to_announce(job)
        except InvalidInput:
            return False  # it does not name a narration
        if record is not None:
            _log.warning("callback failed", narration_id=record.id, reason=error)
            await self._store.fail_callback(record.id)
        return False

    async def _narration_to_announce(self, job: Job) -> NarrationRecord | None:
        """The narration of a job; None if it runs again, in which case another job will follow.

        Raises:
            InvalidInput: the job cannot be parsed.
        """
        narration_id, status = _read(job.delivery.body)
        try:
            record = await self._store.get(narration_id, owner=None)
        except NoSuchJob:
            return None
        return record if record.status is status else None


def _message_id(record: NarrationRecord) -> str:
    """The name of the message: each final status of a narration is announced once."""
    return f"{record.id}-{record.status}"


def _failure(status: int) -> SaysoError | None:
    """The error for a status; None for success."""
    if status // 100 == 2:
        return None
    message = f"The URL answered with status {status}."
    if status // 100 == 4 and status not in _MAY_PASS:
        return DeliveryRefused(message)
    return NotDelivered(message)


def _callback_status(failure: SaysoError | None) -> CallbackStatus:
    """The status of a callback after an attempt."""
    if failure is None:
        return "delivered"
    return "pending" if failure.retryable else "failed"


def _read(body: str) -> tuple[str, NarrationStatus]:
    try:
        content = json.loads(body)
        return str(content["narration_id"]), NarrationStatus(content["status"])
    except (ValueError, KeyError, TypeError):
        raise InvalidInput("The job is not a callback.") from None
