"""The claims on speech in PostgreSQL: of all processes, one makes a text, and the others wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Collection

    from sayso.postgres.pool import Database

_CLAIM = """
with held as (
    select claimed_until from sayso.card_speech_claims
    where speech_key = %(key)s and owner <> %(owner)s and claimed_until > clock_timestamp()
), claimed as (
    insert into sayso.card_speech_claims as state (speech_key, owner, claimed_until)
    select %(key)s, %(owner)s, clock_timestamp() + %(seconds)s * interval '1 second'
    where not exists (select from held)  -- who waits looks often, and then writes and locks nothing
    on conflict (speech_key) do update set owner = excluded.owner, claimed_until = excluded.claimed_until
    where state.owner = excluded.owner or state.claimed_until <= clock_timestamp()
    returning speech_key
)
select exists (select from claimed) as is_ours,
    extract(epoch from (select claimed_until from held) - clock_timestamp())::float8 as held_for_seconds
"""

_EXTEND = """
update sayso.card_speech_claims set claimed_until = clock_timestamp() + %(seconds)s * interval '1 second'
where speech_key = any(%(keys)s) and owner = %(owner)s
returning speech_key
"""

_RELEASE = """
delete from sayso.card_speech_claims
where (speech_key = any(%(keys)s) and owner = %(owner)s)
    or claimed_until < clock_timestamp() - interval '1 hour'  -- of a worker that died, and of a text that nothing needs
"""

_SHORTEST_SECONDS = 1e-3


class PostgresSpeechClaims:
    """See `sayso.cards.claims.SpeechClaims`; belongs to the event loop of its database.

    Each instance is one owner. The clock is the database's.

    Args:
        database: of the claims; its opener closes it.
        seconds: how long a claim lasts unless it is extended.
    """

    def __init__(self, database: Database, *, seconds: float) -> None:
        self._database = database
        self._seconds = seconds
        self._owner = uuid4()

    async def claim(self, speech_key: str) -> float:
        """See `SpeechClaims.claim`."""
        parameters = {"key": speech_key, "owner": self._owner, "seconds": self._seconds}
        (row,) = await self._database.fetch(_CLAIM, parameters, is_repeatable=True)
        if row["is_ours"]:
            return 0.0
        # Without a time, another process claimed it in the same moment.
        return max(float(row["held_for_seconds"] or 0.0), _SHORTEST_SECONDS)

    async def extend(self, speech_keys: Collection[str]) -> Collection[str]:
        """See `SpeechClaims.extend`."""
        parameters = {"keys": list(speech_keys), "owner": self._owner, "seconds": self._seconds}
        rows = await self._database.fetch(_EXTEND, parameters, is_repeatable=True)
        return set(speech_keys) - {row["speech_key"] for row in rows}

    async def release(self, speech_keys: Collection[str]) -> None:
        """See `SpeechClaims.release`."""
        parameters = {"keys": list(speech_keys), "owner": self._owner}
        await self._database.fetch(_RELEASE, parameters, is_repeatable=True)
