"""How the service is, as ``/health`` tells it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.resilience import BreakerState

Status: TypeAlias = Literal["ok", "degraded", "unhealthy"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineHealth:
    """How an engine is.

    Attributes:
        name: the engine's.
        configured: whether it has what it needs: a key, a model.
        reachable: whether it answered when it was last asked; None before that.
        breaker: the state of its breaker.
        last_status: the HTTP status of its last answer; None for a local engine, or before the first.
        detail: what is wrong, in a sentence; None when nothing is.
    """

    name: str
    configured: bool
    reachable: bool | None
    breaker: BreakerState
    last_status: int | None = None
    detail: str | None = None

    @property
    def serves(self) -> bool:
        """Whether work may be sent to it now."""
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
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """How the service is.

    Attributes:
        status: ``degraded`` when some engine does not serve, ``unhealthy`` when a task has none that does.
        tasks: the engines of each task, in the order in which they are asked.
        uptime_seconds: since the process began to serve.
        version: of Sayso.
        more: facts of the roles that this process has; their names are the JSON's.
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
    """How a service with these engines is."""
    if not all(any(engine.serves for engine in engines) for engines in tasks.values()):
        return "unhealthy"
    return "ok" if all(engine.serves for engines in tasks.values() for engine in engines) else "degraded"
