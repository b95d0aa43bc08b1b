"""The providers of a process: opened from the settings, with a connection and breakers for each key."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sayso.errors import InvalidInput
from sayso.providers.openai.checks import ProviderChecks
from sayso.providers.openai.connection import OpenAIConnection
from sayso.providers.openai.errors import Service, retired
from sayso.providers.parsing import parse_providers, preset
from sayso.providers.provider import OPENAI, OPENAI_ADDRESS, Provider
from sayso.providers.shutdown_watch import ShutdownWatch, WatchedList
from sayso.providers.shutdowns import Shutdowns
from sayso.resilience import Breaker, BreakerState, Link
from sayso.resilience.breaker_limits import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from sayso.errors import EngineUnavailable
    from sayso.providers.openai.last_answer import LastAnswer
    from sayso.providers.provider import ModelFacts
    from sayso.settings import SpeechSettings

    Engine = TypeVar("Engine")

_JSON = re.compile(r"[\s\ufeff]*[\[{\"]")
"""The beginning of a list in JSON, or of what was meant as one."""

_PATH = re.compile(r"(?:[\w.~-]*/)*[\w.-]*\.\w{1,8}|(?:[\w.~-]*/)+[\w.-]*")
"""What has the form of a path: it has a folder, or the ending of a file's name."""

_SEVERITY = (BreakerState.CLOSED, BreakerState.HALF_OPEN, BreakerState.OPEN)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class OpenProvider:
    """A provider with one of its keys; threads share it.

    Attributes:
        provider: what is known of it.
        connection: with this key.
        shutdowns: which of its models are retired; the keys of a provider share them.
        open_seconds: how long a breaker stays open.
        key: the key; None without one.
        connect: opens another connection with this key, which retries a request so often.
        breakers: one for each model that has been part of a chain, by its name.
    """

    provider: Provider
    connection: OpenAIConnection
    shutdowns: Shutdowns
    open_seconds: float
    key: str | None = field(repr=False)
    connect: Callable[[int], OpenAIConnection]
    breakers: dict[str, Breaker] = field(default_factory=dict)

    def breaker(self, model: str) -> Breaker:
        """The breaker of a model with this key."""
        return self.breakers.setdefault(model, Breaker(replace(PROVIDER, open_seconds=self.open_seconds)))

    def link(
        self, facts: ModelFacts, engine: Engine, *, after: Sequence[ModelFacts], lacks: Iterable[str] = ()
    ) -> Link[Engine]:
        """A model of this provider as part of a chain.

        Args:
            facts: the model.
            engine: that asks it.
            after: the models that it succeeds; it is asked when all of them are retired.
            lacks: see `Link.lacks`.
        """
        model = facts.model

        def refusal() -> EngineUnavailable | None:
            return retired(model, label=self.provider.label) if self.shutdowns.is_retired(model) else None

        return Link(
            name=self.provider.name,
            engine=engine,
            breaker=self.breaker(model),
            model=model,
            refusal=refusal,
            is_needed=lambda: all(self.shutdowns.is_retired(each.model) for each in after),
            lacks=frozenset(lacks),
        )


def providers_of(settings: SpeechSettings) -> tuple[Provider, ...]:
    """The providers that the settings name, in order; OpenAI where they name none.

    Raises:
        InvalidInput: the list cannot be read, or is invalid.
    """
    given = settings.providers
    if given is None:
        own = preset(OPENAI)
        return (replace(own, base_url=(settings.openai_base_url or own.base_url).rstrip("/")),)
    return parse_providers(given if _JSON.match(given) else _content_of(given))


def _content_of(name: str) -> str:
    """The text of the file with the list.

    Raises:
        InvalidInput: it is no regular file in UTF-8. The message names what has the form of a path, and nothing else:
            a key that was given instead of a list is not shown.
    """
    shown = name if _PATH.fullmatch(name) else "the file"
    try:
        path = Path(name).expanduser()
        if path.exists() and not path.is_file():  # a named pipe would keep the process waiting
            raise InvalidInput(f"SAYSO_PROVIDERS: {shown} cannot be read: it is no regular file.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(
            f"SAYSO_PROVIDERS: {shown} cannot be read: {error.strerror}.",
            hint='Give a list in JSON, such as ["openai"], or the path of a file with one.',
        ) from None
    except UnicodeDecodeError:
        raise InvalidInput(f"SAYSO_PROVIDERS: {shown} is no text in UTF-8.") from None
    except (ValueError, RuntimeError):
        raise InvalidInput("SAYSO_PROVIDERS is neither a list in JSON nor the path of a file.") from None


