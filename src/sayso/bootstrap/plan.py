"""The plan of a process: its roles with their settings, and the opening of their parts."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sayso import __version__
from sayso.api.auth.keys import KeyRing
from sayso.api.context import ProcessContext
from sayso.api.http.rate_limits import RateLimiter
from sayso.bootstrap.engine_needs import require_local_engines
from sayso.bootstrap.process import Process
from sayso.errors import InvalidInput
from sayso.observability import Health, status_of
from sayso.workers import WorkerGroup

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sayso.bootstrap.process import Service
    from sayso.bootstrap.roles import Role
    from sayso.observability import EngineHealth
    from sayso.settings import ProcessSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessPlan:
    """The roles of a process, and their settings.

    Attributes:
        roles: in the order in which they are opened; at least one.
        settings: of each role, by its name; shared ones agree.
    """

    roles: Sequence[Role[Any]]
    settings: Mapping[str, ProcessSettings]

    @classmethod
    def load(cls, roles: Sequence[Role[Any]], **given: Any) -> ProcessPlan:
        """Load the plan with these roles from the environment.

        Args:
            roles: of the process.
            **given: settings of the command line that override the environment; None for no override.

        Raises:
            InvalidInput: a variable has an invalid value, or two roles disagree about one.
        """
        from sayso.settings import load_role_settings

        kinds = {role.name: role.settings() for role in roles}
        set_here = {name: value for name, value in given.items() if value is not None}
        return cls(roles=roles, settings=load_role_settings(kinds, set_here))

    @property
    def server(self) -> ProcessSettings:
        """The settings of the process itself, which are the same for every role."""
        return self.settings[self.roles[0].name]

    def replaced(self, **values: Any) -> ProcessPlan:
        """The plan with these values in the settings of each role that has them."""
        from sayso.settings import replaced

        settings = {role: replaced(own, values) for role, own in self.settings.items()}
        return ProcessPlan(roles=self.roles, settings=settings)

    def without(self, name: str) -> ProcessPlan:
        """The plan without a role."""
        roles = [role for role in self.roles if role.name != name]
        return ProcessPlan(roles=roles, settings={role.name: self.settings[role.name] for role in roles})


def open_process(plan: ProcessPlan, *, trouble: Callable[[], str | None] = lambda: None) -> ProcessContext:
    """The parts of a process with these roles, found but not loaded or started.

    Args:
        plan: the roles and their settings.
        trouble: why something that workers need does not run, for /healthz; None while it does.

    Raises:
        InvalidInput: a setting cannot be used.
        NotInstalled: a role relies on local engines, and there are none.
        ModelMissing: a role needs a model that has not been pulled.
        ServiceUnavailable: the database has not answered for a minute.
    """
    require_local_engines(plan.roles, plan.settings)
    settings = plan.server
    keys = _keys(settings)
    process = Process(trouble=trouble)
    with ExitStack() as opening:
        opening.push(process.closing)
        services = [role.open(process, plan.settings[role.name]) for role in plan.roles]
        opening.pop_all()  # it is open: the context closes it
    workers = [service.workers for service in services if service.workers is not None]
    process.workers = WorkerGroup(workers) if workers else None
    return ProcessContext(
        settings=settings,
        keys=keys,
        limiter=RateLimiter(settings.rate_limit),
        metrics=process.metrics,
        health=_health_of(services, process),
        warm_up=lambda: process.warm_up(services),
        close=process.closing.close,
        services=[service.http for service in services if service.http is not None],
        workers=process.workers,
        is_ready=lambda: all(service.is_ready() for service in services),
        role_count=len(plan.roles),
        base_url=next((service.base_url for service in services if service.base_url is not None), None),
    )


def _keys(settings: ProcessSettings) -> KeyRing:
    keys = KeyRing.parse(settings.api_keys)
    if settings.protect_operations and not keys:
        raise InvalidInput(
            "SAYSO_PROTECT_OPERATIONS is set, and there are no API keys.",
            hint="Make one with: sayso keys new NAME --scopes operations",
        )
    return keys


def _health_of(services: Sequence[Service], process: Process) -> Callable[[], Health]:
    began = time.monotonic()
    sources = [*(service.facts for service in services), process.facts]

    def health() -> Health:
        tasks: dict[str, Sequence[EngineHealth]] = {}
        for service in services:
            tasks = {**service.engines(), **tasks}  # the first role says which engines a task has
        return Health(
            status=status_of(tasks),
            tasks=tasks,
            uptime_seconds=time.monotonic() - began,
            version=__version__,
            more={name: fact for facts in sources for name, fact in facts().items()},
        )

    return health
