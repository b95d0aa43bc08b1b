"""The queue of cards jobs beside other workers, with long backlogs, and while the application changes."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
import tracemalloc
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from sayso.cards.postgres.application import Application
from sayso.cards.postgres.install import install_trigger, uninstall_trigger
from sayso.errors import LeaseLost, ServiceUnavailable
from sayso.postgres.pool import Database
from sayso.threads import on_thread
from support.cards.old_worker import OldWorker
from support.cards.places import CardsPlace, cards_place, one, spoken
from support.cards.tables import BARE, ENUM, PLAIN, App, Shape, create_tables
from support.postgres.pgbouncer import pgbouncer
from support.waiting import WAIT_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.cards.postgres.queue import CardQueue
    from sayso.jobs import Delivery
    from support.postgres.databases import Databases

MANY = [{"textEn": f"Sentence {number} of many.", "textFr": f"Phrase {number}."} for number in range(200)]

FEW = MANY[:5]


async def work_on(worker: CardQueue, delivery: Delivery) -> None:
    job = await worker.rows.begin(delivery)
    assert await worker.rows.complete(delivery, job, spoken(job), error=None)
    await worker.finish(delivery)


# Small jobs among large ones


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


# Other workers


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


# What the application does


async def test_unknown_statuses_are_left_alone(databases: Databases) -> None:
    """A status of the application's own is neither taken, nor counted, nor changed."""
    async with cards_place(databases) as place:
        for status in ("draft", "archived", "PENDING"):
            place.app.add_job(status, FEW, status=status)
        worker = place.worker(stuck_seconds=0.1)
        assert await worker.receive(3, wait_seconds=0.5) == []
        backlog = await worker.backlog()
        assert (backlog.waiting, backlog.in_flight) == (0, 0)
        assert place.app.job("draft")["status"] == "draft"
        assert await place.administration.counts() == {"PENDING": 1, "archived": 1, "draft": 1}


async def test_a_migration_while_it_runs_is_noticed(databases: Databases) -> None:
    """A statement that was refused has the tables looked at again: the next one fits them."""
    async with cards_place(databases) as place:
        worker = place.worker()
        assert await worker.receive(1, wait_seconds=0) == []
        place.app.execute('alter table {jobs} drop column "updatedAt", drop column "userId"')
        place.app.shape = BARE
        place.app.add_job("a", FEW)
        delivery = await one(worker)
        place.app.execute("""alter table {jobs} rename column "processedCount" to "done" """)
        job = await worker.rows.begin(delivery)
        with pytest.raises(ServiceUnavailable):
            await worker.rows.complete(delivery, job, spoken(job), error=None)
        await work_on(worker, delivery)
        assert place.app.job("a")["status"] == "completed"


async def test_applications_that_share_our_database_do_not_meet(databases: Databases) -> None:
    """Their jobs may have the same ids, and each has its own leases."""
    conninfo = databases.new()
    shapes = [PLAIN, Shape(schema="other")]
    for shape in shapes:
        create_tables(conninfo, shape)
    apps = [App(conninfo, shape) for shape in shapes]
    async with Database(conninfo, listen=False) as database:
        places = [CardsPlace(app, Application(database, schema=app.shape.schema), database) for app in apps]
        for app in apps:
            app.add_job("1", FEW)
        workers = [place.worker() for place in places]
        deliveries = [await one(worker) for worker in workers]
        await database.fetch(
            "update sayso.card_leases set leased_until = now() - interval '1 second'", {}, is_repeatable=True
        )
        assert not await workers[0].heartbeat([deliveries[0]])
        again = await one(places[1].worker())
        assert again.attempt == 2
        await work_on(workers[0], deliveries[0])
        assert (apps[0].job("1")["status"], apps[1].job("1")["status"]) == ("completed", "processing")
        for app in apps:
            app.close()


