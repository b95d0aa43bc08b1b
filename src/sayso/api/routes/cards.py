"""``/api/tts``: the phrases of decks are spoken as jobs in the application's table, for clients without a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from sayso.api.context import CardsContext
from sayso.api.dependencies import JobsCaller, checked
from sayso.api.http import sse
from sayso.api.http.errors import Problem
from sayso.api.http.openapi import json_request, query_parameters
from sayso.api.http.uploads import read_json
from sayso.api.schemas.cards import MAXIMUM_BYTES, GenerateBody, JobsQuery
from sayso.cards.file_names import is_file_of_cards
from sayso.cards.files import CARD_FILES_PATH
from sayso.cards.following import state_of
from sayso.errors import Cancelled

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator

    from starlette.types import Scope

    from sayso.cards.records import JobRow

router = APIRouter(tags=["cards"])

_NO_CONTENT = 204
"""Tells a browser's EventSource not to reconnect."""

_CACHING = "public, max-age=31536000, immutable"  # a file whose content changes gets another URL


def cards_of(request: Request) -> CardsContext:
    """The parts of the role cards in this process."""
    context: CardsContext = request.app.state.cards
    return context


CardsDep = Annotated[CardsContext, Depends(cards_of)]


@router.post(
    "/api/tts/generate",
    summary="Speak the phrases of a deck",
    status_code=202,
    responses={202: {"description": "The job is accepted; Location has the URL of its state."}},
    openapi_extra=json_request(GenerateBody),
)
async def generate(request: Request, _caller: JobsCaller, cards: CardsDep) -> JSONResponse:
    """Insert a job into the application's table, as the application itself would.

    A phrase that cannot be spoken in some language is null in the job's ``resultUrls`` and named in its
    ``errorMessage``; the others are spoken.
    """
    body = checked(GenerateBody, await read_json(request, maximum_bytes=MAXIMUM_BYTES))
    job_id = await cards.service.submit(body.deck_id, body.stored_phrases())
    headers = {"location": str(request.app.url_path_for("card_job", job_id=job_id))}
    return JSONResponse({"jobId": job_id}, status_code=202, headers=headers)


@router.get("/api/tts/status/{job_id}", summary="One job", name="card_job")
async def status(job_id: str, _caller: JobsCaller, cards: CardsDep) -> dict[str, Any]:
    """The row of a job in the application's table."""
    return {"job": (await cards.service.get(job_id)).columns}


@router.get(
    "/api/tts/jobs", summary="The jobs, newest first", openapi_extra={"parameters": query_parameters(JobsQuery)}
)
async def list_jobs(request: Request, _caller: JobsCaller, cards: CardsDep) -> dict[str, Any]:
    """The rows of the jobs of all decks or of one, without ``phrases`` and ``resultUrls``."""
    query = checked(JobsQuery, request.query_params)
    page = await cards.service.page(
        deck_id=query.deck_id, status=query.status, limit=query.limit, after=query.after or None
    )
    return {"jobs": [row.columns for row in page.rows], "hasMore": page.has_more}


@router.delete("/api/tts/jobs/{job_id}", summary="Cancel a job")
async def cancel(job_id: str, _caller: JobsCaller, cards: CardsDep) -> dict[str, Any]:
    """Fail a job that has not finished; its worker stops within seconds. A finished job is returned unchanged."""
    return {"job": (await cards.service.cancel(job_id)).columns}


@router.post("/api/tts/jobs/{job_id}/retry", summary="Retry a failed job")
async def retry(job_id: str, _caller: JobsCaller, cards: CardsDep) -> dict[str, Any]:
    """Set a failed job back to pending; phrases that were spoken are not bought again. Other jobs stay unchanged."""
    return {"job": (await cards.service.retry(job_id)).columns}


@router.get(
    "/api/tts/stream/{job_id}",
    summary="Follow a job",
    response_class=StreamingResponse,
    responses={
        200: {"content": {sse.MEDIA_TYPE: {}}},
        204: {"description": "The job has ended, and the client has received its last state."},
    },
)
async def stream(job_id: str, request: Request, _caller: JobsCaller, cards: CardsDep) -> Response:
    """The same object as server-sent events: the current state, then every change, until the job ends or is deleted.

    Changes within a second are merged. A client that reconnects with ``Last-Event-ID`` does not receive again what it
    has.
    """
    row = await cards.service.get(job_id)
    is_known = request.headers.get("last-event-id") == state_of(row)
    if is_known and row.is_final:
        return Response(status_code=_NO_CONTENT)
    events = _events(cards, job_id, row, is_known=is_known)
    return StreamingResponse(events, media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)


async def _events(cards: CardsContext, job_id: str, row: JobRow, *, is_known: bool) -> AsyncIterator[bytes]:
    """Events until the end of the job, or of the process; comments while nothing happens."""
    try:
        with cards.service.follow(job_id, row, is_known=is_known) as subscription:
            while True:
                job = await subscription.next(cards.keep_alive_seconds)
                if job is None:
                    yield sse.KEEP_ALIVE
                    continue
                if job.row is None:
                    return  # the client reconnects, and learns that there is no such job
                yield sse.event({"job": job.row.columns}, event_id=state_of(job.row))
                if job.row.is_final:
                    return
    except Cancelled:
        return  # the client reconnects, and reaches another process


@router.api_route(
    f"{CARD_FILES_PATH}/{{name}}",
    methods=["GET", "HEAD"],
    summary="An MP3 file of a card or a job",
    response_class=Response,
    responses={
        200: {"content": {"audio/mpeg": {}}},
        206: {"description": "The requested range."},
        304: {"description": "The client has this file."},
    },
)
async def audio(name: str, request: Request, cards: CardsDep) -> Response:
    """The file, or the requested range of it, without an API key, as a web server over the same directory serves it."""
    if cards.directory is not None and is_file_of_cards(name):
        try:
            return await _Mp3Files(directory=cards.directory, check_dir=False).get_response(name, request.scope)
        except HTTPException:  # there is none, or it cannot be read
            pass
    raise Problem(status=404, message="There is no such file here.", code="not_found")


class _Mp3Files(StaticFiles):
    """Files that caches keep for a year; symbolic links out of the directory are not followed."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """See `StaticFiles.file_response`."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["cache-control"] = _CACHING
        return response
