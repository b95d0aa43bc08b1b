"""The places of small and large jobs, and long backlogs."""

from __future__ import annotations

import time
import tracemalloc
from typing import TYPE_CHECKING

from support.cards.places import FEW, MANY, cards_place, one
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from support.postgres.databases import Databases


async def test_a_small_job_has_a_place_of_its_own(databases: Databases) -> None:
    """However many large jobs are older, the oldest small one is taken when all places for large ones are in use."""
    async with cards_place(databases) as place:
        for number in range(60):
            place.app.add_job(f"large {number:02}", MANY, age_seconds=100 - number)
        place.app.add_job("small b", FEW)
        place.app.add_job("small a", FEW, age_seconds=10)
        worker = place.worker(large_jobs=2)
        first = await worker.receive(3, wait_seconds=20)
        assert [delivery.job_id for delivery in first] == ["large 00", "large 01", "small a"]
        await worker.finish(first[2])
        second = await worker.receive(1, wait_seconds=20)
        assert [delivery.job_id for delivery in second] == ["small b"]


async def test_small_jobs_use_the_places_of_large_ones(databases: Databases) -> None:
    """While there are no large jobs, nothing is kept free for them; and a large one waits for one of its places."""
    async with cards_place(databases) as place:
        for number in range(4):
            place.app.add_job(f"small {number}", FEW, age_seconds=10 - number)
        place.app.add_job("large", MANY)
        worker = place.worker(large_jobs=2)
        assert [each.job_id for each in await worker.receive(3, wait_seconds=20)] == ["small 0", "small 1", "small 2"]
        assert [each.job_id for each in await worker.receive(2, wait_seconds=20)] == ["small 3", "large"]


async def test_a_count_that_is_not_kept_does_not_make_a_job_small(databases: Databases) -> None:
    """ "totalPhrases" may be 0 for all jobs: then the size of the phrases decides."""
    async with cards_place(databases) as place:
        place.app.add_job("large", [{"textEn": str(hash(str(number)))} for number in range(200)])
        place.app.add_job("small", FEW[:1])
        place.app.execute('update {jobs} set "totalPhrases" = 0')
        worker = place.worker(large_jobs=0)
        assert [each.job_id for each in await worker.receive(2, wait_seconds=20)] == ["small"]


async def test_ten_thousand_large_jobs_are_no_burden(databases: Databases) -> None:
    """With 200 phrases each, those that can be had are found among those that must wait, and phrases are not read."""
    async with cards_place(databases) as place:
        place.app.add_job("first", MANY)
        place.app.execute(
            """
            insert into {jobs} ("id", "deckId", "userId", "status", "phrases", "totalPhrases", "createdAt", "updatedAt")
            select 'job ' || number, "deckId", "userId", "status", "phrases", "totalPhrases",
                "createdAt" + number * interval '1 second', "updatedAt"
            from {jobs}, generate_series(1, 10000) as number
            """
        )
        place.app.add_job("small", FEW)
        place.app.execute("""update {jobs} set "createdAt" = now() + interval '1 day' where "id" = 'small'""")
        await place.sql(
            """
            insert into sayso.card_leases (application, job_id, lease_id, worker, leased_until, available_at, attempts)
            select %(application)s, 'job ' || number, number, 'other', '-infinity', now() + interval '1 hour', 1
            from generate_series(1, 9990) as number
            """,
            application=await place.application.name(),
        )
        worker = place.worker(large_jobs=4)
        tracemalloc.start()
        began = time.monotonic()
        found = await worker.receive(5, wait_seconds=60)
        seconds = time.monotonic() - began
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert [each.job_id for each in found] == ["first", "job 9991", "job 9992", "job 9993", "small"]
        assert peak < 30 * 2**20  # all phrases together are more than 100 MB
        assert seconds < WAIT_SECONDS
        backlog = await worker.backlog()
        assert (backlog.waiting, backlog.in_flight) == (9997, 5)


async def test_a_place_for_large_jobs_is_not_lost_with_its_lease(databases: Databases) -> None:
    """Work that ended without a word to the queue, such as after an outage, frees its place after a while."""
    now = [0.0]
    async with cards_place(databases) as place:
        for number in range(2):
            place.app.add_job(f"large {number}", MANY, age_seconds=10 - number)
        worker = place.worker(large_jobs=1, clock=lambda: now[0])
        assert (await one(worker)).job_id == "large 0"
        now[0] = 59.0
        assert await worker.receive(1, wait_seconds=0) == []
        now[0] = 61.0
        assert [each.job_id for each in await worker.receive(1, wait_seconds=0)] == ["large 1"]
