"""The engines, the scheduler and the speech cache that the roles of a process share, and how the engines are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.bootstrap.chains import OPENAI, EngineRegistry
from sayso.bootstrap.engines import open_speech_cache
from sayso.errors import ModelMissing
from sayso.machine import processors
from sayso.models import installed_models
from sayso.observability import EngineHealth
from sayso.scheduling import Scheduler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.observability import Metrics
    from sayso.settings import SpeechSettings
    from sayso.tts.selection import SpeechSource

_MAIN_SPEECH = "kokoro"
_MAIN_SPEECH_MODELS = ("kokoro-82m-int8", "kokoro-voices")


class Speech:
    """The parts, found but not loaded; threads share them.

    Attributes:
        engines: every engine, and the chains that they make.
        scheduler: admission slots and compute permits.
        cache: where speech is kept.

    Raises:
        InvalidInput: a setting cannot be understood.
    """

    def __init__(self, settings: SpeechSettings, metrics: Metrics) -> None:
        self._settings = settings
        self.engines = EngineRegistry(settings)
        self.scheduler = Scheduler(
            permits=settings.synthesis_workers or processors(), slots=settings.places, on_wait=metrics.observe_wait
        )
        self.cache = open_speech_cache(settings, on_look_up=lambda hit: metrics.cache_lookup(hit=hit))

    @property
    def sources(self) -> tuple[SpeechSource, ...]:
        """The local engines that speak, in the order in which they are asked for a voice."""
        return tuple(self.engines.speech.values())

    def close(self) -> None:
        """Close what is open."""
        self.engines.openai.close()
        self.cache.close()

    def health(self) -> Mapping[str, Sequence[EngineHealth]]:
        """The engines of each task, in the order in which they are asked."""
        whisper = self.engines.default_whisper
        return {
            "speech": [*self._openai(), *self._local(_MAIN_SPEECH, _MAIN_SPEECH_MODELS)],
            "transcription": [*self._openai(), *self._local(whisper, (whisper,))],
        }

    def _openai(self) -> Sequence[EngineHealth]:
        """OpenAI, where the settings say that it comes first: without a key it is missed."""
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

    def _local(self, name: str, models: Sequence[str]) -> Sequence[EngineHealth]:
        """A local engine, where the settings say that it is asked: without its models it is missed."""
        if not self.engines.asks_local:
            return []
        missing = None
        for model in models:
            try:
                installed_models(self._settings).path(model)
            except ModelMissing as error:
                missing = f"{error.message} {error.hint or ''}".strip()
        return [
            EngineHealth(
                name=name,
                configured=missing is None,
                reachable=None,
                breaker=self.engines.breakers[name].state,
                detail=missing,
            )
        ]


def _openai_detail(engines: EngineRegistry) -> str | None:
    if not engines.openai.is_configured:
        return "OPENAI_API_KEY is not set."
    answer = engines.openai.last_answer
    return None if answer is None or answer.reason is None else f"The last request failed: {answer.reason}."
