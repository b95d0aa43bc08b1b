"""The state of rate limits in PostgreSQL, so that all processes with the same database share them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sayso.postgres.pool import Database
    from sayso.resilience.shared_permits import RateLimit

_TAKE = """
with known as (
    select free_at from sayso.rate_limits where name = %(name)s
), taken as (
    insert into sayso.rate_limits as state (name, free_at)
    select %(name)s, clock_timestamp() + %(cost)s * interval '1 microsecond'
    where not exists (
        -- The state only moves on: a request that comes too early by what can be read needs no lock and no write.
        select from known
        where free_at + (%(cost)s - %(burst)s) * interval '1 microsecond' > clock_timestamp()
            and free_at <= clock_timestamp() + %(latest)s * interval '1 microsecond'
    )
    on conflict (name) do update
    set free_at = case
        when state.free_at > clock_timestamp() + %(latest)s * interval '1 microsecond'
            then clock_timestamp() + %(burst)s * interval '1 microsecond'
        else greatest(state.free_at, clock_timestamp()) + %(cost)s * interval '1 microsecond'
    end
    where state.free_at + (%(cost)s - %(burst)s) * interval '1 microsecond' <= clock_timestamp()
        or state.free_at > clock_timestamp() + %(latest)s * interval '1 microsecond'
    returning name
)
select exists (select from taken) as is_taken,
    extract(epoch from (select free_at from known) - clock_timestamp())::float8 as free_in_seconds
"""
# The clock is read after the row is locked, not when the statement began: it may have waited for the lock.

_CLOCK_ERROR_MICROSECONDS = 1_000_000
"""The tolerance for a clock that was set back: a state further in the future than this plus a burst is invalid."""


class PostgresPermits:
    """See `sayso.resilience.shared_permits.PermitStore`; belongs to the event loop of its database.

    A request is one statement on a connection that is released at once. The clock is the database's. If the clock was
    set back, or a limit was replaced by one with a shorter interval, the state may be far in the future: then a request
    is granted, and the limit continues with an empty bucket.

    Args:
        database: of the state; its opener closes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, name: str, limit: RateLimit, cost: int) -> float:
        """See `PermitStore.take`."""
        cost_microseconds, burst_microseconds = (permits * limit.permit_microseconds for permits in (cost, limit.burst))
        parameters = {
            "name": name,
            "cost": cost_microseconds,
            "burst": burst_microseconds,
            "latest": 2 * burst_microseconds + _CLOCK_ERROR_MICROSECONDS,
        }
        # After a lost response, permits may be taken twice: then fewer than the limit are granted, never more.
        (row,) = await self._database.fetch(_TAKE, parameters, is_repeatable=True)
        if row["is_taken"]:
            return 0.0
        seconds = (row["free_in_seconds"] or 0.0) + (cost_microseconds - burst_microseconds) / 1e6
        # Not positive: another process took them meanwhile, and the next response has the time.
        return max(float(seconds), 1e-6)
