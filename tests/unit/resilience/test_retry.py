"""Retries: pauses grow, are bounded, and differ; attempts end as the policy says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import EngineUnavailable, ResourceMissing, ServiceUnavailable
from sayso.resilience.retry import RetryableError, is_unavailable, retry, retry_blocking
from sayso.resilience.retry_policies import JOB, RetryPolicy

POLICY = RetryPolicy(first_seconds=1.0, longest_seconds=4.0, attempts=4)


class Clock:
    """Seconds that pass only in pauses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Pass."""
        self.pauses.append(seconds)
        self.now += seconds


class Failing:
    """A call that fails with one error after the other, and then succeeds."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    async def __call__(self) -> str:
        return self.blocking()

    def blocking(self) -> str:
        """The same, for a thread."""
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def unavailable(retry_after_seconds: float | None = None) -> RetryableError:
    """An engine that may answer later."""
    return RetryableError(EngineUnavailable("Busy.", reason="busy", retry_after_seconds=retry_after_seconds))


@given(failures=st.integers(1, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_a_pause_is_within_its_bounds(failures: int, chance: float) -> None:
    """No pause is shorter than half the first, or longer than the longest."""
    assert JOB.first_seconds / 2 <= JOB.pause_seconds(failures, chance=lambda: chance) <= JOB.longest_seconds


@given(failures=st.integers(1, 100), chance=st.floats(0, 1, exclude_max=True))
def test_pauses_never_shrink(failures: int, chance: float) -> None:
    """With the same luck, the next pause is at least as long."""
    pauses = [JOB.pause_seconds(number, chance=lambda: chance) for number in (failures, failures + 1)]
    assert pauses == sorted(pauses)


async def test_a_call_is_tried_until_it_succeeds() -> None:
    """Each failure is followed by a longer pause, and the answer is that of the attempt that succeeds."""
    clock, call = Clock(), Failing(unavailable(), unavailable(), unavailable())
    errors: list[BaseException] = []
    assert await retry(call, POLICY, clock=clock, sleep=clock.sleep, on_retry=errors.append) == "done"
    assert len(errors) == call.calls - 1 == 3
    assert all(longest / 2 <= pause <= longest for pause, longest in zip(clock.pauses, (1, 2, 4), strict=True))


async def test_the_last_error_is_raised() -> None:
    """After the last attempt its own error is raised, not one of the retrying."""
    clock, call = Clock(), Failing(*[unavailable() for _ in range(9)])
    with pytest.raises(RetryableError, match="Busy"):
        await retry(call, POLICY, clock=clock, sleep=clock.sleep)
    assert call.calls == POLICY.attempts


async def test_other_errors_are_not_retried() -> None:
    """What is not asked for is raised at once."""
    clock, call = Clock(), Failing(ValueError("wrong"))
    with pytest.raises(ValueError, match="wrong"):
        await retry(call, POLICY, clock=clock, sleep=clock.sleep)
    assert clock.pauses == []


@pytest.mark.parametrize(("asked", "calls"), [(3.0, 2), (10.0, 2), (10.5, 1)])
async def test_a_service_says_when_to_come_back(asked: float, calls: int) -> None:
    """Its time is the pause, unless it is longer than the policy waits for."""
    clock, call = Clock(), Failing(unavailable(asked), ValueError("enough"))
    policy = replace(POLICY, longest_asked_seconds=10.0)
    with pytest.raises((RetryableError, ValueError)):
        await retry(call, policy, clock=clock, sleep=clock.sleep)
    assert call.calls == calls
    assert clock.pauses == [asked] * (calls - 1)


async def test_no_attempt_begins_too_late() -> None:
    """The pauses together stay below the policy's time."""
    clock, call = Clock(), Failing(*[unavailable() for _ in range(99)])
    policy = replace(POLICY, attempts=99, total_seconds=20.0)
    with pytest.raises(RetryableError):
        await retry(call, policy, clock=clock, sleep=clock.sleep)
    assert 10.0 < clock.now < 20.0


def test_calls_that_block_are_retried_too() -> None:
    """In a thread the same policy holds."""
    call = Failing(ServiceUnavailable("Away."), ServiceUnavailable("Away."))
    policy = RetryPolicy(first_seconds=0.001, longest_seconds=0.001)
    assert retry_blocking(call.blocking, policy, on=ServiceUnavailable) == "done"
    assert call.calls == 3


def test_what_does_not_exist_is_not_unavailable() -> None:
    """A missing resource is not waited for; a service that is away is."""
    assert is_unavailable(ServiceUnavailable("Away."))
    assert not is_unavailable(ResourceMissing("There is no such queue."))
    assert not is_unavailable(ValueError())
