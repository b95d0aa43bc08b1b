"""The rows of an application, a speaker and the record of files in memory: the references for the adapters."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sayso.cards.base import SpokenPhrase
from sayso.cards.phrases import key_of_language, result_urls
from sayso.cards.records import CardJob, JobStatus
from sayso.errors import LeaseLost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sayso.cards.base import FileContent
    from sayso.cards.records import JobResults
    from sayso.jobs import Delivery


@dataclass(kw_only=True, slots=True)
class MemoryCardJob:
    """A row of "TtsJob" in memory; tests read and change it, as the application does."""

    phrases: Any
    status: str = JobStatus.PENDING
    processed: int = 0
    result_urls: list[dict[str, str | None]] | None = None
    error: str | None = None
    lease: str | None = None
    writes: int = 0


class InMemoryJobRows:
    """See `sayso.cards.base.JobRows`; a lease is valid until another delivery begins the job.

    Attributes:
        jobs: the rows by their id.
        cards: the URLs of "Card" by its id, each by the name of its column.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, MemoryCardJob] = {}
        self.cards: dict[str, dict[str, str | None]] = {}

    async def begin(self, delivery: Delivery) -> CardJob:
        """See `JobRows.begin`."""
        job = self.jobs.get(delivery.job_id)
        if job is None or job.status not in {JobStatus.PENDING, JobStatus.PROCESSING}:
            raise LeaseLost(f"Job {delivery.job_id} was cancelled.")
        job.status, job.lease = JobStatus.PROCESSING, delivery.lease
        return CardJob(
            job_id=delivery.job_id,
            deck_id=None,
            phrases=job.phrases,
            phrases_digest=_digest(job.phrases),
            total_phrases=len(job.phrases) if isinstance(job.phrases, list) else 0,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )

    async def store_progress(self, delivery: Delivery, job: CardJob, results: JobResults) -> None:  # noqa: ARG002
        """See `JobRows.store_progress`."""
        row = self._held(delivery)
        row.processed = max(row.processed, results.processed)
        row.writes += 1

    async def complete(self, delivery: Delivery, job: CardJob, results: JobResults, *, error: str | None) -> bool:
        """See `JobRows.complete`."""
        row = self._held(delivery)
        if _digest(row.phrases) != job.phrases_digest:
            return False
        self._store(row, results, error, JobStatus.COMPLETED)
        return True

    async def fail(
        self, delivery: Delivery, *, error: str, job: CardJob | None = None, results: JobResults | None = None
    ) -> None:
        """See `JobRows.fail`."""
        row = self._held(delivery)
        if job is not None and results is not None:
            self._store(row, results, error, JobStatus.FAILED)
        row.status, row.error = JobStatus.FAILED, error

    def _held(self, delivery: Delivery) -> MemoryCardJob:
        job = self.jobs.get(delivery.job_id)
        if job is None or job.status != JobStatus.PROCESSING or job.lease != delivery.lease:
            raise LeaseLost(f"Job {delivery.job_id} was taken over or cancelled.")
        return job

    def _store(self, row: MemoryCardJob, results: JobResults, error: str | None, status: JobStatus) -> None:
        row.status, row.error, row.processed = status, error, results.processed
        row.result_urls = result_urls(results.results)
        row.writes += 1
        for result in results.results:
            if result is not None and result.phrase.card_id in self.cards:
                urls = {key_of_language(language): url for language, url in result.urls.items()}
                self.cards[result.phrase.card_id or ""] |= urls


@dataclass
class FakePhraseSpeaker:
    """See `sayso.cards.base.PhraseSpeaker`: the MP3 is the text itself.

    Attributes:
        before: awaited before each text is spoken; raises what the speaker is to raise.
        spoken: the texts in the order in which they were spoken, each with its language.
        most_at_once: the largest number of texts in work at the same time.
    """

    before: Callable[[str, str], Awaitable[None]] | None = None
    spoken: list[tuple[str, str]] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0

    async def speak(self, text: str, language: str, *, job_id: str) -> SpokenPhrase:  # noqa: ARG002
        """See `PhraseSpeaker.speak`."""
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            if self.before is not None:
                await self.before(text, language)
        finally:
            self._now -= 1
        is_cached = (text, language) in self.spoken
        self.spoken.append((text, language))
        mp3 = f"{language}: {text}".encode()
        return SpokenPhrase(mp3=mp3, speech_key=hashlib.sha256(mp3).hexdigest(), engine="fake", is_cached=is_cached)


class InMemoryFileRecords:
    """See `sayso.cards.base.FileRecords`."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[str, str, FileContent]] = {}
        """The subject, the first content and the present content of each name."""

    async def record(self, name: str, subject: str, content: FileContent, *, earlier: str | None) -> str | None:
        """See `FileRecords.record`."""
        holder, first, _ = self.files.get(name, (subject, earlier or content.sha256, content))
        if holder != subject:
            return None
        self.files[name] = subject, first, content
        return first


def _digest(phrases: Any) -> str:
    return hashlib.sha256(json.dumps(phrases, sort_keys=True).encode()).hexdigest()