async def test_a_claim_whose_rows_could_not_be_changed_is_repeated(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leases were taken, and then the application's database was away: the jobs are had again, uncounted."""
    async with cards_place(databases, is_apart=True) as place:
        place.app.add_job("a", FEW)
        worker = place.worker()
        take, look = place.application.take, place.application.look

        async def fail(*_: object, **__: object) -> None:
            raise ServiceUnavailable("The database does not answer.")

        monkeypatch.setattr(place.application, "take", fail)
        monkeypatch.setattr(place.application, "look", fail)
        with pytest.raises(ServiceUnavailable):
            await worker.receive(1, wait_seconds=0)
        monkeypatch.setattr(place.application, "take", take)
        monkeypatch.setattr(place.application, "look", look)
        delivery = await one(worker)
        assert (delivery.attempt, delivery.is_suspect) == (1, False)
        await work_on(worker, delivery)


async def test_the_leases_are_in_our_schema_alone(databases: Databases) -> None:
    """Whatever is done, the application's database has no object of Sayso when our own is another one."""
    async with cards_place(databases, is_apart=True) as place:
        place.app.add_job("a", FEW)
        worker = place.worker()
        await work_on(worker, await one(worker))
        found = place.app.execute("select nspname from pg_namespace where nspname = 'sayso'")
        assert found == []
        tables = place.app.execute("select relname from pg_class where relkind = 'r' and relname like 'card%%'", {})
        assert tables == []


async def test_a_row_that_cannot_be_changed_does_not_hinder_the_others(databases: Databases) -> None:
    """A trigger of the application refuses one job: that one waits, and the others are worked on."""
    async with cards_place(databases) as place:
        for number in range(3):
            place.app.add_job(f"job {number}", FEW, age_seconds=10 - number)
        place.app.execute(
            """
            create function refuse() returns trigger language plpgsql as $$ begin
                if new."id" = 'job 0' then raise exception 'not this one'; end if;
                return new;
            end $$
            """
        )
        place.app.execute("create trigger refuse before update on {jobs} for each row execute function refuse()")
        worker = place.worker()
        assert [each.job_id for each in await worker.receive(2, wait_seconds=20)] == ["job 1", "job 2"]
        assert await worker.receive(2, wait_seconds=0) == []
        assert place.app.job("job 0")["status"] == "pending"
        place.app.execute("drop trigger refuse on {jobs}")
        await place.sql("update sayso.card_leases set available_at = now() where leased_until = '-infinity'")
        delivery = await one(worker)
        assert (delivery.job_id, delivery.attempt) == ("job 0", 1)


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


async def test_prismas_own_address_behind_pgbouncer(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """One connection, no session, no notifications: the whole life of a job, and the trigger, work all the same."""
    with pgbouncer(tmp_path_factory.mktemp("pgbouncer"), databases.new()) as behind:
        parts = conninfo_to_dict(behind)
        create_tables(behind, ENUM)
        url = (
            f"postgresql://{parts['user']}@{parts['host']}:{parts['port']}/{parts['dbname']}"
            "?schema=public&pgbouncer=true&connection_limit=1&pool_timeout=10"
        )
        app = App(behind, ENUM)
        async with Database(url) as database:
            place = CardsPlace(app, Application(database), database)
            await install_trigger(place.application, database)
            app.add_job("a", FEW)
            worker = place.worker()
            delivery = await one(worker)
            assert not await worker.heartbeat([delivery])
            await work_on(worker, delivery)
            assert (await place.clients.get("a")).status == "completed"
            await uninstall_trigger(place.application, database)
        app.close()


@pytest.mark.parametrize("call", ["complete", "retry"])
async def test_a_last_change_that_is_not_known_to_be_made_is_made_once(
    databases: Databases, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The database was away for longer than a statement is repeated: the caller's next try finds what was done."""
    async with cards_place(databases) as place:
        place.app.add_job("a", FEW)
        worker = place.worker()
        delivery = await one(worker)
        job = await worker.rows.begin(delivery)
        change = place.application._change

        async def change_and_lose(*arguments: Any) -> Any:
            await change(*arguments)
            raise ServiceUnavailable("The database does not answer.")

        async def end() -> None:
            if call == "complete":
                assert await worker.rows.complete(delivery, job, spoken(job), error=None)
            else:
                await worker.retry(delivery, delay_seconds=3600, error="no")

        monkeypatch.setattr(place.application, "_change", change_and_lose)
        with pytest.raises(ServiceUnavailable):
            await end()
        monkeypatch.setattr(place.application, "_change", change)
        assert not await worker.heartbeat([delivery])
        await end()
        if call == "complete":
            await worker.finish(delivery)
            assert await place.sql("select * from sayso.card_leases") == []
        else:
            (lease,) = await place.sql(
                "select attempts, last_error, available_at > now() as waits from sayso.card_leases"
            )
            assert lease == {"attempts": 1, "last_error": "no", "waits": True}
        assert place.app.job("a")["status"] == ("completed" if call == "complete" else "pending")


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


async def test_heartbeats_at_the_same_time_share_their_statements(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file is published under its lease: hundreds of confirmations are no load, and each has its answer."""
    async with cards_place(databases) as place:
        for job_id in ("a", "b"):
            place.app.add_job(job_id, FEW)
        worker = place.worker()
        mine, other = await worker.receive(2, wait_seconds=20)
        look, looks = place.application.look, []

        async def counting(job_ids: Sequence[str]) -> Any:
            looks.append(job_ids)
            return await look(job_ids)

        monkeypatch.setattr(place.application, "look", counting)
        place.app.delete("b")
        answers = await asyncio.gather(*(worker.heartbeat([delivery]) for delivery in [mine, other] * 200))
        assert answers == [[], [other]] * 200
        assert len(looks) <= 5


async def test_notifications_come_by_our_own_address_too(databases: Databases) -> None:
    """Prisma's address may lead through PgBouncer, where nothing is heard, and Sayso's past it."""
    conninfo = databases.new()
    create_tables(conninfo)
    with closing(App(conninfo)) as app:
        async with Database(conninfo, listen=False) as deaf, Database(conninfo) as own:
            place = CardsPlace(app, Application(deaf), own)
            await install_trigger(place.application, own)
            listener = own.listener
            assert listener is not None
            await until(lambda: listener.is_receiving)
            worker = place.worker(poll_seconds=600.0)
            receiving = asyncio.create_task(worker.receive(1, wait_seconds=600))
            await asyncio.sleep(0.2)
            app.add_job("a", FEW)
            async with asyncio.timeout(WAIT_SECONDS):
                assert [each.job_id for each in await receiving] == ["a"]
            await worker.close()


async def test_a_late_heartbeat_does_not_undo_a_release(databases: Databases) -> None:
    """The job waits for its next attempt as before, which is the second."""
    async with cards_place(databases) as place:
        place.app.add_job("a", FEW)
        worker = place.worker()
        delivery = await one(worker)
        await worker.retry(delivery, delay_seconds=3600, error="no")
        assert list(await worker.heartbeat([delivery])) == [delivery]
        assert await place.worker().receive(1, wait_seconds=0) == []
        (lease,) = await place.sql("select attempts, available_at > now() as waits from sayso.card_leases")
        assert lease == {"attempts": 1, "waits": True}
