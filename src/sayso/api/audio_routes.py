"""The audio API as a service: speech, captions, transcriptions, narrations and the page."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from sayso.api.http.openapi import ERRORS
from sayso.api.routes import captions, files, hybrid, models, narrations, speech, transcriptions
from sayso.api.service import HttpService
from sayso.web import router as page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from fastapi import FastAPI

    from sayso.api.context import AppContext
    from sayso.narrations.service import Narrations


def audio_api(
    served: AppContext, *, open_narrations: Callable[[], AbstractAsyncContextManager[Narrations]] | None = None
) -> HttpService:
    """The service over these parts.

    Args:
        served: the parts.
        open_narrations: opens their narrations on the serving loop; None if they are open already, or there are none.
    """

    def install(app: FastAPI) -> None:
        app.state.served = served
        for family in (speech, captions, transcriptions, hybrid, narrations, files, models):
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


def _end_subscriptions(app: FastAPI) -> None:
    """End the streams of narration events; otherwise a server that stops would wait for them."""
    served: AppContext = app.state.served
    if served.narrations is not None:
        served.narrations.end_subscriptions()
