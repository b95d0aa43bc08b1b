"""What every job queue promises, held against each adapter and the fake."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import LeaseLost
from support.jobs.backends import LEASE_SECONDS, QUEUES, QueueBackend

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from sayso.jobs import Delivery, JobQueue

LONG_SECONDS = 20.0
"""For a job that is there, or comes: no test waits so long."""


@pytest.fixture(params=QUEUES)
async def backend(request: pytest.FixtureRequest) -> AsyncIterator[QueueBackend]:
    """A queue of the test's own."""
    async with QUEUES[request.param](request) as backend:
        yield backend
        await backend.queue.close()


async def one(queue: JobQueue) -> Delivery:
    (delivery,) = await queue.receive(1, wait_seconds=LONG_SECONDS)
    return delivery


async def nothing(queue: JobQueue) -> bool:
    return not await queue.receive(1, wait_seconds=0)


async def enqueued(backend: QueueBackend, *bodies: str) -> None:
    for body in bodies:
        await backend.enqueue(body)


async def test_a_job_is_delivered_as_it_was_enqueued(backend: QueueBackend) -> None:
    """The body comes back character for character, as the first attempt, and with its age."""
    body = '{"text": "“Ça va?” – 你好 \\u0000 \n\t' + "x" * 100_000 + '"}'
    await backend.enqueue(body)
    delivery = await one(backend.queue)
    assert delivery.body == body
    assert delivery.attempt == 1
    assert 0 <= delivery.age_seconds < LONG_SECONDS


async def test_the_oldest_job_comes_first(backend: QueueBackend) -> None:
    """Jobs are delivered in the order in which they came, and no more at a time than asked for."""
    await enqueued(backend, *"abcde")
    first = await backend.queue.receive(3, wait_seconds=LONG_SECONDS)
    second = await backend.queue.receive(3, wait_seconds=LONG_SECONDS)
    assert [delivery.body for delivery in (*first, *second)] == list("abcde")
    assert len(first) == 3


async def test_a_job_that_is_had_is_nobody_elses(backend: QueueBackend) -> None:
    """While its lease lasts, and after it is finished, a job is not delivered again."""
    await backend.enqueue("a")
    delivery = await one(backend.queue)
    other = backend.another()
    assert await nothing(other)
    await backend.queue.finish(delivery)
    await backend.pass_time(LEASE_SECONDS + 1)
    assert await nothing(other)


async def test_whoever_waits_gets_the_job_that_comes(backend: QueueBackend) -> None:
    """A receiver that found nothing returns as soon as there is a job."""
    waiting = asyncio.create_task(one(backend.another()))
    await asyncio.sleep(0.05)
    await backend.enqueue("a")
    assert (await waiting).body == "a"


async def test_a_worker_that_died_loses_its_job_to_the_next(backend: QueueBackend) -> None:
    """Without beats a lease ends; the next delivery is another attempt at the same job, with another lease."""
    await backend.enqueue("a")
    first = await one(backend.queue)
    await backend.pass_time(LEASE_SECONDS + 1)
    second = await one(backend.another())
    assert (second.job_id, second.body) == (first.job_id, "a")
    assert second.attempt == first.attempt + 1
    assert (first.is_suspect, second.is_suspect) == (False, True)
    assert second.lease != first.lease


async def test_a_beat_keeps_the_lease(backend: QueueBackend) -> None:
    """A beat counts from now: a job that is beaten for is nobody else's however long it takes."""
    await enqueued(backend, "a", "b")
    deliveries = await backend.queue.receive(2, wait_seconds=LONG_SECONDS)
    for _ in range(3):
        await backend.pass_time(LEASE_SECONDS * 0.7)
        assert not await backend.queue.heartbeat(deliveries)
    assert await nothing(backend.another())


async def stale_and_current(backend: QueueBackend) -> tuple[Delivery, Delivery]:
    """A delivery that came too late to anything, and the one that replaced it."""
    await backend.enqueue("a")
    stale = await one(backend.queue)
    await backend.pass_time(LEASE_SECONDS + 1)
    return stale, await one(backend.another())


