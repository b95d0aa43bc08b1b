"""The optional trigger in an application's database, removable by one call: it notifies Sayso when there is a job.

Without it, the table is polled. Besides it, nothing of Sayso is outside its own schema, but for the tables of a
deployment without an application (`sayso.cards.postgres.own_tables`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from sayso.cards.postgres.discovery import discover
from sayso.cards.postgres.tables import JOB_TABLE, compose, identifier
from sayso.cards.records import JobStatus
from sayso.errors import InvalidInput
from sayso.postgres.listener import Channel
from sayso.postgres.privileges import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.cards.postgres.application import Application
    from sayso.cards.postgres.tables import Table
    from sayso.postgres.pool import Database

_TRIGGER = _FUNCTION = "sayso_notify_cards"

_LOCK_TIMEOUT = "set local lock_timeout = '5s'"
"""Creating a trigger waits for the transactions that have changed the table, and all later ones wait for it."""

_CREATE_FUNCTION: LiteralString = """
create function {function}() returns trigger language plpgsql as $$
begin
    perform pg_catalog.pg_notify({channel}, tg_argv[0]);
    return null;
end $$
"""

_CREATE_TRIGGER: LiteralString = """
create trigger {trigger} after insert or update of {status} on {jobs}
for each row when (new.{status} = {pending}) execute function {function}({schema})
"""

_LOOK = """
select quote_ident(current_user) as role, proc.oid is not null as has_function, quote_ident(pg_get_userbyid(proowner))
    as owner, coalesce(pg_has_role(proowner, 'usage'), false) as owns_function,
    (select tgenabled::text from pg_trigger where tgrelid = to_regclass(%(table)s) and tgname = %(trigger)s) as enabled,
    has_schema_privilege(%(schema)s, 'create') as can_create,
    has_table_privilege(to_regclass(%(table)s), 'trigger') as can_trigger
