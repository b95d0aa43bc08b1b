"""The chain: who is asked, when the next one is, and what is told when nobody can."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.errors import (
    Busy,
    Cancelled,
    DeadlineExceeded,
    EngineFailed,
    EngineUnavailable,
    EverythingFailed,
    InvalidInput,
    ModelMissing,
    SaysoError,
    UnknownVoice,
    UnsupportedLanguage,
)
from sayso.resilience import Breaker, BreakerState, Chain, Failure, Link
from sayso.resilience.breaker_limits import BreakerLimits

if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT = EngineUnavailable("OpenAI did not answer within 30 s.", reason="timeout")


def links(*names: str) -> list[Link[str]]:
    return [Link(name=name, engine=name, breaker=Breaker(BreakerLimits(consecutive=2))) for name in names]


def failing(**errors: Exception) -> Callable[[str], str]:
    def work(engine: str) -> str:
        if engine in errors:
            raise errors[engine]
        return f"made by {engine}"

    return work


def test_the_first_engine_does_the_work() -> None:
    """Where nothing fails, nobody but the first is asked, and the answer says who it was."""
    made = Chain(links("cloud", "local")).run(failing(local=AssertionError("it was asked")))
    assert (made.result, made.engine, made.failures) == ("made by cloud", "cloud", ())


def test_a_failure_is_a_reason_to_ask_the_next() -> None:
    """The next engine is asked, and the failure is told to whoever counts, with its reason."""
    told: list[Failure] = []
    made = Chain(links("cloud", "local"), on_fallback=told.append).run(failing(cloud=TIMEOUT))
    assert made.engine == "local"
    assert [(failure.engine, failure.reason) for failure in made.failures] == [("cloud", "timeout")]
    assert tuple(told) == made.failures


@pytest.mark.parametrize(
    "error",
    [
        InvalidInput("The speed is wrong."),
        UnknownVoice("No such voice."),
        Cancelled("Gone."),
        DeadlineExceeded("Over."),
        Busy("Full.", retry_after_seconds=3),
    ],
)
def test_what_is_not_the_engines_fault_ends_the_chain(error: SaysoError) -> None:
    """A caller's mistake, a caller who is gone and a deadline are nobody's reason to ask another engine."""
    chain = Chain(links("cloud", "local"), on_fallback=lambda _: pytest.fail("it fell back"))
    for _ in range(5):
        with pytest.raises(type(error)):
            chain.run(failing(cloud=error))
    assert chain.links[0].breaker.state is BreakerState.CLOSED


def test_a_refusal_that_is_one_engines_alone_is_a_reason_for_the_next() -> None:
    """A language that the cloud does not know may be one that the local model knows; the cloud is not broken."""
    chain = Chain(links("cloud", "local"))
    refusal = InvalidInput("OpenAI refuses this: no reason was given")
    refusal.is_for_one_engine = True
    for error in (UnsupportedLanguage("OpenAI does not know tlh."), refusal):
        for _ in range(3):
            assert chain.run(failing(cloud=error)).engine == "local"
    assert chain.links[0].breaker.state is BreakerState.CLOSED


@pytest.mark.parametrize("local", [EngineFailed("Whisper broke."), UnsupportedLanguage("Whisper does not know tlh.")])
def test_a_request_that_an_engine_refused_is_the_callers_mistake(local: SaysoError) -> None:
    """Where no other engine succeeds, the refusal is the answer: it says what to change."""
    refusal = UnsupportedLanguage("OpenAI does not know tlh.")
    with pytest.raises(UnsupportedLanguage):
        Chain(links("cloud", "local")).run(failing(cloud=refusal, local=local))


def test_an_engine_that_keeps_failing_is_not_asked() -> None:
    """With its breaker open an engine is passed over, which is told as a reason of its own."""
    chain = Chain(links("cloud", "local"))
    for _ in range(2):
        chain.run(failing(cloud=TIMEOUT))
    made = chain.run(failing(cloud=AssertionError("it was asked")))
    assert [failure.reason for failure in made.failures] == ["breaker_open"]


def test_when_everything_fails_one_error_names_all() -> None:
    """The error names each engine with what happened to it, and may be tried again."""
    with pytest.raises(EverythingFailed) as failed:
        Chain(links("cloud", "local")).run(failing(cloud=TIMEOUT, local=EngineFailed("Whisper broke.")))
    assert "cloud: OpenAI did not answer within 30 s; local: Whisper broke." in failed.value.message
    assert failed.value.retryable


def test_a_single_engine_fails_with_its_own_error() -> None:
    """Where there is nobody else, the engine's error is the answer: it says what to do."""
    missing = ModelMissing("whisper-base is not here.", hint="Run: sayso models pull whisper-base")
    with pytest.raises(ModelMissing) as failed:
        Chain(links("local")).run(failing(local=missing))
    assert failed.value is missing


def test_a_part_of_a_chain_shares_its_breakers() -> None:
    """A chain of some of the engines is still the same engines."""
    chain = Chain(links("cloud", "local"))
    part = chain.only(lambda engine: engine == "cloud")
    for _ in range(2):
        with pytest.raises(EngineUnavailable):
            part.run(failing(cloud=TIMEOUT))
    assert chain.links[0].breaker.state is BreakerState.OPEN


def test_an_engine_that_breaks_unforeseen_counts_as_failed() -> None:
    """A bug in an engine is not hidden by another engine, but its breaker counts it."""
    chain = Chain(links("cloud", "local"))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            chain.run(failing(cloud=ZeroDivisionError()))
    assert chain.links[0].breaker.state is BreakerState.OPEN
