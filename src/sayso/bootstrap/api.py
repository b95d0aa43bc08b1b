"""The parts behind the API, opened from the settings."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

import structlog

from sayso import __version__
from sayso.api.auth.keys import KeyRing
from sayso.api.context import AppContext
from sayso.api.http.rate_limits import RateLimiter
from sayso.bootstrap.chains import OPENAI, EngineRegistry
from sayso.bootstrap.engines import open_speech_cache
from sayso.bootstrap.isolated import IsolatedNarrator
from sayso.bootstrap.narrations import open_narrations
from sayso.bootstrap.storages import prepare_database, signed_files
from sayso.bootstrap.workers import WorkersOpener
from sayso.errors import InvalidInput, ModelMissing, SaysoError
from sayso.machine import processors
from sayso.models import open_store
from sayso.narration import Document, to_script
from sayso.observability import EngineHealth, Health, Metrics, status_of
from sayso.scheduling import FREE, Scheduler
from sayso.tts.selection import select

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.resilience import Failure
    from sayso.settings import Settings

_log = structlog.get_logger(__name__)

_MAIN_SPEECH = "kokoro"
_MAIN_SPEECH_MODELS = ("kokoro-82m-int8", "kokoro-voices")


def open_served(
    settings: Settings,
    *,
    api: bool = True,
    stories: bool = False,
    trouble: Callable[[], str | None] = lambda: None,
) -> AppContext:
    """Everything that serves requests, found but not loaded.

    Args:
        settings: what, and how much of it.
        api: whether this process speaks and listens for callers.
        stories: whether this process works on stories, too.
        trouble: why something that stories need does not run, for /healthz; None while it does.

    Raises:
        InvalidInput: a setting cannot be understood.
        ModelMissing: stories need a model that has not been pulled.
    """
    engines = EngineRegistry(settings)
    metrics = Metrics(load=lambda: scheduler.load, breakers=engines.states)
    scheduler = Scheduler(
        turns=settings.synthesis_workers or processors(), places=settings.places, on_wait=metrics.waited
    )
    began = time.monotonic()

    def on_fallback(failure: Failure) -> None:
        metrics.fallback(failure.engine, failure.reason)

    def health() -> Health:
        tasks = {"speech": _speech_health(engines, settings), "transcription": _transcription_health(engines, settings)}
        uptime_seconds = time.monotonic() - began
        return Health(status=status_of(tasks), tasks=tasks, uptime_seconds=uptime_seconds, version=__version__)

    cache = open_speech_cache(settings, on_look_up=lambda hit: metrics.looked_up(hit=hit))
    sources = tuple(engines.speech.values())
    opener = WorkersOpener(
        settings,
        sources=sources,
        scheduler=scheduler,
        cache=cache,
        metrics=metrics,
        isolated=IsolatedNarrator(settings, on_look_up=lambda hit: metrics.looked_up(hit=hit)),
    )
    keeps_narrations = api and settings.database_url is not None
    if settings.database_url is not None:
        prepare_database(settings.database_url.get_secret_value())

    def close() -> None:
        engines.openai.close()
        cache.close()

    return AppContext(
        settings=settings,
        catalogue=engines.catalogue(on_fallback),
        scheduler=scheduler,
        cache=cache,
        keys=_keys(settings),
        limiter=RateLimiter(settings.rate_limit),
        metrics=metrics,
        health=health,
        # Stories wait longer than a model takes to load, and may never ask for this one.
        warm_up=functools.partial(_warm_up, engines, settings) if api else lambda: None,
        close=close,
        stories=opener.service(trouble) if stories else None,
        open_narrations=functools.partial(open_narrations, settings, sources) if keeps_narrations else None,
        files=signed_files(settings) if keeps_narrations and settings.output_bucket is None else None,
    )


def _keys(settings: Settings) -> KeyRing:
    keys = KeyRing.parse(settings.api_keys)
    if settings.protect_operations and not keys:
        raise InvalidInput(
            "SAYSO_PROTECT_OPERATIONS is set, and there are no API keys.",
            hint="Make one with: sayso keys new NAME --scopes operations",
        )
    return keys


def _warm_up(engines: EngineRegistry, settings: Settings) -> None:
    """Have the local engines that stand behind most names ready before the first request; what is missing is said.

    A word is spoken and heard: that loads everything that a request would have to wait for.
    """
    if not engines.asks_local:
        return
    try:
        engine, voice = select(tuple(engines.speech.values()), settings.kokoro_voice, FREE)
        script = to_script(Document(text="Ready.", name="ready", markdown=False), engine, voice=voice)
        speech = engine.synthesise(script.lines[0].utterance, voice=voice, speed=1.0)
        _log.info("ready to speak", voice=voice, at_once=engine.workers)
        engines.whisper[engines.default_whisper].transcribe(speech.audio, language="en")
        _log.info("ready to listen", engine=engines.default_whisper)
    except SaysoError as error:
        _log.warning("not everything is ready", error=error.message, hint=error.hint)


def _speech_health(engines: EngineRegistry, settings: Settings) -> Sequence[EngineHealth]:
    local = _local_health(engines, settings, _MAIN_SPEECH, _MAIN_SPEECH_MODELS)
    return [*_openai_health(engines), *([local] if engines.asks_local else [])]


def _transcription_health(engines: EngineRegistry, settings: Settings) -> Sequence[EngineHealth]:
    local = _local_health(engines, settings, engines.default_whisper, (engines.default_whisper,))
    return [*_openai_health(engines), *([local] if engines.asks_local else [])]


def _openai_health(engines: EngineRegistry) -> Sequence[EngineHealth]:
    """OpenAI, where the settings say that it comes first: without a key it is missed."""
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


def _openai_detail(engines: EngineRegistry) -> str | None:
    if not engines.openai.is_configured:
        return "OPENAI_API_KEY is not set."
    answer = engines.openai.last_answer
    return None if answer is None or answer.reason is None else f"The last request failed: {answer.reason}."


def _local_health(engines: EngineRegistry, settings: Settings, name: str, models: Sequence[str]) -> EngineHealth:
    missing = None
    for model in models:
        try:
            open_store(settings).path(model)
        except ModelMissing as error:
            missing = f"{error.message} {error.hint or ''}".strip()
    return EngineHealth(
        name=name,
        configured=missing is None,
        reachable=None,
        breaker=engines.breakers[name].state,
        detail=missing,
    )
