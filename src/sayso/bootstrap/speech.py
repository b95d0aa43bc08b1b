"""The engines, the scheduler and the speech cache, shared by the roles of a process; and the engines' health."""

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
    """The shared parts for speech, found but not loaded; threads share them.

    Attributes:
        engines: every engine, and the chains of engines.
        scheduler: of admission slots and compute permits.
        cache: of speech.

    Raises:
        InvalidInput: a setting cannot be parsed.
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
        """The local speech engines, in the order in which they are tried for a voice."""
        return tuple(self.engines.speech.values())

    def close(self) -> None:
        """Close what is open."""
        self.engines.openai.close()
        self.cache.close()

    def health(self) -> Mapping[str, Sequence[EngineHealth]]:
        """The engines of each task, in the order in which they are tried."""
        whisper = self.engines.default_whisper
        return {
            "speech": [*self._openai(), *self._local(_MAIN_SPEECH, _MAIN_SPEECH_MODELS)],
            "transcription": [*self._openai(), *self._local(whisper, (whisper,))],
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

    def _local(self, name: str, models: Sequence[str]) -> Sequence[EngineHealth]:
        """A local engine, if the settings use it; without its models it is reported as missing."""
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
