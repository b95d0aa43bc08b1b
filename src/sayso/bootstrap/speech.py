"""The engines, the scheduler and the speech cache, shared by the roles of a process; and the engines' health."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sayso.bootstrap.alignment import open_aligner
from sayso.bootstrap.chains import EngineRegistry
from sayso.bootstrap.engines import open_speech_cache, open_transcriber
from sayso.bootstrap.local_engines import has_local_engines
from sayso.bootstrap.model_needs import KOKORO, MODELS, open_pulls
from sayso.bootstrap.providers import KeyChecks, shutdown_watch, worst
from sayso.bootstrap.reading_check import reading_check
from sayso.errors import InvalidInput, ModelArriving, ModelMissing
from sayso.machine import processors
from sayso.models import ModelWatcher, WatchedModel, installed_models
from sayso.models.hub_whispers import REPOSITORIES
from sayso.observability import EngineHealth
from sayso.providers.openai.health import provider_health
from sayso.scheduling import Scheduler
from sayso.tts.reading_check import TRANSCRIPT_ONLY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.alignment import Aligner
    from sayso.bootstrap.providers import OpenProvider
    from sayso.errors import SaysoError
    from sayso.models import ModelStatus
    from sayso.observability import Metrics
    from sayso.providers.provider import ModelFacts
    from sayso.settings import SpeechSettings
    from sayso.tts.selection import SpeechSource


class Speech:
    """The shared parts for speech, found but not loaded; threads share them.

    It owns the thread that watches the directories of models, if the settings name any, and the one that reads the
    lists of the providers' models, until it is closed.

    Attributes:
        engines: every engine, and the chains of engines.
        scheduler: of admission slots and compute permits.
        cache: of speech.
        checks: of the providers' keys, not started.
        pulls: of missing models; None where they are not pulled by themselves.

    Raises:
        InvalidInput: a setting cannot be parsed.
    """

    def __init__(self, settings: SpeechSettings, metrics: Metrics) -> None:
        self._settings = settings
        self.pulls = open_pulls(settings)
        check = reading_check(aligner=self.aligner, listener=lambda: self.engines.whisper[self.engines.default_whisper])
        self.engines = EngineRegistry(
            settings,
            reading_check=check if has_local_engines() else TRANSCRIPT_ONLY,
            on_tokens=metrics.provider_tokens,
            on_reload=metrics.model_reload,
            obtain=None if self.pulls is None else self.pulls.require,
        )
        self.scheduler = Scheduler(
            permits=settings.synthesis_workers or processors(), slots=settings.places, on_wait=metrics.observe_wait
        )
        self.cache = open_speech_cache(settings, on_look_up=lambda hit: metrics.cache_lookup(hit=hit))
        self.checks = KeyChecks(self.engines.asked_providers, interval_seconds=settings.openai_check_seconds)
        self._aligner: Aligner | None = None
        self._opening_aligner = threading.Lock()
        self._watcher: ModelWatcher | None = None
        if self.engines.models.watched and settings.model_watch_seconds:
            self._watcher = ModelWatcher(self.engines.models.watched, interval_seconds=settings.model_watch_seconds)
            self._watcher.start()
        lists = self.engines.asked_providers if settings.openai_check_seconds else ()
        self._shutdown_watch = shutdown_watch(lists)

    @property
    def sources(self) -> tuple[SpeechSource, ...]:
        """The local speech engines, in the order in which they are tried for a voice."""
        return tuple(self.engines.speech.values())

    def aligner(self) -> Aligner:
        """The aligner, which is opened once and listens with the default Whisper.

        Raises:
            InvalidInput, ModelMissing, ModelCorrupt, NotInstalled: as `open_aligner`; the next call tries again.
        """
        with self._opening_aligner:
            if self._aligner is None:
                self._aligner = open_aligner(
                    self._settings,
                    listener=lambda: self.engines.whisper[self.engines.default_whisper],
                    obtain=None if self.pulls is None else self.pulls.require,
                )
            return self._aligner

    def start_checks(self) -> None:
        """Begin to check the providers' keys, and to read the shutdown dates of their models; once."""
        self.checks.start()
        if self._shutdown_watch is not None:
            self._shutdown_watch.start()

    def close(self) -> None:
        """Close what is open."""
        if self._watcher is not None:
            self._watcher.close()
        self.checks.close()
        if self._shutdown_watch is not None:
            self._shutdown_watch.close()
        if self.pulls is not None:
            self.pulls.close()
        self.engines.close()
        self.cache.close()

    def health(self) -> Mapping[str, Sequence[EngineHealth]]:
        """The engines of each task of the API, in the order in which they are tried."""
        whisper, models, asks_local = self.engines.default_whisper, self.engines.models, self.engines.asks_local
        return {
            "speech": [*self._providers("speech"), *([self._speaking()] if asks_local else [])],
            "transcription": [
                *self._providers("transcription"),
                *([self._local(whisper, models.whisper or (whisper,))] if asks_local else []),
            ],
        }

    def local_health(self) -> Mapping[str, Sequence[EngineHealth]]:
        """The engine of those who speak with local engines only, and do not transcribe."""
        return {"speech": [self._speaking()]}

    def _speaking(self) -> EngineHealth:
        return self._local(KOKORO, self.engines.models.kokoro or MODELS[KOKORO])

    def _providers(self, task: str) -> Sequence[EngineHealth]:
        """The providers of a task, if the settings put them first; one without a key is reported as missing."""
        engines = self.engines
        if not engines.wants_providers:
            return []
        return [self._provider(each, task) for each in engines.providers if _models_of(each, task)]

    def _provider(self, opened: OpenProvider, task: str) -> EngineHealth:
        """A provider; that one of its models is retired is no trouble while another one serves the task."""
        serving = [each.model for each in _models_of(opened, task) if not opened.shutdowns.is_retired(each.model)]
        found = provider_health(
            name=opened.provider.name,
            key_variables=opened.provider.key_variables,
            is_configured=opened.connection.is_configured,
            answer=opened.connection.last_answer,
            check=self.checks.last_of(opened),
            breaker=worst([opened.breakers[model].state for model in serving if model in opened.breakers]),
            is_needed=opened in self.engines.asked_providers,
            now_seconds=time.time(),
        )
        if serving:
            return found
        return replace(
            found, reachable=False, may_pass=False, detail=f"{opened.provider.label} has retired its models for this."
        )

    def _local(self, name: str, models: Sequence[str] | WatchedModel[Any]) -> EngineHealth:
        """A local engine; without its models it is reported as missing."""
        status = models.status() if isinstance(models, WatchedModel) else None
        missing = self._missing(models)
        return EngineHealth(
            name=name,
            configured=missing is None,
            reachable=None,
            breaker=self.engines.breakers[name].state,
            detail=None if missing is None else f"{missing.message} {missing.hint or ''}".strip(),
            model=None if status is None else _model_facts(status),
            may_pass=isinstance(missing, ModelArriving),
        )

    def _missing(self, models: Sequence[str] | WatchedModel[Any]) -> SaysoError | None:
        """What a local engine lacks, as the error of its next request."""
        try:
            if isinstance(models, WatchedModel):
                models.require_found()
            elif models == (self.engines.default_whisper,) and self._settings.whisper_model in REPOSITORIES:
                open_transcriber(self._settings.whisper_model, self._settings)  # it reads no weights
            elif self.pulls is not None:
                return self.pulls.state(models)
            else:
                installed_models(self._settings).paths(*models)
        except (ModelMissing, InvalidInput) as error:
            return error
        return None


def _model_facts(status: ModelStatus) -> dict[str, Any]:
    """The model of a directory, for /health."""
    made = status.description
    return {
        "directory": str(status.directory),
        "name": made.name if made else None,
        "version": made.version or None if made else None,
        "fingerprint": made.fingerprint if made else None,
        "replacements": status.replacements,
        "problem": status.problem,
    }


def _models_of(opened: OpenProvider, task: str) -> Sequence[ModelFacts]:
    provider = opened.provider
    return provider.speech.models if task == "speech" else provider.transcription.models
