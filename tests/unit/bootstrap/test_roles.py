"""Roles are opened together, or not at all."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from sayso.bootstrap.plan import ProcessPlan, open_process
from sayso.bootstrap.process import Process, Service
from sayso.bootstrap.roles import ROLES, Role, roles_named
from sayso.errors import InvalidInput, ModelMissing
from sayso.settings import ProcessSettings, WorkerSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from sayso.workers import Consumer


def role(name: str, opened: Callable[[Process, ProcessSettings], Service]) -> Role[ProcessSettings]:
    return Role(name=name, summary="", settings=lambda: ProcessSettings, open=opened, serves_http=False)


def test_roles_come_in_the_order_of_the_registry() -> None:
    """In whatever order they are named, and each once."""
    assert [role.name for role in roles_named(["stories", "api", "stories"])] == ["api", "stories"]


def test_a_name_that_no_role_has_is_refused() -> None:
    """The error names it, and the roles that there are."""
    with pytest.raises(InvalidInput, match="'apy'") as caught:
        roles_named(["api", "apy"])
    assert caught.value.hint == "There are: api, stories, cards, sync."


def test_each_entry_has_its_own_name() -> None:
    """A role is found by the name that it goes by."""
    assert {name: role.name for name, role in ROLES.items()} == {name: name for name in ROLES}


def test_what_a_role_has_opened_is_closed_where_another_cannot_open() -> None:
    """A start that fails leaves nothing behind."""
    closed: list[str] = []

    def opens(process: Process, _settings: ProcessSettings) -> Service:
        process.closing.callback(closed.append, "first")
        return Service()

    def fails(_process: Process, _settings: ProcessSettings) -> Service:
        raise ModelMissing("There is no such model.")

    with pytest.raises(ModelMissing):
        open_process(ProcessPlan.load([role("first", opens), role("second", fails)]))
    assert closed == ["first"]


def test_a_process_closes_what_its_roles_opened_at_its_end() -> None:
    """And not before."""
    closed: list[str] = []

    def opens(process: Process, _settings: ProcessSettings) -> Service:
        process.closing.callback(closed.append, "it")
        return Service()

    context = open_process(ProcessPlan.load([role("it", opens)]))
    assert closed == []
    context.close()
    assert closed == ["it"]


def test_metrics_of_jobs_are_shown_before_the_first_job_where_there_are_workers(tmp_path: Path) -> None:
    """A dashboard finds them as soon as the process serves; a process without workers does not have them."""

    @asynccontextmanager
    async def consumers() -> AsyncIterator[Sequence[Consumer]]:
        yield []

    settings = WorkerSettings(data_dir=tmp_path)
    process = Process()
    assert b"sayso_jobs" not in process.metrics.render_text()
    process.worker_service("it", consumers, settings)
    assert b"sayso_jobs" in process.metrics.render_text()
