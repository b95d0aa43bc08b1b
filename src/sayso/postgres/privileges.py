"""The privileges of a user in the schema ``sayso``, and the statements that grant missing ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

SCHEMA = "sayso"

_LACKS = f"""
select coalesce(bool_or(case
    when relkind = 'S' then not has_sequence_privilege(oid, 'usage')
    else not (has_table_privilege(oid, 'select') and has_table_privilege(oid, 'insert')
        and has_table_privilege(oid, 'update') and has_table_privilege(oid, 'delete'))
end), false)
from pg_class
where relnamespace = to_regnamespace('{SCHEMA}')
    and (relkind = 'r' and relname <> 'migrations' or relname in ('lease_ids', 'card_lease_ids'))
"""  # noqa: S608 -- a constant

_LOOK = f"""
select quote_ident(current_user), quote_ident(pg_get_userbyid(nspowner)), to_regnamespace('{SCHEMA}') is not null,
    exists (select from pg_class where relnamespace = to_regnamespace('{SCHEMA}'))
from (select 1) as always left join pg_namespace on nspname = '{SCHEMA}'
"""  # noqa: S608 -- a constant


def lacks_privileges(connection: psycopg.Connection[Any]) -> bool:
    """Whether the user lacks a privilege to read or write any of the tables."""
    row = connection.execute(_LACKS).fetchone()
    return row is not None and bool(row[0])


def privileges_hint(connection: psycopg.Connection[Any]) -> str:
    """The statements that an administrator must run once for this user.

    Args:
        connection: of the user, in no transaction.
    """
    row = connection.execute(_LOOK).fetchone()
    user, owner, exists, has_tables = row or ("", "", False, False)
    if not exists:
        return f"Have an administrator run once: CREATE SCHEMA {SCHEMA} AUTHORIZATION {user};"
    statements = [f"GRANT USAGE, CREATE ON SCHEMA {SCHEMA} TO {user};"]
    if has_tables:
        statements += [
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA} TO {user};",
            f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {SCHEMA} TO {user};",
        ]
    hint = f"Have {owner}, or an administrator, run once: {' '.join(statements)}"
    if has_tables:
        hint += f" To change tables of an older version, start this version once as their owner, {owner}."
    return hint
