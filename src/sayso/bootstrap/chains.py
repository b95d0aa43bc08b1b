"""The engines of each model name, in the order in which they are tried."""

from __future__ import annotations

import functools
import time
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import structlog

from sayso.api.schemas.catalogue import SPEAKERS, Catalogue, SpeechModel, TranscriptionModel
from sayso.bootstrap.engines import open_transcriber, speech_sources
from sayso.bootstrap.model_directories import WHISPER, DirectoryModels
from sayso.bootstrap.model_needs import obtaining
from sayso.bootstrap.providers import open_providers, worst
from sayso.errors import InvalidInput
from sayso.models import installed_models
from sayso.models.hub_whispers import REPOSITORIES
from sayso.providers.openai.limits import MAXIMUM_SPEECH_CHARACTERS, MAXIMUM_UPLOAD_BYTES
from sayso.providers.provider import OPENAI
from sayso.providers.shutdown_watch import WARNING_DAYS
from sayso.resilience import Breaker, Chain, Failure, Link
from sayso.resilience.breaker_limits import LOCAL_ENGINE
from sayso.resilience.chain import reason_of
from sayso.stt import LocalTranscriber, OpenAITranscriber
from sayso.stt.whisper.abilities import translates
from sayso.tts.engines.openai import OpenAISpeech
from sayso.tts.engines.realtime import RealtimeSpeech
from sayso.tts.reading_check import TRANSCRIPT_ONLY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TypeVar

    from sayso.bootstrap.model_needs import Obtain
    from sayso.bootstrap.providers import OpenProvider
    from sayso.providers.provider import SpeechFacts
    from sayso.providers.shutdowns import Shutdown
    from sayso.resilience import BreakerState
    from sayso.settings import SpeechSettings
    from sayso.stt import Transcriber
    from sayso.tts.reading_check import ReadingCheck
    from sayso.tts.selection import SpeechSource
    from sayso.types import Voice

    Engine = TypeVar("Engine")

_log = structlog.get_logger(__name__)

OWNER = "sayso"

HYBRID = "hybrid"
"""The model name for OpenAI and the local engines without OpenAI's limits."""

SPEECH_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
HYBRID_SPEECH_MODEL = "gpt-4o-mini-tts"

TRANSCRIPTION_MODELS = (
    "whisper-1",
    "gpt-transcribe",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-transcribe-diarize",
)
HYBRID_TRANSCRIPTION_MODEL = "whisper-1"

TRANSLATE, TRANSCRIBE = "translate", "transcribe"
"""What engines may lack; `transcribe` asks those that do not."""

TRANSLATOR = "whisper-base"
"""Translates where the local Whisper that the settings name cannot."""

WHISPER_PREFIX = "whisper-"


