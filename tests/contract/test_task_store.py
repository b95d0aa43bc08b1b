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
    from collections.abc import Awaitable, Callable

    from sayso.jobs import TaskStore

    Run: TypeAlias = Callable[[Callable[[StoreBackend, str], Awaitable[None]]], None]
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
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a scenario with a store and a parent of its own."""

    async def main(scenario: Callable[[StoreBackend, str], Awaitable[None]]) -> None:
        async with STORES[request.param](request) as backend:
            await scenario(backend, f"parent {uuid4()}")
            await backend.store.close()

    return lambda scenario: asyncio.run(main(scenario))


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


def test_a_claim_begins_tasks_that_nobody_has_heard_of(run: Run) -> None:
    """They are made, all of them are the claim's, and others see that they are in progress."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        claim = await claimed(backend, parent)
        assert claim.parent_id == parent
        assert set(claim.lease_ids) == set(TASKS)
        assert await statuses(backend, parent) == [("IN_PROGRESS", None)] * 2

    run(scenario)


def test_what_is_completed_is_so_for_ever(run: Run) -> None:
    """Others see where each is; another claim is told that there is nothing to do, and where they are."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        claim = await claimed(backend, parent)
        await backend.store.complete(claim, URLS)
        assert await statuses(backend, parent) == [("COMPLETED", URLS[task]) for task in TASKS]
        await backend.pass_time(LEASE_SECONDS + 1)
        assert await backend.store.claim(parent, TASKS) == Finished(media_urls=URLS)
        for change in CHANGES.values():
            with suppress(LeaseLost):
                await change(backend.store, claim)
        assert await statuses(backend, parent) == [("COMPLETED", URLS[task]) for task in TASKS]

    run(scenario)


def test_only_what_is_not_completed_is_claimed(run: Run) -> None:
    """Of two tasks of which one is completed, a claim gives the other."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        await backend.store.complete(await claimed(backend, parent, ("tts",)), {"tts": URLS["tts"]})
        claim = await claimed(backend, parent)
        assert set(claim.lease_ids) == {"srt"}
        await backend.store.complete(claim, {"srt": URLS["srt"]})
        assert await backend.store.claim(parent, TASKS) == Finished(media_urls=URLS)

    run(scenario)


def test_whoever_comes_second_is_told_when_to_come_again(run: Run) -> None:
    """While somebody has any of the tasks, none can be had, until the lease ends at the latest."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        await claimed(backend, parent, ("tts",))
        held = await backend.store.claim(parent, TASKS)
        assert isinstance(held, ClaimHeldElsewhere)
        assert 0 < held.retry_after_seconds <= LEASE_SECONDS
        await backend.pass_time(held.retry_after_seconds + 1)
        assert set((await claimed(backend, parent)).lease_ids) == set(TASKS)

    run(scenario)


def test_all_tasks_of_a_narration_can_be_claimed_unnamed(run: Run) -> None:
    """Whoever cannot tell which tasks a narration has claims those that the store knows, and no others are made."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        if not backend.knows_tasks:
            pytest.skip("this store knows no tasks before they are claimed")
        assert await backend.store.claim(parent, ()) == Finished(media_urls={})
        await backend.store.release(await claimed(backend, parent))
        claim = await backend.store.claim(parent, ())
        assert isinstance(claim, Claim)
        assert set(claim.lease_ids) == set(TASKS)
        await backend.store.fail(claim, error="no")
        assert await statuses(backend, parent) == [("FAILED", "no")] * 2

    run(scenario)


def test_a_beat_keeps_the_claim(run: Run) -> None:
    """A claim that is beaten for is nobody else's however long the work takes."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        claim = await claimed(backend, parent)
        for share in (0.2, 0.5, 0.9):
            await backend.pass_time(LEASE_SECONDS * 0.7)
            await backend.store.heartbeat(claim, TaskProgress(share=share, audio_seconds=share * 60))
        assert isinstance(await backend.store.claim(parent, TASKS), ClaimHeldElsewhere)
        await backend.store.complete(claim, URLS)

    run(scenario)


def test_each_claim_has_larger_lease_ids(run: Run) -> None:
    """Of any two claims of a task, the later one has the larger lease id: after a death, a failure and a release."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        first, second = await stale_and_current(backend, parent)
        await backend.store.fail(second, error="no")
        third = await claimed(backend, parent)
        await backend.store.release(third)
        fourth = await claimed(backend, parent)
        for task in TASKS:
            ids = [claim.lease_ids[task] for claim in (first, second, third, fourth)]
            assert ids == sorted(set(ids))

    run(scenario)


