"""The optional trigger and the optional tables, for users with and without privileges."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from sayso.cards.postgres.application import Application
from sayso.cards.postgres.install import TriggerState, dba_sql, install_trigger, trigger_state, uninstall_trigger
from sayso.cards.postgres.own_tables import install_tables, uninstall_tables
from sayso.errors import InvalidInput, ServiceUnavailable
from sayso.postgres.migrate import migrate
from sayso.postgres.pool import Database
from support.cards.places import CardsPlace, cards_place, one, spoken
from support.cards.tables import BARE, ENUM, ODD, PLAIN, SHAPES, App, Shape, create_tables
from support.waiting import until

if TYPE_CHECKING:
    from support.postgres.databases import Databases

UUIDS = [f"5f1c2a50-6d9c-4e6a-9a55-0a8f6f6d2f0{number}" for number in range(3)]


async def is_listening(place: CardsPlace) -> None:
    listener = place.application.database.listener
    assert listener is not None
    await until(lambda: listener.is_receiving)


@pytest.mark.parametrize("name", SHAPES)
async def test_the_trigger_wakes_workers_at_once(databases: Databases, name: str) -> None:
    """A job that is inserted, and one that is set to pending, are received though nothing is polled for ten minutes."""
    async with cards_place(databases, SHAPES[name], listen=True, is_apart=True) as place:
        assert await trigger_state(place.application, place.database) is TriggerState.ABSENT
        for _ in range(2):
            await install_trigger(place.application, place.database)
        assert await trigger_state(place.application, place.database) is TriggerState.INSTALLED
        await is_listening(place)
        worker = place.worker(poll_seconds=600.0)
        receiving = asyncio.create_task(worker.receive(1, wait_seconds=100))
        await asyncio.sleep(0.2)
        place.app.add_job(UUIDS[0])
        async with asyncio.timeout(60):
            (first,) = await receiving
        place.app.add_job(UUIDS[1], status="failed")
        receiving = asyncio.create_task(worker.receive(1, wait_seconds=100))
        await asyncio.sleep(0.2)
        place.app.set_status(UUIDS[1], "pending")
        async with asyncio.timeout(60):
            (second,) = await receiving
        assert (first.job_id, second.job_id) == tuple(UUIDS[:2])


async def test_the_trigger_is_taken_away_again(databases: Databases) -> None:
    """By one call, by a reset of the application's migrations, which is noticed, or for a while by an administrator."""
    async with cards_place(databases, Shape(schema="50% off")) as place:
        await install_trigger(place.application, place.database)
        place.app.execute("alter table {jobs} disable trigger all")
        assert await trigger_state(place.application, place.database) is TriggerState.DISABLED
        await install_trigger(place.application, place.database)
        assert await trigger_state(place.application, place.database) is TriggerState.INSTALLED
        await uninstall_trigger(place.application, place.database)
        assert await trigger_state(place.application, place.database) is TriggerState.ABSENT
        left = "select proname from pg_proc where proname like 'sayso%%'"
        assert place.app.execute(left, {}) == []
        await install_trigger(place.application, place.database)
        place.app.execute("drop table {jobs}, {cards}")
        create_tables(place.app.conninfo, place.app.shape)
        assert await trigger_state(place.application, place.database) is TriggerState.LOST
        await uninstall_trigger(place.application, place.database)
        assert await trigger_state(place.application, place.database) is TriggerState.ABSENT


async def test_a_view_has_no_trigger(databases: Databases) -> None:
    """It is polled, which is said."""
    async with cards_place(databases) as place:
        place.app.execute('alter table {jobs} rename to "jobs"')
        place.app.execute('create view {jobs} as select * from public."jobs"')
        with pytest.raises(InvalidInput, match="is a view"):
            await install_trigger(place.application, place.database)


