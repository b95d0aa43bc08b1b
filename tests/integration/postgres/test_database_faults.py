"""What the database does to those who use it: it restarts, cuts them off, falls silent; they go on."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from sayso.errors import InvalidInput, SaysoError, ServiceUnavailable
from sayso.jobs import Claim
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.jobs.postgres.tasks import PostgresTaskStore
from sayso.postgres.pool import Database
from sayso.workers import Policy, Worker
from support.jobs.workers import Outcomes, Recorder
from support.postgres.proxies import Proxy, proxy_to
from support.waiting import until

if TYPE_CHECKING:
    from support.postgres.databases import Databases

PATIENCE_SECONDS = 60.0

TERMINATE = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid()
"""


async def terminate(conninfo: str) -> None:
    """End every connection to the database but this one."""
    async with Database(conninfo, listen=False) as other:
        await other.fetch(TERMINATE, {}, is_repeatable=False)


def through(proxy: Proxy, conninfo: str) -> str:
    return make_conninfo(conninfo, host="127.0.0.1", port=proxy.port, sslmode="disable", gssencmode="disable")


def socket_of(conninfo: str) -> str:
    return f"{conninfo_to_dict(conninfo)['host']}/.s.PGSQL.5432"


async def test_a_worker_goes_on_through_restarts_and_cuts(databases: Databases) -> None:
    """Sixty jobs are each done once by one worker, while the server restarts and all connections are cut off."""
    conninfo = databases.new()

    async with Database(conninfo) as database:
        queue, handler, outcomes = PostgresQueue(database, "q"), Recorder(), Outcomes()
        worker = Worker(queue, handler, Policy(at_once=4), on_end=outcomes)
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop, grace_seconds=PATIENCE_SECONDS))
        for number in range(60):
            if number == 20:
                await asyncio.to_thread(databases.server.stop)
                await asyncio.to_thread(databases.server.start)
            if number % 20 == 10:
                await terminate(conninfo)
            await queue.enqueue(f"job {number}")
        await until(lambda: len(handler.ended) >= 60)
        stop.set()
        await running
        assert sorted(handler.ended) == sorted(f"job {number}" for number in range(60))
        rows = await database.fetch("select state, attempts from sayso.jobs", {}, is_repeatable=True)
        assert {(row["state"], row["attempts"]) for row in rows} == {("done", 1)}
        await queue.close()


async def test_cut_connections_are_nobodys_trouble(database_url: str) -> None:
    """After all connections were cut off, whatever is asked next is answered: one thing or many at once."""

    async with Database(database_url, listen=False) as database:
        queue = PostgresQueue(database, f"q {uuid4()}")
        for _ in range(3):
            await asyncio.gather(*(queue.backlog() for _ in range(12)))
            await terminate(database_url)
            await asyncio.gather(*(queue.backlog() for _ in range(12)))
            await terminate(database_url)
            await queue.backlog()  # as many connections are lost as there are, and it tries less often
            await asyncio.gather(*(queue.backlog() for _ in range(12)))
            await terminate(database_url)
            await database.fetch("select 1 as one", {}, is_repeatable=False)
            await terminate(database_url)
            async with database.transaction() as transaction:
                assert list(await transaction.fetch("select 1 as one", {})) == [{"one": 1}]


async def demote(database: Database) -> None:
    """Have the connections of a database as they are after a fail-over: alive, and with what is a standby now."""

    async def one() -> None:
        async with database.transaction() as transaction:
            await transaction.fetch("select pg_sleep(0.1)", {})
            await transaction.fetch("set session characteristics as transaction read only", {})

    await asyncio.gather(*(one() for _ in range(4)))


async def test_a_primary_that_turned_into_a_standby_is_left(database_url: str) -> None:
    """When connections can only be read from, new ones are made, whatever is asked next, and nobody notices."""

    async with Database(database_url, listen=False) as database:
        queue, tasks = PostgresQueue(database, f"q {uuid4()}"), PostgresTaskStore(database)
        await demote(database)
        await asyncio.gather(*(queue.enqueue(f"job {number}") for number in range(12)))
        await demote(database)
        deliveries = await queue.receive(12, wait_seconds=10)
        assert {delivery.attempt for delivery in deliveries} == {1}
        await demote(database)
        claim = await tasks.claim(f"p {uuid4()}", ["mp3"])  # a transaction
        assert isinstance(claim, Claim)
        await demote(database)
        database.notify("sayso_jobs", queue.name)
        await demote(database)
        rows = await database.fetch("show transaction_read_only", {}, is_repeatable=False)
        assert list(rows) == [{"transaction_read_only": "off"}]
        for delivery in deliveries:
            await queue.finish(delivery)


