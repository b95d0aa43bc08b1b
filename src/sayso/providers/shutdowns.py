"""Which models of a provider are retired: by its dates, and by what it answers."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_EARLY_SECONDS = 300.0
"""A model is asked no more from so long before its date on, so that no request is under way when it ends."""

_GONE_SECONDS = 24 * 3600.0
"""How long a model counts as retired that the provider said it does not have, unless its list says otherwise."""

_ALWAYS = frozenset({404, 410})
_AFTER_ITS_DATE = frozenset({400, 403, 404, 410, 503})
"""The statuses that count as retired if they name the model: providers do not document which one it will be."""

_ASK_AGAIN = frozenset({403, 404, 410})
"""The statuses after which the list of models is read, if they name the model."""

_DAY_SECONDS = 24 * 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Shutdown:
    """A model that its provider retires.

    Attributes:
        provider: the provider's name.
        model: the model's.
        on: the date, in UTC; None if the provider does not have the model and named no date.
        days: from today until then; 0 or less when it is over.
        successor: the model of the same provider that takes over; None if another engine does.
    """

    provider: str
    model: str
    on: date | None
    days: int
    successor: str | None


class Shutdowns:
    """The dates of a provider's models, and those that it no longer has; any thread may use it.

    A date in the provider's list of models outweighs the one that was known before.

    Args:
        provider: its name.
        dates: those that are known; empty for an address that is not the provider's own.
        successor_of: the model that takes over from another.
        clock: Unix time in seconds.
        on_missing: called when a request was answered that a model does not exist; must not block.
    """

    def __init__(
        self,
        provider: str,
        *,
        dates: Mapping[str, date] | None = None,
        successor_of: Callable[[str], str | None] = lambda _model: None,
        clock: Callable[[], float] = time.time,
        on_missing: Callable[[], None] = lambda: None,
    ) -> None:
        self._provider = provider
        self._successor_of = successor_of
        self._clock = clock
        self.on_missing = on_missing
        self._lock = threading.Lock()  # guards all below
        self._dates: dict[str, date | None] = dict(dates or {})
        self._gone_until: dict[str, float] = {}

    def is_retired(self, model: str) -> bool:
        """Whether a model must not be asked any more."""
        now = self._clock()
        with self._lock:
            return now < self._gone_until.get(model, 0.0) or self._is_over(model, now)

    def learn(self, listed: Mapping[str, date | None]) -> None:
        """Take over the dates of the provider's list of models; a listed model whose date is not over is there again.

        Args:
            listed: every model of the list, with its date; None for one without a date.
        """
        now = self._clock()
        with self._lock:
            self._dates.update(listed)
            for model in listed:
                if not self._is_over(model, now):
                    self._gone_until.pop(model, None)

    def judge(self, model: str, *, status: int, code: str | None, param: str | None, message: str) -> bool:
        """Whether an answer means that a model is retired; if it does, it is not asked any more.

        404 and 410 that name the model always do. After its date 400, 403 and 503 that name it do, too: before, they
        mean a request that does not suit it, a key without the right to it, or a busy model.

        Args:
            model: that was asked.
            status: of the answer.
            code: of the error.
            param: of the error.
            message: of the error.
        """
        if not (code == "model_not_found" or param == "model" or model in message):
            return False
        now = self._clock()
        with self._lock:
            counts = status in _ALWAYS or (status in _AFTER_ITS_DATE and self._is_over(model, now, near=True))
            if counts:
                self._gone_until[model] = now + _GONE_SECONDS
        if counts or status in _ASK_AGAIN:
            self.on_missing()
        return counts

    def announced(self, *, within_days: int) -> list[Shutdown]:
        """The models that are retired within so many days, or already are, the first to end first."""
        now = self._clock()
        today = _date_of(now)
        with self._lock:
            models = dict.fromkeys([*self._dates, *self._gone_until])
            found = [
                Shutdown(
                    provider=self._provider,
                    model=model,
                    on=self._dates.get(model),
                    days=((self._dates.get(model) or today) - today).days,
                    successor=self._successor_of(model),
                )
                for model in models
                if self._dates.get(model) is not None or now < self._gone_until.get(model, 0.0)
            ]
        soon = [each for each in found if each.days <= within_days]
        return sorted(soon, key=lambda each: (each.days, each.model))

    def _is_over(self, model: str, now: float, *, near: bool = False) -> bool:
        """Whether the date of a model is over; ``near`` for a day earlier, where clocks and time zones may differ."""
        on = self._dates.get(model)
        if on is None:
            return False
        ends_at = datetime(on.year, on.month, on.day, tzinfo=UTC).timestamp()
        return now >= ends_at - (_DAY_SECONDS if near else _EARLY_SECONDS)


def _date_of(seconds: float) -> date:
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)).date()