@pytest.mark.parametrize("shape", [PLAIN, ENUM, BARE, ODD], ids=["plain", "enum", "bare", "odd"])
async def test_a_user_without_create_works_after_what_a_dba_runs_once(databases: Databases, shape: Shape) -> None:
    """The start says what to run; with that, jobs are inserted, worked on and removed, and the trigger is there."""
    conninfo = databases.bare()
    create_tables(conninfo, shape)
    role = (
        f"speaker_{shape.status.strip(chr(34)).lower().replace('(', '').replace(')', '')}_{shape.has_optional}".lower()
    )
    as_role = make_conninfo(conninfo, options=f"-c role={role}")
    app = App(conninfo, shape)
    app.execute(f"create role {role} login")
    with pytest.raises(InvalidInput) as caught:
        migrate(as_role)
    assert f"CREATE SCHEMA sayso AUTHORIZATION {role};" in (caught.value.hint or "")
    async with Database(as_role, listen=False) as database:
        application = Application(database, schema=shape.schema)
        with pytest.raises(InvalidInput, match=f"The user {role} may not read"):
            await application.tables()
        statements = await dba_sql(database, schema=shape.schema)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statements.encode())
    migrate(as_role)
    async with Database(as_role, listen=False) as database:
        place = CardsPlace(app, Application(database, schema=shape.schema), database)
        assert await trigger_state(place.application, database) is TriggerState.INSTALLED
        await install_trigger(place.application, database)
        with pytest.raises(InvalidInput, match="belongs to"):
            await uninstall_trigger(place.application, database)
        row = await place.clients.insert("deck", [{"textEn": "One."}], user_id="user" if shape.has_optional else None)
        worker = place.worker()
        delivery = await one(worker)
        assert delivery.job_id == row.columns["id"]
        job = await worker.rows.begin(delivery)
        assert await worker.rows.complete(delivery, job, spoken(job), error=None)
        await worker.finish(delivery)
        assert await place.administration.delete([delivery.job_id]) == 1
    app.close()


async def test_a_user_who_may_not_create_the_trigger_gets_its_statements(databases: Databases) -> None:
    """They can be run as they are."""
    conninfo = databases.new()
    create_tables(conninfo)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create role plain_speaker login")
        connection.execute('grant all on "TtsJob", "Card" to plain_speaker')
        connection.execute("grant usage on schema sayso to plain_speaker")
        connection.execute("grant all on all tables in schema sayso to plain_speaker")
        connection.execute('revoke trigger on "TtsJob" from plain_speaker')
        async with Database(make_conninfo(conninfo, options="-c role=plain_speaker"), listen=False) as database:
            application = Application(database)
            with pytest.raises(InvalidInput) as caught:
                await install_trigger(application, database)
            hint = (caught.value.hint or "").removeprefix("Have the owner of the table run once: ")
            connection.execute(hint.encode())
            assert await trigger_state(application, database) is TriggerState.INSTALLED


async def test_tables_for_a_deployment_without_an_application(databases: Databases) -> None:
    """They are as the contract has them; they are removed when they are empty, or all the same if that is asked for."""
    conninfo = databases.new()
    async with Database(conninfo, listen=False) as database:
        assert await install_tables(database) == ["TtsJob", "Card"]
        assert await install_tables(database) == []
        application = Application(database)
        assert (await application.tables()).warnings == ()
        place = CardsPlace(App(conninfo), application, database)
        await place.clients.insert("deck", [{"textEn": "One."}], user_id=None)
        worker = place.worker()
        delivery = await one(worker)
        job = await worker.rows.begin(delivery)
        assert await worker.rows.complete(delivery, job, spoken(job), error=None)
        with pytest.raises(InvalidInput, match='The table "TtsJob" has rows'):
            await uninstall_tables(database)
        assert await uninstall_tables(database, is_forced=True) == ["TtsJob", "Card"]
        assert await uninstall_tables(database) == []
        place.app.close()


async def test_tables_of_an_application_are_never_removed(databases: Databases) -> None:
    """Not even by force; and where some exist, only the others are created."""
    conninfo = databases.bare()
    create_tables(conninfo)
    async with Database(conninfo, listen=False) as database:
        assert await uninstall_tables(database, is_forced=True) == []
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute('drop table "Card"')
        assert await install_tables(database) == ["Card"]
        assert await uninstall_tables(database) == ["Card"]
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("create role mere_reader login")
        async with Database(make_conninfo(conninfo, options="-c role=mere_reader"), listen=False) as restricted:
            with pytest.raises(InvalidInput) as caught:
                await install_tables(restricted, schema="apart")
            assert caught.value.hint == (
                'Have an administrator run once: CREATE SCHEMA "apart" AUTHORIZATION mere_reader;'
            )
            with pytest.raises((InvalidInput, ServiceUnavailable)):
                await install_tables(restricted)
