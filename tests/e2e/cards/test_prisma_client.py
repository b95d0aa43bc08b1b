"""Prisma's own client from npm, on tables by Prisma's own SQL, as the application beside the role `cards` has them."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from support.cards.prisma import (
    EXAMPLE,
    MIGRATION,
    STATUS_AS_TEXT,
    installed_application,
    prisma_url,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from support.cards.prisma import PrismaApplication
    from support.postgres.databases import Databases

CARDS = json.loads((EXAMPLE / "deck.json").read_text(encoding="utf-8"))["cards"]
WITH_IDS = [card for card in CARDS if "id" in card]
PHRASES = [
    {"textEn": card["en"], "textFr": card["fr"]} | ({"cardId": card["id"]} if "id" in card else {}) for card in CARDS
]


@pytest.fixture(scope="module")
def application(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrismaApplication]:
    """The application of the example, installed by npm."""
    directory = tmp_path_factory.mktemp("prisma")
    yield installed_application(directory)
    shutil.rmtree(directory)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """A way in which applications have the tables.

    Attributes:
        changes: of the example's schema; see `PrismaApplication.change_schema`.
        parameters: of the DATABASE_URL.
    """

    changes: Mapping[str, str]
    parameters: Mapping[str, str]


ENUM = Deployment(changes={}, parameters={"pgbouncer": "true", "connection_limit": "5"})
TEXT = Deployment(changes=STATUS_AS_TEXT, parameters={"schema": "public"})


def execute(conninfo: str, statements: str) -> list[tuple[Any, ...]]:
    """Run statements, in a session of a zone that is not UTC; the rows of the last one."""
    with psycopg.connect(conninfo, autocommit=True, options="-c TimeZone=Pacific/Auckland") as connection:
        cursor = connection.execute(statements.encode())
        while cursor.nextset():
            pass
        return [] if cursor.description is None else cursor.fetchall()


def test_the_migration_of_the_example_is_prismas(application: PrismaApplication, databases: Databases) -> None:
    """It is what `prisma migrate` makes of the schema."""
    made = application.tables_sql(prisma_url(databases.bare()))
    assert made.strip() == MIGRATION.read_text(encoding="utf-8").strip()


@pytest.mark.parametrize("deployment", [ENUM, TEXT], ids=["enum", "text"])
def test_the_example_inserts_a_deck(
    application: PrismaApplication, databases: Databases, deployment: Deployment
) -> None:
    """The script's rows are as documented, in UTC whatever the zone of the session is."""
    database = databases.bare()
    url = prisma_url(database, **deployment.parameters)
    application.change_schema(deployment.changes)
    application.generate()
    execute(database, application.tables_sql(url))
    job_id = application.insert_deck(url).strip()
    query = """select "id", "status"::text, "phrases", "totalPhrases", "processedCount", "startedAt",
        abs(extract(epoch from (now() at time zone 'UTC') - "createdAt")) < 3600 from "TtsJob" """
    assert execute(database, query) == [(job_id, "pending", PHRASES, len(PHRASES), 0, None, True)]
    cards = execute(database, """select "id", "question", to_jsonb("answers") from "Card" order by "id" """)
    assert cards == [(card["id"], card["en"], [card["fr"]]) for card in sorted(WITH_IDS, key=lambda card: card["id"])]


def test_the_plain_sql_inserts_the_same(databases: Databases) -> None:
    """The statements for psql insert the deck of the script."""
    database = databases.bare()
    execute(database, MIGRATION.read_text(encoding="utf-8"))
    execute(database, (EXAMPLE / "insert_deck.sql").read_text(encoding="utf-8"))
    query = """select "status"::text, "phrases", "totalPhrases",
        abs(extract(epoch from (now() at time zone 'UTC') - "createdAt")) < 3600 from "TtsJob" """
    assert execute(database, query) == [("pending", PHRASES, len(PHRASES), True)]
    assert execute(database, """select count(*) from "Card" """) == [(len(WITH_IDS),)]
