"""The role ``api``: opens the audio API and the page from the settings."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import structlog

from sayso.api.app import audio_api
from sayso.api.context import AppContext
from sayso.bootstrap.model_needs import models_of_the_start
from sayso.bootstrap.narrations import open_narrations
from sayso.bootstrap.process import Service
from sayso.bootstrap.storages import signed_files
from sayso.errors import SaysoError
from sayso.narration import Document, to_script
from sayso.scheduling import UNBOUNDED
from sayso.stt import TranscriptionOptions, open_recording
from sayso.tts.selection import select

if TYPE_CHECKING:
    from sayso.bootstrap.chains import EngineRegistry
    from sayso.bootstrap.process import Process
    from sayso.models import ModelPulls
    from sayso.resilience import Failure
    from sayso.settings import ApiSettings

_log = structlog.get_logger(__name__)


def open_api(process: Process, settings: ApiSettings) -> Service:
    """The parts of the role. Narrations are served if there is a database.

    Raises:
        InvalidInput: a setting cannot be used.
        ServiceUnavailable: the database has not answered for a minute.
        OutputFailed: the secret for signed links cannot be stored.
    """
    speech = process.speech(settings)
    process.prepare_database(settings)
    keeps_narrations = settings.database_url is not None

    def on_fallback(failure: Failure) -> None:
        process.metrics.fallback(failure.engine, failure.reason)

    served = AppContext(
        settings=settings,
        catalogue=speech.engines.catalogue(on_fallback),
        scheduler=speech.scheduler,
        cache=speech.cache,
        metrics=process.metrics,
        aligner=speech.aligner,
        files=signed_files(settings) if keeps_narrations and settings.output_bucket is None else None,
    )
    opening = functools.partial(open_narrations, settings, speech.sources) if keeps_narrations else None
    return Service(
        http=audio_api(served, open_narrations=opening),
        engines=speech.health,
        warm_up=functools.partial(_warm_up, speech.engines, settings, speech.pulls),
        base_url=settings.public_base_url,
    )


def _warm_up(engines: EngineRegistry, settings: ApiSettings, pulls: ModelPulls | None = None) -> None:
    """Load the local engines behind most names before the first request; log what is missing.

    A word is synthesised and transcribed, which loads everything that a request would wait for. Models that are missing
    are pulled first; meanwhile requests for them are answered with the time to come back, and /ready says "starting".
    """
    if not engines.asks_local:
        return
    try:
        if pulls is not None:
            pulls.obtain(models_of_the_start(settings, engines.default_whisper))
        engine, voice = select(tuple(engines.speech.values()), settings.kokoro_voice, UNBOUNDED)
        script = to_script(Document(text="Ready.", name="ready", markdown=False), engine, voice=voice)
        speech = engine.synthesise(script.lines[0].utterance, voice=voice, speed=1.0)
        _log.info("ready to speak", voice=voice, at_once=engine.workers)
        with open_recording(speech.audio) as recording:
            engines.whisper[engines.default_whisper].transcribe(recording, TranscriptionOptions(language="en"))
        _log.info("ready to listen", engine=engines.default_whisper)
    except SaysoError as error:
        _log.warning("not everything is ready", error=error.message, hint=error.hint)
