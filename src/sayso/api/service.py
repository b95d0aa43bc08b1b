"""The HTTP part of a role."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager

    from fastapi import FastAPI


@asynccontextmanager
async def _nothing(_app: FastAPI) -> AsyncIterator[None]:
    yield


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpService:
    """A role's part of the application.

    Attributes:
        install: adds its routes, and their state, to the application.
        lifespan: opens the resources of its routes, on the serving loop, and closes them after the last request.
        on_stop: called on that loop when the process is stopped: ends streams that the server would wait for.
        operations: adds endpoints for operators that replace those of the process, of the same paths: for a role whose
            clients know others. They are used only where the role is alone in its process.
    """

    install: Callable[[FastAPI], None]
    lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]] = _nothing
    on_stop: Callable[[FastAPI], None] = lambda _app: None
    operations: Callable[[FastAPI], None] | None = None
