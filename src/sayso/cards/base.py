"""The interfaces between the parts of the cards role: the application's tables, the speaker, and the files.

All are asynchronous, and belong to the event loop that opened them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.cards.records import CardJob, JobResults
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


class CardFiles(Protocol):
    """The MP3 files at their public places."""

    async def publish(self, delivery: Delivery, name: str, spoken: SpokenPhrase) -> str:
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


class Purchases(Protocol):
    """What was sent to paid engines, for reports and the daily limit."""

    async def allows(self, characters: int) -> bool:
        """Whether so many more characters may be bought today (UTC)."""
        ...

    async def add(self, job_id: str, engine: str, characters: int) -> None:
        """Count a request to a paid engine, before it is sent."""
        ...

    async def totals(self) -> Mapping[str, int]:
        """The characters that were bought today, by engine."""
        ...
