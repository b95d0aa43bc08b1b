"""Reads the shutdown dates of providers' models from their lists: at once, daily, and when a model was not found."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import BaseModel, ValidationError

from sayso.errors import SaysoError
from sayso.providers.openai.errors import bad_response, timed_out

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from concurrent.futures import Future

    from openai import AsyncOpenAI

    from sayso.providers.openai.connection import OpenAIConnection
    from sayso.providers.shutdowns import Shutdown, Shutdowns

_log = structlog.get_logger(__name__)

DAY_SECONDS = 24 * 3600.0
WARNING_DAYS = 60
"""How long before its shutdown a model is warned of."""

SETTING = "SAYSO_PROVIDERS"
"""The setting that names another model, or another provider."""

_LEAST_SECONDS = 60.0
"""The shortest time from one reading to the next, however many models are not found."""

_ANSWER_SECONDS = 20.0
_DATE_CHARACTERS = len("2027-02-26")  # some servers give a time, too


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchedList:
    """A provider's list of models.

    Attributes:
        name: of the provider.
        connection: with a key.
        shutdowns: takes the dates.
        models: those that count; a provider's list has many others.
    """

    name: str
    connection: OpenAIConnection
    shutdowns: Shutdowns
    models: Collection[str]


class ShutdownWatch:
    """Reads the lists on a thread of its own, from `start` until `close`.

    A list that cannot be read changes nothing: a key may have no right to it, and other servers have none.

    Args:
        lists: of the providers.
        interval_seconds: from one reading to the next.
        least_seconds: the shortest time between two readings.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        lists: Sequence[WatchedList],
        *,
        interval_seconds: float = DAY_SECONDS,
        least_seconds: float = _LEAST_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lists = lists
        self._interval_seconds = interval_seconds
        self._least_seconds = least_seconds
        self._clock = clock
        self._due = threading.Event()
        self._closing = threading.Event()
        self._lock = threading.Lock()  # guards what is being asked
        self._asked: Future[Mapping[str, date | None]] | None = None
        self._thread = threading.Thread(target=self._run, name="shutdown-dates", daemon=True)
        for each in lists:
            each.shutdowns.on_missing = self._due.set

    def start(self) -> None:
        """Start reading; at most once."""
        self._thread.start()

    def close(self) -> None:
        """Stop reading, and wait for the thread; call it before the connections are closed."""
        self._closing.set()
        self._due.set()
        with self._lock:
            if self._asked is not None:
                self._asked.cancel()
        if self._thread.is_alive():
            self._thread.join()

    def read(self, *, is_silent: bool = False) -> None:
        """Read every list now, and log what is retired soon, unless it is to be silent; blocks."""
        for each in self._lists:
            if self._closing.is_set():
                return
            self._read_one(each)
            if is_silent:
                continue
            for shutdown in each.shutdowns.announced(within_days=WARNING_DAYS):
                _warn(shutdown)

    def _run(self) -> None:
        while not self._closing.is_set():
            self._due.clear()
            self.read()
            if not self._closing.wait(self._least_seconds):
                self._due.wait(max(self._interval_seconds - self._least_seconds, 0.0))

    def _read_one(self, each: WatchedList) -> None:
        try:
            with self._lock:
                if self._closing.is_set():
                    return
                label = each.connection.label
                self._asked = each.connection.with_client(lambda client: _listed(client, label=label))
            listed = self._asked.result()
        except (SaysoError, CancelledError) as error:
            reason = getattr(error, "message", "no answer")
            _log.info("the list of models cannot be read", provider=each.name, reason=reason)
            return
        each.shutdowns.learn({model: on for model, on in listed.items() if model in each.models})


def as_json(shutdown: Shutdown) -> dict[str, Any]:
    """An entry of ``shutdown`` in /health."""
    return {
        "provider": shutdown.provider,
        "model": shutdown.model,
        "shutdown_date": None if shutdown.on is None else shutdown.on.isoformat(),
        "days": shutdown.days,
        "successor": shutdown.successor,
        "setting": SETTING,
    }


def sentence(shutdown: Shutdown) -> str:
    """What happens to a model, and what answers then, in two sentences."""
    then = shutdown.successor or "another engine"
    if shutdown.on is None:
        return f"{shutdown.provider} does not have {shutdown.model}; {then} answers in its place."
    if shutdown.days <= 0:
        return f"{shutdown.provider} retired {shutdown.model} on {shutdown.on}; {then} answers in its place."
    return f"{shutdown.provider} retires {shutdown.model} on {shutdown.on}. Then {then} answers in its place."


def _warn(shutdown: Shutdown) -> None:
    _log.warning(
        "a model will be retired" if shutdown.days > 0 else "a model is retired",
        provider=shutdown.provider,
        model=shutdown.model,
        shutdown_date=None if shutdown.on is None else shutdown.on.isoformat(),
        days=shutdown.days,
        successor=shutdown.successor,
        setting=SETTING,
    )


class _Models(BaseModel):
    data: tuple[dict[str, Any], ...]


def dates_of(body: bytes) -> Mapping[str, date | None]:
    """The date of each model of a list; one whose entry cannot be understood is left out, and keeps its known date.

    Raises:
        ValidationError: it is no list of models.
    """
    found: dict[str, date | None] = {}
    for model in _Models.model_validate_json(body).data:
        name, on = model.get("id"), model.get("shutdown_date")
        if isinstance(name, str) and (on is None or isinstance(on, str)):
            with suppress(ValueError):
                found[name] = None if on is None else date.fromisoformat(on[:_DATE_CHARACTERS])
    return found


async def _listed(client: AsyncOpenAI, *, label: str) -> Mapping[str, date | None]:
    """Every model of the list with its date.

    Raises:
        EngineUnavailable: there is no list, or not for this key.
    """
    from openai import OpenAIError

    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            response = await client.models.with_raw_response.list()
            return dates_of(response.content)
    except TimeoutError:
        raise timed_out(_ANSWER_SECONDS, label=label) from None
    except ValidationError:
        raise bad_response("it is no list of models", label=label) from None
    except (OpenAIError, UnicodeEncodeError) as error:  # the latter for a key that no header can carry
        problem = type(error).__name__
    raise bad_response(problem, label=label)  # outside of the handler: the SDK's exception holds the request, and a key
