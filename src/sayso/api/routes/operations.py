"""What operators and their machines ask: is it alive, is it well, what has it done.

What orchestrators probe (/live, /ready, /healthz) never needs a key; the rest does with SAYSO_PROTECT_OPERATIONS.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from sayso.api.auth.dependencies import ProcessDep, check_operator
from sayso.api.http.errors import Problem
from sayso.observability import TEXT_MEDIA_TYPE

router = APIRouter(tags=["operations"])

_GUARDED = [Depends(check_operator)]

_UNHEALTHY = 503


@router.get("/health", summary="How each engine is", responses={_UNHEALTHY: {}}, dependencies=_GUARDED)
async def health(process: ProcessDep) -> JSONResponse:
    """Each engine of each task; 503 when a task has none that serves. Degraded is 200: another engine does the work."""
    found = process.health()
    return JSONResponse(found.as_json(), status_code=_UNHEALTHY if found.status == "unhealthy" else 200)


@router.get("/healthz", summary="Whether the process does its work", responses={_UNHEALTHY: {}})
async def healthz(process: ProcessDep) -> JSONResponse:
    """503 with the reason when its worker is dead, has lost its queue, or has no room; else true."""
    trouble = process.workers.trouble() if process.workers is not None else None
    if trouble is not None:
        return JSONResponse({"ok": False, "reason": trouble}, status_code=_UNHEALTHY)
    return JSONResponse({"ok": True})


@router.get("/backlog", summary="How much there is to do", responses={_UNHEALTHY: {}}, dependencies=_GUARDED)
async def backlog(process: ProcessDep) -> JSONResponse:
    """As autoscalers ask: jobs that wait, jobs in flight, and the age of the oldest in seconds; null when not known.

    503 with the reason when the worker is dead or its queue does not answer: then the number of workers must stay.
    """
    if process.workers is None:
        raise Problem(status=404, message="This process has no workers.", code="no_workers")
    found = await process.workers.backlog()
    return JSONResponse(
        {"waiting": found.waiting, "in_flight": found.in_flight, "oldest_age_seconds": found.oldest_age_seconds}
    )


@router.get("/live", summary="Whether the process answers")
async def live() -> dict[str, str]:
    """As Kubernetes asks before it restarts a container."""
    return {"status": "alive"}


@router.get("/ready", summary="Whether the process takes requests", responses={_UNHEALTHY: {}})
async def ready(request: Request, process: ProcessDep) -> JSONResponse:
    """As Kubernetes asks before it sends traffic: 503 until all has begun, when the worker is dead, and at the end."""
    state: str = request.app.state.readiness
    if state == "ready" and process.workers is not None:
        works, reason = process.workers.readiness()
        if reason is not None:
            return JSONResponse({"status": "failed", "reason": reason}, status_code=_UNHEALTHY)
        state = "ready" if works else "starting"
    return JSONResponse({"status": state}, status_code=200 if state == "ready" else _UNHEALTHY)


@router.get(
    "/metrics",
    summary="What has been counted",
    response_class=Response,
    dependencies=_GUARDED,
    responses={200: {"content": {"text/plain": {}, "application/json": {}}}},
)
async def metrics(request: Request, process: ProcessDep) -> Response:
    """Prometheus's text, or JSON where the Accept header asks for it."""
    if "application/json" in request.headers.get("accept", ""):
        body: dict[str, Any] = process.metrics.render_json(health_status=process.health().status)
        return JSONResponse(body)
    return Response(process.metrics.render_text(), media_type=TEXT_MEDIA_TYPE)
