"""Jobs of an outbox are there if, and only if, the transaction that enqueued them committed."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from sayso.errors import InvalidInput
from sayso.jobs.outbox import EnqueuedJob, NewJob
from sayso.jobs.postgres.outbox import enqueue
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.postgres.listener import Channel
from sayso.postgres.pool import Database
from support.waiting import WAIT_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

COUNT = "select count(*) as rows from sayso.jobs where queue = %(queue)s"


class Scene:
    """A database, a queue of its own, and a table of the caller's."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.queue = PostgresQueue(database, f"q {uuid4()}")

    def job(self, body: str = "a", *, key: str | None = None, delay_seconds: float = 0.0) -> NewJob:
        return NewJob(queue=self.queue.name, body=body, key=key, delay_seconds=delay_seconds)

    async def enqueue(self, *jobs: NewJob) -> Sequence[EnqueuedJob]:
        async with self.database.transaction() as transaction:
            return await enqueue(transaction, *jobs)

    async def count(self) -> int:
        (row,) = await self.database.fetch(COUNT, {"queue": self.queue.name}, is_repeatable=True)
        rows: int = row["rows"]
        return rows

    async def bodies(self) -> list[str]:
        """What can be delivered now."""
        return [delivery.body for delivery in await self.queue.receive(100, wait_seconds=0)]


@asynccontextmanager
async def opened(database_url: str, *, listen: bool = True) -> AsyncIterator[Scene]:
    async with Database(database_url, listen=listen) as database:
        scene = Scene(database)
        yield scene
        await scene.queue.close()


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[Scene]:
    async with opened(database_url) as scene:
        yield scene


def fail() -> None:
    raise ZeroDivisionError


async def test_a_job_appears_when_its_transaction_commits(scene: Scene) -> None:
    """Not before: no worker can begin with what is not yet true."""
    async with scene.database.transaction() as transaction:
        await enqueue(transaction, scene.job())
        assert await scene.bodies() == []
    assert await scene.bodies() == ["a"]


async def test_a_job_goes_with_a_transaction_that_is_rolled_back(scene: Scene) -> None:
    """Neither the job nor what the caller changed beside it is there, and the key is free."""
    parent = f"p {uuid4()}"

    async def change() -> None:
        async with scene.database.transaction() as transaction:
            statement = "insert into sayso.events (parent_id, kind) values (%(parent)s, 'test')"
            await transaction.fetch(statement, {"parent": parent})
            await enqueue(transaction, scene.job(key="k"))
            fail()

    with pytest.raises(ZeroDivisionError):
        await change()
    assert await scene.count() == 0
    find = "select 1 from sayso.events where parent_id = %(parent)s"
    assert not await scene.database.fetch(find, {"parent": parent}, is_repeatable=True)
    (enqueued,) = await scene.enqueue(scene.job(key="k"))
    assert enqueued.is_new


async def test_a_body_that_cannot_be_kept_rolls_everything_back(scene: Scene) -> None:
    """The other jobs of the transaction are not there either."""
    with pytest.raises(InvalidInput):
        await scene.enqueue(scene.job("good"), scene.job("a\0"))
    assert await scene.count() == 0


async def test_a_commit_wakes_a_worker_that_waits(scene: Scene) -> None:
    """A notification follows the commit; without it, the worker would look again after a second."""
    listener = scene.database.listener
    assert listener is not None
    await until(lambda: listener.is_receiving)
    waits = []
    for _ in range(5):
        receiving = asyncio.create_task(scene.queue.receive(1, wait_seconds=WAIT_SECONDS))
        await asyncio.sleep(0.1)  # it has looked, and waits
        began = time.monotonic()
        await scene.enqueue(scene.job())
        assert await receiving
        waits.append(time.monotonic() - began)
    assert min(waits) < 0.5, waits


async def test_queues_are_notified_only_of_what_can_be_delivered(database_url: str) -> None:
    """Each once: not of a job that waits for its time, and not of one that was there before."""
    async with opened(database_url, listen=False) as scene:
        other, late = (NewJob(queue=f"q {uuid4()}", body="a", delay_seconds=delay) for delay in (0.0, 3600.0))
        await scene.enqueue(scene.job(key="k"))
        async with scene.database.transaction() as transaction:
            await enqueue(transaction, scene.job(key="k"), other, late)
            assert transaction.notices == [(Channel.JOBS, other.queue)]