async def test_a_database_that_is_read_only_for_a_while_is_waited_for(databases: Databases) -> None:
    """Calls say that it is read-only while it is, and are answered once it is not; jobs and news with them."""
    conninfo = databases.new()
    name = conninfo_to_dict(conninfo)["dbname"]

    async def set_read_only(value: str) -> None:
        async with Database(databases.bare(), listen=False) as other:
            await other.fetch(
                f"alter database {name} set default_transaction_read_only = {value}", {}, is_repeatable=False
            )
            await other.fetch(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %(name)s",
                {"name": name},
                is_repeatable=False,
            )

    async with Database(conninfo, connect_seconds=1) as database:
        queue = PostgresQueue(database, "q")
        await queue.enqueue("before")
        await set_read_only("on")
        with pytest.raises(ServiceUnavailable, match="read-only"):
            await queue.enqueue("meanwhile")
        await set_read_only("off")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    await queue.enqueue("after")
                except ServiceUnavailable:
                    await asyncio.sleep(0.1)
                else:
                    break
        found = await queue.receive(3, wait_seconds=10)
        assert [delivery.body for delivery in found] == ["before", "after"]
        listener = database.listener
        assert listener is not None
        await until(lambda: listener.is_receiving)
        await queue.close()


async def test_behind_pgbouncer_as_it_comes_jobs_are_done(pooled_database_url: str) -> None:
    """With PgBouncer's default settings and ours, each job is done, and nothing of ours stays on its connections."""

    async with Database(pooled_database_url) as database:
        queue, handler = PostgresQueue(database, f"q {uuid4()}"), Recorder()
        worker = Worker(queue, handler, Policy(at_once=4), on_end=Outcomes())
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(stop, grace_seconds=PATIENCE_SECONDS))
        for number in range(20):
            await queue.enqueue(f"job {number}")
        await until(lambda: len(handler.ended) >= 20)
        stop.set()
        await running
        assert sorted(handler.ended) == sorted(f"job {number}" for number in range(20))
        rows = await database.fetch("show statement_timeout", {}, is_repeatable=True)
        assert list(rows) == [{"statement_timeout": "0"}]
        await queue.close()


async def test_a_statement_that_takes_too_long_is_ended_by_the_server(database_url: str) -> None:
    """Without PgBouncer in between, the server itself gives up what nobody waits for any more."""

    async with Database(database_url, listen=False, statement_seconds=7) as database:
        rows = await database.fetch("show statement_timeout", {}, is_repeatable=True)
        assert list(rows) == [{"statement_timeout": "7s"}]


async def test_what_prisma_says_of_pgbouncer_is_heeded(database_url: str) -> None:
    """An address that says that PgBouncer is in between is not listened on, and its limit is the pool's."""

    parts = conninfo_to_dict(database_url)
    url = f"postgresql://{parts['user']}@/{parts['dbname']}?host={parts['host']}&port={parts['port']}&schema=public"
    async with Database(f"{url}&pgbouncer=true&connection_limit=1") as database:
        assert database.listener is None
        queue, tasks = PostgresQueue(database, f"q {uuid4()}"), PostgresTaskStore(database)
        await asyncio.gather(*(queue.enqueue("a") for _ in range(8)))
        assert isinstance(await tasks.claim(f"p {uuid4()}", ["mp3"]), Claim)
        rows = await database.fetch(
            "select count(*) as count from pg_stat_activity where datname = current_database()", {}, is_repeatable=True
        )
        assert list(rows) == [{"count": 1}]


async def test_a_job_is_enqueued_once_though_the_answer_was_lost(database_url: str) -> None:
    """When the connection falls silent after the job was sent, it is sent again, and is there once."""

    async with (
        proxy_to(socket_of(database_url)) as proxy,
        Database(through(proxy, database_url), listen=False, statement_seconds=3) as database,
    ):
        queue = PostgresQueue(database, f"q {uuid4()}")
        await queue.backlog()
        proxy.swallow_answers()
        await queue.enqueue("a")
        assert (await queue.backlog()).waiting == 1


