"""Rate limits that a provider's ``Retry-After`` pauses, and that a late request delays, for all processes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sayso.postgres.pool import Database
    from sayso.resilience.shared_permits import PermitStore, RateLimit

# The state of a limit itself may not be so far in the future: then it counts as invalid. A pause is a row of its own.
_SUFFIX = " pause"

_PAUSE = """
insert into sayso.rate_limits as state (name, free_at)
values (%(name)s, clock_timestamp() + %(seconds)s * interval '1 second')
on conflict (name) do update set free_at = excluded.free_at where state.free_at < excluded.free_at
"""

_REST = """
select extract(epoch from free_at - clock_timestamp())::float8 as seconds from sayso.rate_limits where name = %(name)s
"""


_DELAY = """
update sayso.rate_limits set free_at = free_at + %(seconds)s * interval '1 second' where name = %(name)s
"""


class PausablePermits:
    """See `sayso.cards.key_permits.KeyPermitStore`; belongs to the event loop of its database.

    Args:
        database: of all of them; its opener closes it.
        permits: of the limits.
    """

    def __init__(self, database: Database, permits: PermitStore) -> None:
        self._database = database
        self._permits = permits

    async def take(self, name: str, limit: RateLimit, cost: int) -> float:
        """See `KeyPermitStore.take`; during a pause none is available."""
        rows = await self._database.fetch(_REST, {"name": f"{name}{_SUFFIX}"}, is_repeatable=True)
        seconds = float(rows[0]["seconds"]) if rows else 0.0
        return seconds if seconds > 0 else await self._permits.take(name, limit, cost)

    async def pause(self, name: str, seconds: float) -> None:
        """See `KeyPermitStore.pause`."""
        parameters = {"name": f"{name}{_SUFFIX}", "seconds": seconds}
        await self._database.fetch(_PAUSE, parameters, is_repeatable=True)

    async def delay(self, name: str, seconds: float) -> None:
        """See `KeyPermitStore.delay`."""
        await self._database.fetch(_DELAY, {"name": name, "seconds": seconds}, is_repeatable=False)
