"""What every task store promises, held against each adapter and the fake."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

import pytest

from sayso.errors import LeaseLost
from sayso.jobs import Claim, ClaimHeldElsewhere, Finished, TaskProgress
from support.jobs.backends import LEASE_SECONDS, STORES, StoreBackend

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sayso.jobs import TaskStore

    Change: TypeAlias = Callable[[TaskStore, Claim], Awaitable[None]]

TASKS = ("tts", "srt")
URLS = {"tts": "s3://bucket/p/tts.wav", "srt": "s3://bucket/p/srt.srt"}

CHANGES: dict[str, Change] = {
    "beat": lambda store, claim: store.heartbeat(claim),
    "progress": lambda store, claim: store.heartbeat(claim, TaskProgress(share=0.5, audio_seconds=1.5)),
    "complete": lambda store, claim: store.complete(claim, dict.fromkeys(claim.lease_ids, "s3://elsewhere")),
    "fail": lambda store, claim: store.fail(claim, error="late"),
}


@pytest.fixture(params=STORES)
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[StoreBackend]:
    """A store, which other tests may share."""
    async with STORES[request.param](request) as backend:
        yield backend
        await backend.store.close()


@pytest.fixture
def parent() -> str:
    """A parent of the test's own."""
    return f"parent {uuid4()}"


async def claimed(backend: StoreBackend, parent: str, tasks: tuple[str, ...] = TASKS) -> Claim:
    claim = await backend.store.claim(parent, tasks)
    assert isinstance(claim, Claim)
    return claim


async def statuses(backend: StoreBackend, parent: str) -> list[tuple[str, str | None]]:
    return [await backend.status(parent, task) for task in TASKS]


async def stale_and_current(backend: StoreBackend, parent: str) -> tuple[Claim, Claim]:
    """A claim whose lease has ended, and the one that replaced it."""
    stale = await claimed(backend, parent)
    await backend.pass_time(LEASE_SECONDS + 1)
    return stale, await claimed(backend, parent)


async def test_a_claim_begins_tasks_that_nobody_has_heard_of(backend: StoreBackend, parent: str) -> None:
    """They are made, all of them are the claim's, and others see that they are in progress."""
    claim = await claimed(backend, parent)
    assert claim.parent_id == parent
    assert set(claim.lease_ids) == set(TASKS)
    assert await statuses(backend, parent) == [("IN_PROGRESS", None)] * 2


async def test_what_is_completed_is_so_for_ever(backend: StoreBackend, parent: str) -> None:
    """Others see where each is; another claim is told that there is nothing to do, and where they are."""
    claim = await claimed(backend, parent)
    await backend.store.complete(claim, URLS)
    assert await statuses(backend, parent) == [("COMPLETED", URLS[task]) for task in TASKS]
    await backend.pass_time(LEASE_SECONDS + 1)
    assert await backend.store.claim(parent, TASKS) == Finished(media_urls=URLS)
    for change in CHANGES.values():
        with suppress(LeaseLost):
            await change(backend.store, claim)
    assert await statuses(backend, parent) == [("COMPLETED", URLS[task]) for task in TASKS]


async def test_only_what_is_not_completed_is_claimed(backend: StoreBackend, parent: str) -> None:
    """Of two tasks of which one is completed, a claim gives the other."""
    await backend.store.complete(await claimed(backend, parent, ("tts",)), {"tts": URLS["tts"]})
    claim = await claimed(backend, parent)
    assert set(claim.lease_ids) == {"srt"}
    await backend.store.complete(claim, {"srt": URLS["srt"]})
    assert await backend.store.claim(parent, TASKS) == Finished(media_urls=URLS)


async def test_whoever_comes_second_is_told_when_to_come_again(backend: StoreBackend, parent: str) -> None:
    """While somebody has any of the tasks, none can be had, until the lease ends at the latest."""
    await claimed(backend, parent, ("tts",))
    held = await backend.store.claim(parent, TASKS)
    assert isinstance(held, ClaimHeldElsewhere)
    assert 0 < held.retry_after_seconds <= LEASE_SECONDS
    await backend.pass_time(held.retry_after_seconds + 1)
    assert set((await claimed(backend, parent)).lease_ids) == set(TASKS)


async def test_all_tasks_of_a_narration_can_be_claimed_unnamed(backend: StoreBackend, parent: str) -> None:
    """Whoever cannot tell which tasks a narration has claims those that the store knows, and no others are made."""
    if not backend.knows_tasks:
        pytest.skip("this store knows no tasks before they are claimed")
    assert await backend.store.claim(parent, ()) == Finished(media_urls={})
    await backend.store.release(await claimed(backend, parent))
    claim = await backend.store.claim(parent, ())
    assert isinstance(claim, Claim)
    assert set(claim.lease_ids) == set(TASKS)
    await backend.store.fail(claim, error="no")
    assert await statuses(backend, parent) == [("FAILED", "no")] * 2