async def test_a_claim_is_ours_though_the_answer_was_lost(database_url: str) -> None:
    """Jobs that were claimed, and whose delivery got lost on the way, are delivered at once, as the first attempt."""

    async with (
        proxy_to(socket_of(database_url)) as proxy,
        Database(through(proxy, database_url), listen=False, statement_seconds=3) as database,
    ):
        queue = PostgresQueue(database, f"q {uuid4()}")
        for body in "abc":
            await queue.enqueue(body)
        proxy.swallow_answers()
        first = await queue.receive(2, wait_seconds=10)
        assert [(delivery.body, delivery.attempt) for delivery in first] == [("a", 1), ("b", 1)]
        assert not await queue.heartbeat(first)
        (last,) = await queue.receive(2, wait_seconds=10)
        assert (last.body, last.attempt) == ("c", 1)


async def test_a_listener_that_hears_nothing_any_more_finds_out(database_url: str) -> None:
    """When its connection is half open, it takes another, and jobs are noticed at once again."""

    async with (
        proxy_to(socket_of(database_url)) as proxy,
        Database(through(proxy, database_url), probe_seconds=0.5, statement_seconds=3) as database,
    ):
        listener = database.listener
        assert listener is not None
        await until(lambda: listener.is_receiving)
        proxy.freeze()
        await until(lambda: not listener.is_receiving)
        await until(lambda: listener.is_receiving)


async def test_everything_arrives_though_no_notification_does(database_url: str) -> None:
    """With every notification lost, a waiting receiver finds the job by looking, and a cancelled one is noticed."""

    async with Database(database_url) as database, Database(database_url, listen=False) as deaf:
        queue, receiver = (PostgresQueue(each, f"q {uuid4()}") for each in (database, deaf))
        receiver.name = queue.name
        receiving = asyncio.create_task(receiver.receive(1, wait_seconds=PATIENCE_SECONDS))
        revoked = asyncio.create_task(receiver.wait_for_revocation())
        await asyncio.sleep(0.05)
        job_id = await queue.enqueue("a")
        (delivery,) = await receiving
        await queue.cancel(job_id)
        await asyncio.wait_for(revoked, PATIENCE_SECONDS)
        assert list(await receiver.heartbeat([delivery])) == [delivery]


async def test_a_delayed_job_is_found_when_it_is_due(database_url: str) -> None:
    """A receiver does not sleep through the end of a delay that is nearer than its next look."""

    async with Database(database_url, listen=False) as database:
        queue = PostgresQueue(database, f"q {uuid4()}")
        await queue.enqueue("a", delay_seconds=0.2)
        rows = await database.fetch("select now() as now", {}, is_repeatable=True)
        (delivery,) = await queue.receive(1, wait_seconds=PATIENCE_SECONDS)
        assert delivery.age_seconds >= 0.2
        assert rows


async def test_a_database_that_is_away_is_unavailable(database_url: str) -> None:
    """Nothing of psycopg's gets out, and the call may be made again."""
    away = make_conninfo(database_url, host="127.0.0.1", port=1, password="S3cret")  # noqa: S106 -- nobody's

    async with Database(away, listen=False, connect_seconds=0.1) as database:
        queue = PostgresQueue(database, "q")
        for call in (queue.enqueue("a"), queue.receive(1, wait_seconds=0), queue.backlog()):
            with pytest.raises(ServiceUnavailable) as caught:
                await call
            assert caught.value.retryable
            assert "S3cret" not in str(caught.value)
            assert caught.value.__cause__ is None


async def test_what_the_database_cannot_keep_is_the_callers_mistake(database_url: str) -> None:
    """A body with a NUL or half a character is refused as such; in a reason it does not matter."""

    async with Database(database_url, listen=False) as database:
        queue, tasks = PostgresQueue(database, f"q {uuid4()}"), PostgresTaskStore(database)
        for body in ("a\0b", "a\ud800b"):
            with pytest.raises(InvalidInput):
                await queue.enqueue(body)
        await queue.enqueue("a")
        (delivery,) = await queue.receive(1, wait_seconds=PATIENCE_SECONDS)
        await queue.dead_letter(delivery, reason="\0 \ud800")
        claim = await tasks.claim(f"p {uuid4()}", ["mp3"])
        assert isinstance(claim, Claim)
        await tasks.fail(claim, error="\0 \ud800")


@pytest.mark.parametrize(
    "address", ["postgresql://ann:no@S3cret@host/x", "postgresql://ann:S3cret/no@host/x", "host=x password='S3cret"]
)
def test_an_address_that_is_none_repeats_no_password(address: str) -> None:
    """The error names the setting, and nothing of its value."""
    with pytest.raises(SaysoError) as caught:
        Database(address)
    assert "DATABASE_URL" in str(caught.value)
    assert "S3cret" not in f"{caught.value} {caught.value.__cause__!r} {caught.value.__context__!r}"
