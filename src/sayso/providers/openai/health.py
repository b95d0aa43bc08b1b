"""The health of a provider, from the answers of requests and from checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sayso.observability import EngineHealth

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.providers.openai.last_answer import LastAnswer
    from sayso.resilience import BreakerState

FORGOTTEN_AFTER_SECONDS = 600.0
"""After how long the outcome of a request says nothing any more."""

_LASTING_SECONDS = 60.0
"""A failure that may pass counts as lasting when nothing has succeeded for so long."""

_LASTING = frozenset({"rejected_key", "quota", "not_configured"})
"""The reasons that every request meets until an operator acts."""

_REJECTED = 401


def provider_health(
    *,
    is_configured: bool,
    answer: LastAnswer | None,
    check: LastAnswer | None,
    breaker: BreakerState,
    is_needed: bool,
    now_seconds: float,
    detail: str | None = None,
    name: str = "openai",
    key_variables: Sequence[str] = ("OPENAI_API_KEY",),
) -> EngineHealth:
    """How a provider does.

    Args:
        is_configured: whether there is a key.
        answer: of the latest request; None before the first.
        check: the latest check; None before the first.
        breaker: the state of its breaker.
        is_needed: whether anything is missing without it.
        now_seconds: Unix time.
        detail: what is wrong besides, in a sentence.
        name: of the provider.
        key_variables: where its key may be.
    """
    latest = _valid(answer, check, now_seconds)
    failed = latest is not None and latest.reason is not None
    if not is_configured:
        detail = detail or f"{' or '.join(key_variables)} is not set."
    elif failed and latest is not None:
        what = "request" if latest is answer else "check"
        detail = detail or f"The last {what} failed: {latest.reason}."
    return EngineHealth(
        name=name,
        configured=is_configured,
        reachable=None if latest is None else not failed,
        breaker=breaker,
        last_status=latest.status if latest else None,
        detail=detail,
        is_needed=is_needed,
        may_pass=failed and latest is not None and not _is_lasting(latest),
    )


def _valid(answer: LastAnswer | None, check: LastAnswer | None, now_seconds: float) -> LastAnswer | None:
    """The outcome that counts now: that of the latest request, unless a later check says more."""
    if answer is not None and now_seconds - answer.at_seconds > FORGOTTEN_AFTER_SECONDS:
        answer = None
    if answer is None or check is None:
        return answer or check
    if check.at_seconds < answer.at_seconds:
        return answer
    return answer if check.reason is None and _only_requests_meet(answer) else check


def _only_requests_meet(answer: LastAnswer) -> bool:
    """Whether a failure is one that a list of models does not meet: a key without the right to audio, no quota."""
    if answer.reason == "rejected_key":
        return answer.status != _REJECTED
    return answer.reason in {"quota", "rate_limited", "model_not_found"}


def _is_lasting(outcome: LastAnswer) -> bool:
    if outcome.reason == "model_not_found":  # the provider may have the other models
        return False
    since = outcome.failing_since_seconds
    return outcome.reason in _LASTING or (since is not None and outcome.at_seconds - since >= _LASTING_SECONDS)
