"""A process of several roles: the shared parts, the parts of each role, and the application made of them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sayso.bootstrap.speech import Speech
from sayso.bootstrap.storages import prepare_database, work_directory
from sayso.observability import JobMetrics, Metrics, QueueState
from sayso.providers.shutdown_watch import as_json
from sayso.workers import WorkerGroup, WorkerService
from sayso.workers.ecs_protection import TaskProtection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from sayso.api.service import HttpService
    from sayso.observability import EngineHealth
    from sayso.resilience import BreakerState
    from sayso.scheduling import Load
    from sayso.settings import DatabaseSettings, SpeechSettings, WorkerSettings
    from sayso.workers import Consumer


_RELEASE_SECONDS = 3.0
"""The share of the shutdown time that is reserved for releasing unfinished jobs."""

_LEAST_GRACE_SECONDS = 1.0

_FIRST_CHECK_SECONDS = 5.0
"""How long the start waits for the first check of the provider."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """The parts that a role adds to a process; all are optional.

    Attributes:
        workers: not started yet; /healthz, /backlog, /ready and the metrics include them.
        http: its HTTP service.
        engines: the engines of each of its tasks, for /health.
        facts: further entries of /health, by their names in the JSON.
        warm_up: loads what its first work would wait for; on a thread, once the process serves.
        base_url: the public address of the process, if the role knows it.
        is_ready: whether it has done what it does before it is used; /ready waits for it.
    """

    workers: WorkerService | None = None
    http: HttpService | None = None
    engines: Callable[[], Mapping[str, Sequence[EngineHealth]]] = dict
    facts: Callable[[], Mapping[str, Any]] = dict
    warm_up: Callable[[], None] = lambda: None
    base_url: str | None = None
    is_ready: Callable[[], bool] = lambda: True


class Process:
    """The shared parts of a process's roles; each is opened when a role first needs it. One thread opens.

    Args:
        trouble: why something that workers need does not run, such as an embedded database; None while it does.
    """

    def __init__(self, *, trouble: Callable[[], str | None] = lambda: None) -> None:
        self.trouble = trouble
        self.metrics = Metrics(load=self._load, breakers=self._breakers, shutdowns=self._shutdowns)
        self.closing = ExitStack()
        """Closed at the end of the process."""
        self.workers: WorkerGroup | None = None
        """The workers of all roles; None if they have none, and before all roles are opened."""
        self._speech: Speech | None = None
        self._job_metrics: JobMetrics | None = None
        self._databases: set[str] = set()

    def speech(self, settings: SpeechSettings) -> Speech:
        """The engines, the scheduler and the speech cache of the process.

        Raises:
            InvalidInput: a setting cannot be understood.
        """
        if self._speech is None:
            self._speech = Speech(settings, self.metrics)
            self.closing.callback(self._speech.close)
        return self._speech

    def warm_up(self, services: Sequence[Service]) -> None:
        """Load what the first work would wait for, and check the provider meanwhile; blocks, on a thread.

        The provider's first answer is waited for a moment, so that a process with a rejected key is never ready.
        """
        speech = self._speech
        if speech is not None:
            speech.start_checks()
        try:
            for service in services:
                service.warm_up()
        finally:
            if speech is not None:
                speech.checks.wait_for_first(_FIRST_CHECK_SECONDS)

    def facts(self) -> Mapping[str, Any]:
        """Entries of /health about the shared parts: the providers' models that are retired soon, or already are."""
        if self._speech is None:
            return {}
        return {"shutdown": [as_json(each) for each in self._speech.engines.announced_shutdowns()]}

    @property
    def job_metrics(self) -> JobMetrics:
        """The metrics of the jobs of all workers."""
        if self._job_metrics is None:
            self._job_metrics = JobMetrics(self.metrics.registry, self._queues)
        return self._job_metrics

    def prepare_database(self, settings: DatabaseSettings) -> None:
        """Migrate the database once, if there is one. Blocks.

        Raises:
            InvalidInput: the database refuses it.
            ServiceUnavailable: it has not answered for a minute.
        """
        if settings.database_url is None:
            return
        conninfo = settings.database_url.get_secret_value()
        if conninfo not in self._databases:
            prepare_database(conninfo)
            self._databases.add(conninfo)

    def worker_service(
        self,
        name: str,
        open_consumers: Callable[[], AbstractAsyncContextManager[Sequence[Consumer]]],
        settings: WorkerSettings,
    ) -> WorkerService:
        """A role's workers, not started, with the shared parts for all workers.

        Args:
            name: of the role.
            open_consumers: opens queues and workers on the loop on which it is called.
            settings: the grace time for running jobs, the work directory, and ECS.
        """
        self._job_metrics = self.job_metrics  # made now: shown before the first job, and made by one thread
        agent = settings.ecs_agent_uri
        return WorkerService(
            open_consumers,
            name=name,
            grace_seconds=max(settings.shutdown_seconds - _RELEASE_SECONDS, _LEAST_GRACE_SECONDS),
            work_directory=work_directory(settings),
            outer_trouble=self.trouble,
            protection=None if agent is None else TaskProtection(agent),
        )

    def _load(self) -> Load | None:
        return None if self._speech is None else self._speech.scheduler.load

    def _breakers(self) -> Mapping[str, BreakerState]:
        return {} if self._speech is None else self._speech.engines.states()

    def _shutdowns(self) -> Mapping[tuple[str, str], int]:
        found = [] if self._speech is None else self._speech.engines.announced_shutdowns()
        return {(each.provider, each.model): each.days for each in found}

    def _queues(self) -> Mapping[str, QueueState]:
        backlogs = {} if self.workers is None else self.workers.last_backlogs
        return {
            name: QueueState(backlog.waiting, backlog.in_flight, backlog.oldest_age_seconds)
            for name, backlog in backlogs.items()
        }
