"""Find out what an application's tables look like, and say what they lack.

Nothing is assumed of a deployment: its schema, the types of its columns and which of them it has are read from the
catalogue, because migrations of different years differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import sql

from sayso.cards.postgres.tables import (
    CARD_TABLE,
    JOB_TABLE,
    ApplicationTables,
    Column,
    Table,
    is_url_column,
)
from sayso.cards.records import JobStatus
from sayso.errors import InvalidInput, ResourceMissing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.postgres.connections import Row
    from sayso.postgres.pool import Database

_FIND = """
select current_database() as database, nspname as schema, relname as name,
    current_setting('server_encoding') in ('UTF8', 'SQL_ASCII') as is_unicode,
    pg_class.oid::bigint as oid, relkind::text as kind,
    row_security_active(pg_class.oid) as has_row_security,
    quote_ident(current_user) as role, has_schema_privilege(pg_namespace.oid, 'usage') as has_schema,
    pg_relation_is_updatable(pg_class.oid, true) & 4 = 4 as is_updatable,
    case nspname when %(schema)s::text then 0 when 'public' then 1
        else 2 + coalesce(array_position(current_schemas(false), nspname), 1000) end as rank
from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where lower(replace(relname, '_', '')) in ('ttsjob', 'ttsjobs', 'card', 'cards')
    and relkind in ('r', 'p', 'v', 'm', 'f') and nspname not in ('pg_catalog', 'information_schema', 'sayso')
order by rank, nspname, relname
"""

_COLUMNS = """
select attname as name, type_space.nspname as type_schema, type.typname as type_name,
    coalesce(base.typname, type.typname) as base, coalesce(base.typtype, type.typtype)::text as kind,
    coalesce(nullif(type.typtypmod, -1), atttypmod) as modifier,
    not (attnotnull or type.typnotnull) as is_nullable,
    (atthasdef or attidentity <> '' or type.typdefault is not null) as has_default, attnum::int as ordinal,
    has_column_privilege(attrelid, attnum, 'select') as can_select,
    has_column_privilege(attrelid, attnum, 'update') as can_update,
    array(select enumlabel::text from pg_enum where enumtypid = coalesce(base.oid, type.oid) order by enumsortorder)
        as labels
from pg_attribute
join pg_type as type on type.oid = atttypid
join pg_namespace as type_space on type_space.oid = type.typnamespace
left join pg_type as base on base.oid = type.typbasetype and type.typtype = 'd'
where attrelid = %(oid)s::bigint::oid and attnum > 0 and not attisdropped
order by attnum
"""

_CHECKS = """
select conname as name, pg_get_expr(conbin, conrelid) as expression
from pg_constraint
where conrelid = %(oid)s::bigint::oid and contype = 'c' and conkey = array[%(ordinal)s::smallint]
"""

_REQUIRED = ("id", "status", "phrases", "resultUrls")

_TIMES = ("createdAt", "startedAt", "completedAt", "updatedAt")

_CHANGED = ("status", "processedCount", "resultUrls", "errorMessage", "startedAt", "completedAt", "updatedAt")

_JSON = {"json", "jsonb", "_json", "_jsonb"}

_INTEGERS = {"int2", "int4", "int8", "numeric"}


async def discover(
    database: Database, *, schema: str | None = None, needs_privileges: bool = True
) -> ApplicationTables:
    """The application's tables.

    Args:
        database: of the application.
        schema: of its tables; by default that of the database's address (Prisma's ``?schema=``), else ``public``, else
            the first of the search path that has "TtsJob".
        needs_privileges: whether the user must be allowed to read and change them.

    Raises:
        ResourceMissing: there is no such table (yet); the hint says where one is, or how to make it.
        InvalidInput: a table lacks something, or the database's user lacks a privilege; the hint says what to do.
        ServiceUnavailable: the database does not answer.
    """
    wanted = schema or database.schema
    found = await database.fetch(_FIND, {"schema": wanted}, is_repeatable=True)
    jobs = _chosen(found, wanted)
    where = jobs["schema"]
    problems: list[_Problem] = []
    job_table = await _table(database, jobs, problems, needs_privileges=needs_privileges)
    cards = next((row for row in found if row["name"] == CARD_TABLE and row["schema"] == where), None)
    card_table = None
    if cards is not None:
        card_table = await _table(database, cards, problems, needs_privileges=needs_privileges)
    if problems:
        raise InvalidInput(
            " ".join(problem.message for problem in problems),
            hint=" ".join(dict.fromkeys(problem.hint for problem in problems if problem.hint)) or None,
        )
    row_security = tuple(_row_security(row) for row in (jobs, cards) if row is not None and row["has_row_security"])
    warnings = [*row_security]
    if card_table is None or not any(map(is_url_column, card_table.columns)):
        others = [row["schema"] for row in found if row["name"] == CARD_TABLE and row["schema"] != where]
        elsewhere = (
            f" There is one in the schema {_quoted(others)}: a view of it beside the jobs would do." if others else ""
        )
        warnings.append(
            f'There is no table "{CARD_TABLE}" with a column "audioUrlEn" in the schema "{where}": URLs are only in '
            f'"resultUrls".{elsewhere}'
        )
        card_table = None
    name = f"{jobs['database']}/{where}"
    return ApplicationTables(
        application=name,
        jobs=job_table,
        cards=card_table,
        is_unicode=jobs["is_unicode"],
        warnings=tuple(warnings),
        row_security=row_security,
    )


class _Problem:
    """A deficiency of a table, and what to do about it."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        self.message = message
        self.hint = hint


