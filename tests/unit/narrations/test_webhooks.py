"""Callbacks: whoever asked is told of the end, by something that they can check, and as often as it takes."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import ServiceUnavailable
from sayso.jobs import Claim
from sayso.narrations import NarrationRecord, callback_message
from sayso.narrations.webhooks import CALLBACK_POLICY, WebhookHandler, WebhookSender
from sayso.signing import SigningKeys, webhook_secret
from sayso.testing import InMemoryNarrationStore
from sayso.workers import Policy, Worker
from support.jobs.workers import AT_ONCE
from support.narrations.receiver import HOST, Receiver
from support.narrations.service import fake_presenter, request
from support.waiting import WAIT_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from support.narrations.receiver import Received

KEYS = SigningKeys((b"the root secret",))
SECRET = webhook_secret(KEYS.for_callbacks("ann")[0])
PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "callbacks.md"


@asynccontextmanager
async def calling(
    store: InMemoryNarrationStore, policy: Policy = CALLBACK_POLICY, **sender: Any
) -> AsyncIterator[None]:
    """A worker that sends the callbacks, until the end of the block."""
    usual: dict[str, Any] = {"keys": KEYS.for_callbacks, "private_hosts": (HOST,)}
    callbacks = WebhookHandler(store, fake_presenter(), WebhookSender(**usual | sender))
    stop = asyncio.Event()
    worker = Worker(store.callbacks, callbacks, replace(policy, retry=AT_ONCE))
    running = asyncio.create_task(worker.run(stop, grace_seconds=WAIT_SECONDS))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(running, WAIT_SECONDS)


async def cancelled(store: InMemoryNarrationStore, url: str) -> NarrationRecord:
    """A narration that has come to an end."""
    submitted = await store.submit(request(callback_url=url), owner="ann")
    return await store.cancel(submitted.record.id, owner="ann")


async def settled(store: InMemoryNarrationStore, record: NarrationRecord) -> list[tuple[int | None, bool]]:
    """Wait for the end of a callback; the status of each attempt, and whether it was an error."""
    await until(lambda: all(job.state != "open" for job in store.callbacks.jobs.values()))
    callback = (await store.get(record.id, owner=None)).callback
    assert callback is not None
    return [(attempt.status, attempt.error is not None) for attempt in callback.attempts]


async def standing(store: InMemoryNarrationStore, record: NarrationRecord) -> str:
    callback = (await store.get(record.id, owner=None)).callback
    assert callback is not None
    return callback.status


Check = Callable[[dict[str, str], bytes], bool]


@pytest.fixture(params=["standard library", "standardwebhooks"])
def documented(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Check]:
    """Both functions that the guide gives to receivers, as they stand there, for a secret and a receiver's address."""
    blocks = PAGE.read_text(encoding="utf-8").split("```python\n")[1:]
    code = next(
        block.split("```")[0]
        for block in blocks
        if ("import Webhook" in block) == (request.param != "standard library")
    )

    def check_of(secret: str, address: str) -> Check:
        monkeypatch.setenv("CALLBACK_SECRET", secret)
        names: dict[str, Any] = {"__name__": "receiver"}
        exec(code, names)  # noqa: S102 -- it is ours, and is to work as it stands there
        names["ADDRESS"] = address
        check: Check = names["is_from_sayso"]
        return check

    return check_of


async def received_of(owner: str, keys: SigningKeys = KEYS, **sender: Any) -> tuple[Received, str]:
    """What is sent for a cancelled narration, and where to."""
    store = InMemoryNarrationStore()
    with Receiver() as receiver:
        submitted = await store.submit(request(callback_url=receiver.url()), owner=owner)
        record = await store.cancel(submitted.record.id, owner=owner)
        async with calling(store, keys=keys.for_callbacks, **sender):
            await settled(store, record)
        (received,) = receiver.received
        return received, receiver.url()


async def test_what_is_sent_is_the_narration() -> None:
    """As the API describes it."""

    store = InMemoryNarrationStore()
    with Receiver() as receiver:
        record = await cancelled(store, receiver.url())
        async with calling(store, base_url="https://sayso.example"):
            assert await settled(store, record) == [(200, False)]
        assert await standing(store, record) == "delivered"
        (received,) = receiver.received
    narration_object = await fake_presenter().narration_object(record, base_url="https://sayso.example")
    assert json.loads(received.body) == json.loads(json.dumps(narration_object))
    assert received.headers["content-type"] == "application/json"


