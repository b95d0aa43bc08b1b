"""The application: its routes, what every request passes, and how it begins and ends."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import structlog
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from sayso import __version__
from sayso.api.http.connections import default_connections
from sayso.api.http.errors import Problem, on_http_error, on_problem, on_sayso_error
from sayso.api.http.middleware import AccessLog, AnswerHeaders, FairShares, RequestIds, SecurityHeaders, UnhandledErrors
from sayso.api.http.openapi import ERRORS
from sayso.api.http.origins import CrossOriginRequests, TrustedHosts
from sayso.api.http.rate_limits import RATE_HEADERS, RequestShares
from sayso.api.routes import captions, files, hybrid, models, narrations, operations, speech, transcriptions
from sayso.api.routes.synthesis import ENGINE_HEADER
from sayso.errors import SaysoError
from sayso.observability import TraceRequests
from sayso.threads import on_thread
from sayso.web import router as page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Iterator

    from fastapi import FastAPI

    from sayso.api.context import AppContext

_log = structlog.get_logger(__name__)

_DESCRIPTION = """
OpenAI's audio API, and what it lacks: captions with exact word times, transcription that falls back to this machine.
Every error is OpenAI's envelope. Point any OpenAI client at this address and `/v1`.
"""


def create_app(served: AppContext, *, api: bool = True, hosts: Collection[str] | None = None) -> FastAPI:
    """The application over these parts, which it closes at its end.

    Args:
        served: the parts.
        api: whether it serves more than what operators ask.
        hosts: the names that it may be called by; None for any. Where no key is asked for, they keep a page of the web
            from calling it by a name of its own that leads to this machine (DNS rebinding).
    """
    app = FastAPIOffline(
        title="Sayso",
        version=__version__,
        summary="Speech in production: text to audio with exact subtitles, audio to text.",
        description=_DESCRIPTION,
        lifespan=_lifespan,
        redoc_url=None,
    )
    app.state.served = served
    app.state.readiness = "starting"
    app.include_router(operations.router)
    if api:
        for family in (speech, captions, transcriptions, hybrid, narrations, files, models):
            app.include_router(family.router, responses=ERRORS)
        app.include_router(page)
    app.add_exception_handler(SaysoError, on_sayso_error)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(HTTPException, on_http_error)
    _wrap(app, served, hosts)
    return app


def _wrap(app: FastAPI, served: AppContext, hosts: Collection[str] | None) -> None:
    """What every request passes; what is added last is outermost."""
    settings = served.settings
    app.add_middleware(UnhandledErrors)
    app.add_middleware(AnswerHeaders)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=["x-request-id", ENGINE_HEADER, "retry-after", "location", *RATE_HEADERS],
        )
    shares = RequestShares(settings.connections or default_connections())
    app.add_middleware(FairShares, keys=served.keys, shares=shares)
    if not served.keys:
        app.add_middleware(CrossOriginRequests, base_url=settings.public_base_url, allowed=settings.cors_origins)
    app.add_middleware(TrustedHosts, hosts=hosts)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(AccessLog, metrics=served.metrics)
    app.add_middleware(RequestIds)
    app.add_middleware(TraceRequests)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Load the models while the first requests may already come; close everything at the end."""
    served: AppContext = app.state.served

    async def warm_up() -> None:
        try:
            await on_thread(served.warm_up)
        except Exception:  # noqa: BLE001 -- whoever asks for what is broken is told; the rest is served
            _log.exception("not everything is ready")
        app.state.readiness = "ready"

    async with _narrations(app, served), anyio.create_task_group() as tasks:
        tasks.start_soon(warm_up)
        with _working(served):
            try:
                yield
            finally:
                app.state.readiness = "stopping"
                tasks.cancel_scope.cancel()
    served.close()


@asynccontextmanager
async def _narrations(app: FastAPI, served: AppContext) -> AsyncIterator[None]:
    """Have narrations served during the block, where any are kept."""
    if served.open_narrations is None:
        yield
        return
    async with served.open_narrations() as narrations:
        app.state.served = replace(served, narrations=narrations)
        yield


@contextmanager
def _working(served: AppContext) -> Iterator[None]:
    """Have the workers of this process work during the block; at its end, wait for what they have in hand.

    Nothing else is served any more then, so that the loop may wait.
    """
    if served.stories is None:
        yield
        return
    served.stories.start()
    try:
        yield
    finally:
        served.stories.stop()
        if not served.stories.join(served.settings.shutdown_seconds):
            _log.warning("stories are left to their leases: they did not end in time")
