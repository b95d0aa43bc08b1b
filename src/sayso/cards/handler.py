"""The work of one cards job: speak its phrases, publish their files, and complete its row.

Everything here runs on the worker's loop; the speaker computes elsewhere. Phrases of all jobs are spoken in parallel,
in turns of the jobs.

- A text that cannot be spoken is a problem of its phrase: it is null in the results, and named in the message.
- A service that fails for now is waited for, and ends the attempt if that takes longer. What was spoken is found by the
  next one.
- Before the last attempt, a text whose engines fail for now is left to the next attempt; in the last it is a problem.
- A job whose phrases were edited meanwhile is begun again with the new ones.
- A worker that lost its lease changes nothing: every write to the row and every file is made under the lease.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

import structlog

from sayso.cards.file_names import file_names
from sayso.cards.phrases import error_message, parse_phrases
from sayso.cards.progress import ProgressWriter
from sayso.cards.records import JobResults, PhraseResult
from sayso.cards.turns import Turns
from sayso.errors import Busy, LeaseLost, SaysoError, ServiceUnavailable
from sayso.resilience.retry_policies import CARD_SERVICE
from sayso.threads import on_thread
from sayso.workers.availability import retry_until_available

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sayso.cards.base import CardFiles, JobRows, PhraseSpeaker, SpokenPhrase
    from sayso.cards.file_names import FileName
    from sayso.cards.records import CardJob, Phrase
    from sayso.resilience.retry_policies import RetryPolicy
    from sayso.workers import Job

_log = structlog.get_logger(__name__)

_FAILURES = 5
"""After so many texts whose engines fail for now, the attempt begins no more of them."""


class NotSpoken(SaysoError):
    """A job failed for good: too few of its phrases could be spoken."""


@dataclass(kw_only=True, slots=True)
class _Attempt:
    """The state of one pass over the phrases of a job.

    Attributes:
        job: the job of the queue.
        card_job: as it was begun.
        names: of the files.
        results: so far.
        failures: of engines that fail for now.
    """

    job: Job
    card_job: CardJob
    names: Mapping[tuple[int, str], FileName]
    results: list[PhraseResult | None]
    failures: list[SaysoError] = field(default_factory=list)

    @property
    def is_last(self) -> bool:
        """Whether there is no other attempt."""
        return self.job.attempt >= self.job.max_attempts

    @property
    def so_far(self) -> JobResults:
        """The results that there are."""
        return JobResults(results=tuple(self.results))


class CardsHandler:
    """The `Handler` of cards jobs, for one loop.

    Args:
        rows: the application's rows.
        speaker: speaks the texts.
        files: publishes them.
        phrases_at_once: how many phrases are spoken at once, over all jobs.
        complete_if: whether a job is completed if any phrase succeeded, or only if all did.
        progress_seconds: the time between two writes of a job's progress, at least.
        service_policy: for how long a service that the speaker needs is waited for, while the job is kept.
        on_spoken: called with every text that was spoken.
        on_failed: called for every text that could not be.
    """

    def __init__(
        self,
        *,
        rows: JobRows,
        speaker: PhraseSpeaker,
        files: CardFiles,
        phrases_at_once: int,
        complete_if: Literal["any", "all"] = "any",
        progress_seconds: float = 1.0,
        service_policy: RetryPolicy = CARD_SERVICE,
        on_spoken: Callable[[SpokenPhrase], None] = lambda _: None,
        on_failed: Callable[[], None] = lambda: None,
    ) -> None:
        self._rows = rows
        self._speaker = speaker
        self._files = files
        self._turns = Turns(phrases_at_once)
        self._complete_if = complete_if
        self._progress_seconds = progress_seconds
        self._service_policy = service_policy
        self._on_spoken = on_spoken
        self._on_failed = on_failed
        self._unfinished: dict[str, tuple[CardJob, JobResults]] = {}
        """What jobs have that are given up next, by their id."""

    async def work(self, job: Job) -> None:
        """See `Handler.work`.

        Raises:
            NotSpoken: too few phrases could be spoken, for good.
        """
        self._unfinished.pop(job.delivery.job_id, None)
        while True:
            card_job = await retry_until_available(partial(self._rows.begin, job.delivery))
            phrases = await on_thread(partial(parse_phrases, card_job.phrases))  # which may be megabytes of HTML
            attempt = _Attempt(
                job=job,
                card_job=card_job,
                names=file_names(card_job.job_id, phrases),
                results=[None] * len(phrases),
            )
            try:
                await self._speak(attempt, phrases)
                self._raise_failures(attempt)
                is_completed = await self._complete(attempt)
            except LeaseLost:
                raise
            except BaseException as error:
                if attempt.is_last or isinstance(error, NotSpoken):
                    self._unfinished[job.delivery.job_id] = card_job, attempt.so_far
                raise
            if is_completed:
                return
            _log.info("the phrases of the job were edited; it begins again")

    async def give_up(self, job: Job, error: str) -> bool:
        """See `Handler.give_up`; the row gets the results that there are."""
        card_job, results = self._unfinished.pop(job.delivery.job_id, (None, None))
        fail = partial(self._rows.fail, job.delivery, error=error, job=card_job, results=results)
        await retry_until_available(fail)
        return False

    async def _speak(self, attempt: _Attempt, phrases: Sequence[Phrase]) -> None:
        """Speak all phrases.

        Raises:
            LeaseLost: the job belongs to another worker now, or was cancelled.
            ServiceUnavailable: a service does not answer.
        """
        progress = ProgressWriter(
            lambda: self._rows.store_progress(attempt.job.delivery, attempt.card_job, attempt.so_far),
            pause_seconds=self._progress_seconds,
        )
        try:
            async with asyncio.TaskGroup() as group:
                writing = group.create_task(progress.run())
                async with asyncio.TaskGroup() as speaking:
                    for phrase in phrases:
                        speaking.create_task(self._speak_in_turn(attempt, phrase, progress.note))
                writing.cancel()
        except BaseExceptionGroup as errors:
            raise _main_error(errors) from None

    async def _speak_in_turn(self, attempt: _Attempt, phrase: Phrase, on_done: Callable[[], None]) -> None:
        async with self._turns.turn(attempt.card_job.job_id):
            if len(attempt.failures) >= _FAILURES:
                return
            result = await self._speak_phrase(attempt, phrase)
        if result is not None:
            attempt.results[phrase.index] = result
            on_done()

    async def _speak_phrase(self, attempt: _Attempt, phrase: Phrase) -> PhraseResult | None:
        """Speak a phrase in its languages; None if some engine failed for now."""
        urls: dict[str, str | None] = {}
        problems = dict(phrase.problems)
        failures: list[SaysoError] = []

        async def speak(language: str, text: str) -> None:
            try:
                urls[language] = await self._speak_text(attempt, phrase.index, language, text)
            except (LeaseLost, ServiceUnavailable):
                raise
            except SaysoError as error:
                if isinstance(error, Busy) or (error.retryable and not attempt.is_last):
                    failures.append(error)
                else:
                    _log.warning("a text was not spoken", phrase=phrase.index, language=language, reason=error.message)
                    urls[language], problems[language] = None, error.for_callers()
                    self._on_failed()

        async with asyncio.TaskGroup() as group:
            for language, text in phrase.texts.items():
                group.create_task(speak(language, text))
        if failures:
            attempt.failures += failures
            return None
        for language in phrase.problems:
            if language:
                urls[language] = None
        return PhraseResult(phrase=phrase, urls=urls, problems=problems)

    async def _speak_text(self, attempt: _Attempt, index: int, language: str, text: str) -> str:
        speak = partial(self._speaker.speak, text, language, job_id=attempt.card_job.job_id)
        spoken = await retry_until_available(speak, policy=self._service_policy)
        self._on_spoken(spoken)
        return await self._files.publish(attempt.job.delivery, attempt.names[index, language], spoken)

    def _raise_failures(self, attempt: _Attempt) -> None:
        """Raise the failure that decides when the job is tried again, if there is any."""
        busy = [error for error in attempt.failures if isinstance(error, Busy)]
        if busy:
            raise max(busy, key=lambda error: error.retry_after_seconds)
        if attempt.failures:
            raise max(attempt.failures, key=lambda error: error.retry_after_seconds or 0.0)

    def _is_enough(self, attempt: _Attempt) -> bool:
        """Whether the job may be completed with its results."""
        if self._complete_if == "all":
            return not any(result is None or result.problems for result in attempt.results)
        return any(url is not None for result in attempt.results if result is not None for url in result.urls.values())

    async def _complete(self, attempt: _Attempt) -> bool:
        """Complete the job; False if its phrases were edited.

        Raises:
            NotSpoken: it has too few results.
        """
        message = error_message(attempt.results)
        if not self._is_enough(attempt):
            raise NotSpoken(message or "No phrase was spoken.")
        complete = partial(self._rows.complete, attempt.job.delivery, attempt.card_job, attempt.so_far, error=message)
        is_completed = await retry_until_available(complete)
        if is_completed:
            _log.info("the cards are spoken", phrases=len(attempt.results), problems=message)
        return is_completed


def _main_error(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error of a group that decides what becomes of the job."""
    flat = list(_flattened(errors))
    ranks = (LeaseLost, ServiceUnavailable)
    for kind in ranks:
        for error in flat:
            if isinstance(error, kind):
                return error
    return flat[0]


def _flattened(errors: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in errors.exceptions:
        found += _flattened(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