async def test_many_jobs_are_enqueued_in_their_order(scene: Scene) -> None:
    """One statement adds them all, to the queues that each names."""
    other = PostgresQueue(scene.database, f"q {uuid4()}")
    jobs = [scene.job(str(number)) for number in range(50)]
    elsewhere = NewJob(queue=other.name, body="other", key="k")
    enqueued = await scene.enqueue(*jobs, elsewhere)
    assert enqueued == [EnqueuedJob(job_id=job.job_id, is_new=True) for job in (*jobs, elsewhere)]
    assert await scene.bodies() == [job.body for job in jobs]
    assert [delivery.body for delivery in await other.receive(2, wait_seconds=0)] == ["other"]


async def test_no_jobs_are_enqueued(scene: Scene) -> None:
    """A caller with nothing to enqueue needs no exception."""
    assert await scene.enqueue() == []


async def test_a_job_waits_for_its_time(scene: Scene) -> None:
    """As one that is enqueued by the queue itself does."""
    await scene.enqueue(scene.job("now"), scene.job("later", delay_seconds=3600))
    assert await scene.bodies() == ["now"]
    assert (await scene.queue.backlog()).waiting == 1


async def test_a_key_is_good_for_one_job(scene: Scene) -> None:
    """Whether it was used in the same call, by the queue itself, or in a transaction before."""
    first, second, free = await scene.enqueue(scene.job("1", key="k"), scene.job("2", key="k"), scene.job("3"))
    assert (first.is_new, second.is_new, free.is_new) == (True, False, True)
    assert second.job_id == first.job_id
    (third,) = await scene.enqueue(scene.job("4", key="k"))
    assert third == EnqueuedJob(job_id=first.job_id, is_new=False)
    assert await scene.queue.enqueue("5", dedup_key="k") == str(first.job_id)
    assert await scene.bodies() == ["1", "3"]


@pytest.mark.parametrize("commits", [True, False])
async def test_a_key_that_a_transaction_is_using_is_waited_for(scene: Scene, *, commits: bool) -> None:
    """The second to come knows for certain whether its job is there: after the end of the first."""
    second: asyncio.Task[Sequence[EnqueuedJob]] | None = None
    try:
        async with scene.database.transaction() as transaction:
            (first,) = await enqueue(transaction, scene.job("first", key="k"))
            second = asyncio.create_task(scene.enqueue(scene.job("second", key="k")))
            await asyncio.sleep(0.2)
            assert not second.done()
            if not commits:
                fail()
    except ZeroDivisionError:
        assert not commits
    assert second is not None
    (enqueued,) = await second
    assert enqueued.is_new is not commits
    assert (enqueued.job_id == first.job_id) is commits
    assert await scene.bodies() == ["first" if commits else "second"]


async def test_transactions_with_the_same_keys_do_not_wait_for_each_other_for_ever(scene: Scene) -> None:
    """In whichever order they name them: none is chosen by the server to end a deadlock."""
    keys = [f"k{number}" for number in range(20)]
    orders = [keys, keys[::-1]] * 4
    await asyncio.gather(*(scene.enqueue(*(scene.job(key=key) for key in order)) for order in orders))
    assert await scene.count() == len(keys)


async def test_a_transaction_that_is_retried_adds_its_job_once(scene: Scene) -> None:
    """When the answer to a commit is lost, the caller runs the transaction again with the same job."""
    job = scene.job()
    for _ in range(2):
        assert await scene.enqueue(job) == [EnqueuedJob(job_id=job.job_id, is_new=True)]
    assert await scene.count() == 1


async def test_behind_pgbouncer_jobs_are_enqueued_alike(pooled_database_url: str) -> None:
    """The transaction is one of PgBouncer's, too."""
    async with opened(pooled_database_url, listen=False) as scene:
        await scene.enqueue(scene.job("a", key="k"), scene.job("b", key="k"))
        assert await scene.bodies() == ["a"]