async def test_what_is_sent_passes_the_documented_checks(documented: Callable[[str, str], Check]) -> None:
    """Nothing altered does: neither body, time, id, secret, nor the address of the receiver."""
    received, url = await received_of("ann")
    headers, check = received.headers, documented(SECRET, url)
    assert check(headers, received.body)
    assert not check(headers, received.body.replace(b"cancelled", b"completed"))
    assert not check(headers | {"webhook-timestamp": str(int(time.time()) + 1)}, received.body)
    assert not check(headers | {"webhook-id": headers["webhook-id"] + "0"}, received.body)
    assert not check({}, received.body)
    assert not documented(webhook_secret(b"another"), url)(headers, received.body)
    assert not documented(SECRET, url + "/elsewhere")(headers, received.body)


async def test_nobody_checks_or_forges_with_anothers_secret(documented: Callable[[str, str], Check]) -> None:
    """What was sent to one owner's receiver is not taken by another's, nor by that of the owner without a key."""
    received, url = await received_of("ann")
    for other in ("", "bob", "ann2"):
        assert not documented(webhook_secret(KEYS.for_callbacks(other)[0]), url)(received.headers, received.body)
    keyless, url = await received_of("")
    assert documented(webhook_secret(KEYS.for_callbacks("")[0]), url)(keyless.headers, keyless.body)


async def test_what_was_sent_long_ago_does_not_pass_the_documented_checks(
    documented: Callable[[str, str], Check],
) -> None:
    """Although its signature is right."""
    received, url = await received_of("ann", wall_clock=lambda: time.time() - 3600)
    assert not documented(SECRET, url)(received.headers, received.body)


async def test_during_a_replacement_both_secrets_pass(documented: Callable[[str, str], Check]) -> None:
    """A callback carries a signature by the new root's key and one by the previous one's."""
    new = SigningKeys((b"the new root", *KEYS.roots))
    received, url = await received_of("ann", new)
    assert documented(SECRET, url)(received.headers, received.body)
    assert documented(webhook_secret(new.for_callbacks("ann")[0]), url)(received.headers, received.body)


async def test_the_former_headers_are_signed_with_the_owners_secret() -> None:
    """A receiver of the former headers passes with the owner's secret in place of the root secret."""
    received, _ = await received_of("ann")
    timestamp = received.headers["sayso-timestamp"]
    assert abs(time.time() - int(timestamp)) < 300
    expected = hmac.digest(SECRET.encode(), timestamp.encode() + b"." + received.body, "sha256").hex()
    assert received.headers["sayso-signature"] == f"v1={expected}"


async def test_what_is_sent_again_has_the_same_id() -> None:
    """A receiver knows by the id what it has had; another end of the same narration has another."""

    store = InMemoryNarrationStore()
    with Receiver(500, 200) as receiver:
        record = (await store.submit(request(callback_url=receiver.url()), owner="ann")).record
        claim = await store.tasks.claim(record.id, request().formats)
        assert isinstance(claim, Claim)
        await store.tasks.fail(claim, error="The model was missing.")
        await store.enqueue_callback(record.id)
        async with calling(store):
            await settled(store, record)
        claim = await store.tasks.claim(record.id, request().formats)
        assert isinstance(claim, Claim)
        await store.tasks.complete(claim, dict.fromkeys(claim.lease_ids, "file:///data/a"))
        await store.enqueue_callback(record.id)
        async with calling(store):
            await settled(store, record)
        ids = [received.headers["webhook-id"] for received in receiver.received]
    assert ids == [f"{record.id}-failed", f"{record.id}-failed", f"{record.id}-completed"]


async def test_a_completed_narration_is_announced_with_its_files() -> None:
    """The links are those of the public address."""

    store = InMemoryNarrationStore()
    with Receiver() as receiver:
        record = (await store.submit(request(callback_url=receiver.url()), owner="ann")).record
        claim = await store.tasks.claim(record.id, request().formats)
        assert isinstance(claim, Claim)
        await store.tasks.complete(claim, {name: f"file:///data/a/narration.{name}" for name in claim.lease_ids})
        await store.enqueue_callback(record.id)
        await store.enqueue_callback(record.id)
        async with calling(store, base_url="https://sayso.example"):
            await settled(store, record)
        (received,) = receiver.received
    told = json.loads(received.body)
    assert told["status"] == "completed"
    assert [file["format"] for file in told["files"]] == ["mp3", "srt"]
    assert all(file["url"].startswith("https://sayso.example/files/") for file in told["files"])


