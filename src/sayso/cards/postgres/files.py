"""The record of published files in PostgreSQL, in Sayso's own schema."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.postgres.connections import storable

if TYPE_CHECKING:
    from sayso.cards.base import FileContent
    from sayso.postgres.pool import Database

_RECORD = """
insert into sayso.card_files as file (name, subject, job_id, speech_key, first_content, sha256, size_bytes)
values (%(name)s, %(subject)s, %(job_id)s, %(speech_key)s, coalesce(%(earlier)s::text, %(sha256)s), %(sha256)s,
    %(size)s)
on conflict (name) do update
set job_id = excluded.job_id, speech_key = excluded.speech_key, sha256 = excluded.sha256,
    size_bytes = excluded.size_bytes, published_at = now()
where file.subject = excluded.subject
returning first_content
"""


class PostgresFileRecords:
    """See `FileRecords`; belongs to the event loop of its database.

    Args:
        database: with Sayso's schema; its opener closes it.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, name: str, subject: str, content: FileContent, *, earlier: str | None) -> str | None:
        """See `FileRecords.record`."""
        parameters = {
            "name": name,
            "subject": subject,
            "job_id": storable(content.job_id),
            "speech_key": content.speech_key,
            "earlier": earlier,
            "sha256": content.sha256,
            "size": content.size_bytes,
        }
        rows = await self._database.fetch(_RECORD, parameters, is_repeatable=True)
        return str(rows[0]["first_content"]) if rows else None
