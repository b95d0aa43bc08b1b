"""``/v1/narrations``: long texts are narrated as jobs, which outlive the request and the process."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from python_multipart.multipart import parse_options_header

from sayso.api.auth.keys import Scope
from sayso.api.dependencies import Caller, JobsCaller, ServedDep, admit, checked, checked_form
from sayso.api.http import sse
from sayso.api.http.errors import Problem, problem_of
from sayso.api.http.openapi import form_request, json_request, query_parameters
from sayso.api.http.responses import done
from sayso.api.http.uploads import read_form, read_json
from sayso.api.schemas.narrations import (
    DeletionQuery,
    NarrationBody,
    NarrationForm,
    PageQuery,
    request_of_fields,
    request_of_file,
)
from sayso.errors import Cancelled, InvalidInput
from sayso.json_objects import MAXIMUM_OUTSIDE_BYTES
from sayso.narration import MAXIMUM_BYTES
from sayso.narrations import SHARED_OWNER, NarrationRecord, NarrationRequest
from sayso.narrations.service import Narrations
from sayso.threads import on_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sayso.api.context import AppContext
    from sayso.broadcaster import Subscription

router = APIRouter(tags=["narrations"])

REPLAYED_HEADER = "idempotent-replayed"

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_EVENT_ID = re.compile(r"[0-9]{1,18}")

_NO_CONTENT = 204
"""Tells a browser's EventSource not to reconnect."""

_BODIES = {
    "requestBody": {
        "required": True,
        "content": {
            **json_request(NarrationBody)["requestBody"]["content"],
            **form_request(NarrationForm, file="file", file_required=False, what="A .txt or .md file in UTF-8.")[
                "requestBody"
            ]["content"],
        },
    },
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
            "description": "A repeated request with the same key returns the same narration.",
        }
    ],
}


def narrations_of(served: ServedDep) -> Narrations:
    """The service.

    Raises:
        Problem: there is none. Not 501 or 503, which clients would retry.
    """
    if served.narrations is None:
        raise Problem(
            status=404,
            message="This server has no job queue: set DATABASE_URL, or use sayso up.",
            code="narrations_not_served",
        )
    return served.narrations


NarrationsDep = Annotated[Narrations, Depends(narrations_of)]


@router.post(
    "/v1/narrations",
    summary="Narrate a text",
    status_code=202,
    responses={202: {"description": "It is accepted; Location has the URL of the narration."}},
    openapi_extra=_BODIES,
)
async def create_narration(
    request: Request, caller: JobsCaller, served: ServedDep, narrations: NarrationsDep
) -> JSONResponse:
    """Audio and subtitles of a text of any length, made as a job that survives every restart.

    An invalid request is refused now; an accepted one does not fail for such a reason later.
    """
    key = _idempotency_key(request)
    wanted = await _wanted(request, served)
    try:
        slot = admit(served, caller)
        await done(request, slot, lambda context: narrations.check(wanted, context))
        submitted = await narrations.submit(wanted, owner=_owner(caller), idempotency_key=key)
    except InvalidInput as error:
        problem = problem_of(error)
        problem.param = "text" if problem.param in {"input", None} else problem.param
        raise problem from None
    headers = {"location": f"/v1/narrations/{submitted.record.id}"}
    if not submitted.is_new:
        headers[REPLAYED_HEADER] = "true"
    body = await narrations.narration_object(submitted.record, base_url=_base_url(request, served))
    return JSONResponse(body, status_code=202, headers=headers)


@router.get(
    "/v1/narrations",
    summary="The narrations, newest first",
    openapi_extra={"parameters": query_parameters(PageQuery)},
)
async def list_narrations(
    request: Request, caller: JobsCaller, served: ServedDep, narrations: NarrationsDep
) -> dict[str, Any]:
    """The caller's own narrations; all of them for a key with the scope admin."""
    query = checked(PageQuery, request.query_params)
    page = await narrations.page(
        owner=_visible_to(caller), status=query.status, limit=query.limit, after=query.after or None
    )
    base_url = _base_url(request, served)
    ids = [record.id for record in page.records]
    return {
        "object": "list",
        "data": [await narrations.narration_object(record, base_url=base_url) for record in page.records],
        "first_id": ids[0] if ids else None,
        "last_id": ids[-1] if ids else None,
        "has_more": page.has_more,
    }


@router.get("/v1/narrations/{narration_id}", summary="One narration")
async def retrieve_narration(
    narration_id: str, request: Request, caller: JobsCaller, served: ServedDep, narrations: NarrationsDep
) -> dict[str, Any]:
    """The state of a narration; when it is completed, with links to its files."""
    record = await narrations.get(narration_id, owner=_visible_to(caller))
    return await narrations.narration_object(record, base_url=_base_url(request, served))


