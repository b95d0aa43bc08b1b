"""The engines of each model name, in the order in which they are tried."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import structlog

from sayso.api.schemas.catalogue import Catalogue, SpeechModel, TranscriptionModel
from sayso.bootstrap.engines import open_transcriber, speech_sources
from sayso.bootstrap.model_directories import WHISPER, DirectoryModels
from sayso.errors import InvalidInput
from sayso.models import installed_models
from sayso.providers.openai.connection import OpenAIConnection
from sayso.providers.openai.limits import MAXIMUM_SPEECH_CHARACTERS, MAXIMUM_UPLOAD_BYTES
from sayso.resilience import Breaker, Chain, Link
from sayso.resilience.breaker_limits import LOCAL_ENGINE, PROVIDER
from sayso.stt import LocalTranscriber, OpenAITranscriber
from sayso.tts.engines.openai import OpenAISpeech

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from sayso.resilience import BreakerState, Failure
    from sayso.settings import SpeechSettings
    from sayso.stt import Transcriber
    from sayso.tts.selection import SpeechSource
    from sayso.types import Voice

    Engine = TypeVar("Engine")

_log = structlog.get_logger(__name__)

OPENAI = "openai"
OWNER = "sayso"

HYBRID = "hybrid"
"""The model name for OpenAI and the local engines without OpenAI's limits."""

SPEECH_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
HYBRID_SPEECH_MODEL = "gpt-4o-mini-tts"

TRANSCRIPTION_MODELS = ("whisper-1", "gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe")
HYBRID_TRANSCRIPTION_MODEL = "whisper-1"
DIARISING_MODEL = "gpt-4o-transcribe-diarize"

WHISPER_PREFIX = "whisper-"