from (select 1) as always
left join pg_proc as proc on pronamespace = to_regnamespace(%(namespace)s) and proname = %(trigger)s
"""


class TriggerState(StrEnum):
    """The state of the trigger.

    Attributes:
        INSTALLED: it notifies.
        DISABLED: an administrator has disabled it.
        LOST: it was installed, and is gone: a reset of the application's migrations takes it away.
        ABSENT: it was not installed.
    """

    INSTALLED = "installed"
    DISABLED = "disabled"
    LOST = "lost"
    ABSENT = "absent"


async def trigger_state(application: Application, database: Database) -> TriggerState:
    """The state of the trigger.

    Args:
        application: whose table.
        database: Sayso's own, which knows whether it was installed.

    Raises:
        ResourceMissing, InvalidInput, ServiceUnavailable: as `Application.tables`.
    """
    tables = await application.tables()
    (row,) = await application.database.fetch(_LOOK, _names(tables.jobs), is_repeatable=True)
    if row["enabled"] is not None:
        return TriggerState.DISABLED if row["enabled"] == "D" else TriggerState.INSTALLED
    known = await database.fetch(
        "select 1 as one from sayso.card_triggers where application = %(application)s",
        {"application": tables.application},
        is_repeatable=True,
    )
    return TriggerState.LOST if known else TriggerState.ABSENT


async def install_trigger(application: Application, database: Database) -> None:
    """Install the trigger; one that is there is enabled.

    Args:
        application: whose table.
        database: Sayso's own, which notes it.

    Raises:
        InvalidInput: the user lacks a privilege, or the table is a view; the hint has the statements for a DBA.
        ResourceMissing, ServiceUnavailable: as `Application.tables`.
    """
    tables = await application.tables()
    jobs = tables.jobs
    if jobs.kind == "v":
        raise InvalidInput(
            f'"{JOB_TABLE}" is a view, which cannot have this trigger.',
            hint="Sayso polls it, as POLL_INTERVAL_MS says.",
        )
    (row,) = await application.database.fetch(_LOOK, _names(jobs), is_repeatable=True)
    is_new = row["enabled"] is None
    if is_new and not (row["can_trigger"] and (row["can_create"] or row["has_function"])):
        raise InvalidInput(
            f"The user {row['role']} may not create the trigger.",
            hint=f"Have the owner of the table run once: {trigger_sql(jobs)}",
        )
    statements: list[sql.Composed] = []
    if not row["has_function"]:
        statements.append(_create_function(jobs))
    if is_new:
        statements.append(_create_trigger(jobs))
    elif row["enabled"] == "D":
        statements.append(sql.SQL("alter table {} enable trigger {}").format(jobs.identifier, identifier(_TRIGGER)))
    await run_together(application.database, statements)
    await database.fetch(
        "insert into sayso.card_triggers (application) values (%(application)s) on conflict do nothing",
        {"application": tables.application},
        is_repeatable=True,
    )


async def uninstall_trigger(application: Application, database: Database) -> None:
    """Remove the trigger and its function; where there is none, nothing happens.

    Raises:
        InvalidInput: the function is another user's.
        ResourceMissing, ServiceUnavailable: as `Application.tables`.
    """
    tables = await application.tables()
    (row,) = await application.database.fetch(_LOOK, _names(tables.jobs), is_repeatable=True)
    if row["has_function"]:
        # The owner of the function may remove what depends on it; the trigger alone, only the owner of the table.
        drop = sql.SQL("drop function {}() cascade").format(_function(tables.jobs))
        if not row["owns_function"]:
            raise InvalidInput(
                f"The user {row['role']} may not remove the trigger, whose function belongs to {row['owner']}.",
                hint=f"Have {row['owner']} run once: {_text(drop)}",
            )
        await run_together(application.database, [drop])
    await database.fetch(
        "delete from sayso.card_triggers where application = %(application)s",
        {"application": tables.application},
        is_repeatable=True,
    )


async def dba_sql(database: Database, *, schema: str | None = None) -> str:
    """The statements that a DBA runs once, so that this user needs no privilege to create anything.

    The user may lack any privilege yet.

    Args:
        database: of the application, as Sayso's user.
        schema: of its tables; by default as its address says.

    Raises:
        ResourceMissing, InvalidInput, ServiceUnavailable: as `discover`.
    """
    tables = await discover(database, schema=schema, needs_privileges=False)
    (row,) = await database.fetch("select quote_ident(current_user) as role", {}, is_repeatable=True)
    jobs, cards, role = tables.jobs, tables.cards, row["role"]
    lines = [
        "-- In Sayso's database: a schema of its own.",
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA} AUTHORIZATION {role};",
        "-- In the application's database: to insert, work on and clean up jobs.",
        f"GRANT USAGE ON SCHEMA {_text(identifier(jobs.schema))} TO {role};",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_text(jobs.identifier)} TO {role};",
    ]
    if cards is not None:
        lines.append(f"GRANT SELECT, UPDATE ON {_text(cards.identifier)} TO {role};")
    if jobs.kind != "v":
        lines += ["-- Optional: jobs are begun at once, not when the table is polled.", trigger_sql(jobs)]
    return "\n".join(lines)


def trigger_sql(jobs: Table) -> str:
    """The statements that create the trigger."""
    return f"{_text(_create_function(jobs))}; {_text(_create_trigger(jobs))};"


def _create_function(jobs: Table) -> sql.Composed:
    return compose(_CREATE_FUNCTION, function=_function(jobs), channel=sql.Literal(str(Channel.CARDS)))


def _create_trigger(jobs: Table) -> sql.Composed:
    return compose(
        _CREATE_TRIGGER,
        trigger=identifier(_TRIGGER),
        jobs=jobs.identifier,
        status=jobs["status"].identifier,
        pending=sql.SQL("{}::{}").format(sql.Literal(str(JobStatus.PENDING)), jobs["status"].type),
        function=_function(jobs),
        schema=sql.Literal(jobs.schema.replace("%", "%%")),
    )


def _function(jobs: Table) -> sql.Identifier:
    return identifier(jobs.schema, _FUNCTION)


def _names(jobs: Table) -> dict[str, str]:
    return {
        "schema": jobs.schema,
        "namespace": _text(identifier(jobs.schema)),
        "table": _text(jobs.identifier),
        "trigger": _TRIGGER,
    }


def _text(statement: sql.Composable) -> str:
    """A statement for people, in a line."""
    return " ".join(statement.as_string().replace("%%", "%").split())


async def run_together(database: Database, statements: Sequence[sql.Composed]) -> None:
    """Run statements together or not at all."""
    if not statements:
        return
    async with database.transaction() as transaction:
        await transaction.fetch(_LOCK_TIMEOUT, {})
        for statement in statements:
            await transaction.fetch(statement, {})
