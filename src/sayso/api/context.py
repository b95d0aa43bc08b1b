"""The parts that the application uses: those of the process, of the audio API, and of cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sayso.api.http.sse import KEEP_ALIVE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sayso.alignment import Aligner
    from sayso.api.auth.keys import KeyRing
    from sayso.api.http.rate_limits import RateLimiter
    from sayso.api.schemas.catalogue import Catalogue
    from sayso.api.service import HttpService
    from sayso.cards.service import Cards
    from sayso.modelsync.service.counts import MessageCounts
    from sayso.modelsync.service.service import ModelSync
    from sayso.narrations.service import Narrations
    from sayso.observability import Health, Metrics
    from sayso.scheduling import Scheduler
    from sayso.settings import ApiSettings, ProcessSettings
    from sayso.storage import SignedFiles
    from sayso.tts.cache import SpeechCache
    from sayso.workers import WorkerGroup


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessContext:
    """The parts of every process, whatever its roles are; shared by all threads.

    Attributes:
        settings: of the server.
        keys: the API keys; an empty ring allows every caller.
        limiter: the rate limits.
        metrics: of the process.
        health: returns the health of the engines.
        warm_up: loads what the first request would wait for; runs on a thread, while requests are served.
        close: stops the parts, at the end of the process.
        services: the HTTP services of its roles.
        workers: the workers of its roles; None if they have none.
        base_url: the public address; None where no role has one.
        is_ready: whether the roles have done what they do before they are used, such as a first synchronisation.
        role_count: how many roles the process has.
        is_closed: whether no client is served, because others could reach the process and there are no API keys.
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
    is_ready: Callable[[], bool] = lambda: True
    role_count: int = 1
    is_closed: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class AppContext:
    """The parts of the audio API; shared by all threads.

    Attributes:
        settings: limits and timeouts.
        catalogue: the models.
        scheduler: of admission slots and compute permits.
        cache: of speech.
        metrics: of the process.
        aligner: opens the aligner, once; raises `ModelMissing` where its model is not there.
        files: the finished files that signed links open; None if they are in S3, or there are none.
        narrations: the service of narrations as jobs; None without one.
        keep_alive_seconds: how often a client that follows a narration is sent a comment while nothing changes.
    """

    settings: ApiSettings
    catalogue: Catalogue
    scheduler: Scheduler
    cache: SpeechCache
    metrics: Metrics
    aligner: Callable[[], Aligner]
    files: SignedFiles | None = None
    narrations: Narrations | None = None
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncContext:
    """The parts of the role sync.

    Attributes:
        service: keeps the volume equal to the bucket.
        close: closes what the service uses, once it has ended; blocks.
        trouble: why it does not do its work, in a sentence; None while it does.
        counts: what it has done since the start.
    """

    service: ModelSync
    close: Callable[[], None]
    trouble: Callable[[], str | None]
    counts: MessageCounts


@dataclass(frozen=True, kw_only=True, slots=True)
class CardsContext:
    """The parts of the role cards that clients use.

    Attributes:
        service: of the application's jobs.
        files_url: the address of the MP3 files: a URL is this, ``/`` and a name.
        directory: of the MP3 files, if this process serves them; None if a web server or S3 does.
        keep_alive_seconds: how often a client that follows a job is sent a comment while nothing changes.
    """

    service: Cards
    files_url: str
    directory: Path | None = None
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS

    @property
    def files_origin(self) -> str | None:
        """The origin of the MP3 files, as browsers name it; None if this process serves them."""
        parts = urlsplit(self.files_url)
        return f"{parts.scheme}://{parts.netloc}" if self.directory is None else None
