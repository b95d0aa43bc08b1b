"""The engines, the scheduler and the speech cache, shared by the roles of a process; and the engines' health."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sayso.bootstrap.chains import OPENAI, EngineRegistry
from sayso.bootstrap.engines import open_speech_cache
from sayso.errors import InvalidInput, ModelMissing
from sayso.machine import processors
from sayso.models import ModelWatcher, WatchedModel, installed_models
from sayso.observability import EngineHealth
from sayso.scheduling import Scheduler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.models import ModelStatus
    from sayso.observability import Metrics
    from sayso.settings import SpeechSettings
    from sayso.tts.selection import SpeechSource

_MAIN_SPEECH = "kokoro"
_MAIN_SPEECH_MODELS = ("kokoro-82m-int8", "kokoro-voices")


class Speech:
    """The shared parts for speech, found but not loaded; threads share them.

    It owns the thread that watches the directories of models, if the settings name any, until it is closed.

    Attributes:
        engines: every engine, and the chains of engines.
        scheduler: of admission slots and compute permits.
        cache: of speech.

    Raises:
        InvalidInput: a setting cannot be parsed.
    """

    def __init__(self, settings: SpeechSettings, metrics: Metrics) -> None:
        self._settings = settings
        self.engines = EngineRegistry(settings, on_reload=metrics.model_reload)
        self.scheduler = Scheduler(
            permits=settings.synthesis_workers or processors(), slots=settings.places, on_wait=metrics.observe_wait
        )
        self.cache = open_speech_cache(settings, on_look_up=lambda hit: metrics.cache_lookup(hit=hit))
        self._watcher: ModelWatcher | None = None
        if self.engines.models.watched and settings.model_watch_seconds:
            self._watcher = ModelWatcher(self.engines.models.watched, interval_seconds=settings.model_watch_seconds)
            self._watcher.start()

    @property
    def sources(self) -> tuple[SpeechSource, ...]:
        """The local speech engines, in the order in which they are tried for a voice."""
        return tuple(self.engines.speech.values())

    def close(self) -> None:
        """Close what is open."""
        if self._watcher is not None:
            self._watcher.close()
        self.engines.openai.close()
        self.cache.close()

    def health(self) -> Mapping[str, Sequence[EngineHealth]]:
        """The engines of each task, in the order in which they are tried."""
        whisper, models = self.engines.default_whisper, self.engines.models
        return {
            "speech": [*self._openai(), *self._local(_MAIN_SPEECH, models.kokoro or _MAIN_SPEECH_MODELS)],
            "transcription": [*self._openai(), *self._local(whisper, models.whisper or (whisper,))],
        }

    def _openai(self) -> Sequence[EngineHealth]:
        """OpenAI, if the settings put it first; without a key it is reported as missing."""
        engines = self.engines
        if not engines.wants_openai:
            return []
        answer = engines.openai.last_answer
        return [
            EngineHealth(
                name=OPENAI,
                configured=engines.openai.is_configured,
                reachable=None if answer is None else answer.reason is None,
                breaker=engines.breakers[OPENAI].state,
                last_status=answer.status if answer else None,
                detail=_openai_detail(engines),
            )
        ]

    def _local(self, name: str, models: Sequence[str] | WatchedModel[Any]) -> Sequence[EngineHealth]:
        """A local engine, if the settings use it; without its models it is reported as missing."""
        if not self.engines.asks_local:
            return []
        status = models.status() if isinstance(models, WatchedModel) else None
        missing = self._missing(models)
        return [
            EngineHealth(
                name=name,
                configured=missing is None,
                reachable=None,
                breaker=self.engines.breakers[name].state,
                detail=missing,
                model=None if status is None else _model_facts(status),
            )
        ]

    def _missing(self, models: Sequence[str] | WatchedModel[Any]) -> str | None:
        """What a local engine lacks, in a sentence."""
        missing = None
        try:
            if isinstance(models, WatchedModel):
                models.require_found()
                return None
            for model in models:
                installed_models(self._settings).path(model)
        except (ModelMissing, InvalidInput) as error:
            missing = f"{error.message} {error.hint or ''}".strip()
        return missing


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


def _openai_detail(engines: EngineRegistry) -> str | None:
    if not engines.openai.is_configured:
        return "OPENAI_API_KEY is not set."
    answer = engines.openai.last_answer
    return None if answer is None or answer.reason is None else f"The last request failed: {answer.reason}."
