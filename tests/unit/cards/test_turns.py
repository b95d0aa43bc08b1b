"""Places that jobs get in turn."""

from __future__ import annotations

import asyncio

import pytest

from sayso.cards.turns import Turns


async def order_of(turns: Turns, requests: list[str]) -> list[str]:
    """The order in which requests of jobs, which begin while every place is taken, get their places."""
    served: list[str] = []

    async def request(job_id: str) -> None:
        async with turns.turn(job_id):
            served.append(job_id)

    async with turns.turn("first"):
        tasks = [asyncio.create_task(request(job_id)) for job_id in requests]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    return served


async def test_jobs_take_turns_whatever_their_size() -> None:
    assert await order_of(Turns(1), ["a", "a", "a", "a", "b", "b", "c"]) == ["a", "b", "c", "a", "b", "a", "a"]


async def test_no_more_than_the_places_are_taken() -> None:
    turns, taken, most = Turns(3), 0, 0

    async def work(number: int) -> None:
        nonlocal taken, most
        async with turns.turn(f"job {number % 4}"):
            taken += 1
            most = max(most, taken)
            await asyncio.sleep(0)
            taken -= 1

    await asyncio.gather(*map(work, range(50)))
    assert (most, taken) == (3, 0)


@pytest.mark.parametrize("is_granted", [False, True])
async def test_a_cancelled_request_keeps_no_place(is_granted: bool) -> None:
    """Neither while it waits, nor when its place comes at the same moment."""
    turns = Turns(1)

    async def request() -> None:
        async with turns.turn("a"):
            pytest.fail("it was cancelled")

    async with turns.turn("first"):
        task = asyncio.create_task(request())
        await asyncio.sleep(0)
        if not is_granted:
            task.cancel()
            await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert await order_of(turns, ["b"]) == ["b"]


async def test_a_failing_block_frees_its_place() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError, match="broken"):
        async with turns.turn("a"):
            raise ValueError("broken")
    assert await order_of(turns, ["b"]) == ["b"]


async def test_a_request_of_several_jobs_is_served_once_at_the_first_turn() -> None:
    turns, served = Turns(1), []

    async def request(job_id: str, *others: str) -> None:
        ticket = turns.ticket(job_id)
        for other in others:
            turns.add(ticket, other)
        async with turns.held(ticket):
            served.append(job_id)

    async with turns.turn("first"):
        tasks = [asyncio.create_task(each) for each in (request("a"), request("a"), request("a", "b"), request("b"))]
        await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    # The third of job a is the first of job b, so that it comes second.
    assert served == ["a", "a", "a", "b"]
