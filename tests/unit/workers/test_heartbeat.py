"""A claim is kept alive beside its work, which ends when the claim is lost."""

from __future__ import annotations

import asyncio

import pytest

from sayso.errors import LeaseLost, ServiceUnavailable
from sayso.jobs import Claim, TaskProgress
from sayso.testing import InMemoryTaskStore
from sayso.workers.heartbeat import ClaimHeartbeat
from support.waiting import WAIT_SECONDS, until

PROGRESS_SECONDS = 0.001


async def claimed(tasks: InMemoryTaskStore) -> Claim:
    claim = await tasks.claim("p", ["a"])
    assert isinstance(claim, Claim)
    return claim


async def test_progress_and_life_are_told() -> None:
    """While the work goes on, its claim outlives its lease, and others see how far it is."""

    tasks = InMemoryTaskStore(lease_seconds=0.2)
    claim = await claimed(tasks)
    async with ClaimHeartbeat(tasks, claim, heartbeat_seconds=0, progress_seconds=PROGRESS_SECONDS) as keeping:
        await asyncio.sleep(0.5)
        keeping.progress = TaskProgress(share=0.5, audio_seconds=3.0)
        await until(lambda: tasks.tasks["p", "a"].progress == keeping.progress)
    await tasks.complete(claim, {"a": "s3://b/k"})


async def test_work_whose_claim_is_lost_is_cancelled() -> None:
    """The block ends with `LeaseLost` as soon as somebody else has the claim."""

    tasks = InMemoryTaskStore()
    claim = await claimed(tasks)
    tasks.tasks["p", "a"].lease_id += 1
    with pytest.raises(LeaseLost):
        async with (
            asyncio.timeout(WAIT_SECONDS),
            ClaimHeartbeat(tasks, claim, heartbeat_seconds=0, progress_seconds=PROGRESS_SECONDS),
        ):
            await asyncio.Event().wait()


async def test_a_claim_that_is_lost_at_the_very_end_is_lost() -> None:
    """A block that ends before it hears that the claim was lost still ends with `LeaseLost`."""

    tasks = InMemoryTaskStore()
    claim = await claimed(tasks)
    keeping = ClaimHeartbeat(tasks, claim, heartbeat_seconds=0, progress_seconds=PROGRESS_SECONDS)

    async def block() -> None:
        async with keeping:
            tasks.tasks["p", "a"].lease_id += 1
            while keeping._lost is None:  # noqa: ASYNC110 -- the very moment
                await asyncio.sleep(0)

    with pytest.raises(LeaseLost):
        await block()


async def test_somebody_elses_cancellation_goes_through() -> None:
    """A block that is cancelled for another reason ends with that."""

    tasks = InMemoryTaskStore()
    claim = await claimed(tasks)

    async def block() -> None:
        async with ClaimHeartbeat(tasks, claim, heartbeat_seconds=0, progress_seconds=PROGRESS_SECONDS):
            await asyncio.Event().wait()

    task = asyncio.create_task(block())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_the_works_own_errors_go_through() -> None:
    """What fails in the block fails as it does without a claim."""

    tasks = InMemoryTaskStore()
    with pytest.raises(ZeroDivisionError):
        async with ClaimHeartbeat(tasks, await claimed(tasks), heartbeat_seconds=0, progress_seconds=PROGRESS_SECONDS):
            raise ZeroDivisionError


class SilentStore(InMemoryTaskStore):
    """A store that stops answering beats."""

    async def heartbeat(self, claim: Claim, progress: TaskProgress | None = None) -> None:  # noqa: ARG002
        raise ServiceUnavailable("nobody answers")


async def test_a_store_that_is_silent_for_a_lease_has_lost_the_claim() -> None:
    """Work goes on through a short outage, and stops when the claim may be somebody else's."""

    tasks = SilentStore()
    with pytest.raises(LeaseLost, match="does not answer"):
        async with (
            asyncio.timeout(WAIT_SECONDS),
            ClaimHeartbeat(
                tasks, await claimed(tasks), heartbeat_seconds=0, progress_seconds=PROGRESS_SECONDS, lease_seconds=0.1
            ),
        ):
            await asyncio.Event().wait()


class DeafStore(InMemoryTaskStore):
    """A store whose call loses the first cancellation, as a driver does whose server ends at that moment."""

    is_deaf = True

    async def heartbeat(self, claim: Claim, progress: TaskProgress | None = None) -> None:  # noqa: ARG002
        try:
            await asyncio.sleep(WAIT_SECONDS)
        except asyncio.CancelledError:
            if not self.is_deaf:
                raise
            self.is_deaf = False
            raise ServiceUnavailable("the server ended") from None


async def test_a_lost_cancellation_does_not_extend_the_claim_for_ever() -> None:
    """The block ends all the same, and with it the heartbeats."""
    tasks = DeafStore()
    async with asyncio.timeout(WAIT_SECONDS / 2):
        async with ClaimHeartbeat(
            tasks, await claimed(tasks), heartbeat_seconds=0, progress_seconds=PROGRESS_SECONDS
        ) as heartbeat:
            await asyncio.sleep(0.1)
        assert heartbeat._keeper is not None
        assert heartbeat._keeper.done()
    assert not tasks.is_deaf


async def test_without_a_claim_nothing_is_kept() -> None:
    """Work that has no tasks needs no store."""

    async with ClaimHeartbeat(InMemoryTaskStore(), None):
        await asyncio.sleep(0.01)