def _chosen(found: Sequence[Row], wanted: str | None) -> Row:
    """The row of the table "TtsJob"."""
    named = [row for row in found if row["name"] == JOB_TABLE]
    visible = [row for row in named if wanted in {row["schema"], None} and row["rank"] < 1000]
    if visible:
        return visible[0]
    place = f'the schema "{wanted or "public"}" of the application\'s database'
    if named:
        others = ", ".join(f'"{row["schema"]}"' for row in named)
        hint = f"There is one in the schema {others}: end the address with ?schema={named[0]['schema']}"
    elif similar := [row for row in found if "job" in row["name"].lower()]:
        table = f'"{similar[0]["schema"]}"."{similar[0]["name"]}"'
        hint = f'There is a table {table}. Names are case-sensitive; a view of the name "{JOB_TABLE}" over it would do.'
    else:
        hint = "Run the application's migrations first; without such an application, run: sayso cards install"
    raise ResourceMissing(f'There is no table "{JOB_TABLE}" in {place}.', hint=hint)


async def _table(database: Database, row: Row, problems: list[_Problem], *, needs_privileges: bool) -> Table:
    """A table with its columns; what it lacks is added to the problems."""
    rows = await database.fetch(_COLUMNS, {"oid": row["oid"]}, is_repeatable=True)
    columns = {each["name"]: _column(each) for each in rows}
    table = Table(schema=row["schema"], name=row["name"], kind=row["kind"], columns=columns)
    if row["name"] == JOB_TABLE:
        problems += _shape_of_jobs(table)
        if "status" in table and not problems:
            (status,) = [each for each in rows if each["name"] == "status"]
            problems += _labels(status)
            problems += await _checks(database, row["oid"], table["status"])
        changed = [name for name in _CHANGED if name in table]
    else:
        if "id" not in table:
            problems.append(_Problem(f'The table "{CARD_TABLE}" has no column "id".'))
        changed = [name for name in (*columns, "updatedAt") if is_url_column(name) or name == "updatedAt"]
    if not row["is_updatable"]:
        problems.append(_Problem(f'"{table.name}" is a view that cannot be updated.', "Make it a view of one table."))
    if needs_privileges:
        problems += _privileges(row, rows, changed)
    return table


def _column(row: Row) -> Column:
    fields = ("name", "type_schema", "type_name", "base", "modifier", "is_nullable", "has_default", "ordinal")
    return Column(**{field: row[field] for field in fields})


