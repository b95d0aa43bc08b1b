"""Parse DATABASE_URL: libpq's parameters, and those that other libraries append to it.

An application's DATABASE_URL is often given to Sayso unchanged. The parameters of Prisma, JDBC and others are
translated if they have a meaning here, and otherwise ignored by name; libpq alone would refuse the whole address.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict

from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEME = re.compile(r"(?:jdbc:)?postgres(?:ql)?(?:\+\w+)?://", re.IGNORECASE)

_SSL_MODES = {"true": "require", "1": "require", "on": "require", "false": "disable", "0": "disable", "off": "disable"}
"""The values of ``ssl`` that are not modes of libpq."""

_PRISMA_SERVICES = ("prisma://", "prisma+postgres://", "prisma+postgresql://")

_OTHER_VARIABLES = ("PGSERVICEFILE", "PGSYSCONFDIR", "PGLOCALEDIR", "PGREQUIRESSL", "PGTZ", "PGDATESTYLE", "PGGEQO")
"""The libpq variables that correspond to no parameter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """The address of a database.

    Attributes:
        parameters: libpq's, by name; may include a password.
        connection_limit: the largest number of connections (Prisma's); None if it is not given.
        is_pooled: whether PgBouncer is in between, in transaction mode (Prisma's ``pgbouncer=true``).
        schema: of an application's own tables (Prisma's); Sayso's are always in ``sayso``. None if it is not given.
        ignored: names of parameters without a meaning here.
    """

    parameters: Mapping[str, str]
    connection_limit: int | None = None
    is_pooled: bool = False
    schema: str | None = None
    ignored: tuple[str, ...] = ()


def parse_address(conninfo: str) -> Address:
    """Parse a connection string or URL.

    Raises:
        InvalidInput: it is invalid; the message repeats nothing of it, because it may contain a password.
    """
    conninfo = _without_quotes(conninfo.strip())
    if conninfo.lower().startswith(_PRISMA_SERVICES):
        raise InvalidInput(
            "DATABASE_URL is the address of a service of Prisma, not of a PostgreSQL database.",
            hint="Give the database's own address, which Prisma calls the direct one: postgresql://…",
        )
    scheme = _SCHEME.match(conninfo)
    if scheme is None:
        return Address(parameters=_parameters(conninfo))
    rest = conninfo[scheme.end() :]
    # A password may contain a question mark: the query begins after the credentials, whose end libpq defines.
    credentials = re.match(r"[^@/]*@", rest)
    start = rest.find("?", credentials.end() if credentials else 0)
    base, query = (rest, "") if start < 0 else (rest[:start], rest[start + 1 :])
    query = query.replace("sslmode=no-verify", "sslmode=require")  # the same, as node-postgres has it
    kept: list[str] = []
    foreign: dict[str, str] = {}
    for item in filter(None, query.split("&")):
        name, _, value = item.partition("=")
        if unquote(name) in _keywords():
            kept.append(item)
        else:
            foreign[unquote(name)] = unquote(value)
    if (ssl := foreign.pop("ssl", None)) is not None:
        kept.insert(0, f"sslmode={quote(_SSL_MODES.get(ssl.lower(), ssl))}")  # and an explicit sslmode has priority
    limit = foreign.pop("connection_limit", None)
    is_pooled = foreign.pop("pgbouncer", "false").lower() == "true"
    schema = foreign.pop("schema", None)
    return Address(
        parameters=_parameters(f"postgresql://{base}{'?' if kept else ''}{'&'.join(kept)}"),
        connection_limit=None if limit is None else _limit(limit),
        is_pooled=is_pooled,
        schema=schema or None,
        ignored=tuple(foreign),
    )


def remove_libpq_variables() -> None:
    """Remove libpq's variables from this process's environment, where they would change the meaning of an address.

    They are for the user's own servers. PGSERVICE and PGHOSTADDR would redirect any address, and an address cannot
    override them.
    """
    for name in _variables():
        os.environ.pop(name, None)


def _without_quotes(text: str) -> str:
    """The text without quotes around it, which some readers of environment files keep."""
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
    return text[1:-1] if is_quoted else text


@cache
def _keywords() -> frozenset[str]:
    return frozenset(option.keyword.decode() for option in pq.Conninfo.get_defaults())


def _variables() -> list[str]:
    named = [option.envvar.decode() for option in pq.Conninfo.get_defaults() if option.envvar]
    return [*named, *_OTHER_VARIABLES]


def _limit(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise InvalidInput("connection_limit in DATABASE_URL is not a number of connections.")
    return int(value)


def _parameters(conninfo: str) -> dict[str, str]:
    try:
        parts = conninfo_to_dict(conninfo)
    except psycopg.Error:
        parts = None
    if parts is None or not _is_plausible(parts):
        raise InvalidInput(
            "DATABASE_URL is not the address of a PostgreSQL database.",
            hint="It looks like postgresql://user:password@host:5432/name; special characters as %40 and so on.",
        )
    return {name: str(value) for name, value in parts.items() if value is not None}


def _is_plausible(parts: Mapping[str, Any]) -> bool:
    """Whether the host and the port are plausible, and not a part of a password with an unescaped character."""
    host, port = str(parts.get("host") or ""), str(parts.get("port") or "")
    return "@" not in host[1:] and all(number.isdecimal() or not number for number in port.split(","))
