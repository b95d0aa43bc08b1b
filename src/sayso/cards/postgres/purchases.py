"""What was sent to paid engines, by day, job and engine, in PostgreSQL."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import structlog

from sayso.errors import ServiceUnavailable
from sayso.postgres.batcher import Batcher

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sayso.postgres.connections import Row
    from sayso.postgres.pool import Database

_log = structlog.get_logger(__name__)

_TODAY = "(clock_timestamp() at time zone 'UTC')::date"

_LOCK = "select pg_advisory_xact_lock(hashtextextended('sayso.card_purchases', 0))"
"""Held until the commit: of two workers that buy at once, the second sees what the first has counted."""

_TOTALS = f"""
select engine, sum(characters)::bigint as characters from sayso.card_purchases
where day = {_TODAY} group by engine
"""  # noqa: S608 -- made of literals

_ADD = f"""
insert into sayso.card_purchases as state (day, job_id, engine, characters)
values ({_TODAY}, %(job_id)s, %(engine)s, %(characters)s)
on conflict (day, job_id, engine) do update set characters = state.characters + excluded.characters
returning day
"""  # noqa: S608 -- made of literals

_TAKE_BACK = """
update sayso.card_purchases set characters = greatest(characters - %(characters)s, 0)
where day = %(day)s and job_id = %(job_id)s and engine = %(engine)s
"""

# In order, so that two workers that count the same jobs never wait for each other.
_COUNT = f"""
insert into sayso.card_purchases as state (day, job_id, engine, phrases, cached)
select {_TODAY}, job_id, engine, phrases, cached
from unnest(%(job_ids)s::text[], %(engines)s::text[], %(phrases)s::int[], %(cached)s::int[])
    as spoken (job_id, engine, phrases, cached)
order by job_id, engine
on conflict (day, job_id, engine) do update
set phrases = state.phrases + excluded.phrases, cached = state.cached + excluded.cached
"""  # noqa: S608 -- made of literals


class PostgresPurchases:
    """See `sayso.cards.base.Purchases`; belongs to the event loop of its database.

    Days are those of UTC by the database's clock.

    Args:
        database: of the counts; its opener closes it, after this.
        daily_limit: how many characters may be bought in a day, by all workers together; 0 for no limit.
    """

    def __init__(self, database: Database, *, daily_limit: int = 0) -> None:
        self._database = database
        self._daily_limit = daily_limit
        self._counts: Batcher[tuple[str, str, bool], None] = Batcher(self._count)

    async def add(self, job_id: str, engine: str, characters: int) -> date | None:
        """See `Purchases.add`."""
        parameters = {"job_id": job_id, "engine": engine, "characters": characters}
        # Not repeatable: after a lost response it may be counted without being bought, and never the other way round.
        if not self._daily_limit:
            return _day_of(await self._database.fetch(_ADD, parameters, is_repeatable=False))
        async with self._database.transaction() as transaction:
            await transaction.fetch(_LOCK, {})
            bought = sum(row["characters"] for row in await transaction.fetch(_TOTALS, {}))
            if bought + characters > self._daily_limit:
                return None
            added = await transaction.fetch(_ADD, parameters)
        return _day_of(added)

    async def take_back(self, job_id: str, engine: str, characters: int, *, day: date) -> None:
        """See `Purchases.take_back`."""
        parameters = {"job_id": job_id, "engine": engine, "characters": characters, "day": day}
        await self._database.fetch(_TAKE_BACK, parameters, is_repeatable=False)

    def count(self, job_id: str, engine: str, *, is_cached: bool) -> None:
        """See `Purchases.count`."""
        self._counts.add((job_id, engine, is_cached))

    async def totals(self) -> Mapping[str, int]:
        """See `Purchases.totals`."""
        rows = await self._database.fetch(_TOTALS, {}, is_repeatable=True)
        return {row["engine"]: row["characters"] for row in rows if row["characters"]}

    async def close(self) -> None:
        """See `Purchases.close`."""
        await self._counts.drain()

    async def _count(self, spoken: Sequence[tuple[str, str, bool]]) -> Sequence[None]:
        phrases = Counter((job_id, engine) for job_id, engine, _ in spoken)
        cached = Counter((job_id, engine) for job_id, engine, is_cached in spoken if is_cached)
        parameters = {
            "job_ids": [job_id for job_id, _ in phrases],
            "engines": [engine for _, engine in phrases],
            "phrases": list(phrases.values()),
            "cached": [cached[each] for each in phrases],
        }
        try:
            await self._database.fetch(_COUNT, parameters, is_repeatable=False)
        except ServiceUnavailable as error:
            _log.warning("phrases were not counted", phrases=len(spoken), reason=error.message)
        return [None] * len(spoken)


def _day_of(rows: Sequence[Row]) -> date:
    day: date = rows[0]["day"]
    return day