async def test_a_beat_tells_what_is_lost(backend: QueueBackend) -> None:
    """Of several deliveries exactly those that somebody else has now are returned, and their leases left alone."""
    stale, current = await stale_and_current(backend)
    await backend.enqueue("b")
    mine = await one(backend.queue)
    if backend.tells_lost:
        assert list(await backend.queue.heartbeat([stale, mine])) == [stale]
    assert not await backend.another().heartbeat([current])
    assert not await backend.queue.heartbeat([])


async def test_a_stale_beat_keeps_nobodys_lease(backend: QueueBackend) -> None:
    """A worker that lost its job, and beats for it, does not keep it for the next one when that one dies too."""
    stale, _ = await stale_and_current(backend)
    await backend.pass_time(LEASE_SECONDS * 0.7)
    await backend.queue.heartbeat([stale])
    await backend.pass_time(LEASE_SECONDS * 0.7)
    (next_one,) = await backend.another().receive(1, wait_seconds=1)
    assert next_one.job_id == stale.job_id


@pytest.mark.parametrize("last_word", ["finish", "retry", "dead_letter"])
async def test_a_stale_worker_changes_nothing(backend: QueueBackend, last_word: str) -> None:
    """Whoever lost the job can neither finish it, nor hand it back, nor put it aside, and is told so."""
    words: dict[str, Callable[[JobQueue, Delivery], Awaitable[None]]] = {
        "finish": lambda queue, stale: queue.finish(stale),
        "retry": lambda queue, stale: queue.retry(stale, delay_seconds=0, error="late"),
        "dead_letter": lambda queue, stale: queue.dead_letter(stale, reason="late"),
    }
    if not backend.tells_lost:
        pytest.skip("this queue does not say that a lease was lost")
    stale, current = await stale_and_current(backend)
    with pytest.raises(LeaseLost):
        await words[last_word](backend.queue, stale)
    assert await nothing(backend.another())
    assert await backend.dead() == []
    await backend.another().finish(current)


async def test_a_spent_delivery_changes_nothing(backend: QueueBackend) -> None:
    """After the last word on a job, a second one by the same worker does not open it again."""
    await backend.enqueue("a")
    delivery = await one(backend.queue)
    await backend.queue.finish(delivery)
    for again in (backend.queue.retry(delivery, delay_seconds=0), backend.queue.finish(delivery)):
        with suppress(LeaseLost):
            await again
    assert await nothing(backend.queue)


async def test_a_failed_attempt_is_repeated_after_its_delay(backend: QueueBackend) -> None:
    """Not before, and as the next attempt."""
    await backend.enqueue("a")
    await backend.queue.retry(await one(backend.queue), delay_seconds=120, error="the source was down \0 \ud800")
    assert await nothing(backend.queue)
    await backend.pass_time(121)
    again = await one(backend.queue)
    assert (again.attempt, again.is_suspect) == (2, False)


@pytest.mark.parametrize("last_word", ["finish", "retry", "dead-letter"])
async def test_a_spent_delivery_ends_no_delay(backend: QueueBackend, last_word: str) -> None:
    """A job that waits for another attempt waits on, and its attempts stay counted, whatever its worker repeats."""
    words: dict[str, Callable[[JobQueue, Delivery], Awaitable[None]]] = {
        "finish": lambda queue, spent: queue.finish(spent),
        "retry": lambda queue, spent: queue.retry(spent, delay_seconds=LEASE_SECONDS, error="broken"),
        "dead-letter": lambda queue, spent: queue.dead_letter(spent, reason="late"),
    }
    await backend.enqueue("a")
    spent = await one(backend.queue)
    await backend.queue.retry(spent, delay_seconds=LEASE_SECONDS, error="broken")
    with suppress(LeaseLost):
        await words[last_word](backend.queue, spent)
    assert await nothing(backend.queue)
    await backend.pass_time(LEASE_SECONDS + 1)
    assert (await one(backend.queue)).attempt == 2


async def test_what_is_handed_back_is_no_attempt(backend: QueueBackend) -> None:
    """A job that is handed back without an error comes again at once, and does not count, where the queue can tell."""
    await backend.enqueue("a")
    for _ in range(3):
        delivery = await one(backend.queue)
        await backend.queue.retry(delivery, delay_seconds=0)
    if backend.counts_attempts:
        assert (await one(backend.queue)).attempt == 1


