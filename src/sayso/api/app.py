"""The application: its routes, its middleware, its start and its end."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import structlog
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from sayso import __version__
from sayso.api.dependencies import IGNORED_FIELDS_HEADER
from sayso.api.http.azure_paths import AzurePaths
from sayso.api.http.connections import default_connections
from sayso.api.http.errors import Problem, on_http_error, on_invalid_parameter, on_problem, on_sayso_error
from sayso.api.http.head_requests import HeadRequests
from sayso.api.http.middleware import AccessLog, AnswerHeaders, FairShares, RequestIds, SecurityHeaders, UnhandledErrors
from sayso.api.http.openapi import ERRORS, NO_SUCH_JOB
from sayso.api.http.origins import CrossOriginRequests, TrustedHosts
from sayso.api.http.rate_limits import RATE_HEADERS, RequestShares
from sayso.api.routes import operations
from sayso.api.routes.synthesis import ENGINE_HEADER, FINGERPRINT_HEADER, MODEL_HEADER
from sayso.api.service import HttpService
from sayso.errors import SaysoError
from sayso.observability import TraceRequests
from sayso.threads import on_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterator
    from contextlib import AbstractAsyncContextManager

    from fastapi import FastAPI

    from sayso.api.context import AppContext, CardsContext, ProcessContext, SyncContext
    from sayso.narrations.service import Narrations

_log = structlog.get_logger(__name__)

_DESCRIPTION = """
OpenAI's audio API, with extensions: captions with exact word times, and transcription that falls back to this machine.
Every error has OpenAI's envelope. Point any OpenAI client at this address and `/v1`.
"""


def create_app(process: ProcessContext, *, hosts: Collection[str] | None = None) -> FastAPI:
    """The application over these parts, which it closes at its end.

    Args:
        process: the parts, with the services of its roles; the endpoints for operators are served in any case.
        hosts: the host names that it accepts; None for any. Without API keys they prevent a web page from reaching it
            under a name of its own that resolves to this machine (DNS rebinding).
    """
    app = FastAPIOffline(
        title="Sayso",
        version=__version__,
        summary="Speech in production: text to audio with exact subtitles, audio to text.",
        description=_DESCRIPTION,
        lifespan=_lifespan,
        redoc_url=None,
    )
    app.state.process = process
    app.state.readiness = "starting"
    app.state.cards = None
    for service in process.services:
        if service.operations is not None and process.role_count == 1:
            service.operations(app)  # the first route of a path answers
    app.include_router(operations.router)
    for service in process.services:
        service.install(app)
    app.add_exception_handler(SaysoError, on_sayso_error)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid_parameter)
    _wrap(app, process, hosts)
    return app


def audio_api(
    served: AppContext, *, open_narrations: Callable[[], AbstractAsyncContextManager[Narrations]] | None = None
) -> HttpService:
    """The service over these parts.

    Args:
        served: the parts.
        open_narrations: opens their narrations on the serving loop; None if they are open already, or there are none.
    """
    # Imported here: a process without the API waits for none of its routes.
    from sayso.api.routes import (
        alignments,
        captioned_speech,
        captions,
        files,
        hybrid,
        models,
        narrations,
        speech,
        speech_timestamps,
        spoken,
        transcriptions,
    )
    from sayso.web import router as page

    def install(app: FastAPI) -> None:
        app.state.served = served
        speaking = (speech, captions, captioned_speech, spoken)
        listening = (transcriptions, speech_timestamps, alignments, hybrid)
        for family in (*speaking, *listening, narrations, files, models):
            app.include_router(family.router, responses=ERRORS)
        app.include_router(page)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if open_narrations is None:
            yield
            return
        async with open_narrations() as opened:
            app.state.served = replace(served, narrations=opened)
            yield

    return HttpService(install=install, lifespan=lifespan, on_stop=_end_subscriptions)


def cards_api(open_context: Callable[[], AbstractAsyncContextManager[CardsContext]]) -> HttpService:
    """The service of cards.

    Args:
        open_context: opens its parts on the serving loop.
    """
    from sayso.api.routes import cards

    def install(app: FastAPI) -> None:
        app.include_router(cards.router, responses=ERRORS | NO_SUCH_JOB)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_context() as opened:
            app.state.cards = opened
            yield

    return HttpService(install=install, lifespan=lifespan, on_stop=_end_card_subscriptions)


def sync_api(context: SyncContext) -> HttpService:
    """The service of model sync.

    Args:
        context: its parts, which start and stop with the process.
    """
    from sayso.api.routes import modelsync

    def install(app: FastAPI) -> None:
        app.state.sync = context
        app.include_router(modelsync.router, responses=ERRORS)

    def operations_of_role(app: FastAPI) -> None:
        app.include_router(modelsync.operations)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        context.service.start()
        try:
            yield
        finally:
            context.service.stop()
            await on_thread(context.close)

    return HttpService(
        install=install, lifespan=lifespan, on_stop=lambda _app: context.service.stop(), operations=operations_of_role
    )


def _end_card_subscriptions(app: FastAPI) -> None:
    """End the streams of the changes of jobs; see `_end_subscriptions`."""
    cards: CardsContext | None = app.state.cards
    if cards is not None:
        cards.service.close()


def _end_subscriptions(app: FastAPI) -> None:
    """End the streams of narration events; otherwise a server that stops would wait for them."""
    served: AppContext = app.state.served
    if served.narrations is not None:
        served.narrations.end_subscriptions()


def _wrap(app: FastAPI, process: ProcessContext, hosts: Collection[str] | None) -> None:
    """Add the middleware; the last one that is added is outermost."""
    settings = process.settings
    app.add_middleware(AzurePaths)
    app.add_middleware(UnhandledErrors)
    app.add_middleware(HeadRequests)
    app.add_middleware(AnswerHeaders)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=[
                "x-request-id",
                IGNORED_FIELDS_HEADER,
                *(ENGINE_HEADER, MODEL_HEADER, FINGERPRINT_HEADER),
                "retry-after",
                "location",
                *RATE_HEADERS,
            ],
        )
    shares = RequestShares(settings.connections or default_connections())
    app.add_middleware(FairShares, keys=process.keys, shares=shares)
    if not process.keys:
        app.add_middleware(CrossOriginRequests, base_url=process.base_url, allowed=settings.cors_origins)
    app.add_middleware(TrustedHosts, hosts=hosts)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(AccessLog, metrics=process.metrics)
    app.add_middleware(RequestIds)
    app.add_middleware(TraceRequests)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the models while requests are already accepted; close everything at the end."""
    process: ProcessContext = app.state.process

    async def warm_up() -> None:
        try:
            await on_thread(process.warm_up)
        except Exception:  # noqa: BLE001 -- requests for it get the error; the rest is served
            _log.exception("not everything is ready")
        app.state.readiness = "ready"

    async with AsyncExitStack() as stack:
        for service in process.services:
            await stack.enter_async_context(service.lifespan(app))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(warm_up)
            with _working(process):
                try:
                    yield
                finally:
                    app.state.readiness = "stopping"
                    tasks.cancel_scope.cancel()
    process.close()


@contextmanager
def _working(process: ProcessContext) -> Iterator[None]:
    """Run the workers of this process during the block; at its end, wait for their running jobs.

    By then nothing else is served, so blocking the loop is harmless.
    """
    if process.workers is None:
        yield
        return
    process.workers.start()
    try:
        yield
    finally:
        process.workers.stop()
        if not process.workers.join(process.settings.shutdown_seconds):
            _log.warning("stories are left to their leases: they did not end in time")
