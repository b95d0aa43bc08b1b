"""Work waits for the services that it depends on, for a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sayso.errors import InvalidInput, ResourceMissing, SaysoError, ServiceUnavailable
from sayso.resilience.retry_policies import RetryPolicy
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


AT_ONCE = RetryPolicy(first_seconds=0.0, longest_seconds=0.0)


async def test_a_service_that_comes_back_answers() -> None:
    """However often it was unavailable before."""
    service = Service(*[ServiceUnavailable("down")] * 5)
    assert await retry_until_available(service, policy=AT_ONCE) == "answer"
    assert service.calls == 6


async def test_patience_ends() -> None:
    """The last failure is raised."""
    service = Service(ServiceUnavailable("down"), ServiceUnavailable("still down"))
    with pytest.raises(ServiceUnavailable, match=r"^still down"):
        await retry_until_available(service, policy=replace(AT_ONCE, attempts=2))
    assert service.calls == 2


@pytest.mark.parametrize("error", [ResourceMissing("no such table"), InvalidInput("no")])
async def test_what_no_wait_mends_is_raised_at_once(error: SaysoError) -> None:
    """What does not exist is somebody's to make, and a refusal stays one."""
    service = Service(error)
    with pytest.raises(type(error)):
        await retry_until_available(service, policy=AT_ONCE)
    assert service.calls == 1