async def test_what_is_put_aside_is_kept_with_its_reason(backend: QueueBackend) -> None:
    """It is never delivered again, and somebody can look at it."""
    await backend.enqueue("nonsense")
    await backend.queue.dead_letter(await one(backend.queue), reason="It is not JSON.")
    await backend.pass_time(LEASE_SECONDS + 1)
    assert await nothing(backend.queue)
    assert await backend.dead() == [("nonsense", "It is not JSON.")]


async def test_the_backlog_counts_what_is_open(backend: QueueBackend) -> None:
    """Jobs that wait, those that are had, and none that has ended."""
    backlog = await backend.queue.backlog()
    assert (backlog.waiting, backlog.in_flight, backlog.oldest_age_seconds) == (0, 0, None)
    await enqueued(backend, *"abcdef")
    done, dead, delayed, _held = await backend.queue.receive(4, wait_seconds=LONG_SECONDS)
    await backend.queue.finish(done)
    await backend.queue.dead_letter(dead, reason="no")
    await backend.queue.retry(delayed, delay_seconds=300, error="no")
    backlog = await backend.queue.backlog()
    assert (backlog.waiting, backlog.in_flight) == ((3, 1) if backend.tells_delayed else (2, 2))
    if backlog.oldest_age_seconds is not None:
        await backend.pass_time(10)
        assert ((await backend.queue.backlog()).oldest_age_seconds or 0) >= 10


async def test_a_dead_workers_job_waits_again(backend: QueueBackend) -> None:
    """A job whose lease has ended is in flight no more, though nobody has noticed yet."""
    await backend.enqueue("a")
    await one(backend.queue)
    await backend.pass_time(LEASE_SECONDS + 1)
    backlog = await backend.queue.backlog()
    assert (backlog.waiting, backlog.in_flight) == (1, 0)


async def test_many_who_receive_at_once_share_the_jobs(backend: QueueBackend) -> None:
    """Each of a hundred jobs goes to exactly one of twelve receivers, and all can be finished at the same time."""
    bodies = [f"job {number}" for number in range(100)]
    await enqueued(backend, *bodies)

    async def work(queue: JobQueue) -> list[str]:
        done = []
        while deliveries := await queue.receive(3, wait_seconds=0):
            await asyncio.gather(*map(queue.finish, deliveries))
            done += [delivery.body for delivery in deliveries]
        return done

    shares = await asyncio.gather(*(work(backend.another()) for _ in range(12)))
    assert sorted(body for share in shares for body in share) == sorted(bodies)
    backlog = await backend.queue.backlog()
    assert (backlog.waiting, backlog.in_flight) == (0, 0)


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13])
async def test_a_receiver_that_is_cancelled_loses_nothing(backend: QueueBackend, turns: int) -> None:
    """Wherever it is when it is cancelled, what it was about to return is handed back, and is no attempt."""
    await enqueued(backend, "a", "b")
    receiving = asyncio.create_task(backend.queue.receive(2, wait_seconds=LONG_SECONDS))
    for _ in range(turns):
        await asyncio.sleep(0)
    receiving.cancel()
    got: list[Any] = []
    with suppress(asyncio.CancelledError):
        got += await receiving
    for delivery in got:
        await backend.queue.retry(delivery, delay_seconds=0)
    again = await backend.another().receive(2, wait_seconds=LONG_SECONDS)
    assert sorted(delivery.body for delivery in again) == ["a", "b"]
    if backend.counts_attempts:
        assert [delivery.attempt for delivery in again] == [1, 1]


async def test_a_cancelled_job_is_taken_away(backend: QueueBackend) -> None:
    """Whoever has it is told to look, finds that it is lost, and can do no more with it; nobody gets it again."""
    await enqueued(backend, "a", "b")
    mine, other = await backend.queue.receive(2, wait_seconds=LONG_SECONDS)
    revoked = asyncio.create_task(backend.queue.wait_for_revocation())
    await asyncio.sleep(0)
    if not await backend.cancel(mine.job_id):
        revoked.cancel()
        pytest.skip("jobs of this queue cannot be cancelled")
    async with asyncio.timeout(LONG_SECONDS):
        await revoked
    assert list(await backend.queue.heartbeat([mine, other])) == [mine]
    with pytest.raises(LeaseLost):
        await backend.queue.finish(mine)
    await backend.pass_time(LEASE_SECONDS + 1)
    assert (await one(backend.queue)).body == "b"
    assert await nothing(backend.queue)