def _shape_of_jobs(table: Table) -> list[_Problem]:
    missing = [name for name in _REQUIRED if name not in table]
    if missing:
        hint = (
            "Compare with examples/cards/prisma. Names are case-sensitive; where they are mapped to others, "
            f'give Sayso a schema of its own with a view "{JOB_TABLE}" that has these names.'
        )
        return [_Problem(f'The table "{JOB_TABLE}" has no column {_quoted(missing)}.', hint)]
    problems = []
    expected = (
        (("phrases", "resultUrls"), _JSON, "jsonb"),
        (_TIMES, {"timestamp", "timestamptz"}, "timestamp(3)"),
        (("processedCount", "totalPhrases"), _INTEGERS, "integer"),
        (("errorMessage",), {"text", "varchar", "citext"}, "text"),
    )
    for names, bases, usual in expected:
        for name in names:
            column = table.get(name)
            if column is not None and column.base not in bases:
                problems.append(
                    _Problem(f'The column "{name}" of "{JOB_TABLE}" has the type {column.type_name}, not {usual}.')
                )
    return problems


def _labels(status: Row) -> list[_Problem]:
    """What the type of "status" cannot hold."""
    if status["kind"] == "e":
        missing = [each for each in JobStatus if each not in status["labels"]]
        if missing:
            type_name = f'"{status["type_schema"]}"."{status["type_name"]}"'
            statements = " ".join(f"ALTER TYPE {type_name} ADD VALUE '{each}';" for each in missing)
            message = f'The type {type_name} of "status" lacks {_quoted(missing)}; it has {_quoted(status["labels"])}.'
            return [_Problem(message, f"Add them in a migration of the application: {statements}")]
    elif status["base"] not in {"text", "varchar", "bpchar", "citext"}:
        return [_Problem(f'The column "status" has the type {status["type_name"]}, which is neither text nor an enum.')]
    longest = max(map(len, JobStatus))
    if status["base"] in {"varchar", "bpchar"} and 0 <= status["modifier"] - 4 < longest:
        return [_Problem(f'The column "status" holds {status["modifier"] - 4} characters; "processing" has {longest}.')]
    return []


async def _checks(database: Database, oid: int, status: Column) -> list[_Problem]:
    """The constraints on "status" that refuse one of the states."""
    problems = []
    for check in await database.fetch(_CHECKS, {"oid": oid, "ordinal": status.ordinal}, is_repeatable=True):
        expression = sql.SQL(check["expression"].replace("%", "%%"))  # the catalogue's own text of it
        statement = sql.SQL(
            "select state from unnest(%(states)s::text[]) as given (state) "
            "cross join lateral (select state::{type} as {name}) as job where not ({expression})"
        ).format(type=status.type, name=status.identifier, expression=expression)
        refused = await database.fetch(statement, {"states": [*map(str, JobStatus)]}, is_repeatable=True)
        if refused:
            states = _quoted([row["state"] for row in refused])
            message = f'The constraint "{check["name"]}" of "{JOB_TABLE}" refuses the status {states}.'
            problems.append(_Problem(message, "Replace it in a migration of the application."))
    return problems


def _privileges(table: Row, columns: Sequence[Row], changed: Sequence[str]) -> list[_Problem]:
    """What the user may not do, with the statements that allow it."""
    name = f'"{table["schema"]}"."{table["name"]}"'
    lacks = []
    if not table["has_schema"]:
        lacks.append(f'GRANT USAGE ON SCHEMA "{table["schema"]}" TO {table["role"]};')
    if not all(column["can_select"] for column in columns):
        lacks.append(f"GRANT SELECT ON {name} TO {table['role']};")
    if not all(column["can_update"] for column in columns if column["name"] in changed):
        lacks.append(f"GRANT UPDATE ON {name} TO {table['role']};")
    if not lacks:
        return []
    return [
        _Problem(
            f"The user {table['role']} may not read and update {name}.",
            f"Have the owner of the table run once: {' '.join(lacks)}",
        )
    ]


def _row_security(table: Row) -> str:
    return (
        f'Row security is on for "{table["name"]}": the user {table["role"]} reads and changes only rows that a policy '
        f"allows. ALTER ROLE {table['role']} BYPASSRLS; or a policy FOR ALL TO {table['role']} USING (true) allows all."
    )


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
