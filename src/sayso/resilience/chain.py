"""Fallback: an ordered list of engines for one task, tried until one succeeds.

A caller's mistake ends the chain at once, and so does a cancellation, a deadline or a full queue: another engine would
not help. After any other error of an engine the next one is tried, and also after a refusal that concerns one engine
only (`InvalidInput.is_for_one_engine`), such as a language that it does not know.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

import structlog

from sayso.errors import (
    Busy,
    Cancelled,
    DeadlineExceeded,
    EngineUnavailable,
    EverythingFailed,
    InvalidInput,
    SaysoError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.resilience.breaker import Breaker

_log = structlog.get_logger(__name__)

Engine = TypeVar("Engine")
Result = TypeVar("Result")

_NOT_THE_ENGINES = (InvalidInput, Cancelled, DeadlineExceeded, Busy)


@dataclass(frozen=True, kw_only=True, slots=True)
class Link(Generic[Engine]):
    """An engine of a chain.

    Attributes:
        name: as in logs, metrics and responses.
        engine: the engine.
        breaker: its breaker, shared by the chains that the engine is part of.
    """

    name: str
    engine: Engine
    breaker: Breaker


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
        failures: those of the engines that were tried before, in order.
    """

    result: Result
    engine: str
    failures: tuple[Failure, ...]


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
            if failures:
                self._log_fallback(failures[-1], link)
            if not link.breaker.allows():
                error = EngineUnavailable(f"{link.name} fails too often and is not called now.", reason="breaker_open")
                failures.append(Failure(engine=link.name, reason=error.reason, error=error))
                continue
            try:
                result = work(link.engine)
            except _NOT_THE_ENGINES as error:
                link.breaker.record_ignored()
                if not (isinstance(error, InvalidInput) and error.is_for_one_engine):
                    raise
                failures.append(Failure(engine=link.name, reason=reason_of(error), error=error))
            except SaysoError as error:
                link.breaker.failed()
                failures.append(Failure(engine=link.name, reason=reason_of(error), error=error))
            except BaseException:
                link.breaker.failed()
                raise
            else:
                link.breaker.succeeded()
                return ChainResult(result=result, engine=link.name, failures=tuple(failures))
        refusals = [failure.error for failure in failures if isinstance(failure.error, InvalidInput)]
        raise refusals[-1] if refusals else everything_failed(failures)

    def _log_fallback(self, failure: Failure, following: Link[Engine]) -> None:
        _log.warning(
            "fallback", engine=failure.engine, reason=failure.reason, error=failure.error.message, to=following.name
        )
        self._on_fallback(failure)


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
