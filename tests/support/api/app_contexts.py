"""The parts of the API with engines that need no model, and a client that calls them over HTTP in memory."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn
from starlette.testclient import TestClient

from sayso.alignment import Aligner
from sayso.api.app import audio_api, cards_api, create_app
from sayso.api.auth.keys import KeyRing
from sayso.api.context import AppContext, ProcessContext
from sayso.api.http.rate_limits import RateLimiter
from sayso.api.schemas.catalogue import Catalogue, SpeechModel, TranscriptionModel
from sayso.cache import NoCache
from sayso.observability import EngineHealth, Health, Metrics
from sayso.providers.openai.limits import MAXIMUM_SPEECH_CHARACTERS, MAXIMUM_UPLOAD_BYTES
from sayso.resilience import Breaker, BreakerState, Chain, Link
from sayso.resilience.breaker_limits import PROVIDER
from sayso.scheduling import Scheduler
from sayso.settings import Settings
from sayso.testing import FakeSpeechEngine, FakeTranscriber
from sayso.tts.cache import SpeechCache
from sayso.tts.selection import LocalSpeech
from support.alignment.written import LetterPronouncer, WrittenModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractAsyncContextManager
    from typing import TypeAlias

    from sayso.api.context import CardsContext
    from sayso.stt import Transcriber
    from sayso.tts.base import SpeechEngine
    from sayso.tts.selection import SpeechSource
    from sayso.workers import WorkerGroup

    OpenCards: TypeAlias = Callable[[], AbstractAsyncContextManager[CardsContext]]

LOCAL = "fake"


def fake_served(
    *,
    speech: SpeechEngine | None = None,
    cloud_speech: SpeechEngine | None = None,
    transcriber: Transcriber | None = None,
    cloud_transcriber: Transcriber | None = None,
    scheduler: Scheduler | None = None,
    settings: Settings | None = None,
) -> AppContext:
    """The parts, with a local engine for each task and, if one is given, a cloud engine before it.

    The models are ``fake`` (local, without limits), ``hybrid`` (both, without limits), ``tts-1`` and ``whisper-1``.
    """
    settings = settings or Settings(synthesis_workers=2)
    scheduler = scheduler or Scheduler(permits=2, slots=settings.places)
    engine = speech or FakeSpeechEngine()
    local_speech: Link[SpeechSource] = Link(
        name=LOCAL, engine=LocalSpeech(LOCAL, lambda: engine, aliases={"alloy": "fake_en"}), breaker=Breaker(PROVIDER)
    )
    speakers = [local_speech]
    if cloud_speech is not None:
        cloud = LocalSpeech("openai", lambda: cloud_speech, aliases={"alloy": "fake_en"})
        speakers.insert(0, Link(name="openai", engine=cloud, breaker=Breaker(PROVIDER)))
    local_ear: Link[Transcriber] = Link(name=LOCAL, engine=transcriber or FakeTranscriber(), breaker=Breaker(PROVIDER))
    listeners = [local_ear]
    if cloud_transcriber is not None:
        listeners.insert(0, Link(name="openai", engine=cloud_transcriber, breaker=Breaker(PROVIDER)))
    metrics = Metrics(load=lambda: scheduler.load)

    def on_fallback(failure: object) -> None:
        metrics.fallback(getattr(failure, "engine", ""), getattr(failure, "reason", ""))

    speaking, listening = Chain(speakers, on_fallback=on_fallback), Chain(listeners, on_fallback=on_fallback)
    catalogue = Catalogue(
        speech={
            "tts-1": SpeechModel(
                id="tts-1", owner="openai", chain=speaking, maximum_characters=MAXIMUM_SPEECH_CHARACTERS
            ),
            "hybrid": SpeechModel(id="hybrid", owner="sayso", chain=speaking),
            LOCAL: SpeechModel(id=LOCAL, owner="sayso", chain=Chain([local_speech])),
        },
        transcription={
            "whisper-1": TranscriptionModel(
                id="whisper-1", owner="openai", chain=listening, maximum_upload_bytes=MAXIMUM_UPLOAD_BYTES
            ),
            "hybrid": TranscriptionModel(id="hybrid", owner="sayso", chain=listening),
            LOCAL: TranscriptionModel(id=LOCAL, owner="sayso", chain=Chain([local_ear])),
        },
        voices=lambda: list(engine.voices()),
    )
    return AppContext(
        settings=settings,
        catalogue=catalogue,
        scheduler=scheduler,
        cache=SpeechCache(NoCache()),
        metrics=metrics,
        aligner=lambda: Aligner(WrittenModel(), LetterPronouncer()),
    )


def process_of(
    served: AppContext, *, workers: WorkerGroup | None = None, open_cards: OpenCards | None = None
) -> ProcessContext:
    """A process that serves these parts, with or without workers and cards."""
    settings = served.settings
    healthy = EngineHealth(name=LOCAL, configured=True, reachable=None, breaker=BreakerState.CLOSED)
    return ProcessContext(
        settings=settings,
        keys=KeyRing.parse(settings.api_keys),
        limiter=RateLimiter(settings.rate_limit),
        metrics=served.metrics,
        health=lambda: Health(status="ok", tasks={"speech": [healthy]}, uptime_seconds=1.0, version="test"),
        warm_up=lambda: None,
        close=lambda: None,
        services=[audio_api(served), *([] if open_cards is None else [cards_api(open_cards)])],
        workers=workers,
        base_url=settings.public_base_url,
    )


@contextmanager
def client_of(
    served: AppContext, *, workers: WorkerGroup | None = None, open_cards: OpenCards | None = None
) -> Iterator[TestClient]:
    """A client of the application with these parts."""
    app = create_app(process_of(served, workers=workers, open_cards=open_cards))
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@contextmanager
def running(served: AppContext, *, open_cards: OpenCards | None = None) -> Iterator[str]:
    """Run the application with uvicorn in a thread; its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    app = create_app(process_of(served, open_cards=open_cards))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=5))
    thread = threading.Thread(target=server.run, args=([listener],), name="served", daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()