def open_providers(settings: SpeechSettings, *, clock: Callable[[], float] = time.time) -> tuple[OpenProvider, ...]:
    """Every provider with each of its keys that is set, in order; one without a key is not configured.

    Args:
        settings: name the providers, their time limits and their breakers.
        clock: Unix time in seconds.

    Raises:
        InvalidInput: as `providers_of`.
    """
    return tuple(opened for provider in providers_of(settings) for opened in _with_keys(provider, settings, clock))


def _with_keys(provider: Provider, settings: SpeechSettings, clock: Callable[[], float]) -> Iterable[OpenProvider]:
    # The dates that are known are those of the provider's own address: another server may serve these models for ever.
    is_elsewhere = provider.name == OPENAI and provider.base_url != OPENAI_ADDRESS
    shutdowns = Shutdowns(
        provider.name,
        dates={} if is_elsewhere else provider.shutdown_dates,
        successor_of=provider.successor_of,
        clock=clock,
    )
    found: list[tuple[str, str | None]] = [
        (variable, key) for variable in provider.key_variables if (key := _key(variable, settings))
    ]
    keyless: list[tuple[str, str | None]] = [(next(iter(provider.key_variables), ""), None)]
    for variable, key in found or keyless:

        def connect(retries: int, variable: str = variable, key: str | None = key) -> OpenAIConnection:
            return OpenAIConnection(
                key,
                base_url=provider.base_url,
                service=Service(label=provider.label, key_variable=variable),
                needs_key=provider.needs_key,
                shutdowns=shutdowns,
                timeout_seconds=settings.openai_timeout_seconds,
                retries=retries,
            )

        yield OpenProvider(
            provider=provider,
            connection=connect(settings.openai_retries),
            shutdowns=shutdowns,
            open_seconds=settings.breaker_open_seconds,
            key=key,
            connect=connect,
        )


def _key(variable: str, settings: SpeechSettings) -> str | None:
    if variable == "OPENAI_API_KEY":
        return None if settings.openai_api_key is None else settings.openai_api_key.get_secret_value()
    return os.environ.get(variable, "").strip() or None


def shutdown_watch(opened: Iterable[OpenProvider]) -> ShutdownWatch | None:
    """What reads the providers' lists of models, not started; None if there is no list to read."""
    lists: dict[str, WatchedList] = {}
    for each in opened:
        if each.connection.is_configured:
            watched = WatchedList(
                name=each.provider.name,
                connection=each.connection,
                shutdowns=each.shutdowns,
                models=each.provider.models,
            )
            lists.setdefault(each.provider.name, watched)
    return ShutdownWatch(tuple(lists.values())) if lists else None


class KeyChecks:
    """The checks of every key; see `ProviderChecks`.

    Args:
        opened: the providers with their keys.
        interval_seconds: from one check of a key to the next; 0 for no checks.
    """

    def __init__(self, opened: Iterable[OpenProvider], *, interval_seconds: float) -> None:
        self._checks = [(each, ProviderChecks(each.connection, interval_seconds=interval_seconds)) for each in opened]

    def last_of(self, opened: OpenProvider) -> LastAnswer | None:
        """The latest check of a key; None before, and for one that is not asked."""
        return next((checks.last for each, checks in self._checks if each is opened), None)

    def last_of_provider(self, name: str) -> LastAnswer | None:
        """The latest check of a provider's first key."""
        return next((checks.last for each, checks in self._checks if each.provider.name == name), None)

    def start(self) -> None:
        """Begin to check."""
        for _, checks in self._checks:
            checks.start()

    def wait_for_first(self, timeout_seconds: float) -> None:
        """Wait until every key has been checked once, or for so long."""
        give_up_at = time.monotonic() + timeout_seconds
        for _, checks in self._checks:
            checks.wait_for_first(max(give_up_at - time.monotonic(), 0.0))

    def close(self) -> None:
        """Make no more checks."""
        for _, checks in self._checks:
            checks.close()


def worst(states: Iterable[BreakerState]) -> BreakerState:
    """The state that is furthest from closed; closed for none."""
    return max(states, key=_SEVERITY.index, default=BreakerState.CLOSED)