@pytest.mark.parametrize("status", [408, 429, 302, 500, 503])
async def test_what_may_pass_is_sent_again(status: int) -> None:
    """Until it is taken; every attempt is kept."""

    store = InMemoryNarrationStore()
    with Receiver(status, status, 204, answer=b"") as receiver:
        record = await cancelled(store, receiver.url())
        async with calling(store):
            assert await settled(store, record) == [(status, True), (status, True), (204, False)]
        assert await standing(store, record) == "delivered"


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
async def test_what_is_refused_is_not_sent_again(status: int) -> None:
    """The callback has failed, after one attempt that says with which status."""

    store = InMemoryNarrationStore()
    with Receiver(status) as receiver:
        record = await cancelled(store, receiver.url())
        async with calling(store):
            assert await settled(store, record) == [(status, True)]
        assert await standing(store, record) == "failed"
        assert len(receiver.received) == 1


async def test_a_receiver_that_never_takes_it_is_given_up() -> None:
    """After as many attempts as the policy says; each is kept, and in the end the callback has failed."""

    store = InMemoryNarrationStore()
    with Receiver(500) as receiver:
        record = await cancelled(store, receiver.url())
        async with calling(store, Policy(max_attempts=4)):
            assert await settled(store, record) == [(500, True)] * 4
        assert await standing(store, record) == "failed"
        assert len(receiver.received) == 4


async def test_a_receiver_that_hangs_is_not_waited_for() -> None:
    """It is tried again like one that is not there, and no status is known."""

    store = InMemoryNarrationStore()
    with Receiver(0, 200) as receiver:
        record = await cancelled(store, receiver.url())
        async with calling(store, timeout_seconds=3):
            assert await settled(store, record) == [(None, True), (200, False)]


async def test_a_redirect_leads_nowhere() -> None:
    """Least of all to a private address: what it names is never asked."""

    store = InMemoryNarrationStore()
    with Receiver() as inner, Receiver(307, 410, location=inner.url(host="127.0.0.1")) as receiver:
        record = await cancelled(store, receiver.url())
        async with calling(store):
            assert await settled(store, record) == [(307, True), (410, True)]
        assert inner.received == []


async def test_a_private_address_is_never_called() -> None:
    """Unless its host is one of the private hosts; the attempt is kept without the address."""

    store = InMemoryNarrationStore()
    with Receiver() as receiver:
        record = await cancelled(store, receiver.url())
        async with calling(store, private_hosts=()):
            assert await settled(store, record) == [(None, True)]
        assert await standing(store, record) == "failed"
        assert receiver.received == []
    callback = (await store.get(record.id, owner=None)).callback
    assert callback is not None
    assert "127.0.0.1" not in str(callback.attempts)


async def test_what_is_outdated_is_not_sent() -> None:
    """A narration that is done again will be announced when it ends again."""

    store = InMemoryNarrationStore()
    with Receiver() as receiver:
        record = (await store.submit(request(callback_url=receiver.url()), owner="ann")).record
        claim = await store.tasks.claim(record.id, request().formats)
        assert isinstance(claim, Claim)
        await store.tasks.fail(claim, error="The model was missing.")
        await store.enqueue_callback(record.id)
        again = await store.tasks.claim(record.id, request().formats)
        async with calling(store):
            assert await settled(store, record) == []
            assert isinstance(again, Claim)
            await store.tasks.complete(again, dict.fromkeys(again.lease_ids, "file:///data/a"))
            await store.enqueue_callback(record.id)
            assert await settled(store, record) == [(200, False)]
        assert [json.loads(received.body)["status"] for received in receiver.received] == ["completed"]


async def test_a_job_that_is_no_callbacks_is_put_aside() -> None:
    """Nothing is sent, and one whose narration is gone is done."""

    store = InMemoryNarrationStore()
    for body in ("no JSON", "[]", '{"narration_id": "nar_1"}', '{"narration_id": "nar_1", "status": "lost"}'):
        await store.callbacks.enqueue(body)
    gone = await store.callbacks.enqueue(callback_message("nar_1", (await cancelled(store, "http://x.test/")).status))
    async with calling(store, private_hosts=()):
        await until(lambda: all(job.state != "open" for job in store.callbacks.jobs.values()))
    assert [job.state for job in store.callbacks.jobs.values()][:4] == ["dead"] * 4
    assert store.callbacks.jobs[gone].state == "done"


async def test_an_attempt_that_cannot_be_kept_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the owner is told twice does less harm than what nobody knows."""

    store = InMemoryNarrationStore()
    real, failures = store.record_attempt, [ServiceUnavailable("The database does not answer.")]

    async def failing(narration_id: str, **attempt: Any) -> None:
        if failures:
            raise failures.pop()
        await real(narration_id, **attempt)

    monkeypatch.setattr(store, "record_attempt", failing)
    with Receiver() as receiver:
        record = await cancelled(store, receiver.url())
        async with calling(store):
            assert await settled(store, record) == [(200, False)]
        assert len(receiver.received) == 2
