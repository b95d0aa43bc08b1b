"""A stand-in for the worker that Sayso replaces: it polls for the oldest job, and changes rows without conditions."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from support.cards.tables import Shape

_POLL_SECONDS = 0.02


class OldWorker:
    """Works on a thread of its own until it is stopped; a phrase takes it a moment.

    Args:
        conninfo: the application's database.
        shape: of its tables.
        phrase_seconds: how long a phrase takes.
    """

    def __init__(self, conninfo: str, shape: Shape, *, phrase_seconds: float = 0.005) -> None:
        self.taken: list[str] = []
        self._conninfo = conninfo
        self._jobs = sql.Identifier(shape.schema, "TtsJob")
        self._updated = ', "updatedAt" = now()' if shape.has_optional else ""
        self._phrase_seconds = phrase_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the job in hand."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True, row_factory=dict_row) as connection:
            while not self._stop.wait(_POLL_SECONDS):
                find = """select * from {} where "status" = 'pending' order by "createdAt" limit 1"""
                row = connection.execute(sql.SQL(find).format(self._jobs)).fetchone()
                if row is not None:
                    self._work(connection, row["id"], row["phrases"])

    def _work(self, connection: psycopg.Connection[dict[str, object]], job_id: str, phrases: list[object]) -> None:
        self.taken.append(job_id)
        self._update(connection, job_id, """"status" = 'processing', "startedAt" = now()""")
        for number in range(len(phrases)):
            self._stop.wait(self._phrase_seconds)
            self._update(connection, job_id, f'"processedCount" = {number + 1}')
        urls = [{"audioUrlEn": f"/old/{number}", "audioUrlFr": None} for number in range(len(phrases))]
        done = """"status" = 'completed', "completedAt" = now(), "resultUrls" = """
        self._update(connection, job_id, done + sql.Literal(json.dumps(urls)).as_string())

    def _update(self, connection: psycopg.Connection[dict[str, object]], job_id: str, changes: str) -> None:
        changed = sql.SQL(changes + self._updated)
        connection.execute(sql.SQL('update {} set {} where "id" = {}').format(self._jobs, changed, job_id))
