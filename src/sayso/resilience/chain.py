"""Fallback: an ordered list of engines for one task, tried until one succeeds.

A caller's mistake ends the chain at once, and so does a cancellation, a deadline or a full queue: another engine would
not help. After any other error of an engine the next one is tried, and also after a refusal that concerns one engine
only (`InvalidInput.is_for_one_engine`), such as a language that it does not know. A model that its provider has retired
is not asked: its successor is, or the next engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog

from sayso.errors import (
    Busy,
    Cancelled,
    DeadlineExceeded,
    EngineUnavailable,
    EverythingFailed,
    InvalidInput,
    ModelArriving,
    SaysoError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.resilience.breaker import Breaker

_log = structlog.get_logger(__name__)

Engine = TypeVar("Engine")
Result = TypeVar("Result")

RETIRED = "model_retired"
"""The reason of a model that its provider has retired, which says nothing about the provider."""

_NOT_THE_ENGINES = (InvalidInput, Cancelled, DeadlineExceeded, Busy)


@dataclass(frozen=True, kw_only=True, slots=True)
class Link(Generic[Engine]):
    """An engine of a chain.

    Attributes:
        name: as in logs, metrics and responses.
        engine: the engine.
        breaker: its breaker, shared by the chains that the engine is part of.
        model: that it asks, where the engine is a provider; otherwise empty.
        refusal: why it must not be asked now, although it would be its turn; None if it may.
        is_needed: whether it has a turn at all: a successor has none while its predecessor serves.
        lacks: what it cannot do of what engines of its kind do, such as ``translate``.
    """

    name: str
    engine: Engine
    breaker: Breaker
    model: str = ""
    refusal: Callable[[], EngineUnavailable | None] = field(default=lambda: None, compare=False)
    is_needed: Callable[[], bool] = field(default=lambda: True, compare=False)
    lacks: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """The failure of an engine: its name, the reason in a word, and the error."""

    engine: str
    reason: str
    error: SaysoError


@dataclass(frozen=True, kw_only=True, slots=True)
class ChainResult(Generic[Result]):
    """The result of a chain.

    Attributes:
        result: what the engine returned.
        engine: the name of the link that succeeded.
        failures: those of the engines that were tried before, or that could not be, in order.
        model: of the link that succeeded.
    """

    result: Result
    engine: str
    failures: tuple[Failure, ...]
    model: str = ""

    @property
    def fell_back(self) -> bool:
        """Whether another engine should have done it; another key or model of the same provider is no other engine."""
        return any(failure.engine != self.engine for failure in self.failures)


class Chain(Generic[Engine]):
    """Tries engines in order; see the module. Any thread may use it; it holds no state of its own.

    Args:
        links: the engines, in the order in which they are tried.
        on_fallback: called with every failure after which another engine is tried.
    """

    def __init__(
        self, links: Sequence[Link[Engine]], *, on_fallback: Callable[[Failure], None] = lambda _: None
    ) -> None:
        self.links = tuple(links)
        self._on_fallback = on_fallback

    def only(self, wanted: Callable[[Engine], bool]) -> Chain[Engine]:
        """The chain of those engines for which ``wanted`` returns True."""
        return Chain([link for link in self.links if wanted(link.engine)], on_fallback=self._on_fallback)

    def able(self, what: str) -> Chain[Engine]:
        """The chain of those engines that do not lack something; all of them if every one does."""
        able = [link for link in self.links if what not in link.lacks]
        return Chain(able, on_fallback=self._on_fallback) if able else self

    @property
    def last(self) -> Link[Engine]:
        """The engine after which there is no other now."""
        asked = [link for link in self.links if link.is_needed() and link.refusal() is None]
        return (asked or self.links)[-1]

    def run(self, work: Callable[[Engine], Result]) -> ChainResult[Result]:
        """Do the work with the first engine that succeeds.

        Args:
            work: is called with an engine. It must not return before every failure is excluded that another engine
                could avoid: after it has returned, there is no fallback.

        Raises:
            InvalidInput: the caller's request is invalid, or an engine refused it and no other one succeeded.
            Cancelled, DeadlineExceeded, Busy: as the work does.
            EverythingFailed: every engine failed, or its breaker is open. With a single link, the engine's own error.
        """
        failures: list[Failure] = []
        for link in self.links:
            if not link.is_needed():
                continue
            if failures:
                self._log_fallback(failures[-1], link)
            refusal = _refusal(link)
            if refusal is not None:
                failures.append(Failure(engine=link.name, reason=refusal.reason, error=refusal))
                continue
            try:
                result = work(link.engine)
            except SaysoError as error:
                failures.append(_failed(link, error))
            except BaseException:
                link.breaker.failed()
                raise
            else:
                link.breaker.succeeded()
                return ChainResult(result=result, engine=link.name, failures=tuple(failures), model=link.model)
        refusals = [failure.error for failure in failures if isinstance(failure.error, InvalidInput)]
        raise refusals[-1] if refusals else everything_failed(failures)

    def _log_fallback(self, failure: Failure, following: Link[Engine]) -> None:
        if failure.reason == RETIRED and failure.engine == following.name:
            return  # to the successor, which is no other engine
        _log.warning(
            "fallback", engine=failure.engine, reason=failure.reason, error=failure.error.message, to=following.name
        )
        self._on_fallback(failure)


def _refusal(link: Link[Any]) -> EngineUnavailable | None:
    """Why a link is not asked now; None if it is, and then its breaker waits for the outcome."""
    refusal = link.refusal()
    if refusal is not None or link.breaker.allows():
        return refusal
    return EngineUnavailable(f"{link.name} fails too often and is not called now.", reason="breaker_open")


def _failed(link: Link[Any], error: SaysoError) -> Failure:
    """The failure of a link, whose breaker learns of it.

    Raises:
        SaysoError: the error itself, if another engine would not help.
    """
    reason = reason_of(error)
    if isinstance(error, _NOT_THE_ENGINES):
        link.breaker.record_ignored()
        if not (isinstance(error, InvalidInput) and error.is_for_one_engine):
            raise error
    elif reason == RETIRED or isinstance(error, ModelArriving):  # it works once its model is here
        link.breaker.record_ignored()
    else:
        link.breaker.failed()
    return Failure(engine=link.name, reason=reason, error=error)


def reason_of(error: SaysoError) -> str:
    """Why an engine failed, in a word or two, as metrics use it."""
    if isinstance(error, EngineUnavailable):
        return error.reason
    kind = type(error).__name__
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind).lstrip("_")


def everything_failed(failures: Sequence[Failure]) -> SaysoError:
    """The error for engines that have all failed, at least one: its own error if there is one."""
    if len(failures) == 1:
        return failures[0].error
    message, public_message = (
        "; ".join(f"{failure.engine}: {text.rstrip('.')}" for failure, text in zip(failures, texts, strict=True))
        for texts in ([each.error.message for each in failures], [each.error.for_callers() for each in failures])
    )
    return EverythingFailed(
        f"Every engine failed. {message}.", public_message=f"Every engine failed. {public_message}."
    )
