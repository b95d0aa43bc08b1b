"""What operators and their machines ask: is it alive, is it well, what has it done. They need no key."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sayso.api.deps import ServedDep
from sayso.observability import TEXT_MEDIA_TYPE

router = APIRouter(tags=["operations"])

_UNHEALTHY = 503


@router.get("/health", summary="How each engine is", responses={_UNHEALTHY: {}})
async def health(served: ServedDep) -> JSONResponse:
    """Each engine of each task; 503 when a task has none that serves. Degraded is 200: another engine does the work."""
    found = served.health()
    return JSONResponse(found.as_json(), status_code=_UNHEALTHY if found.status == "unhealthy" else 200)


@router.get("/healthz", summary="Whether the process does its work")
async def healthz() -> dict[str, bool]:
    """Always true: a process whose loop is dead does not answer."""
    return {"ok": True}


@router.get("/live", summary="Whether the process answers")
async def live() -> dict[str, str]:
    """As Kubernetes asks before it restarts a container."""
    return {"status": "alive"}


@router.get("/ready", summary="Whether the process takes requests", responses={_UNHEALTHY: {}})
async def ready(request: Request) -> JSONResponse:
    """As Kubernetes asks before it sends traffic: 503 until the models are loaded, and once the process stops."""
    state: str = request.app.state.readiness
    return JSONResponse({"status": state}, status_code=200 if state == "ready" else _UNHEALTHY)


@router.get(
    "/metrics",
    summary="What has been counted",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}, "application/json": {}}}},
)
async def metrics(request: Request, served: ServedDep) -> Response:
    """Prometheus's text, or JSON where the Accept header asks for it."""
    if "application/json" in request.headers.get("accept", ""):
        body: dict[str, Any] = served.metrics.render_json(health_status=served.health().status)
        return JSONResponse(body)
    return Response(served.metrics.render_text(), media_type=TEXT_MEDIA_TYPE)
