"""The interfaces between the parts of the cards role: the application's tables, the speaker, and the files.

All are asynchronous, and belong to the event loop that opened them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date
    from typing import Any

    from sayso.cards.file_names import FileName
    from sayso.cards.records import CardJob, JobResults, JobRow, JobStatus
    from sayso.jobs import Delivery


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokenPhrase:
    """The audio of one text in one language.

    Attributes:
        mp3: the file.
        speech_key: 64 hexadecimal digits over the text, the language, the voice, the speed and the engine.
        engine: that speaks, such as ``openai`` or ``kokoro``.
        is_cached: whether it was made before, by this job or any other.
    """

    mp3: bytes
    speech_key: str
    engine: str
    is_cached: bool


class PhraseSpeaker(Protocol):
    """Texts in, MP3 files out; each distinct text is bought or computed once."""

    async def speak(self, text: str, language: str, *, job_id: str) -> SpokenPhrase:
        """Speak one text.

        Args:
            text: of the phrase; 1 character or more.
            language: ``en``, ``fr`` …
            job_id: jobs take turns, so that a small one does not wait for a large one; purchases are counted for it.

        Raises:
            InvalidInput: this text cannot be spoken, in any attempt.
            SaysoError: it could not be spoken now; ``retryable`` says whether another attempt of the job may help.
        """
        ...


class JobRows(Protocol):
    """The rows of the application while this worker has the lease of their job.

    Every change is made under the lease: a worker that lost it changes nothing. A row that was deleted, or whose status
    the application has changed, counts as cancelled.
    """

    async def begin(self, delivery: Delivery) -> CardJob:
        """The job, which is ``processing`` then.

        Raises:
            LeaseLost: it was cancelled, or belongs to another worker.
        """
        ...

    async def store_progress(self, delivery: Delivery, job: CardJob, results: JobResults) -> None:
        """Store ``processedCount``; it never becomes less.

        Raises:
            LeaseLost: as for `begin`.
        """
        ...

    async def complete(self, delivery: Delivery, job: CardJob, results: JobResults, *, error: str | None) -> bool:
        """Store the results and complete the job, with the URLs of its cards, in one transaction.

        Args:
            delivery: the lease.
            job: as it was begun.
            results: of all phrases.
            error: for ``errorMessage``; names the phrases with problems.

        Returns:
            Whether it was completed; False if its phrases were edited since it was begun: begin it again.

        Raises:
            LeaseLost: as for `begin`.
        """
        ...

    async def fail(
        self, delivery: Delivery, *, error: str, job: CardJob | None = None, results: JobResults | None = None
    ) -> None:
        """Fail the job for good, with the results that there are.

        Raises:
            LeaseLost: as for `begin`.
        """
        ...


class ClientJobs(Protocol):
    """The application's jobs as clients of the HTTP API and of the command line insert, see and change them.

    An id that cannot be one of the table's, such as a text where the column is a ``uuid``, is that of no job. Every
    call raises `ServiceUnavailable` while the database does not answer.
    """

    async def insert(self, deck_id: str, phrases: Sequence[Mapping[str, Any]], *, user_id: str | None) -> JobRow:
        """Insert a pending job under a new id, and return its row.

        Args:
            deck_id: of its deck.
            phrases: for "phrases"; their number is "totalPhrases".
            user_id: for "userId", where the table has it; None for null.

        Raises:
            InvalidInput: the table requires a value that there is none for, or a value does not fit its column; the
                message names the column.
        """
        ...

    async def get(self, job_id: str) -> JobRow:
        """The whole row of a job.

        Raises:
            NoSuchJob: there is none.
        """
        ...

    async def find(self, job_ids: Collection[str]) -> Mapping[str, JobRow]:
        """The rows of those of these jobs that there are, without "phrases" and "resultUrls", by id."""
        ...

    async def page(
        self, *, deck_id: str | None = None, status: JobStatus | None = None, limit: int, after: str | None = None
    ) -> Sequence[JobRow]:
        """Rows without "phrases" and "resultUrls", the newest job first; those of one instant by their ids.

        Args:
            deck_id: only jobs of this deck.
            status: only jobs with this status.
            limit: the largest number of rows.
            after: the id of the last job of the previous page.

        Raises:
            NoSuchJob: there is no job ``after``.
        """
        ...

    async def cancel(self, job_id: str) -> JobRow:
        """Fail a job that is pending or processing, with "Cancelled." in "errorMessage"; any other one stays unchanged.

        Returns:
            The whole row after that.

        Raises:
            NoSuchJob: there is none.
        """
        ...

    async def retry(self, job_id: str) -> JobRow:
        """Set a failed job back to pending, as if it was new, without its earlier attempts; others stay unchanged.

        Returns:
            The whole row after that.

        Raises:
            NoSuchJob: there is none.
        """
        ...


class CardFiles(Protocol):
    """The MP3 files at their public places."""

    async def publish(self, delivery: Delivery, name: FileName, spoken: SpokenPhrase) -> str:
        """Put a file in its place, atomically, and return its URL.

        A URL whose content has changed since it was first published gets ``?v=`` and a digest: caches keep the others
        for a year.

        Args:
            delivery: the lease of the job, which is confirmed right before the file is written.
            name: of the file, as `file_names` gives it.
            spoken: the audio.

        Raises:
            LeaseLost: the job belongs to another worker; nothing was written.
            OutputFailed: no file can be there.
            ServiceUnavailable: the storage does not answer.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class FileContent:
    """What is published under a name.

    Attributes:
        job_id: of the job that publishes it.
        speech_key: of the speech in it.
        sha256: of the file, in hexadecimal.
        size_bytes: of the file.
    """

    job_id: str
    speech_key: str
    sha256: str
    size_bytes: int


class FileRecords(Protocol):
    """What was published under which name, for good: also after the file was removed."""

    async def record(self, name: str, subject: str, content: FileContent, *, earlier: str | None) -> str | None:
        """Note what is about to be published.

        Args:
            name: of the file.
            subject: what the file is of, see `FileName`.
            content: of the file.
            earlier: what stands for the content of the file that was there, if there was one, such as its SHA-256.

        Returns:
            What stands for the first content that the name ever had; None if the name is another subject's, in which
            case nothing is noted.

        Raises:
            ServiceUnavailable: the database does not answer.
        """
        ...


class Purchases(Protocol):
    """What was sent to paid engines, for reports and the daily limit of all workers; days are those of UTC."""

    async def add(self, job_id: str, engine: str, characters: int) -> date | None:
        """Count characters that are about to be sent to a paid engine.

        Returns:
            The day for which they are counted; None if the daily limit does not allow them: then none is counted.

        Raises:
            ServiceUnavailable: they may have been counted.
        """
        ...

    async def take_back(self, job_id: str, engine: str, characters: int, *, day: date) -> None:
        """Count characters of a day no longer: they were not sent, or the engine refused them.

        Raises:
            ServiceUnavailable: they may count still.
        """
        ...

    def count(self, job_id: str, engine: str, *, is_cached: bool) -> None:
        """Count a phrase that was spoken, soon and without waiting for it; a failure is logged.

        Args:
            job_id: of the job that needed it.
            engine: that spoke it.
            is_cached: whether the audio existed before.
        """
        ...

    async def totals(self) -> Mapping[str, int]:
        """The characters that were bought today, by engine.

        Raises:
            ServiceUnavailable: the counts cannot be read.
        """
        ...

    async def close(self) -> None:
        """Finish counting."""
        ...