class EngineRegistry:
    """Every engine with its breaker, and the chains of engines; threads share them.

    OpenAI's model names, and ``hybrid``, stand for the providers in their order and the local engines after them, as
    PRIMARY_SERVICE and FALLBACK_TO_LOCAL say. A provider without a key is skipped, unless there is no other engine. A
    model that its provider has retired is succeeded by another of the same provider, or else by the next engine. The
    names of local models stand for these models only. The model ``whisper-local`` is that of the directory which
    SAYSO_WHISPER_MODEL names.

    Args:
        settings: select the engines and their order.
        reading_check: compares the speech of realtime models with its text.
        on_tokens: called with a provider, a realtime model, and the input and output tokens of a reading.
        on_reload: called with an engine's name, and ``loaded`` or ``rejected``, when its model was to be replaced.
        clock: Unix time in seconds, which decides when models of providers are retired.
        obtain: gets models that are missing when they are used; None to get none.

    Raises:
        InvalidInput: the settings name a Whisper model that the catalogue does not have, or the list of providers
            cannot be used.
    """

    def __init__(
        self,
        settings: SpeechSettings,
        *,
        reading_check: ReadingCheck = TRANSCRIPT_ONLY,
        on_tokens: Callable[[str, str, int, int], None] = lambda *_: None,
        on_reload: Callable[[str, str], None] = lambda _name, _result: None,
        clock: Callable[[], float] = time.time,
        obtain: Obtain | None = None,
    ) -> None:
        self.providers = open_providers(settings, clock=clock)
        self._reading_check = reading_check
        self._on_tokens = on_tokens
        self.wants_providers = settings.primary_service == OPENAI
        self.asks_local = settings.fallback_to_local or not self.wants_providers
        self.models = DirectoryModels(settings, on_reload)
        self.speech = speech_sources(settings, self.models, obtain=obtain)
        self.whisper = _transcribers(settings, self.models, obtain)
        self.default_whisper = WHISPER if self.models.whisper else WHISPER_PREFIX + settings.whisper_model
        if self.default_whisper not in self.whisper:
            known = ", ".join(name.removeprefix(WHISPER_PREFIX) for name in self.whisper)
            raise InvalidInput(
                f"SAYSO_WHISPER_MODEL names an unknown model: {settings.whisper_model!r}.",
                hint=f"There are: {known}; of the hub: {', '.join(REPOSITORIES)}. A path to a model has a / in it.",
            )
        limits = replace(LOCAL_ENGINE, open_seconds=settings.breaker_open_seconds)
        self.breakers: Mapping[str, Breaker] = {name: Breaker(limits) for name in (*self.speech, *self.whisper)}

    @property
    def asked_providers(self) -> tuple[OpenProvider, ...]:
        """The providers that requests are sent to, in order, once for each key."""
        if not self.wants_providers:
            return ()
        configured = tuple(each for each in self.providers if each.connection.is_configured)
        return configured or (() if self.asks_local else self.providers)

    def states(self) -> dict[str, BreakerState]:
        """The state of every breaker: of each local engine, of each provider its worst, and of each of its models."""
        found: dict[str, list[BreakerState]] = {each.provider.name: [] for each in self.providers}
        for each in self.providers:
            for model, breaker in each.breakers.items():
                if not each.shutdowns.is_retired(model):
                    found[each.provider.name].append(breaker.state)
                    found.setdefault(f"{each.provider.name}/{model}", []).append(breaker.state)
        local = {name: breaker.state for name, breaker in self.breakers.items()}
        return {name: worst(states) for name, states in found.items()} | local

    def announced_shutdowns(self) -> list[Shutdown]:
        """The models of the providers that requests are sent to which are retired soon, or already are."""
        lists = {each.provider.name: each.shutdowns for each in self.asked_providers if each.connection.is_configured}
        return [found for each in lists.values() for found in each.announced(within_days=WARNING_DAYS)]

    def close(self) -> None:
        """Close the connections; blocks until their requests have ended."""
        for each in self.providers:
            each.connection.close()

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
            following = local if self.asks_local else []
            return Chain([*self._speaking(model, following, on_fallback), *following], on_fallback=on_fallback)

        models = [
            *(
                SpeechModel(id=name, owner=OPENAI, chain=chain(name), maximum_characters=MAXIMUM_SPEECH_CHARACTERS)
                for name in SPEECH_MODELS
            ),
            SpeechModel(id=HYBRID, owner=OWNER, chain=chain(HYBRID_SPEECH_MODEL)),
            *(SpeechModel(id=link.name, owner=OWNER, chain=Chain([link])) for link in local),
        ]
        return [model for model in models if model.chain.links]  # a list of providers may have none for this task

    def _speaking(
        self, name: str, local: Sequence[Link[SpeechSource]], on_fallback: Callable[[Failure], None]
    ) -> list[Link[SpeechSource]]:
        """The providers' models that serve a name; a realtime one has those after it, and the local ones, to help."""
        links: list[Link[SpeechSource]] = []
        for each in reversed(self.asked_providers):
            line = each.provider.speech.line(name)
            for place, facts in reversed(list(enumerate(line))):
                source = self._speech_source(each, facts, (*links, *local), on_fallback)
                links.insert(0, each.link(facts, source, after=line[:place]))
        return links

    def _speech_source(
        self,
        each: OpenProvider,
        facts: SpeechFacts,
        following: Sequence[Link[SpeechSource]],
        on_fallback: Callable[[Failure], None],
    ) -> SpeechSource:
        provider = each.provider.name
        if facts.transport == "http":
            return OpenAISpeech(each.connection, facts, provider=provider)
        return RealtimeSpeech(
            each.connection,
            facts,
            provider=provider,
            check=self._reading_check,
            substitutes=lambda: [link.engine for link in following if link.is_needed() and link.refusal() is None],
            on_tokens=functools.partial(self._on_tokens, provider, facts.model),
            on_substitute=lambda error: on_fallback(Failure(engine=provider, reason=reason_of(error), error=error)),
        )

    def _transcription_models(self, on_fallback: Callable[[Failure], None]) -> list[TranscriptionModel]:
        local = self._default_listeners() if self.asks_local else []

        def chain(model: str) -> Chain[Transcriber]:
            return Chain([*self._hearing(model), *local], on_fallback=on_fallback)

        models = [
            TranscriptionModel(
                id=name,
                owner=OPENAI,
                chain=chain(name),
                maximum_upload_bytes=MAXIMUM_UPLOAD_BYTES,
                tells_speakers_apart=any(SPEAKERS not in link.lacks for link in self._hearing(name)),
            )
            for name in TRANSCRIPTION_MODELS
        ]
        models.append(TranscriptionModel(id=HYBRID, owner=OWNER, chain=chain(HYBRID_TRANSCRIPTION_MODEL)))
        models += [
            TranscriptionModel(id=name, owner=OWNER, chain=Chain([self._listener(name, transcriber)]))
            for name, transcriber in self.whisper.items()
        ]
        return [model for model in models if model.chain.links]

    def _hearing(self, name: str) -> Iterator[Link[Transcriber]]:
        """The providers' models that serve a name."""
        for each in self.asked_providers:
            line = each.provider.transcription.line(name)
            for place, facts in enumerate(line):
                transcriber = OpenAITranscriber(each.connection, facts=facts, provider=each.provider.name)
                lacks = {TRANSLATE: facts.translates, SPEAKERS: facts.gives_speakers}
                yield each.link(
                    facts, transcriber, after=line[:place], lacks=[what for what, has in lacks.items() if not has]
                )

    def _default_listeners(self) -> list[Link[Transcriber]]:
        """The local Whisper behind OpenAI's names, and another one for translations if it was not trained for them."""
        default = self._listener(self.default_whisper, self.whisper[self.default_whisper])
        if TRANSLATE not in default.lacks or TRANSLATOR not in self.whisper:
            return [default]
        translator = self._listener(TRANSLATOR, self.whisper[TRANSLATOR])
        return [default, replace(translator, lacks=translator.lacks | {TRANSCRIBE})]

    def _listener(self, name: str, engine: Transcriber) -> Link[Transcriber]:
        directory = self.models.whisper.directory.name if name == WHISPER and self.models.whisper else name
        lacks = {SPEAKERS} if translates(directory) else {SPEAKERS, TRANSLATE}
        return replace(self._link(name, engine), lacks=frozenset(lacks))

    def _link(self, name: str, engine: Engine) -> Link[Engine]:
        return Link(name=name, engine=engine, breaker=self.breakers[name])

    def _voices(self) -> list[Voice]:
        return [voice for source in self.speech.values() for voice in source.voices()]


def _transcribers(
    settings: SpeechSettings, models: DirectoryModels, obtain: Obtain | None
) -> Mapping[str, Transcriber]:
    """Every local Whisper by its name."""
    found: dict[str, Transcriber] = {
        name: LocalTranscriber(
            name,
            functools.partial(open_transcriber, name.removeprefix(WHISPER_PREFIX), settings),
            obtain=obtaining(obtain, (name,)),
        )
        for name in installed_models(settings).catalogue
        if name.startswith(WHISPER_PREFIX)
    }
    name = WHISPER_PREFIX + settings.whisper_model
    if settings.whisper_model in REPOSITORIES and name not in found:
        found[name] = LocalTranscriber(name, functools.partial(open_transcriber, settings.whisper_model, settings))
    watched = models.whisper
    if watched is not None:
        reopen = cast("Callable[[Transcriber], Transcriber]", watched.reopened)
        found[WHISPER] = LocalTranscriber(WHISPER, watched.current, reopen=reopen)
    return found