async def test_a_beat_keeps_the_claim(backend: StoreBackend, parent: str) -> None:
    """A claim that is beaten for is nobody else's however long the work takes."""
    claim = await claimed(backend, parent)
    for share in (0.2, 0.5, 0.9):
        await backend.pass_time(LEASE_SECONDS * 0.7)
        await backend.store.heartbeat(claim, TaskProgress(share=share, audio_seconds=share * 60))
    assert isinstance(await backend.store.claim(parent, TASKS), ClaimHeldElsewhere)
    await backend.store.complete(claim, URLS)


async def test_each_claim_has_larger_lease_ids(backend: StoreBackend, parent: str) -> None:
    """Of any two claims of a task, the later one has the larger lease id: after a death, a failure and a release."""
    first, second = await stale_and_current(backend, parent)
    await backend.store.fail(second, error="no")
    third = await claimed(backend, parent)
    await backend.store.release(third)
    fourth = await claimed(backend, parent)
    for task in TASKS:
        ids = [claim.lease_ids[task] for claim in (first, second, third, fourth)]
        assert ids == sorted(set(ids))


@pytest.mark.parametrize("change", CHANGES)
async def test_a_stale_claim_changes_nothing(backend: StoreBackend, parent: str, change: str) -> None:
    """Whoever lost the tasks is told so, and neither their status nor the new claim suffers."""
    stale, current = await stale_and_current(backend, parent)
    with pytest.raises(LeaseLost):
        await CHANGES[change](backend.store, stale)
    assert await statuses(backend, parent) == [("IN_PROGRESS", None)] * 2
    await backend.store.complete(current, URLS)
    with pytest.raises(LeaseLost):
        await CHANGES[change](backend.store, stale)
    assert await statuses(backend, parent) == [("COMPLETED", URLS[task]) for task in TASKS]


async def test_a_claim_of_which_a_part_is_lost_changes_nothing(backend: StoreBackend, parent: str) -> None:
    """When another has one of two tasks, the claim of both can complete neither."""
    stale = await claimed(backend, parent)
    await backend.pass_time(LEASE_SECONDS + 1)
    await claimed(backend, parent, ("srt",))
    with pytest.raises(LeaseLost):
        await backend.store.complete(stale, URLS)
    assert await statuses(backend, parent) == [("IN_PROGRESS", None)] * 2


async def test_a_late_claim_that_nobody_replaced_still_counts(backend: StoreBackend, parent: str) -> None:
    """A worker that was slow, and whose tasks nobody else has taken, has not worked in vain."""
    claim = await claimed(backend, parent)
    await backend.pass_time(LEASE_SECONDS + 1)
    await backend.store.complete(claim, URLS)
    assert await statuses(backend, parent) == [("COMPLETED", URLS[task]) for task in TASKS]


async def test_what_failed_can_be_tried_again(backend: StoreBackend, parent: str) -> None:
    """Others see that it failed; a later claim is a new attempt, and need not wait."""
    await backend.store.fail(await claimed(backend, parent), error="It was too long.")
    assert {status for status, _ in await statuses(backend, parent)} == {"FAILED"}
    await backend.store.complete(await claimed(backend, parent), URLS)
    assert await statuses(backend, parent) == [("COMPLETED", URLS[task]) for task in TASKS]


async def test_what_is_released_can_be_had_at_once(backend: StoreBackend, parent: str) -> None:
    """The next claim need not wait; releasing what is lost is no error, and takes nothing from the new owner."""
    first = await claimed(backend, parent)
    await backend.store.release(first)
    second = await claimed(backend, parent)
    await backend.store.release(first)
    assert isinstance(await backend.store.claim(parent, TASKS), ClaimHeldElsewhere)
    await backend.store.complete(second, URLS)
    await backend.store.release(second)
    assert await backend.store.claim(parent, TASKS) == Finished(media_urls=URLS)


async def test_of_many_who_claim_at_once_one_succeeds(backend: StoreBackend, parent: str) -> None:
    """The others are told to come later, whichever tasks they name first."""
    orders = [TASKS, TASKS[::-1]] * 6
    outcomes = await asyncio.gather(*(backend.store.claim(parent, order) for order in orders))
    assert sum(isinstance(outcome, Claim) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, ClaimHeldElsewhere) for outcome in outcomes) == len(orders) - 1


async def test_parents_have_nothing_to_do_with_one_another(backend: StoreBackend, parent: str) -> None:
    """Tasks of the same name belong to their own parents."""
    claim = await claimed(backend, parent)
    other = await claimed(backend, f"{parent} 2")
    await backend.store.complete(other, URLS)
    assert await statuses(backend, parent) == [("IN_PROGRESS", None)] * 2
    await backend.store.heartbeat(claim)


async def test_what_is_cancelled_stays_so(backend: StoreBackend, parent: str) -> None:
    """Whoever had the tasks has lost them, and nobody can claim them again."""
    claim = await claimed(backend, parent)
    if not await backend.cancel(parent):
        pytest.skip("tasks of this store cannot be cancelled")
    for change in CHANGES.values():
        with pytest.raises(LeaseLost):
            await change(backend.store, claim)
    await backend.store.release(claim)
    with pytest.raises(LeaseLost):
        await backend.store.claim(parent, TASKS)
    assert await statuses(backend, parent) == [("CANCELLED", None)] * 2
