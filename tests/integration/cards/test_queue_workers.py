"""The queue of cards jobs beside other workers: the old one, dead ones, frozen ones."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from sayso.errors import LeaseLost
from sayso.threads import on_thread
from support.cards.old_worker import OldWorker
from support.cards.places import FEW, MANY, cards_place, one, work_on
from support.cards.tables import BARE, ENUM, PLAIN, Shape
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from sayso.cards.postgres.queue import CardQueue
    from sayso.jobs import Delivery
    from support.postgres.databases import Databases


async def test_a_stuck_job_is_taken_over_and_a_live_one_is_not(databases: Databases) -> None:
    """Of two jobs that other workers have, the one that does not change for so long is taken, and only that."""
    async with cards_place(databases, is_apart=True) as place:
        for job_id in ("stuck", "alive"):
            place.app.add_job(job_id, MANY, status="processing")
        worker = place.worker(stuck_seconds=2.0)
        receiving = asyncio.create_task(worker.receive(2, wait_seconds=60))
        for count in range(1, 30):
            place.app.execute('update {jobs} set "processedCount" = %(count)s where "id" = \'alive\'', {"count": count})
            await asyncio.sleep(0.2)
        assert [(each.job_id, each.attempt) for each in await receiving] == [("stuck", 1)]
        place.app.execute('update {jobs} set "processedCount" = 200 where "id" = \'alive\'')
        assert place.app.job("alive")["startedAt"] is None


async def test_a_job_that_moves_at_the_last_moment_is_left(databases: Databases) -> None:
    """What was seen must still be so when the row is taken."""
    async with cards_place(databases) as place:
        place.app.add_job("a", MANY, status="processing")
        worker = place.worker(stuck_seconds=0.1)
        await worker.receive(1, wait_seconds=0)
        await asyncio.sleep(0.3)
        candidates, _ = await place.application.processing()
        place.app.execute('update {jobs} set "processedCount" = 1')
        assert await worker._claiming._claim_leases(candidates) == []
        assert place.app.job("a")["startedAt"] is None
        assert await place.sql("select * from sayso.card_leases") == []


async def test_a_released_job_may_be_taken_by_the_old_worker(databases: Databases) -> None:
    """A job that waits for another attempt is pending: the other worker may have it, and keeps it."""
    async with cards_place(databases) as place:
        place.app.add_job("a", MANY)
        worker = place.worker()
        await worker.retry(await one(worker), delay_seconds=0.2, error="no")
        assert place.app.job("a")["status"] == "pending"
        place.app.set_status("a", "processing")
        assert await worker.receive(1, wait_seconds=1) == []
        assert place.app.job("a")["status"] == "processing"
        assert await place.sql("select * from sayso.card_leases") == []


@pytest.mark.parametrize("shape", [PLAIN, ENUM, BARE], ids=["plain", "enum", "bare"])
async def test_the_old_worker_beside_ours(databases: Databases, shape: Shape) -> None:
    """It takes what it sees without asking: every job is completed all the same, and every row is whole."""
    async with cards_place(databases, shape) as place:
        for number in range(40):
            place.app.add_job(f"job {number:02}", FEW, age_seconds=100 - number)
        old = OldWorker(place.app.conninfo, shape)
        ours = [place.worker(large_jobs=None, stuck_seconds=30.0) for _ in range(2)]
        counts = [0, 0]

        async def run(index: int) -> None:
            worker = ours[index]
            while place.app.execute("""select 1 from {jobs} where "status" <> 'completed' limit 1"""):
                for delivery in await worker.receive(2, wait_seconds=0.5):
                    with suppress(LeaseLost):  # the old worker has taken it
                        await asyncio.sleep(0.01)
                        await work_on(worker, delivery)
                        counts[index] += 1

        old.start()
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await asyncio.gather(run(0), run(1))
        finally:
            old.stop()
        for number in range(40):
            row = place.app.job(f"job {number:02}")
            assert row["status"] == "completed"
            assert len(row["resultUrls"]) == 5
        assert sum(counts) > 0
        assert old.taken


async def test_a_worker_that_is_killed_loses_its_jobs_to_the_next(databases: Databases) -> None:
    """Its rows stay in processing until its leases have expired, and then another worker has them."""
    async with cards_place(databases) as place:
        for number in range(3):
            place.app.add_job(f"job {number}", FEW)
        program = (
            "import asyncio, sys\n"
            "from sayso.cards.postgres.application import Application\n"
            "from sayso.cards.postgres.queue import CardQueue\n"
            "from sayso.postgres.pool import Database\n"
            "async def main():\n"
            "    async with Database(sys.argv[1], listen=False) as database:\n"
            "        queue = CardQueue(Application(database), database, lease_seconds=1.5)\n"
            "        print(len(await queue.receive(3, wait_seconds=20)), flush=True)\n"
            "        await asyncio.sleep(600)\n"
            "asyncio.run(main())\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program, place.app.conninfo], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "3\n"
        process.kill()
        process.wait()
        process.stdout.close()
        assert {place.app.job(f"job {number}")["status"] for number in range(3)} == {"processing"}
        worker = place.worker()
        found: list[Delivery] = []
        async with asyncio.timeout(WAIT_SECONDS):
            while len(found) < 3:
                found += await worker.receive(3, wait_seconds=20)
        assert {(each.attempt, each.is_suspect) for each in found} == {(2, True)}


async def test_several_workers_share_the_table(databases: Databases) -> None:
    """Of many workers in two databases, each job has one."""
    async with cards_place(databases, is_apart=True) as place:
        for number in range(60):
            place.app.add_job(f"job {number:02}", FEW)

        async def work(worker: CardQueue) -> list[str]:
            done = []
            while deliveries := await worker.receive(3, wait_seconds=0):
                await asyncio.gather(*(work_on(worker, delivery) for delivery in deliveries))
                done += [delivery.job_id for delivery in deliveries]
            return done

        shares = await asyncio.gather(*(work(place.worker()) for _ in range(6)))
        assert sorted(job for share in shares for job in share) == [f"job {number:02}" for number in range(60)]


FROZEN_WORKER = """
import asyncio, sys
from sayso.cards.postgres.application import Application
from sayso.cards.postgres.queue import CardQueue
from sayso.cards.records import JobResults
from sayso.errors import LeaseLost
from sayso.postgres.pool import Database

async def main():
    async with Database(sys.argv[1], listen=False) as database:
        queue = CardQueue(Application(database), database, lease_seconds=4)
        (delivery,) = await queue.receive(1, wait_seconds=60)
        job = await queue.rows.begin(delivery)
        print("begun", flush=True)
        sys.stdin.readline()
        try:
            await queue.rows.complete(delivery, job, JobResults(results=()), error="by the frozen worker")
        except LeaseLost:
            print("lost", flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("is_taken", [False, True], ids=["free", "taken"])
async def test_a_frozen_process_changes_nothing_when_it_goes_on(databases: Databases, is_taken: bool) -> None:
    """A process that was stopped past its lease finds it lost, whether or not another worker has the job."""
    async with cards_place(databases) as place:
        place.app.add_job("a", FEW)
        process = subprocess.Popen(
            [sys.executable, "-c", FROZEN_WORKER, place.app.conninfo],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGSTOP)
        if is_taken:
            worker = place.worker()
            delivery = await one(worker)
            assert delivery.attempt == 2
        else:
            await asyncio.sleep(4)
        before = place.app.job("a")
        process.send_signal(signal.SIGCONT)
        answer, _ = await on_thread(lambda: process.communicate("go on\n"))
        assert answer == "lost\n"
        assert place.app.job("a") == before
