"""Check cues against a style: every limit that can be checked in a subtitle file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sayso.subtitles.measure import columns, reading_columns, reading_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sayso.subtitles.style import Style
    from sayso.types import Cue


class Rule(StrEnum):
    """The rules that a cue can break."""

    EMPTY = "empty"
    LINE_COUNT = "line-count"
    LINE_LENGTH = "line-length"
    READING_SPEED = "reading-speed"
    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    ORDER = "order"
    OVERLAP = "overlap"
    GAP = "gap"
    PAST_END = "past-end"


@dataclass(frozen=True, kw_only=True, slots=True)
class Violation:
    """One rule broken by one cue.

    Attributes:
        rule: which rule.
        cue: the cue's number in its file, from 1.
        start_ms: when the cue starts.
        message: the value that was found and the limit, for a person.
    """

    rule: Rule
    cue: int
    start_ms: int
    message: str


def lint(cues: Sequence[Cue], style: Style, *, duration_ms: int | None = None) -> list[Violation]:
    """Every rule that ``cues`` break, cue by cue.

    Args:
        cues: in the order of their file.
        style: the limits.
        duration_ms: the length of the audio, if known; then no cue may outlive it.
    """
    violations = []
    for index, cue in enumerate(cues):
        found = [*_text_faults(cue, style), *_time_faults(cue, style)]
        if index:
            found += _order_faults(cues[index - 1], cue, style)
        if duration_ms is not None and cue.end_ms > duration_ms:
            found.append((Rule.PAST_END, f"ends at {cue.end_ms} ms, the audio at {duration_ms} ms"))
        violations += [
            Violation(rule=rule, cue=index + 1, start_ms=cue.start_ms, message=message) for rule, message in found
        ]
    return violations


def _text_faults(cue: Cue, style: Style) -> Iterator[tuple[Rule, str]]:
    if not any(line.strip() for line in cue.lines):
        yield Rule.EMPTY, "shows nothing"
    if len(cue.lines) > style.max_lines:
        yield Rule.LINE_COUNT, f"{len(cue.lines)} lines, at most {style.max_lines}"
    for number, line in enumerate(cue.lines, start=1):
        if (width := columns(line)) > style.max_columns:
            yield Rule.LINE_LENGTH, f"{width} columns on line {number}, at most {style.max_columns}"


def _time_faults(cue: Cue, style: Style) -> Iterator[tuple[Rule, str]]:
    duration = cue.end_ms - cue.start_ms
    if duration <= 0:
        yield Rule.ORDER, f"ends {-duration} ms before its start" if duration else "ends as it starts"
        return
    if duration < style.min_duration_ms:
        yield Rule.TOO_SHORT, f"shown for {duration} ms, at least {style.min_duration_ms} ms"
    if duration > style.max_duration_ms:
        yield Rule.TOO_LONG, f"shown for {duration} ms, at most {style.max_duration_ms} ms"
    width = reading_columns(cue.lines)
    if duration < reading_ms(width, style):
        speed = f"{width * 1000 / duration:.1f} characters a second"
        yield Rule.READING_SPEED, f"{speed}, at most {style.max_columns_per_second}"


def _order_faults(previous: Cue, cue: Cue, style: Style) -> Iterator[tuple[Rule, str]]:
    gap = cue.start_ms - previous.end_ms
    if cue.start_ms < previous.start_ms:
        yield Rule.ORDER, f"starts {previous.start_ms - cue.start_ms} ms before the cue before it"
    elif gap < 0:
        yield Rule.OVERLAP, f"starts {-gap} ms before the cue before it ends"
    elif gap < style.min_gap_ms:
        yield Rule.GAP, f"starts {gap} ms after the cue before it, at least {style.min_gap_ms} ms"
