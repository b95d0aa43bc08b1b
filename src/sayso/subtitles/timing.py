"""When a cue is shown: how its start may shift against the sound, and the cost of too little time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from sayso.subtitles.passage import Passage
    from sayso.subtitles.style import Style

VIOLATION = 1e6
"""The cost of a cue that is too short to be read: far more than any break or shift can save."""

_MISSING_TIME = 20.0
"""Times the square of the missing share of the reading time, in violations: many cues miss a little, none much."""

_INVISIBLE = 1e4 * VIOLATION
"""The cost of a cue without any time; only words that sound at the same moment can have it."""

# In the same unit as the costs of `passage.py`, for each millisecond.
_PAST_MAX_DURATION = 1.0  # a word still sounds, and nothing is shown
_PAST_LEAD_OUT = 0.02
_BRIEF = 0.3
_BRIEF_BELOW_MS = 1000  # the eye needs a moment to find a cue; one that short had better be joined with its neighbour
_SHIFT = 0.04
_SHIFT_PAST_TOLERANCE = 0.12

_HEAD_START_MS = 1500
"""The longest time before its sound that a cue may start, to gain time from a silence before it (BBC)."""


class Start(NamedTuple):
    """One possible start of a cue, and its cost."""

    ms: int
    cost: float


def on_time(passage: Passage) -> list[list[Start]]:
    """Every cue starts with its sound: one start for each gap where a cue can begin."""
    latest = max(passage.duration_ms - 1, 0)
    return [[Start(min(piece.start_ms, latest), 0.0)] for piece in passage.pieces]


def shifted(passage: Passage, style: Style) -> list[list[Start]]:
    """The possible starts, for each gap, of a cue for which the speech leaves too little time to read.

    On time; early or late within the style's tolerance; later, up to the style's maximum; and early, in a silence:
    as early as it allows, and just early enough that a short paragraph is shown for the style's shortest time.
    """
    starts = on_time(passage)
    latest = max(passage.duration_ms - 1, 0)
    for options, (head_start, missing) in zip(starts, _early(passage, style), strict=True):
        sound = options[0].ms
        early = {style.start_early_ms, *({head_start, missing} if head_start > style.start_early_ms else ())}
        late = {style.start_late_ms, (style.start_late_ms + style.max_lag_ms) // 2, style.max_lag_ms}
        offsets = {-min(offset, sound) for offset in early} | {offset for offset in late if sound + offset <= latest}
        options += [Start(sound + offset, _shift_cost(offset, style)) for offset in sorted(offsets - {0})]
    return starts


def _early(passage: Passage, style: Style) -> list[tuple[int, int]]:
    """For each piece, how early a cue may start in the silence before it, and has to for its paragraph's sake.

    Both in milliseconds. From the end: a paragraph that starts earlier leaves less time to the one before it.
    """
    found: list[tuple[int, int]] = []
    paragraph_end = passage.duration_ms
    for number in range(len(passage.pieces) - 1, -1, -1):
        sound = passage.pieces[number].start_ms
        silent_since = passage.pieces[number - 1].end_ms if number else -style.min_gap_ms
        head_start = max(min(sound - silent_since - style.min_gap_ms, _HEAD_START_MS), 0)
        missing = min(max(style.min_duration_ms - (paragraph_end - sound), 0), head_start)
        found.append((head_start, missing))
        if passage.must_break[number]:
            paragraph_end = sound - missing - style.min_gap_ms
    return found[::-1]


def _shift_cost(offset_ms: int, style: Style) -> float:
    tolerance = style.start_late_ms if offset_ms > 0 else style.start_early_ms
    beyond = max(abs(offset_ms) - tolerance, 0)
    return _SHIFT * abs(offset_ms) + _SHIFT_PAST_TOLERANCE * beyond


def time_cost(start_ms: int, latest_end_ms: int, needed_ms: int, spoken_until_ms: int, style: Style) -> float:
    """The cost of showing a cue from ``start_ms`` to at most ``latest_end_ms``.

    Args:
        start_ms: when it appears.
        latest_end_ms: when it must disappear, because of the next cue or the end of the audio.
        needed_ms: how long it must be shown to be read.
        spoken_until_ms: when its last word ends.
        style: the limits.
    """
    wanted_end = start_ms + needed_ms
    cost = 0.0
    if start_ms >= latest_end_ms:
        return _INVISIBLE
    if wanted_end > latest_end_ms:
        missing = (wanted_end - latest_end_ms) / needed_ms
        cost = VIOLATION * (1 + _MISSING_TIME * missing * missing)
    elif wanted_end > spoken_until_ms + style.lead_out_ms:
        cost = _PAST_LEAD_OUT * (wanted_end - spoken_until_ms - style.lead_out_ms)
    cost += _BRIEF * max(_BRIEF_BELOW_MS - (latest_end_ms - start_ms), 0)
    if spoken_until_ms > start_ms + style.max_duration_ms:
        cost += _PAST_MAX_DURATION * (spoken_until_ms - start_ms - style.max_duration_ms)
    return cost


def end_ms(start_ms: int, next_start_ms: int, needed_ms: int, spoken_until_ms: int, style: Style) -> int:
    """When a cue disappears: with its last word, later to be read, or with the next cue or the audio's end if near."""
    latest = min(next_start_ms - style.min_gap_ms, start_ms + style.max_duration_ms)
    end = min(max(spoken_until_ms, start_ms + needed_ms), latest)
    if next_start_ms - end < style.close_gaps_below_ms:
        end = latest
    return max(end, start_ms + 1)