@router.delete(
    "/v1/narrations/{narration_id}",
    summary="Cancel or delete a narration",
    openapi_extra={"parameters": query_parameters(DeletionQuery)},
)
async def cancel_narration(
    narration_id: str, request: Request, caller: JobsCaller, served: ServedDep, narrations: NarrationsDep
) -> dict[str, Any]:
    """Cancel a narration at once: no further output appears. A finished narration is returned unchanged.

    With ``permanently=true`` it is deleted with its files, whatever its state; the answer says ``"deleted": true``.
    """
    if checked(DeletionQuery, request.query_params).permanently:
        await narrations.remove(narration_id, owner=_visible_to(caller))
        return {"id": narration_id, "object": "narration", "deleted": True}
    record = await narrations.cancel(narration_id, owner=_visible_to(caller))
    return await narrations.narration_object(record, base_url=_base_url(request, served))


@router.post("/v1/narrations/{narration_id}/retry", status_code=202, summary="Retry a narration")
async def retry_narration(
    narration_id: str, request: Request, caller: JobsCaller, served: ServedDep, narrations: NarrationsDep
) -> dict[str, Any]:
    """Narrate a text again that failed or was cancelled. What is waiting or running is returned unchanged."""
    record = await narrations.retry(narration_id, owner=_visible_to(caller))
    return await narrations.narration_object(record, base_url=_base_url(request, served))


@router.get(
    "/v1/narrations/{narration_id}/events",
    summary="Follow a narration",
    response_class=StreamingResponse,
    responses={
        200: {"content": {sse.MEDIA_TYPE: {}}},
        204: {"description": "It has ended, and the client has received the last event."},
    },
)
async def follow_narration(
    narration_id: str, request: Request, caller: JobsCaller, served: ServedDep, narrations: NarrationsDep
) -> Response:
    """The narration object as server-sent events: the current state, then every change, until the end.

    Changes that come faster than they can be sent are merged. A client that reconnects with ``Last-Event-ID`` receives
    only newer changes.
    """
    record = await narrations.get(narration_id, owner=_visible_to(caller))
    seen = _last_seen_event(request, record)
    if record.status.is_final and seen == record.event_id:
        return Response(status_code=_NO_CONTENT)
    subscription = narrations.follow(record, seen=seen)
    stream = _events(narrations, subscription, _base_url(request, served), keep_alive_seconds=served.keep_alive_seconds)
    return StreamingResponse(stream, media_type=sse.MEDIA_TYPE, headers=sse.HEADERS)


async def _events(
    narrations: Narrations, subscription: Subscription[NarrationRecord], base_url: str, *, keep_alive_seconds: float
) -> AsyncIterator[bytes]:
    """Events until the end of the narration, or of the process; comments while nothing happens."""
    with subscription:
        while True:
            try:
                record = await subscription.next(keep_alive_seconds)
            except Cancelled:
                return  # the client reconnects, and reaches another process
            if record is None:
                yield sse.KEEP_ALIVE
                continue
            yield sse.event(await narrations.narration_object(record, base_url=base_url), event_id=record.event_id)
            if record.status.is_final:
                return


async def _wanted(request: Request, served: AppContext) -> NarrationRequest:
    """Parse a request in either form.

    Raises:
        Problem, SaysoError: it is malformed.
    """
    settings = served.settings
    voice, hosts = settings.kokoro_voice, settings.private_hosts
    kind, _ = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data":
        body = await read_json(request, maximum_bytes=MAXIMUM_BYTES + MAXIMUM_OUTSIDE_BYTES)
        return request_of_fields(checked(NarrationBody, body), default_voice=voice, private_hosts=hosts)
    with await read_form(request, maximum_bytes=MAXIMUM_BYTES) as form:
        fields = checked_form(NarrationForm, form)
        upload = form.file
        if upload is None:
            return request_of_fields(fields, default_voice=voice, private_hosts=hosts)
        return await on_thread(lambda: request_of_file(fields, upload, default_voice=voice, private_hosts=hosts))


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise Problem(
            status=400,
            message="An idempotency key has 1 to 255 printable characters of ASCII, without spaces.",
            param="Idempotency-Key",
        )
    return key


def _last_seen_event(request: Request, record: NarrationRecord) -> int:
    """The latest event that the client has received; 0 if it names none, or an invalid one."""
    said = request.headers.get("last-event-id", "")
    seen = int(said) if _EVENT_ID.fullmatch(said) else 0
    return seen if seen <= record.event_id else 0


def _owner(caller: Caller) -> str:
    return SHARED_OWNER if caller.key is None else caller.key.name


def _visible_to(caller: Caller) -> str | None:
    """The owner whose narrations a caller may see; None for all owners."""
    if caller.key is not None and Scope.ADMIN in caller.key.scopes:
        return None
    return _owner(caller)


def _base_url(request: Request, served: AppContext) -> str:
    return served.settings.public_base_url or str(request.base_url)
