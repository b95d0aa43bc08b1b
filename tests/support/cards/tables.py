"""The tables of an application, as the migrations of Prisma create them, in the shapes that deployments have."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Sequence

_TABLES = """
create schema if not exists {schema};
{type}
create table {schema}."TtsJob" (
    "id" {id} not null,
    "deckId" TEXT NOT NULL,
    {user}
    "status" {status} NOT NULL DEFAULT 'pending',
    "phrases" JSONB NOT NULL,
    "totalPhrases" INTEGER NOT NULL,
    "processedCount" INTEGER NOT NULL DEFAULT 0,
    "resultUrls" JSONB,
    "errorMessage" {error},
    "createdAt" {time} NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "startedAt" {time},
    "completedAt" {time},
    {updated}
    CONSTRAINT "TtsJob_pkey" PRIMARY KEY ("id")
);
create table {schema}."Card" (
    "id" {card_id} NOT NULL,
    "deckId" TEXT NOT NULL,
    "question" TEXT NOT NULL,
    "answers" {answers},
    "audioUrlEn" TEXT,
    "audioUrlFr" TEXT,
    {card_updated}
    CONSTRAINT "Card_pkey" PRIMARY KEY ("id")
);
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """How the tables of a deployment look.

    Attributes:
        schema: their schema.
        status: the type of "status"; a name in quotes is that of an enum.
        answers: the type of "answers".
        has_optional: whether there are "userId" and "updatedAt", both NOT NULL without a default.
        id: the type of the ids of jobs.
        card_id: the type of the ids of cards.
        time: the type of times.
        error: the type of "errorMessage".
    """

    schema: str = "public"
    status: str = "TEXT"
    answers: str = "TEXT[]"
    has_optional: bool = True
    id: str = "TEXT"
    card_id: str = "TEXT"
    time: str = "TIMESTAMP(3)"
    error: str = "TEXT"


PLAIN = Shape()
ENUM = Shape(status='"TtsJobStatus"', answers="JSONB")
BARE = Shape(has_optional=False)
ELSEWHERE = Shape(schema="My App", status='"JobState"')
ODD = Shape(
    status="VARCHAR(20)", id="UUID", card_id="INTEGER", time="TIMESTAMPTZ(6)", error="VARCHAR(40)", answers="JSONB"
)

SHAPES = {"plain": PLAIN, "enum": ENUM, "bare": BARE, "elsewhere": ELSEWHERE, "odd": ODD}


def create_tables(conninfo: str, shape: Shape = PLAIN) -> None:
    """Create the tables in a database."""
    is_enum = shape.status.startswith('"')
    schema = sql.Identifier(shape.schema).as_string()
    status = f"{schema}.{shape.status}" if is_enum else shape.status
    has = shape.has_optional
    statements = _TABLES.format(
        schema=schema,
        type=f"create type {status} as enum ('pending', 'processing', 'completed', 'failed');" if is_enum else "",
        status=status,
        id=shape.id,
        card_id=shape.card_id,
        user='"userId" TEXT NOT NULL,' if has else "",
        updated=f'"updatedAt" {shape.time} NOT NULL,' if has else "",
        card_updated=f'"updatedAt" {shape.time} NOT NULL,' if has else "",
        error=shape.error,
        time=shape.time,
        answers=shape.answers,
    )
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statements.encode())


class App:
    """The application: it inserts and reads rows as Prisma does, on a connection of its own.

    Args:
        conninfo: its database, in which there are tables of this shape.
        shape: of its tables.
    """

    def __init__(self, conninfo: str, shape: Shape = PLAIN) -> None:
        self.shape = shape
        self.conninfo = conninfo
        self._connection = psycopg.connect(conninfo, autocommit=True, row_factory=dict_row, prepare_threshold=None)
        self._jobs = sql.Identifier(shape.schema, "TtsJob")
        self._cards = sql.Identifier(shape.schema, "Card")

    def close(self) -> None:
        self._connection.close()

    def execute(self, statement: str, parameters: Any = None) -> list[dict[str, Any]]:
        """Run a statement, in which ``{jobs}`` and ``{cards}`` are the tables."""
        composed = sql.SQL(statement).format(jobs=self._jobs, cards=self._cards)
        return self._run(composed, parameters)

    def _run(self, statement: sql.Composed, parameters: Any) -> list[dict[str, Any]]:
        with self._connection.transaction():
            self._connection.execute("set local time zone 'UTC'")  # as Prisma has it
            cursor = self._connection.execute(statement, parameters)
            return cursor.fetchall() if cursor.description else []

    def add_job(
        self,
        job_id: str,
        phrases: Sequence[Any] = ({"textEn": "Hello.", "textFr": "Bonjour."},),
        *,
        deck_id: str = "deck",
        status: str = "pending",
        age_seconds: float = 0.0,
    ) -> str:
        """Insert a job."""
        columns = ["id", "deckId", "status", "phrases", "totalPhrases", "createdAt"]
        if self.shape.has_optional:
            columns += ["userId", "updatedAt"]
        values = {
            "id": job_id,
            "deckId": deck_id,
            "status": status,
            "phrases": json.dumps(list(phrases)),
            "totalPhrases": len(phrases),
            "userId": "user",
        }
        marks = [
            sql.SQL("now() - {} * interval '1 second'").format(sql.Literal(age_seconds))
            if column.endswith("At")
            else sql.Placeholder(column)
            for column in columns
        ]
        self._run(
            sql.SQL("insert into {} ({}) values ({})").format(
                self._jobs, sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(", ").join(marks)
            ),
            values,
        )
        return job_id

    def add_card(self, card_id: str, *, deck_id: str = "deck") -> str:
        """Insert a card."""
        columns = ["id", "deckId", "question", *(["updatedAt"] if self.shape.has_optional else [])]
        self._run(
            sql.SQL("insert into {} ({}) values (%s, %s, 'Why?'{})").format(
                self._cards,
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(", now()" if self.shape.has_optional else ""),
            ),
            [card_id, deck_id],
        )
        return card_id

    def job(self, job_id: str) -> dict[str, Any]:
        """A row; empty if there is none."""
        rows = self.execute('select * from {jobs} where "id"::text = %(id)s', {"id": job_id})
        return rows[0] if rows else {}

    def card(self, card_id: str) -> dict[str, Any]:
        """A card."""
        (row,) = self.execute('select * from {cards} where "id"::text = %(id)s', {"id": card_id})
        return row

    def set_status(self, job_id: str, status: str) -> None:
        """Change the status of a job."""
        self.execute(
            'update {jobs} set "status" = %(status)s where "id"::text = %(id)s', {"id": job_id, "status": status}
        )

    def delete(self, job_id: str) -> None:
        """Delete a job."""
        self.execute('delete from {jobs} where "id"::text = %(id)s', {"id": job_id})
