"""Prisma's own client from npm, on tables by Prisma's own SQL, as the application beside the role `cards` has them."""

from __future__ import annotations

import io
import json
import os
import shutil
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from sayso.audio import decode
from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import Fault, FaultKind, OpenAIServer
from support.cards.prisma import (
    EXAMPLE,
    MIGRATION,
    STATUS_AS_TEXT,
    installed_application,
    prisma_url,
)
from support.cards.process import CardsProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from support.cards.prisma import PrismaApplication
    from support.postgres.databases import Databases

DECK_SIZE = int(os.environ.get("SAYSO_DECK_CARDS", "60"))
"""SAYSO_DECK_CARDS makes the deck larger than a test needs."""

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


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    """The provider."""
    with OpenAIServer(speech=FakeSpeechEngine()) as server:
        yield server


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
TEXT = Deployment(changes=STATUS_AS_TEXT, parameters={"schema": "decks"})

AS_AN_APPLICATION_READS = """
const job = await prisma.ttsJob.findFirstOrThrow({ where: { status: "completed" }, orderBy: { completedAt: "desc" } });
const cards = await prisma.card.findMany({ where: { audioUrlEn: { not: null }, audioUrlFr: { not: null } } });
const ages = [job.createdAt, job.startedAt, job.completedAt, job.updatedAt].map((time) => Date.now() - time.getTime());
const failed = await prisma.ttsJob.count({ where: { status: "failed" } });
console.log(JSON.stringify({ id: job.id, cards: cards.length, ages, failed }));
"""


def execute(conninfo: str, statements: str, schema: str = "public") -> list[tuple[Any, ...]]:
    """Run statements in a session of a zone that is not UTC, in a schema; the rows of the last one."""
    with psycopg.connect(conninfo, autocommit=True, options="-c TimeZone=Pacific/Auckland") as connection:
        connection.execute("select set_config('search_path', quote_ident(%s), false)", [schema])
        cursor = connection.execute(statements.encode())
        while cursor.nextset():
            pass
        return [] if cursor.description is None else cursor.fetchall()


def test_the_migration_of_the_example_is_prismas(application: PrismaApplication, databases: Databases) -> None:
    """It is what `prisma migrate` makes of the schema."""
    made = application.tables_sql(prisma_url(databases.bare()))
    assert made.strip() == MIGRATION.read_text(encoding="utf-8").strip()


def deployed(application: PrismaApplication, databases: Databases, deployment: Deployment) -> tuple[str, str]:
    """The conninfo and the DATABASE_URL of a database with the application's tables, and Prisma's client for it."""
    database = databases.bare()
    url = prisma_url(database, **deployment.parameters)
    schema = deployment.parameters.get("schema", "public")
    application.change_schema(deployment.changes)
    application.generate()
    tables = application.tables_sql(url).replace('SCHEMA IF NOT EXISTS "public"', f'SCHEMA IF NOT EXISTS "{schema}"')
    execute(database, tables, schema)
    return database, url


@pytest.mark.parametrize("deployment", [ENUM, TEXT], ids=["enum", "text"])
def test_the_example_inserts_a_deck(
    application: PrismaApplication, databases: Databases, deployment: Deployment
) -> None:
    """The script's rows are as documented, in UTC whatever the zone of the session is."""
    database, url = deployed(application, databases, deployment)
    job_id = application.insert_deck(url).strip()
    query = """select "id", "status"::text, "phrases", "totalPhrases", "processedCount", "startedAt",
        abs(extract(epoch from (now() at time zone 'UTC') - "createdAt")) < 3600 from "TtsJob" """
    schema = deployment.parameters.get("schema", "public")
    assert execute(database, query, schema) == [(job_id, "pending", PHRASES, len(PHRASES), 0, None, True)]
    cards = execute(database, """select "id", "question", to_jsonb("answers") from "Card" order by "id" """, schema)
    assert cards == [(card["id"], card["en"], [card["fr"]]) for card in sorted(WITH_IDS, key=lambda card: card["id"])]


@pytest.mark.parametrize("deployment", [ENUM, TEXT], ids=["enum", "text"])
def test_a_deck_comes_back_to_the_client(
    application: PrismaApplication, databases: Databases, server: OpenAIServer, deployment: Deployment, tmp_path: Path
) -> None:
    """The client inserts a deck, and reads its URLs and its times, although the provider fails now and then."""
    database, url = deployed(application, databases, deployment)
    server.faults(
        Fault(kind=FaultKind.RATE_LIMITED, retry_after_seconds=1), FaultKind.SERVER_ERROR, FaultKind.HANG, None
    )
    cards = [{"id": f"card-{number}", "en": f"Lamp {number}.", "fr": f"Lampe {number}."} for number in range(DECK_SIZE)]
    deck = tmp_path / "deck.json"
    deck.write_text(json.dumps({"deckId": "deck", "userId": "user-1", "cards": cards}), encoding="utf-8")
    with CardsProcess(tmp_path, url, server=server, settings={"SAYSO_OPENAI_TIMEOUT_SECONDS": "5"}) as worker:
        printed = application.insert_deck(url, str(deck), "--wait")
        job_id, _, rest = printed.partition("\n")
        shown = json.loads(rest)
        job = shown["job"]
        assert (job["id"], job["status"], job["errorMessage"]) == (job_id, "completed", None)
        assert (job["processedCount"], job["totalPhrases"]) == (DECK_SIZE, DECK_SIZE)
        assert [entry["cardId"] for entry in job["resultUrls"]] == [card["id"] for card in cards]
        urls = {entry["cardId"]: (entry["audioUrlEn"], entry["audioUrlFr"]) for entry in job["resultUrls"]}
        assert urls == {card["id"]: (card["audioUrlEn"], card["audioUrlFr"]) for card in shown["cards"]}
        for spoken in (spoken for pair in urls.values() for spoken in pair):
            assert decode(io.BytesIO(worker.content(spoken)), sample_rate_hz=24_000).duration_seconds > 0.1
    read = json.loads(application.run_script(url, AS_AN_APPLICATION_READS))
    assert (read["id"], read["cards"], read["failed"]) == (job_id, DECK_SIZE, 0)
    assert all(-60_000 < age < 3_600_000 for age in read["ages"])
    assert sorted(read["ages"][:3], reverse=True) == read["ages"][:3]
    if deployment is ENUM:
        assert monitored(database) == [[("completed", 1)], [(1,)], [(Decimal("0.0"),)], []]


def monitored(conninfo: str) -> list[list[tuple[Any, ...]]]:
    """The answers to the questions of operators, asked in UTC."""
    statements = (EXAMPLE / "monitoring.sql").read_text(encoding="utf-8").split(";")[:-1]
    with psycopg.connect(conninfo, options="-c TimeZone=UTC") as connection:
        return [connection.execute(statement.encode()).fetchall() for statement in statements]


def test_the_plain_sql_inserts_the_same(databases: Databases) -> None:
    """The statements for psql insert the deck of the script."""
    database = databases.bare()
    execute(database, MIGRATION.read_text(encoding="utf-8"))
    execute(database, (EXAMPLE / "insert_deck.sql").read_text(encoding="utf-8"))
    query = """select "status"::text, "phrases", "totalPhrases",
        abs(extract(epoch from (now() at time zone 'UTC') - "createdAt")) < 3600 from "TtsJob" """
    assert execute(database, query) == [("pending", PHRASES, len(PHRASES), True)]
    assert execute(database, """select count(*) from "Card" """) == [(len(WITH_IDS),)]
