"""The breaker: when it opens, whom it lets through, how it closes."""

from __future__ import annotations

import pytest

from sayso.resilience import Breaker, BreakerState
from sayso.resilience.breaker_limits import BreakerLimits


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(BreakerLimits(consecutive=3, rate=0.5, window=10, open_seconds=30), clock=clock)


def state(breaker: Breaker) -> BreakerState:
    return breaker.state  # which changes, though a type checker believes that it does not


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.failed()


def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    """So many failures in a row open it, and one fewer does not."""
    fail(breaker, 2)
    assert state(breaker) is BreakerState.CLOSED
    assert breaker.allows()
    breaker.failed()
    assert state(breaker) is BreakerState.OPEN
    assert not breaker.allows()


def test_a_success_begins_the_count_anew(breaker: Breaker) -> None:
    """Failures that are not in a row do not open it while they are rare."""
    for _ in range(2):
        fail(breaker, 2)
        breaker.succeeded()
        breaker.succeeded()
        breaker.succeeded()
    assert state(breaker) is BreakerState.CLOSED


def test_it_opens_when_half_of_the_requests_fail(breaker: Breaker) -> None:
    """An engine that fails every other time is broken too, once enough requests were seen."""
    for _ in range(4):
        breaker.failed()
        breaker.succeeded()
    assert state(breaker) is BreakerState.CLOSED
    breaker.succeeded()
    breaker.failed()
    assert state(breaker) is BreakerState.OPEN


def test_one_request_probes_after_the_pause(breaker: Breaker, clock: Clock) -> None:
    """When the pause is over, one request goes through and the others do not."""
    fail(breaker, 3)
    clock.now = 29.9
    assert not breaker.allows()
    clock.now = 30
    assert state(breaker) is BreakerState.HALF_OPEN
    assert breaker.allows()
    assert not breaker.allows()


def test_a_probe_that_succeeds_closes_it(breaker: Breaker, clock: Clock) -> None:
    """After a success everything goes through, and old failures are forgotten."""
    fail(breaker, 3)
    clock.now = 30
    assert breaker.allows()
    breaker.succeeded()
    fail(breaker, 2)
    assert state(breaker) is BreakerState.CLOSED
    assert breaker.allows()


def test_a_probe_that_fails_opens_it_anew(breaker: Breaker, clock: Clock) -> None:
    """After a failed probe the whole pause begins again."""
    fail(breaker, 3)
    clock.now = 30
    assert breaker.allows()
    breaker.failed()
    clock.now = 59
    assert not breaker.allows()
    clock.now = 60
    assert breaker.allows()


def test_a_probe_that_says_nothing_lets_the_next_one_probe(breaker: Breaker, clock: Clock) -> None:
    """A caller who was wrong or went away decides nothing, and blocks nobody."""
    fail(breaker, 3)
    clock.now = 30
    assert breaker.allows()
    breaker.record_ignored()
    assert breaker.allows()


def test_a_probe_that_never_ends_is_given_up(breaker: Breaker, clock: Clock) -> None:
    """A probe that hangs does not keep the engine out for ever."""
    fail(breaker, 3)
    clock.now = 30
    assert breaker.allows()
    clock.now = 60
    assert breaker.allows()
