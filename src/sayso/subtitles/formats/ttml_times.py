"""The times of TTML: clocks, frames, ticks and time codes (https://www.w3.org/TR/ttml2/#timing-time-value-expressions)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

from sayso.subtitles.formats.clock import clock

if TYPE_CHECKING:
    from collections.abc import Mapping

Time: TypeAlias = Fraction | float
"""Seconds on the document's clock; infinite for what does not end."""

_CLOCK = re.compile(
    r"(?:(?:([0-9]{1,9}):)?([0-9]{1,2}):)?([0-9]{1,9})(?:[.,]([0-9]{1,9})[0-9]*|:([0-9]{1,9})(?:\.([0-9]{1,9}))?)?"
)
_OFFSET = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)(?:(?<=\.[0-9]{15})[0-9]*)?(h|m|s|ms|f|t)")
_LONGEST = Fraction(3600 * 1_000_000)  # of hours, a million: no time that is meant
_REGULAR = re.compile(
    r"[0-9]{2,9}:[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]{1,20}|:[0-9]{2,9}(?:\.[0-9]{1,9})?)?|[0-9.]{1,40}[a-z]{1,2}"
)
_RATE = re.compile(r"([0-9]{1,9})(?:[ :/]{1,9}([0-9]{1,9}))?")
_SECONDS = {"h": Fraction(3600), "m": Fraction(60), "ms": Fraction(1, 1000)}
_MINUTE = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeRules:
    """How a document counts time.

    Attributes:
        frames: to a second of its time codes, a whole number.
        frame_rate: frames in a second of its clock.
        subframes: to a frame.
        ticks: in a second.
        is_smpte: whether its times are time codes, which have frames in place of fractions.
        dropped: how many time codes are left out at the beginning of a minute.
        dropped_minutes: of which minutes: those that are multiples of the first and not of the second.
        is_absolute: whether the times of an element are not those since its parent's beginning.
    """

    frames: int = 30
    frame_rate: Fraction = Fraction(30)
    subframes: int = 1
    ticks: Fraction = Fraction(1)
    is_smpte: bool = False
    dropped: int = 0
    dropped_minutes: tuple[int, int] = (1, 10)
    is_absolute: bool = False

    def seconds(self, expression: str) -> Fraction | None:
        """The time that is written; None if it is none, or longer than a million hours."""
        seconds = self._seconds(expression)
        return seconds if seconds is not None and seconds < _LONGEST else None

    def _seconds(self, expression: str) -> Fraction | None:
        if found := _OFFSET.fullmatch(expression):
            value = Fraction(found[1])
            match found[2]:
                case "s":
                    return value
                case "f":
                    return value / self.frame_rate
                case "t":
                    return value / self.ticks
                case unit:
                    return value * _SECONDS[unit]
        found = _CLOCK.fullmatch(expression)
        if found is None:
            return None
        hours, minutes, whole, fraction, frames, subframes = found.groups()
        whole_minutes = int(hours or 0) * _MINUTE + int(minutes or 0)
        seconds = whole_minutes * _MINUTE + int(whole)
        if frames is None and not (self.is_smpte and fraction is None):
            return Fraction(f"{seconds}.{fraction}") if fraction else Fraction(seconds)
        count = int(frames or 0) + Fraction(int(subframes or 0), self.subframes)
        if self.is_smpte:
            return (seconds * self.frames + count - self._left_out(whole_minutes)) / self.frame_rate
        return seconds + count / self.frame_rate

    def written(self, seconds: Fraction) -> str:
        """A time as the document would have it, at a frame or a millisecond."""
        if not self.is_smpte:
            return clock(math.floor(seconds * 1000 + Fraction(1, 2)), decimal_mark=".")
        count = math.floor(seconds * self.frame_rate + Fraction(1, 2))
        step, block = self.dropped_minutes
        minute = count // (block * self.frames * _MINUTE - self.dropped * (block // step - 1)) * block
        while self._first_of(minute + 1) <= count:
            minute += 1
        rest = count - self._first_of(minute) + self._codes_left_out_in(minute)
        hours, minutes = divmod(minute, _MINUTE)
        return f"{hours:02}:{minutes:02}:{rest // self.frames:02}:{rest % self.frames:02}"

    def _left_out(self, minutes: int) -> int:
        """How many time codes there are not before the end of the first second of a minute."""
        step, exception = self.dropped_minutes
        return self.dropped * (minutes // step - minutes // exception)

    def _codes_left_out_in(self, minute: int) -> int:
        return self._left_out(minute) - self._left_out(minute - 1) if minute else 0

    def _first_of(self, minute: int) -> int:
        """The number of the first frame of a minute."""
        left_out = self._left_out(minute - 1) if minute else 0
        return minute * _MINUTE * self.frames - left_out


def is_regular(expression: str) -> bool:
    """Whether a time is written as TTML has it: two digits of hours, a point before the fraction."""
    return _REGULAR.fullmatch(expression) is not None


def time_rules(parameters: Mapping[str, str]) -> tuple[TimeRules, tuple[str, ...]]:
    """How a document counts time, and what its parameters say that cannot be.

    Args:
        parameters: the attributes of the root element in the namespace of parameters, by their local names.
    """
    wrong: list[str] = []

    def rate(name: str, default: Fraction, *, is_ratio: bool = False) -> Fraction:
        given = parameters.get(name)
        if given is None:
            return default
        found = _RATE.fullmatch(given.strip())
        parts = [int(part) for part in found.groups() if part is not None] if found else []
        if not all(parts) or len(parts) != (2 if is_ratio else 1):
            wrong.append(f"{name}={given[:40]!r}")
            return default
        return Fraction(*parts)

    frames = rate("frameRate", Fraction(30))
    subframes = rate("subFrameRate", Fraction(1))
    ticks = frames * subframes if "frameRate" in parameters else Fraction(1)
    base, drop = parameters.get("timeBase", "media"), parameters.get("dropMode", "nonDrop")
    is_smpte = base == "smpte"
    wrong += [f"timeBase={base[:40]!r}"] if base not in {"media", "smpte", "clock"} else []
    rules = TimeRules(
        frames=int(frames),
        frame_rate=frames * rate("frameRateMultiplier", Fraction(1), is_ratio=True),
        subframes=int(subframes),
        ticks=rate("tickRate", ticks),
        is_smpte=is_smpte,
        dropped={"dropNTSC": 2, "dropPAL": 4}.get(drop, 0) if is_smpte else 0,
        dropped_minutes=(2, 20) if drop == "dropPAL" else (1, 10),
        is_absolute=is_smpte and parameters.get("markerMode") == "discontinuous",
    )
    return rules, tuple(wrong)
