"""How long the next piece of a stream may be, so that it is there before its listener has heard what came before."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.tts.planned import Cut, PlannedSpeech

FIRST_SECONDS = 0.5
"""The shortest beginning: a player has something to play while the next piece is made."""

_LONGEST_FIRST_SECONDS = 1.0
_FIRST_DB_PER_SECOND = 100.0
"""How much quieter a later place for the first cut has to be: at a pause it is 40 dB quieter than between words."""

_LATER_DB_PER_SECOND = -10.0

_SHORTEST_SECONDS = 0.8
_SHORTEST_CONTENDED_SECONDS = 2.5
"""Each piece costs as much as 0.2 seconds more of speech. Where others wait for the processors, that is theirs."""

_SHORTEST_REST_SECONDS = 0.5

_FIRST_GUESS = 0.4
"""Seconds for a second of speech: a slow machine, until it is known."""

_CUT_SECONDS = 0.3
"""What a piece costs beside its length, as seconds of speech."""

_SAFETY = 0.7
_WEIGHT_OF_LATEST = 0.5


class Pacing:
    """Keeps account of a stream's audio; any thread may use it.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # guards all that follows
        self._promised_seconds = 0.0
        self._heard_from: float | None = None
        self._pace = _FIRST_GUESS

    def promise(self, seconds: float) -> None:
        """Count audio that is being made, or the difference to what was counted for it."""
        with self._lock:
            self._promised_seconds += seconds

    def made(self, elapsed_seconds: float, audio_seconds: float) -> None:
        """Note how long it took to make some audio; the listener hears the stream since the first was made."""
        with self._lock:
            if self._heard_from is None:
                self._heard_from = self._clock()
            latest = elapsed_seconds / (audio_seconds + _CUT_SECONDS)
            self._pace += _WEIGHT_OF_LATEST * (latest - self._pace)

    def allowed_seconds(self) -> float:
        """How long a piece may be that is begun now, after all that is promised; 0 or less if it will be late."""
        with self._lock:
            heard = 0.0 if self._heard_from is None else self._clock() - self._heard_from
            return (self._promised_seconds - heard) * _SAFETY / self._pace - _CUT_SECONDS


def first_end(planned: PlannedSpeech, sample_rate_hz: int) -> Cut:
    """Where the first piece of an utterance ends, for which a listener waits."""
    shortest, longest = FIRST_SECONDS, _LONGEST_FIRST_SECONDS
    return _best(planned, planned.begin, sample_rate_hz, shortest, longest, db_per_second=_FIRST_DB_PER_SECOND)


def next_end(
    planned: PlannedSpeech, begin: Cut, sample_rate_hz: int, *, allowed_seconds: float, is_contended: bool
) -> Cut:
    """Where the piece ends that begins at a cut.

    Args:
        planned: the utterance.
        begin: the cut.
        sample_rate_hz: of its audio.
        allowed_seconds: as `Pacing.allowed_seconds`; a piece is longer only where a shorter one would be too costly.
        is_contended: whether others wait for the processors.
    """
    shortest = _SHORTEST_CONTENDED_SECONDS if is_contended else _SHORTEST_SECONDS
    longest = max(allowed_seconds, shortest)
    low = max(shortest, longest / 2)
    return _best(planned, begin, sample_rate_hz, low, longest, db_per_second=_LATER_DB_PER_SECOND)


def _best(
    planned: PlannedSpeech,
    begin: Cut,
    sample_rate_hz: int,
    shortest: float,
    longest: float,
    *,
    db_per_second: float,
) -> Cut:
    """The quietest end between the shortest and the longest seconds; the utterance's if the rest is short."""

    def seconds(cut: Cut) -> float:
        return (cut.sample - begin.sample) / sample_rate_hz

    whole = seconds(planned.end)
    if whole <= longest:
        return planned.end
    later: Sequence[Cut] = [
        cut for cut in planned.cuts if seconds(cut) >= shortest and whole - seconds(cut) >= _SHORTEST_REST_SECONDS
    ]
    within = [cut for cut in later if seconds(cut) <= longest] or later[:1]
    return min(within, key=lambda cut: cut.level_db + db_per_second * seconds(cut), default=planned.end)
