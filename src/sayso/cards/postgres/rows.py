"""The rows of jobs, changed under their leases: see `sayso.cards.base.JobRows`."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from typing import TYPE_CHECKING

from sayso.cards.phrases import key_of_language, result_urls
from sayso.cards.postgres.held import lost
from sayso.cards.postgres.values import Ending
from sayso.cards.records import CardJob, JobStatus
from sayso.errors import InvalidInput, SaysoError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.cards.postgres.application import Application
    from sayso.cards.postgres.held import HeldLease, HeldLeases
    from sayso.cards.postgres.leases import Leases
    from sayso.cards.postgres.tables import ApplicationTables
    from sayso.cards.records import JobResults
    from sayso.errors import LeaseLost
    from sayso.jobs import Delivery


class PostgresJobRows:
    """See the module; belongs to the event loop of its database.

    Args:
        application: the application's tables.
        leases: in Sayso's database.
        held: the leases of this process.
    """

    def __init__(self, application: Application, leases: Leases, held: HeldLeases) -> None:
        self._application = application
        self._leases = leases
        self._held = held

    async def begin(self, delivery: Delivery) -> CardJob:
        """See `JobRows.begin`.

        Raises:
            InvalidInput: its phrases take more than 16 MiB.
            LeaseLost: it was cancelled, or belongs to another worker.
        """
        held = self._held.of(delivery)
        row = await self._application.begin(held)
        if row is None:
            raise await self._lost(held)
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

    async def store_progress(self, delivery: Delivery, job: CardJob, results: JobResults) -> None:  # noqa: ARG002
        """See `JobRows.store_progress`."""
        held = self._held.of(delivery)
        if not await self._application.store_progress(held, results.processed):
            raise await self._lost(held)

    async def complete(self, delivery: Delivery, job: CardJob, results: JobResults, *, error: str | None) -> bool:
        """See `JobRows.complete`."""
        held = self._held.of(delivery)
        ending = await self._ending(JobStatus.COMPLETED, results, error=error, digest=job.phrases_digest)
        if await self._application.settle(held, ending):
            return True
        row = await self._application.begin(held)
        if row is None or row["digest"] == job.phrases_digest:
            raise await self._lost(held)
        return False

    async def fail(
        self,
        delivery: Delivery,
        *,
        error: str,
        job: CardJob | None = None,  # noqa: ARG002 -- its results say all
        results: JobResults | None = None,
    ) -> None:
        """See `JobRows.fail`; cards get the URLs that there are."""
        ending = await self._ending(JobStatus.FAILED, results, error=error)
        held = self._held.of(delivery)
        if not await self._application.settle(held, ending):
            raise await self._lost(held)

    async def _lost(self, held: HeldLease) -> LeaseLost:
        """Forget a lease that did not allow a change, and return the error to raise.

        Where the row is another worker's, or cancelled, the lease ends in Sayso's database, too: if the application
        sets the job to pending again, any worker may have it at once. Where only the time of the lease is over, it
        stays, so that the next worker finds the job.
        """
        self._held.remove([held.lease.name])
        with suppress(SaysoError):
            seen = await self._application.look([held.lease.job_id])
            if not self._held.is_kept(held.lease, seen.get(held.lease.job_id)):
                await self._leases.end([held.lease])
        return lost(held.lease.job_id)

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
