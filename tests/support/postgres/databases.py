"""An embedded PostgreSQL for tests, and new databases in it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Self

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from sayso.postgres.embedded.server import EmbeddedPostgres
from sayso.postgres.migrate import migrate

if TYPE_CHECKING:
    from pathlib import Path

_TEMPLATE = "migrated"

QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For data that need not survive a power cut."""


class Databases:
    """A server, and a factory of its databases. It can be stopped and started again."""

    def __init__(self, directory: Path) -> None:
        self.server = EmbeddedPostgres(directory, options=QUICK)
        self._numbers = itertools.count(1)
        self._conninfo = ""

    def __enter__(self) -> Self:
        self._conninfo = self.server.start()
        migrate(self._create(_TEMPLATE))
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def new(self) -> str:
        """The conninfo of a database with Sayso's tables, all of them empty."""
        return self._create(f"test_{next(self._numbers)}", template=_TEMPLATE)

    def bare(self) -> str:
        """The conninfo of a database with nothing in it."""
        return self._create(f"test_{next(self._numbers)}")

    def _create(self, name: str, template: str = "template1") -> str:
        statement = sql.SQL("create database {} template {} strategy file_copy")
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
        return make_conninfo(self._conninfo, dbname=name)
