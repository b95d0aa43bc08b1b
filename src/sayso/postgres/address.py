"""The address of a database, as DATABASE_URL has it: libpq's, and what other libraries append to it.

An application's own DATABASE_URL is often given to Sayso as it is. What Prisma, JDBC and others put into its query is
read where it means something here, and else ignored by name; libpq alone would refuse the whole address.
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
"""What ``ssl`` means where it is no mode of libpq's itself."""

_OTHER_VARIABLES = ("PGSERVICEFILE", "PGSYSCONFDIR", "PGLOCALEDIR", "PGREQUIRESSL", "PGTZ", "PGDATESTYLE", "PGGEQO")
"""Those of libpq's variables that stand for no parameter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a database is, and how to connect to it.

    Attributes:
        parameters: libpq's, by name; a password may be among them.
        connection_limit: how many connections there may be at most (Prisma's); None where it does not say.
        is_pooled: whether PgBouncer is in between, in transaction mode (Prisma's ``pgbouncer=true``).
        ignored: names of parameters that mean nothing here.
    """

    parameters: Mapping[str, str]
    connection_limit: int | None = None
    is_pooled: bool = False
    ignored: tuple[str, ...] = ()


def parse_address(conninfo: str) -> Address:
    """Read a connection string or URL.

    Raises:
        InvalidInput: it is none; nothing of it is repeated, since a password may be in it.
    """
    scheme = _SCHEME.match(conninfo)
    if scheme is None:
        return Address(parameters=_parameters(conninfo))
    rest = conninfo[scheme.end() :]
    # A password may hold a question mark: the query begins after the credentials, which end as they do for libpq.
    credentials = re.match(r"[^@/]*@", rest)
    start = rest.find("?", credentials.end() if credentials else 0)
    base, query = (rest, "") if start < 0 else (rest[:start], rest[start + 1 :])
    kept: list[str] = []
    foreign: dict[str, str] = {}
    for item in filter(None, query.split("&")):
        name, _, value = item.partition("=")
        if unquote(name) in _keywords():
            kept.append(item)
        else:
            foreign[unquote(name)] = unquote(value)
    if (ssl := foreign.pop("ssl", None)) is not None:
        kept.insert(0, f"sslmode={quote(_SSL_MODES.get(ssl.lower(), ssl))}")  # and a sslmode that is given wins
    limit = foreign.pop("connection_limit", None)
    is_pooled = foreign.pop("pgbouncer", "false").lower() == "true"
    return Address(
        parameters=_parameters(f"postgresql://{base}{'?' if kept else ''}{'&'.join(kept)}"),
        connection_limit=None if limit is None else _limit(limit),
        is_pooled=is_pooled,
        ignored=tuple(foreign),
    )


def forget_variables() -> None:
    """Take libpq's variables out of this process's environment, where they would change what an address means.

    They are for the user's own servers. PGSERVICE and PGHOSTADDR would lead elsewhere from any address, and nothing in
    an address can undo them.
    """
    for name in _variables():
        os.environ.pop(name, None)


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
    """Whether no piece of a password, in which a character was not escaped, was taken for the host or the port."""
    host, port = str(parts.get("host") or ""), str(parts.get("port") or "")
    return "@" not in host[1:] and all(number.isdecimal() or not number for number in port.split(","))