@pytest.mark.parametrize("change", CHANGES)
def test_a_stale_claim_changes_nothing(run: Run, change: str) -> None:
    """Whoever lost the tasks is told so, and neither their status nor the new claim suffers."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        stale, current = await stale_and_current(backend, parent)
        with pytest.raises(LeaseLost):
            await CHANGES[change](backend.store, stale)
        assert await statuses(backend, parent) == [("IN_PROGRESS", None)] * 2
        await backend.store.complete(current, URLS)
        with pytest.raises(LeaseLost):
            await CHANGES[change](backend.store, stale)
        assert await statuses(backend, parent) == [("COMPLETED", URLS[task]) for task in TASKS]

    run(scenario)


def test_a_claim_of_which_a_part_is_lost_changes_nothing(run: Run) -> None:
    """When another has one of two tasks, the claim of both can complete neither."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        stale = await claimed(backend, parent)
        await backend.pass_time(LEASE_SECONDS + 1)
        await claimed(backend, parent, ("srt",))
        with pytest.raises(LeaseLost):
            await backend.store.complete(stale, URLS)
        assert await statuses(backend, parent) == [("IN_PROGRESS", None)] * 2

    run(scenario)


def test_a_late_claim_that_nobody_replaced_still_counts(run: Run) -> None:
    """A worker that was slow, and whose tasks nobody else has taken, has not worked in vain."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        claim = await claimed(backend, parent)
        await backend.pass_time(LEASE_SECONDS + 1)
        await backend.store.complete(claim, URLS)
        assert await statuses(backend, parent) == [("COMPLETED", URLS[task]) for task in TASKS]

    run(scenario)


def test_what_failed_can_be_tried_again(run: Run) -> None:
    """Others see that it failed; a later claim is a new attempt, and need not wait."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        await backend.store.fail(await claimed(backend, parent), error="It was too long.")
        assert {status for status, _ in await statuses(backend, parent)} == {"FAILED"}
        await backend.store.complete(await claimed(backend, parent), URLS)
        assert await statuses(backend, parent) == [("COMPLETED", URLS[task]) for task in TASKS]

    run(scenario)


def test_what_is_released_can_be_had_at_once(run: Run) -> None:
    """The next claim need not wait; releasing what is lost is no error, and takes nothing from the new owner."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        first = await claimed(backend, parent)
        await backend.store.release(first)
        second = await claimed(backend, parent)
        await backend.store.release(first)
        assert isinstance(await backend.store.claim(parent, TASKS), ClaimHeldElsewhere)
        await backend.store.complete(second, URLS)
        await backend.store.release(second)
        assert await backend.store.claim(parent, TASKS) == Finished(media_urls=URLS)

    run(scenario)


def test_of_many_who_claim_at_once_one_succeeds(run: Run) -> None:
    """The others are told to come later, whichever tasks they name first."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        orders = [TASKS, TASKS[::-1]] * 6
        outcomes = await asyncio.gather(*(backend.store.claim(parent, order) for order in orders))
        assert sum(isinstance(outcome, Claim) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, ClaimHeldElsewhere) for outcome in outcomes) == len(orders) - 1

    run(scenario)


def test_parents_have_nothing_to_do_with_one_another(run: Run) -> None:
    """Tasks of the same name belong to their own parents."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
        claim = await claimed(backend, parent)
        other = await claimed(backend, f"{parent} 2")
        await backend.store.complete(other, URLS)
        assert await statuses(backend, parent) == [("IN_PROGRESS", None)] * 2
        await backend.store.heartbeat(claim)

    run(scenario)


def test_what_is_cancelled_stays_so(run: Run) -> None:
    """Whoever had the tasks has lost them, and nobody can claim them again."""

    async def scenario(backend: StoreBackend, parent: str) -> None:
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

    run(scenario)
