"""Work waits for the services that it depends on, for a time."""

from __future__ import annotations

import asyncio

import pytest

from sayso.errors import InvalidInput, ResourceMissing, SaysoError, ServiceUnavailable
from sayso.workers import retry_until_available


class Service:
    """Fails with each error in turn, then answers; a pause is not waited for."""

    def __init__(self, *errors: SaysoError) -> None:
        self.calls = 0
        self._errors = list(errors)

    async def __call__(self) -> str:
        self.calls += 1
        if self._errors:
            raise self._errors.pop(0)
        return "answer"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sayso.workers.availability.backoff_seconds", lambda *_, **__: 0.0)


def test_a_service_that_comes_back_answers() -> None:
    """However often it was unavailable before."""
    service = Service(*[ServiceUnavailable("down")] * 5)
    assert asyncio.run(retry_until_available(service)) == "answer"
    assert service.calls == 6


def test_patience_ends() -> None:
    """The last failure is raised."""
    service = Service(ServiceUnavailable("down"), ServiceUnavailable("still down"))
    with pytest.raises(ServiceUnavailable, match=r"^down"):
        asyncio.run(retry_until_available(service, patience_seconds=-1.0))
    assert service.calls == 1


@pytest.mark.parametrize("error", [ResourceMissing("no such table"), InvalidInput("no")])
def test_what_no_wait_mends_is_raised_at_once(error: SaysoError) -> None:
    """What does not exist is somebody's to make, and a refusal stays one."""
    service = Service(error)
    with pytest.raises(type(error)):
        asyncio.run(retry_until_available(service))
    assert service.calls == 1
