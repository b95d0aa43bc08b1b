"""Broadcasts of changes, of narrations here: every subscriber gets every change, which costs little."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from sayso.broadcaster import ChangeBroadcaster, Subscription
from sayso.errors import Cancelled, ServiceUnavailable
from sayso.jobs import Claim, TaskProgress
from sayso.testing import InMemoryNarrationStore
from support.narrations.service import request
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.narrations import NarrationRecord

NEVER_SECONDS = 3600.0
PATIENCE_SECONDS = 60.0


class CountingStore(InMemoryNarrationStore):
    """Counts the looks, and hints only if it is told to."""

    def __init__(self, *, hints: bool = True) -> None:
        super().__init__()
        self.looks = 0
        self.outage: Exception | None = None
        self._hints = hints

    async def wait_for_change(self) -> None:
        await (super().wait_for_change() if self._hints else asyncio.Event().wait())

    async def changes(self, seen: Mapping[str, int]) -> Sequence[NarrationRecord]:
        self.looks += 1
        if self.outage is not None:
            error, self.outage = self.outage, None
            raise error
        return await super().changes(seen)


def hinted(store: InMemoryNarrationStore) -> ChangeBroadcaster[NarrationRecord]:
    """Looks when the store hints, and else never."""
    return ChangeBroadcaster(store, poll_seconds=NEVER_SECONDS, rest_seconds=0.0)


def polled(store: InMemoryNarrationStore) -> ChangeBroadcaster[NarrationRecord]:
    return ChangeBroadcaster(store, poll_seconds=0.001, rest_seconds=0.0)


async def submitted(store: InMemoryNarrationStore) -> NarrationRecord:
    return (await store.submit(request(), owner="ann")).record


async def claimed(store: InMemoryNarrationStore, record: NarrationRecord) -> Claim:
    claim = await store.tasks.claim(record.id, request().formats)
    assert isinstance(claim, Claim)
    return claim


async def told(subscription: Subscription[NarrationRecord]) -> NarrationRecord:
    record = await subscription.next(PATIENCE_SECONDS)
    assert record is not None
    return record


async def ended(*tasks: asyncio.Task[Any]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_follower_is_told_the_state_and_then_the_changes() -> None:
    """By hints alone, although nobody polls."""

    store = InMemoryNarrationStore()
    record = await submitted(store)
    with hinted(store).follow(record) as subscription:
        assert await told(subscription) == record
        claim = await claimed(store, record)
        assert (await told(subscription)).status == "running"
        await store.tasks.heartbeat(claim, TaskProgress(share=0.5, audio_seconds=3.0))
        assert (await told(subscription)).progress == 0.5
        await store.cancel(record.id, owner=None)
        last = await told(subscription)
    assert last == await store.get(record.id, owner=None)


async def test_changes_are_told_although_no_hint_comes() -> None:
    """Hints are lost; looking every now and then is enough."""

    store = CountingStore(hints=False)
    record = await submitted(store)
    with polled(store).follow(record) as subscription:
        await told(subscription)
        await store.cancel(record.id, owner=None)
        assert (await told(subscription)).status == "cancelled"


async def test_changes_during_an_outage_are_told_after_it() -> None:
    """A store that does not answer is asked again, and followers wait."""

    store = CountingStore(hints=False)
    record = await submitted(store)
    store.outage = ServiceUnavailable("The database does not answer.")
    with polled(store).follow(record) as subscription:
        await told(subscription)
        await store.cancel(record.id, owner=None)
        assert (await told(subscription)).status == "cancelled"


async def test_a_follower_that_knows_the_state_is_told_the_next() -> None:
    """As one that comes back."""

    store = InMemoryNarrationStore()
    record = await submitted(store)
    with hinted(store).follow(record, seen=record.event_id) as subscription:
        await claimed(store, record)
        assert (await told(subscription)).status == "running"


async def test_a_follower_that_reads_slowly_is_told_the_latest() -> None:
    """What it has missed is in what it is told; nothing piles up."""

    store = InMemoryNarrationStore()
    record = await submitted(store)
    broadcaster = hinted(store)
    with broadcaster.follow(record) as slow, broadcaster.follow(record) as quick:
        claim = await claimed(store, record)
        for percent in range(100):
            await store.tasks.heartbeat(claim, TaskProgress(share=percent / 100, audio_seconds=percent))
            await asyncio.sleep(0)
        while (await told(quick)).progress < 0.99:
            pass
        assert (await told(slow)).progress == 0.99


async def test_a_thousand_followers_cost_one_look() -> None:
    """Each is told of its narration's end, and the store is asked a few times for all together."""

    store = CountingStore()
    broadcaster = hinted(store)
    records = [await submitted(store) for _ in range(10)]

    async def follow(record: NarrationRecord) -> NarrationRecord:
        with broadcaster.follow(record, seen=record.event_id) as subscription:
            return await told(subscription)

    tasks = [asyncio.create_task(follow(records[number % 10])) for number in range(1000)]
    await asyncio.sleep(0)
    assert broadcaster.subscriptions == 1000
    for record in records:
        await store.cancel(record.id, owner=None)
    ends = await asyncio.gather(*tasks)
    assert {end.status for end in ends} == {"cancelled"}
    assert store.looks <= 10
    assert broadcaster.subscriptions == 0


async def test_looking_ends_with_the_last_follower_and_begins_with_the_next() -> None:
    """One that is cancelled, as when its client leaves, frees what it held."""

    store = CountingStore(hints=False)
    record = await submitted(store)
    broadcaster = polled(store)

    async def follow() -> None:
        with broadcaster.follow(record, seen=record.event_id) as subscription:
            await subscription.next(PATIENCE_SECONDS)

    before = asyncio.all_tasks()
    task = asyncio.create_task(follow())
    await until(lambda: store.looks > 0)
    task.cancel()
    await ended(task)
    assert broadcaster.subscriptions == 0
    await ended(*(asyncio.all_tasks() - before))
    looks = store.looks
    await asyncio.sleep(0.01)
    assert store.looks == looks
    with broadcaster.follow(record) as subscription:
        await told(subscription)
        await store.cancel(record.id, owner=None)
        await told(subscription)


async def test_silence_is_told_as_nothing() -> None:
    """So that whoever waits can say that it is still there."""

    store = InMemoryNarrationStore()
    record = await submitted(store)
    with hinted(store).follow(record, seen=record.event_id) as subscription:
        assert await subscription.next(0.001) is None


async def test_at_the_end_of_the_process_everybody_is_let_go() -> None:
    """Those who wait, and those who come."""

    store = InMemoryNarrationStore()
    record = await submitted(store)
    broadcaster = hinted(store)
    with broadcaster.follow(record, seen=record.event_id) as subscription:
        waiting = asyncio.create_task(subscription.next(PATIENCE_SECONDS))
        await asyncio.sleep(0)
        broadcaster.close()
        with pytest.raises(Cancelled):
            await waiting
    with pytest.raises(Cancelled):
        broadcaster.follow(record)


async def test_a_fault_lets_everybody_go_and_the_next_look_is_a_new_one() -> None:
    """Nobody waits for what nobody does any more."""

    store = CountingStore(hints=False)
    record = await submitted(store)
    broadcaster = polled(store)
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    store.outage = ZeroDivisionError("oops")
    with broadcaster.follow(record, seen=record.event_id) as subscription, pytest.raises(Cancelled):
        await subscription.next(PATIENCE_SECONDS)
    with broadcaster.follow(record, seen=record.event_id) as subscription:
        await store.cancel(record.id, owner=None)
        assert (await told(subscription)).status == "cancelled"
