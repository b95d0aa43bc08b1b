"""What the answers of requests and the checks of a key say about a provider."""

from __future__ import annotations

import pytest

from sayso.observability import EngineHealth, status_of
from sayso.providers.openai import LastAnswer
from sayso.providers.openai.health import FORGOTTEN_AFTER_SECONDS, provider_health
from sayso.resilience import BreakerState

NOW = 10_000.0
LOCAL = EngineHealth(name="kokoro", configured=True, reachable=None, breaker=BreakerState.CLOSED)


def outcome(status: int | None, reason: str | None, *, ago: float = 0.0, failing_seconds: float = 0.0) -> LastAnswer:
    at = NOW - ago
    since = None if reason is None else at - failing_seconds
    return LastAnswer(status=status, reason=reason, at_seconds=at, failing_since_seconds=since)


def health(
    answer: LastAnswer | None = None,
    check: LastAnswer | None = None,
    *,
    configured: bool = True,
    needed: bool = True,
    breaker: BreakerState = BreakerState.CLOSED,
) -> EngineHealth:
    return provider_health(
        is_configured=configured, answer=answer, check=check, breaker=breaker, is_needed=needed, now_seconds=NOW
    )


OLD = FORGOTTEN_AFTER_SECONDS + 1
GOOD = outcome(200, None)
REJECTED = outcome(401, "rejected_key")

# Each line: the latest request, the latest check, the status without another engine, and with a local one.
CASES = {
    "nothing is known": (None, None, "ok", "ok"),
    "a request succeeded": (GOOD, None, "ok", "ok"),
    "one response with status 500": (outcome(500, "server_error"), None, "degraded", "degraded"),
    "one request that was not answered": (outcome(None, "timeout"), None, "degraded", "degraded"),
    "a minute of failures": (outcome(500, "server_error", failing_seconds=60), None, "unhealthy", "degraded"),
    "a failure long ago": (outcome(500, "server_error", ago=OLD, failing_seconds=60), None, "ok", "ok"),
    "a failure, and a check that succeeds": (outcome(500, "server_error", ago=30), GOOD, "ok", "ok"),
    "a key that requests find rejected": (REJECTED, None, "unhealthy", "degraded"),
    "a key that is rejected without requests": (None, REJECTED, "unhealthy", "degraded"),
    "a key that was good before": (outcome(200, None, ago=90), REJECTED, "unhealthy", "degraded"),
    "a key that is good again": (outcome(401, "rejected_key", ago=90), GOOD, "ok", "ok"),
    "a key without the right to audio": (outcome(403, "rejected_key", ago=90), GOOD, "unhealthy", "degraded"),
    "no credit, which a check does not see": (outcome(429, "quota", ago=90), GOOD, "unhealthy", "degraded"),
    "no credit long ago": (outcome(429, "quota", ago=OLD), GOOD, "ok", "ok"),
    "a retired model": (outcome(404, "model_not_found", failing_seconds=90), None, "degraded", "degraded"),
    "a service that is away": (None, outcome(None, "connection"), "degraded", "degraded"),
    "a service that stays away": (None, outcome(None, "connection", failing_seconds=300), "unhealthy", "degraded"),
    "an old check and a newer success": (GOOD, outcome(None, "connection", ago=5), "ok", "ok"),
    "a caller's mistake": (outcome(400, None), None, "ok", "ok"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_provider_is_what_is_known_of_it(case: str) -> None:
    """A single failure is not the end, a lasting one is, and no failure counts for ever."""
    answer, check, alone, with_local = CASES[case]
    engine = health(answer, check)
    assert status_of({"transcription": [engine]}) == alone
    assert status_of({"transcription": [engine, LOCAL]}) == with_local


def test_without_a_key_a_local_installation_lacks_nothing() -> None:
    """The provider is shown as not configured; where it is the only engine, that is the end."""
    engine = health(configured=False, needed=False)
    assert engine.as_json()["configured"] is False
    assert engine.detail == "OPENAI_API_KEY is not set."
    assert status_of({"speech": [engine, LOCAL]}) == "ok"
    assert status_of({"speech": [health(configured=False)]}) == "unhealthy"


def test_an_open_breaker_is_not_asked() -> None:
    """Whatever the latest answer was."""
    engine = health(outcome(500, "server_error"), breaker=BreakerState.OPEN)
    assert status_of({"speech": [engine]}) == "unhealthy"
    assert status_of({"speech": [engine, LOCAL]}) == "degraded"


def test_a_warning_is_shown_and_degrades_nothing() -> None:
    """A detail alone does not."""
    engine = provider_health(
        is_configured=True,
        answer=GOOD,
        check=None,
        breaker=BreakerState.CLOSED,
        is_needed=True,
        now_seconds=NOW,
        detail="The daily limit is near.",
    )
    assert engine.detail == "The daily limit is near."
    assert status_of({"speech": [engine]}) == "ok"


def test_failures_in_a_row_have_one_beginning() -> None:
    """A success ends the row."""
    first = LastAnswer.after(None, status=500, reason="server_error", now=1.0)
    second = LastAnswer.after(first, status=None, reason="timeout", now=5.0)
    good = LastAnswer.after(second, status=200, reason=None, now=6.0)
    again = LastAnswer.after(good, status=500, reason="server_error", now=9.0)
    assert [each.failing_since_seconds for each in (first, second, good, again)] == [1.0, 1.0, None, 9.0]
