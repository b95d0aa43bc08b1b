"""Model sync over HTTP: a full sync on demand, its status, and the endpoints for operators that its clients know."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse, Response

from sayso.api.auth.keys import Scope
from sayso.api.context import SyncContext
from sayso.api.dependencies import ProcessDep, authorised, check_operator
from sayso.errors import SaysoError
from sayso.modelsync.errors import FullSyncRunning
from sayso.modelsync.notifications.notices import timestamp_of
from sayso.modelsync.reconciliation.answers import full_sync_body
from sayso.observability import TEXT_MEDIA_TYPE
from sayso.observability.process import usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.modelsync.reconciliation.reconciled import Reconciled
    from sayso.modelsync.volume.capabilities import Abilities

router = APIRouter(tags=["models"], prefix="/sync")
operations = APIRouter(tags=["operations"])

_UNHEALTHY = 503


def _context(request: Request) -> SyncContext:
    context: SyncContext = request.app.state.sync
    return context


SyncDep = Annotated[SyncContext, Depends(_context)]

_GUARDED = [Depends(check_operator)]


@router.post(
    "/full",
    summary="Synchronise everything",
    dependencies=[Depends(authorised(Scope.OPERATIONS))],
    responses={202: {}, 207: {}, 409: {}, 503: {}},
)
async def full(sync: SyncDep, prefer: Annotated[str, Header()] = "") -> JSONResponse:
    """Make the volume equal to the bucket, and say what was done: 200, or 207 if some of it failed.

    A reconciliation that runs since the start, or by schedule, is joined; 409 if another request asked for one that
    runs. It goes on if the caller disconnects. With `Prefer: respond-async` the answer is 202 at once.
    """
    try:
        running = sync.service.full_sync()
    except FullSyncRunning:
        return JSONResponse({"success": False, "message": "A full sync is already running"}, status_code=409)
    except SaysoError as error:
        return JSONResponse({"success": False, "message": error.message}, status_code=_UNHEALTHY)
    if "respond-async" in prefer.lower():
        return JSONResponse(
            {"success": True, "message": "Full sync started", "data": {"status": "/sync/status"}},
            status_code=202,
            headers={"Preference-Applied": "respond-async", "Location": "/sync/status"},
        )
    try:
        result = await asyncio.shield(asyncio.wrap_future(running))
    except SaysoError as error:
        return JSONResponse({"success": False, "message": error.for_callers()}, status_code=_UNHEALTHY)
    return JSONResponse(full_sync_body(result), status_code=200 if result.is_successful else 207)


@router.post(
    "/verify",
    summary="Read every file, and compare it with its checksum",
    dependencies=[Depends(authorised(Scope.OPERATIONS))],
    responses={207: {}, 503: {}},
)
async def verify(sync: SyncDep) -> JSONResponse:
    """Read the whole volume: 200, or 207 if a file is damaged or missing, which is then fetched again.

    It takes as long as the disk takes. Events are acted on meanwhile, and it goes on if the caller disconnects.
    """
    try:
        found = await asyncio.shield(asyncio.wrap_future(sync.service.verify()))
    except SaysoError as error:
        return JSONResponse({"success": False, "message": error.for_callers()}, status_code=_UNHEALTHY)
    is_right = not found.damaged and not found.missing
    message = "Every file is right" if is_right else "Files are damaged or missing, and are fetched again"
    document = {"success": is_right, "message": message, "data": asdict(found)}
    return JSONResponse(document, status_code=200 if is_right else 207)


@router.get("/status", summary="The state of the synchronisation", dependencies=_GUARDED)
async def status(sync: SyncDep) -> JSONResponse:
    """What it does, what it has done since the start, and how far a running synchronisation has come."""
    state, counts = sync.service.state, sync.counts
    progress = sync.service.progress.report()
    left = progress.seconds_left
    return JSONResponse(
        {
            "service": {
                "status": state.status,
                "uptime": round(counts.uptime_seconds, 3),
                "lastProcessed": _last(sync),
                "trouble": sync.trouble(),
            },
            "metrics": _counts(sync),
            "progress": {
                "phase": progress.phase,
                "objectsListed": progress.listed,
                "files": progress.files,
                "filesDone": progress.files_done,
                "bytes": progress.size_bytes,
                "bytesDone": progress.done_bytes,
                "bytesPerSecond": round(progress.bytes_per_second),
                "secondsLeft": None if left is None else round(left, 1),
            },
            "lastSync": None if state.last is None else _last_sync(state.last),
            "volume": None if state.abilities is None else _volume(state.abilities),
        }
    )


@operations.get("/health", summary="Whether the volume is kept equal to the bucket", dependencies=_GUARDED)
async def sync_health(sync: SyncDep) -> JSONResponse:
    """Healthy, also while nothing happens; 503 with the reason when the bucket or a queue cannot be used."""
    trouble = sync.trouble()
    body = {
        "status": "healthy" if trouble is None else "unhealthy",
        "uptime": round(sync.counts.uptime_seconds, 3),
        "timestamp": timestamp_of(time.time()),
        "memory": _memory(),
        "lastProcessed": _last(sync),
    }
    if trouble is not None:
        body["reason"] = trouble
    return JSONResponse(body, status_code=200 if trouble is None else _UNHEALTHY)


@operations.get(
    "/metrics",
    summary="The metrics",
    response_class=Response,
    dependencies=_GUARDED,
    responses={200: {"content": {"text/plain": {}, "application/json": {}}}},
)
async def sync_metrics(request: Request, process: ProcessDep, sync: SyncDep) -> Response:
    """Prometheus's text format, or JSON if the Accept header asks for it; `processCount` counts messages."""
    if "application/json" not in request.headers.get("accept", ""):
        return Response(process.metrics.render_text(), media_type=TEXT_MEDIA_TYPE)
    status = "healthy" if sync.trouble() is None else "unhealthy"
    body = process.metrics.render_json(health_status=status)
    return JSONResponse({**body, "processCount": sync.counts.processed, **_counts(sync)})


def _counts(sync: SyncContext) -> Mapping[str, Any]:
    counts = sync.counts
    return {
        "messagesProcessed": counts.processed,
        "messagesFailed": counts.failed,
        "successRate": round(counts.success_rate, 4),
        "filesDownloaded": counts.files,
        "bytesDownloaded": counts.received_bytes,
    }


def _last_sync(last: Reconciled) -> Mapping[str, Any]:
    return {
        **full_sync_body(last),
        "at": timestamp_of(last.began_at),
        "adopted": len(last.adopted),
        "deleted": len(last.deleted),
        "skipped": last.skipped,
        "refused": [{"key": each.key, "reason": str(each.reason), "detail": each.detail} for each in last.refused],
        "unverifiable": list(last.unverifiable),
        "waiting": dict(last.waiting),
        "withheld": last.withheld_reason,
    }


def _volume(abilities: Abilities) -> Mapping[str, Any]:
    return {"mode": abilities.mode, "fileSystem": abilities.file_system, "limits": list(abilities.limits)}


def _memory() -> Mapping[str, int]:
    used = usage()
    return {"rss": used.resident_bytes, "peakRss": used.peak_resident_bytes}


def _last(sync: SyncContext) -> str | None:
    last_at = sync.counts.last_at
    return None if last_at is None else timestamp_of(last_at)
