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
        reachable: whether it answered the latest call; None before the first, or when that was long ago.
        breaker: the state of its breaker.
        last_status: the HTTP status of its latest response; None for a local engine, or before the first.
        detail: what is wrong, in a sentence; None when nothing is.
        model: facts about its model, where that may be replaced while it serves; not shown otherwise.
        is_needed: whether something is missing without it. A provider without a key is not, where local engines are
            in its place.
        may_pass: whether what is wrong may pass by itself, as one response with status 500 does, or a model that is
            being pulled. Then it is still asked, and serves.
    """

    name: str
    configured: bool
    reachable: bool | None
    breaker: BreakerState
    last_status: int | None = None
    detail: str | None = None
    model: Mapping[str, Any] | None = None
    is_needed: bool = True
    may_pass: bool = False

    @property
    def serves(self) -> bool:
        """Whether it can take work now."""
        return (self.may_pass or (self.configured and self.reachable is not False)) and self.breaker != "open"

    @property
    def is_well(self) -> bool:
        """Whether it does what is asked of it."""
        return not self.is_needed or (self.serves and self.configured and self.reachable is not False)

    def as_json(self) -> dict[str, Any]:
        """Its attributes, without those that only the status follows from."""
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
        status: ``degraded`` when an engine that is needed fails, ``unhealthy`` when a task has no engine that can take
            work.
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

    @property
    def trouble(self) -> str | None:
        """Which tasks cannot be done, in a sentence for callers without a key; None unless it is ``unhealthy``."""
        lacking = [task for task, engines in self.tasks.items() if _lacks(engines)]
        return f"No engine works for {' and '.join(lacking)}: /health says why." if lacking else None

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
    if any(_lacks(engines) for engines in tasks.values()):
        return "unhealthy"
    return "ok" if all(engine.is_well for engines in tasks.values() for engine in engines) else "degraded"


def _lacks(engines: Sequence[EngineHealth]) -> bool:
    return not any(engine.serves for engine in engines)
