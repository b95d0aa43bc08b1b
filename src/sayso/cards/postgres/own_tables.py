"""The tables "TtsJob" and "Card" of a deployment without the application that would have them."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString

from psycopg import sql

from sayso.cards.postgres.install import run_together
from sayso.cards.postgres.tables import CARD_TABLE, JOB_TABLE, compose, identifier
from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.postgres.connections import Row
    from sayso.postgres.pool import Database

_OWN = "Created by `sayso cards install`."
"""The comment on tables that are Sayso's to remove."""

_TABLES: dict[str, LiteralString] = {
    JOB_TABLE: """
create table {schema}."TtsJob" (
    "id" text primary key,
    "deckId" text not null,
    "userId" text,
    "status" text not null default 'pending',
    "phrases" jsonb not null,
    "totalPhrases" integer not null,
    "processedCount" integer not null default 0,
    "resultUrls" jsonb,
    "errorMessage" text,
    "createdAt" timestamp(3) not null default (now() at time zone 'UTC'),
    "startedAt" timestamp(3),
    "completedAt" timestamp(3),
    "updatedAt" timestamp(3) not null default (now() at time zone 'UTC')
)
""",
    CARD_TABLE: """
create table {schema}."Card" (
    "id" text primary key,
    "deckId" text not null,
    "question" text not null,
    "answers" jsonb,
    "audioUrlEn" text,
    "audioUrlFr" text
)
""",
}

_INDEXES: dict[str, Sequence[LiteralString]] = {
    JOB_TABLE: (
        'create index "TtsJob_status_createdAt_idx" on {schema}."TtsJob" ("status", "createdAt")',
        'create index "TtsJob_deckId_idx" on {schema}."TtsJob" ("deckId")',
    ),
    CARD_TABLE: ('create index "Card_deckId_idx" on {schema}."Card" ("deckId")',),
}

_EXISTING = """
select relname as name, obj_description(pg_class.oid, 'pg_class') as comment
from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where nspname = %(schema)s and relname = any (%(names)s) and relkind in ('r', 'p', 'v', 'm', 'f')
order by relname desc
"""

_LOOK_AT_SCHEMA = """
select quote_ident(current_user) as role, to_regnamespace(quote_ident(%(schema)s)) is not null as exists,
    coalesce(has_schema_privilege(to_regnamespace(quote_ident(%(schema)s))::oid, 'create'), false) as can_create
"""


async def install_tables(database: Database, *, schema: str | None = None) -> Sequence[str]:
    """Create those of the tables that do not exist, for a deployment without the application; return their names.

    Args:
        database: of the tables.
        schema: of the tables; by default that of the database's address, else ``public``.

    Raises:
        InvalidInput: the user may not create tables there; the hint says what allows it.
        ServiceUnavailable: the database does not answer.
    """
    place = schema or database.schema or "public"
    (row,) = await database.fetch(_LOOK_AT_SCHEMA, {"schema": place}, is_repeatable=True)
    if not row["can_create"]:
        name = f'"{place}"'
        statement = (
            f"GRANT USAGE, CREATE ON SCHEMA {name} TO" if row["exists"] else f"CREATE SCHEMA {name} AUTHORIZATION"
        )
        raise InvalidInput(
            f"The user {row['role']} may not create tables in the schema {name}.",
            hint=f"Have an administrator run once: {statement} {row['role']};",
        )
    existing = {each["name"] for each in await _existing(database, place)}
    names = [name for name in _TABLES if name not in existing]
    statements = []
    for name in names:
        parts = {"schema": identifier(place)}
        statements += [compose(text, **parts) for text in (_TABLES[name], *_INDEXES[name])]
        statements.append(sql.SQL("comment on table {} is {}").format(identifier(place, name), sql.Literal(_OWN)))
    await run_together(database, statements)
    return names


async def uninstall_tables(database: Database, *, schema: str | None = None, is_forced: bool = False) -> Sequence[str]:
    """Drop the tables that `install_tables` created, and return their names; those of an application stay.

    Args:
        database: of the tables.
        schema: as for `install_tables`.
        is_forced: whether to drop tables with rows, too.

    Raises:
        InvalidInput: a table has rows.
        ServiceUnavailable: the database does not answer, or the user may not drop them.
    """
    place = schema or database.schema or "public"
    own = [each["name"] for each in await _existing(database, place) if each["comment"] == _OWN]
    for name in own:
        (row,) = await database.fetch(
            sql.SQL("select exists (select from {}) as has_rows").format(identifier(place, name)),
            {},
            is_repeatable=True,
        )
        if row["has_rows"] and not is_forced:
            raise InvalidInput(f'The table "{name}" has rows.', hint="With --force they are deleted, too.")
    await run_together(database, [sql.SQL("drop table {}").format(identifier(place, name)) for name in own])
    return own


async def _existing(database: Database, schema: str) -> Sequence[Row]:
    return await database.fetch(_EXISTING, {"schema": schema, "names": [*_TABLES]}, is_repeatable=True)
