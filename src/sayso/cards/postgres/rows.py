"""The rows of jobs, changed under their leases: see `sayso.cards.base.JobRows`."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from sayso.cards.phrases import key_of_language, result_urls
from sayso.cards.postgres.held import lost
from sayso.cards.postgres.values import Ending
from sayso.cards.records import CardJob, JobStatus
from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.cards.postgres.application import Application
    from sayso.cards.postgres.held import HeldLeases
    from sayso.cards.postgres.tables import ApplicationTables
    from sayso.cards.records import JobResults
    from sayso.jobs import Delivery


class PostgresJobRows:
    """See the module; belongs to the event loop of its database.

    Args:
        application: the application's tables.
        held: the leases of this process.
    """

    def __init__(self, application: Application, held: HeldLeases) -> None:
        self._application = application
        self._held = held

    async def begin(self, delivery: Delivery) -> CardJob:
        """See `JobRows.begin`.

        Raises:
            InvalidInput: its phrases take more than 16 MiB.
            LeaseLost: it was cancelled, or belongs to another worker.
        """
        row = await self._application.begin(self._held.of(delivery))
        if row is None:
            raise lost(delivery.job_id)
        if row["is_too_large"]:
            raise InvalidInput("The phrases of the job take more than 16 MiB.")
        return CardJob(
            job_id=delivery.job_id,
            deck_id=row["deck_id"],
            phrases=row["phrases"],
            phrases_digest=row["digest"],
            total_phrases=row["total_phrases"] or 0,
            created_at=row["created_at"].astimezone(UTC),
        )

    async def store_progress(self, delivery: Delivery, job: CardJob, results: JobResults) -> None:
        """See `JobRows.store_progress`."""
        if not await self._application.store_progress(self._held.of(delivery), results.processed):
            raise lost(job.job_id)

    async def complete(self, delivery: Delivery, job: CardJob, results: JobResults, *, error: str | None) -> bool:
        """See `JobRows.complete`."""
        held = self._held.of(delivery)
        ending = await self._ending(JobStatus.COMPLETED, results, error=error, digest=job.phrases_digest)
        if await self._application.settle(held, ending):
            return True
        row = await self._application.begin(held)
        if row is None or row["digest"] == job.phrases_digest:
            raise lost(job.job_id)
        return False

    async def fail(
        self, delivery: Delivery, *, error: str, job: CardJob | None = None, results: JobResults | None = None
    ) -> None:
        """See `JobRows.fail`; cards get the URLs that there are."""
        ending = await self._ending(JobStatus.FAILED, results, error=error)
        if not await self._application.settle(self._held.of(delivery), ending):
            raise lost(delivery.job_id if job is None else job.job_id)

    async def _ending(
        self, status: JobStatus, results: JobResults | None, *, error: str | None, digest: str | None = None
    ) -> Ending:
        if results is None:
            return Ending(status=status, error=error, digest=digest)
        return Ending(
            status=status,
            error=error,
            digest=digest,
            processed=results.processed,
            urls=result_urls(results.results),
            cards=_cards(results, await self._application.tables()),
        )


def _cards(results: JobResults, tables: ApplicationTables) -> list[Mapping[str, str]]:
    """The URLs for each card, by their columns; of two phrases for one card the last counts."""
    cards: dict[str, dict[str, str]] = {}
    if tables.cards is None:
        return []
    for result in results.results:
        given = None if result is None else result.phrase.card_id
        card_id = None if given is None else tables.cards["id"].canonical(given)
        if result is None or card_id is None:
            continue
        card = cards.setdefault(card_id, {"id": card_id})
        for language, url in result.urls.items():
            column = tables.url_columns.get(key_of_language(language))
            if url is not None and column is not None and column.accepts(url):
                card[column.name] = url
    return [card for card in cards.values() if len(card) > 1]
