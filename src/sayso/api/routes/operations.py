"""Endpoints for operators and orchestrators: liveness, health, backlog and metrics.

The probes (/live, /ready, /healthz) never need a key; the others do with SAYSO_PROTECT_OPERATIONS.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response

from sayso.api.dependencies import ProcessDep, check_operator
from sayso.api.http.errors import Problem
from sayso.observability import TEXT_MEDIA_TYPE

router = APIRouter(tags=["operations"])

_GUARDED = [Depends(check_operator)]

_UNHEALTHY = 503


@router.get("/health", summary="The health of each engine", responses={_UNHEALTHY: {}}, dependencies=_GUARDED)
async def health(process: ProcessDep) -> JSONResponse:
    """Each engine of each task; 503 when a task has no working engine. Degraded is 200: another engine works."""
    found = process.health()
    return JSONResponse(found.as_json(), status_code=_UNHEALTHY if found.status == "unhealthy" else 200)


@router.get("/healthz", summary="Whether the process works", responses={_UNHEALTHY: {}})
async def healthz(process: ProcessDep) -> JSONResponse:
    """True, or 503 with the reason: its worker is dead, starting, cannot reach its queue, or has no disk space."""
    trouble = process.workers.trouble() if process.workers is not None else None
    if trouble is None and process.workers is not None and not process.workers.has_begun:
        trouble = "The worker is starting: its queue has not answered yet."
    if trouble is not None:
        return JSONResponse({"ok": False, "reason": trouble}, status_code=_UNHEALTHY)
    return JSONResponse({"ok": True})


@router.get("/backlog", summary="The backlog", responses={_UNHEALTHY: {}}, dependencies=_GUARDED)
async def backlog(process: ProcessDep) -> JSONResponse:
    """For autoscalers: waiting jobs, jobs in flight, and the age of the oldest in seconds; null when not known.

    503 with the reason when the worker is dead or its queue does not answer: then the number of workers must stay.
    """
    if process.workers is None:
        raise Problem(status=404, message="This process has no workers.", code="no_workers")
    found = await process.workers.backlog()
    return JSONResponse(
        {"waiting": found.waiting, "in_flight": found.in_flight, "oldest_age_seconds": found.oldest_age_seconds}
    )


@router.get("/live", summary="Liveness")
async def live() -> dict[str, str]:
    """For the liveness probe of Kubernetes, which restarts a container that does not answer."""
    return {"status": "alive"}


@router.get("/ready", summary="Readiness", responses={_UNHEALTHY: {}})
async def ready(request: Request, process: ProcessDep) -> JSONResponse:
    """For load balancers and the readiness probe of Kubernetes: whether requests are to be sent here.

    503 until the start is complete, if the worker is dead, while /health is 503, and at the end.
    """
    state: str = request.app.state.readiness
    if state == "ready":
        works, reason = process.workers.readiness() if process.workers is not None else (True, None)
        state = "ready" if works and process.is_ready() else "starting"
        reason = reason or (process.health().trouble if state == "ready" else None)
        if reason is not None:
            return JSONResponse({"status": "failed", "reason": reason}, status_code=_UNHEALTHY)
    return JSONResponse({"status": state}, status_code=200 if state == "ready" else _UNHEALTHY)


@router.get(
    "/metrics",
    summary="The metrics",
    response_class=Response,
    dependencies=_GUARDED,
    responses={200: {"content": {"text/plain": {}, "application/json": {}}}},
)
async def metrics(request: Request, process: ProcessDep) -> Response:
    """Prometheus's text format, or JSON if the Accept header asks for it."""
    if "application/json" in request.headers.get("accept", ""):
        body: dict[str, Any] = process.metrics.render_json(health_status=process.health().status)
        return JSONResponse(body)
    return Response(process.metrics.render_text(), media_type=TEXT_MEDIA_TYPE)
