"""The health of the service, as ``/health`` reports it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.resilience import BreakerState

Status: TypeAlias = Literal["ok", "degraded", "unhealthy"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineHealth:
    """The health of an engine.

    Attributes:
        name: of the engine.
        configured: whether it has what it needs: a key, a model.
        reachable: whether it answered the latest call; None before the first.
        breaker: the state of its breaker.
        last_status: the HTTP status of its latest response; None for a local engine, or before the first.
        detail: what is wrong, in a sentence; None when nothing is.
        model: facts about its model, where that may be replaced while it serves; not shown otherwise.
    """

    name: str
    configured: bool
    reachable: bool | None
    breaker: BreakerState
    last_status: int | None = None
    detail: str | None = None
    model: Mapping[str, Any] | None = None

    @property
    def serves(self) -> bool:
        """Whether it can take work now."""
        return self.configured and self.reachable is not False and self.breaker != "open"

    def as_json(self) -> dict[str, Any]:
        """Its attributes."""
        return {
            "name": self.name,
            "configured": self.configured,
            "reachable": self.reachable,
            "breaker": str(self.breaker),
            "last_status": self.last_status,
            "detail": self.detail,
            **({} if self.model is None else {"model": dict(self.model)}),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """The health of the service.

    Attributes:
        status: ``degraded`` when some engine cannot take work, ``unhealthy`` when a task has no engine that can.
        tasks: the engines of each task, in the order in which they are tried.
        uptime_seconds: since the process began to serve.
        version: of Sayso.
        more: further entries of the JSON, from the roles of this process.
    """

    status: Status
    tasks: Mapping[str, Sequence[EngineHealth]]
    uptime_seconds: float
    version: str
    more: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The body of ``/health``."""
        return {
            "status": self.status,
            "uptime": round(self.uptime_seconds, 3),
            "version": self.version,
            "engines": {task: [engine.as_json() for engine in engines] for task, engines in self.tasks.items()},
            **self.more,
        }


def status_of(tasks: Mapping[str, Sequence[EngineHealth]]) -> Status:
    """The status of a service with these engines."""
    if not all(any(engine.serves for engine in engines) for engines in tasks.values()):
        return "unhealthy"
    return "ok" if all(engine.serves for engines in tasks.values() for engine in engines) else "degraded"