class EngineRegistry:
    """Every engine with its breaker, and the chains of engines; threads share them.

    OpenAI's model names, and ``hybrid``, stand for OpenAI first and the local engines after it, as PRIMARY_SERVICE and
    FALLBACK_TO_LOCAL say. Without a key OpenAI is skipped, unless there is no other engine. The names of local
    models stand for these models only. The model ``whisper-local`` is that of the directory which SAYSO_WHISPER_MODEL
    names.

    Args:
        settings: select the engines and their order.
        on_reload: called with an engine's name, and ``loaded`` or ``rejected``, when its model was to be replaced.

    Raises:
        InvalidInput: the settings name a Whisper model that the catalogue does not have.
    """

    def __init__(
        self, settings: SpeechSettings, *, on_reload: Callable[[str, str], None] = lambda _name, _result: None
    ) -> None:
        key = settings.openai_api_key
        self.openai = OpenAIConnection(
            key.get_secret_value() if key else None,
            base_url=settings.openai_base_url,
            timeout_seconds=settings.openai_timeout_seconds,
            retries=settings.openai_retries,
        )
        self.wants_openai = settings.primary_service == OPENAI
        self.asks_local = settings.fallback_to_local or not self.wants_openai
        self.asks_openai = self.wants_openai and (self.openai.is_configured or not self.asks_local)
        self.models = DirectoryModels(settings, on_reload)
        self.speech = speech_sources(settings, self.models)
        self.whisper = _transcribers(settings, self.models)
        self.default_whisper = WHISPER if self.models.whisper else WHISPER_PREFIX + settings.whisper_model
        if self.default_whisper not in self.whisper:
            known = ", ".join(name.removeprefix(WHISPER_PREFIX) for name in self.whisper)
            raise InvalidInput(
                f"SAYSO_WHISPER_MODEL names an unknown model: {settings.whisper_model!r}.",
                hint=f"There are: {known}. A path to a model has a / in it.",
            )
        open_seconds = settings.breaker_open_seconds
        self.breakers: Mapping[str, Breaker] = {
            OPENAI: Breaker(replace(PROVIDER, open_seconds=open_seconds)),
            **{
                name: Breaker(replace(LOCAL_ENGINE, open_seconds=open_seconds))
                for name in (*self.speech, *self.whisper)
            },
        }

    def states(self) -> dict[str, BreakerState]:
        """The state of every breaker."""
        return {name: breaker.state for name, breaker in self.breakers.items()}

    def catalogue(self, on_fallback: Callable[[Failure], None]) -> Catalogue:
        """Every model name with its chain.

        Args:
            on_fallback: called with every failure after which another engine is tried.
        """
        return Catalogue(
            speech={model.id: model for model in self._speech_models(on_fallback)},
            transcription={model.id: model for model in self._transcription_models(on_fallback)},
            voices=self._voices,
        )

    def _speech_models(self, on_fallback: Callable[[Failure], None]) -> list[SpeechModel]:
        local = [self._link(name, source) for name, source in self.speech.items()]

        def chain(model: str) -> Chain[SpeechSource]:
            cloud: SpeechSource = OpenAISpeech(self.openai, model)
            return Chain(self._ordered(self._link(OPENAI, cloud), local), on_fallback=on_fallback)

        return [
            *(
                SpeechModel(id=name, owner=OPENAI, chain=chain(name), maximum_characters=MAXIMUM_SPEECH_CHARACTERS)
                for name in SPEECH_MODELS
            ),
            SpeechModel(id=HYBRID, owner=OWNER, chain=chain(HYBRID_SPEECH_MODEL)),
            *(SpeechModel(id=link.name, owner=OWNER, chain=Chain([link])) for link in local),
        ]

    def _transcription_models(self, on_fallback: Callable[[Failure], None]) -> list[TranscriptionModel]:
        default = self._link(self.default_whisper, self.whisper[self.default_whisper])

        def cloud(model: str) -> Link[Transcriber]:
            transcriber = OpenAITranscriber(self.openai, model=model)
            return self._link(OPENAI, transcriber)

        def chain(model: str) -> Chain[Transcriber]:
            return Chain(self._ordered(cloud(model), [default]), on_fallback=on_fallback)

        models = [
            TranscriptionModel(id=name, owner=OPENAI, chain=chain(name), maximum_upload_bytes=MAXIMUM_UPLOAD_BYTES)
            for name in TRANSCRIPTION_MODELS
        ]
        if self.asks_openai:
            models.append(
                TranscriptionModel(
                    id=DIARISING_MODEL,
                    owner=OPENAI,
                    chain=Chain([cloud(DIARISING_MODEL)]),
                    maximum_upload_bytes=MAXIMUM_UPLOAD_BYTES,
                    tells_speakers_apart=True,
                )
            )
        models.append(TranscriptionModel(id=HYBRID, owner=OWNER, chain=chain(HYBRID_TRANSCRIPTION_MODEL)))
        models += [
            TranscriptionModel(id=name, owner=OWNER, chain=Chain([self._link(name, transcriber)]))
            for name, transcriber in self.whisper.items()
        ]
        return models

    def _link(self, name: str, engine: Engine) -> Link[Engine]:
        return Link(name=name, engine=engine, breaker=self.breakers[name])

    def _ordered(self, cloud: Link[Engine], local: list[Link[Engine]]) -> list[Link[Engine]]:
        return [*([cloud] if self.asks_openai else []), *(local if self.asks_local else [])]

    def _voices(self) -> list[Voice]:
        return [voice for source in self.speech.values() for voice in source.voices()]


def _transcribers(settings: SpeechSettings, models: DirectoryModels) -> Mapping[str, Transcriber]:
    """Every local Whisper by its name."""
    found: dict[str, Transcriber] = {
        name: LocalTranscriber(name, functools.partial(open_transcriber, name.removeprefix(WHISPER_PREFIX), settings))
        for name in installed_models(settings).catalogue
        if name.startswith(WHISPER_PREFIX)
    }
    watched = models.whisper
    if watched is not None:
        reopen = cast("Callable[[Transcriber], Transcriber]", watched.reopened)
        found[WHISPER] = LocalTranscriber(WHISPER, watched.current, reopen=reopen)
    return found
