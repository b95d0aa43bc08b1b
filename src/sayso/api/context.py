"""What the application is given: the parts of the process, and those of the audio API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.api.auth.keys import KeyRing
    from sayso.api.http.rate_limits import RateLimiter
    from sayso.api.schemas.catalogue import Catalogue
    from sayso.api.service import HttpService
    from sayso.narrations.service import Narrations
    from sayso.observability import Health, Metrics
    from sayso.scheduling import Scheduler
    from sayso.settings import ApiSettings, ProcessSettings
    from sayso.storage import SignedFiles
    from sayso.tts.cache import SpeechCache
    from sayso.workers import WorkerGroup


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessContext:
    """What every process serves from, whatever its roles are; threads share it all.

    Attributes:
        settings: of the server.
        keys: who may ask; an empty ring lets everybody.
        limiter: how often.
        metrics: what is counted.
        health: how the engines are.
        warm_up: loads what the first request would wait for; on a thread, while requests are served.
        close: ends what the parts run, at the end of the process.
        services: what its roles serve over HTTP.
        workers: the workers of its roles; None where they have none.
        base_url: the address at which others reach it; None where no role has one.
    """

    settings: ProcessSettings
    keys: KeyRing
    limiter: RateLimiter
    metrics: Metrics
    health: Callable[[], Health]
    warm_up: Callable[[], None]
    close: Callable[[], None]
    services: Sequence[HttpService] = ()
    workers: WorkerGroup | None = None
    base_url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AppContext:
    """The parts behind the audio API; threads share them all.

    Attributes:
        settings: limits and times.
        catalogue: the models.
        scheduler: admission slots and compute permits.
        cache: where speech is kept.
        metrics: what is counted.
        files: the finished files that signed links open; None where they are in S3, or there are none.
        narrations: what is narrated as jobs; None where none are kept.
        keep_alive_seconds: how often a client that follows a narration is sent a comment while nothing changes.
    """

    settings: ApiSettings
    catalogue: Catalogue
    scheduler: Scheduler
    cache: SpeechCache
    metrics: Metrics
    files: SignedFiles | None = None
    narrations: Narrations | None = None
    keep_alive_seconds: float = 15.0
