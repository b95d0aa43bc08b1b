"""The queue of cards jobs while the application and its database change, and when answers are lost."""

from __future__ import annotations

import asyncio
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from sayso.cards.postgres.application import Application
from sayso.cards.postgres.install import install_trigger, uninstall_trigger
from sayso.errors import ServiceUnavailable
from sayso.postgres.pool import Database
from support.cards.places import FEW, CardsPlace, cards_place, one, spoken, work_on
from support.cards.tables import BARE, ENUM, PLAIN, App, Shape, create_tables
from support.postgres.pgbouncer import pgbouncer
from support.waiting import WAIT_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.postgres.databases import Databases


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
