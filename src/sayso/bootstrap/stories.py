"""The workers of a process, opened from the settings: where jobs come from, and who does them."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from sayso.errors import InvalidInput
from sayso.jobs import Policy, Worker
from sayso.narration import MAXIMUM_BYTES
from sayso.net import fetch
from sayso.observability import JobMetrics, QueueState
from sayso.stories import Consumer, Narrator, StoriesService, sweep
from sayso.stories.protection import TaskProtection

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from pathlib import Path

    from sayso.jobs import Handler, JobQueue, Outcome
    from sayso.observability import Metrics
    from sayso.scheduling import Scheduler, Ticket
    from sayso.settings import Settings
    from sayso.tts.cache import SpeechCache
    from sayso.tts.source import SpeechSource

_HAND_BACK_SECONDS = 3.0
"""What is left of the shutdown for handing back what did not finish."""

_LEAST_GRACE_SECONDS = 1.0


class StoriesOpener:
    """Opens what stories need, on the loop that needs it.

    Args:
        settings: where everything is.
        sources: who may speak.
        scheduler: whose turn it is.
        cache: where speech is kept.
        metrics: what is counted.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        sources: Sequence[SpeechSource],
        scheduler: Scheduler,
        cache: SpeechCache,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._scheduler = scheduler
        self._metrics = metrics
        self._narrator = Narrator(sources=sources, cache=cache, voice=settings.kokoro_voice, fetch=self._fetch)
        self._work_directory = settings.data_dir / "work"

    def service(self) -> StoriesService:
        """The service of this process, not started.

        Raises:
            InvalidInput: the settings name nowhere that stories come from.
            ModelMissing: the model of the default voice has not been pulled.
        """
        settings = self._settings
        if settings.queue_url is None and settings.database_url is None:
            raise InvalidInput(
                "There is nowhere that stories come from.",
                hint="Set QUEUE_URL (SQS) or DATABASE_URL (Postgres); `sayso up` brings its own database.",
            )
        self._narrator.sources[0].voice(settings.kokoro_voice)
        sweep(self._work_directory, older_than_seconds=2 * settings.job_seconds)
        agent = settings.ecs_agent_uri
        service = StoriesService(
            self._consumers,
            grace_seconds=max(settings.shutdown_seconds - _HAND_BACK_SECONDS, _LEAST_GRACE_SECONDS),
            work_directory=self._work_directory,
            protection=None if agent is None else TaskProtection(agent),
        )
        self._counts = JobMetrics(self._metrics.registry, lambda: _states(service))
        return service

    @asynccontextmanager
    async def _consumers(self) -> AsyncIterator[Sequence[Consumer]]:
        async with AsyncExitStack() as stack:
            yield []

    def _worker(self, name: str, queue: JobQueue, handler: Handler, *, at_once: int) -> Worker:
        settings = self._settings
        policy = Policy(at_once=at_once, max_attempts=settings.max_attempts, job_seconds=settings.job_seconds)

        def on_end(outcome: Outcome, seconds: float) -> None:
            self._counts.ended(name, outcome, seconds)

        return Worker(queue, handler, policy, on_end=on_end)

    def _fetch(self, url: str, directory: Path, ticket: Ticket) -> Path:
        return fetch(
            url,
            directory,
            maximum_bytes=MAXIMUM_BYTES,
            timeout_seconds=self._settings.fetch_seconds,
            private_hosts=self._settings.private_hosts,
            ticket=ticket,
        )


def _states(service: StoriesService) -> Mapping[str, QueueState]:
    return {
        name: QueueState(backlog.waiting, backlog.in_flight, backlog.oldest_age_seconds)
        for name, backlog in service.last_backlogs.items()
    }
