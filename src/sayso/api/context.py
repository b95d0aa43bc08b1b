"""What the routes are given: every part that serves requests, opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from sayso.api.auth.keys import KeyRing
    from sayso.api.http.rate_limits import RateLimiter
    from sayso.api.schemas.catalogue import Catalogue
    from sayso.narrations.service import Narrations
    from sayso.observability import Health, Metrics
    from sayso.scheduling import Scheduler
    from sayso.settings import Settings
    from sayso.storage import SignedFiles
    from sayso.tts.cache import SpeechCache
    from sayso.workers import WorkerService


@dataclass(frozen=True, kw_only=True, slots=True)
class AppContext:
    """The parts behind the API; threads share them all.

    Attributes:
        settings: limits and times.
        catalogue: the models.
        scheduler: places and turns.
        cache: where speech is kept.
        keys: who may ask; an empty ring lets everybody.
        limiter: how often.
        metrics: what is counted.
        health: how the engines are.
        warm_up: loads what the first request would wait for; on a thread, while requests are served.
        close: ends what the parts run, at the end of the process.
        stories: the workers of this process; None where it has none.
        open_narrations: opens ``narrations`` on the loop that serves; None where none are kept.
        files: the finished files that signed links open; None where they are in S3, or there are none.
        narrations: what is narrated as jobs; None where none are kept.
    """

    settings: Settings
    catalogue: Catalogue
    scheduler: Scheduler
    cache: SpeechCache
    keys: KeyRing
    limiter: RateLimiter
    metrics: Metrics
    health: Callable[[], Health]
    warm_up: Callable[[], None]
    close: Callable[[], None]
    stories: WorkerService | None = None
    open_narrations: Callable[[], AbstractAsyncContextManager[Narrations]] | None = None
    files: SignedFiles | None = None
    narrations: Narrations | None = None
