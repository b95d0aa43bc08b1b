"""Slow down sentences whose subtitles would be too fast to read.

A style's reading speed is a hard limit, and the subtitles of a fast sentence cannot be shown long enough: there is no
silence to extend into, and splitting does not make it shorter. But the speech is synthesised here, so sentences that
are too fast are synthesised again, as slow as necessary.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter
from typing import TYPE_CHECKING

from sayso.subtitles import reading_columns, reading_ms
from sayso.tts.base import MINIMUM_MODEL_SPEED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.narration.recording_builder import Recording
    from sayso.subtitles import Style
    from sayso.types import Cue

# A little slower than necessary, because the next recording has a new layout of cues.
_MARGIN = 0.97


def is_too_fast(cue: Cue, style: Style) -> bool:
    """Whether a cue is shown for less time than it takes to read."""
    return _shown_share(cue, style) < 1.0


def slower_speeds(
    recording: Recording, cues: Sequence[Cue], style: Style, speeds: Sequence[float]
) -> list[float] | None:
    """The speed at which each line must be spoken for its cues to be readable, as far as this recording shows.

    Args:
        recording: the recording.
        cues: its subtitles.
        style: the limits.
        speeds: the current speed of each line.

    Returns:
        A speed per line; None when every cue is readable, or no line can be slower.
    """
    slower = list(speeds)
    lines_ms = list(recording.lines_ms())  # one after the other
    for cue in cues:
        share = _shown_share(cue, style)
        if share < 1.0:
            first = bisect_right(lines_ms, cue.words[0].start_ms, key=itemgetter(1))
            end = bisect_left(lines_ms, cue.words[-1].end_ms, key=itemgetter(0))
            for number in range(first, end):
                slower[number] = min(slower[number], max(MINIMUM_MODEL_SPEED, speeds[number] * share * _MARGIN))
    return slower if slower != list(speeds) else None


def _shown_share(cue: Cue, style: Style) -> float:
    """The time for which a cue is shown, relative to the time that it takes to read."""
    needed_ms = reading_ms(reading_columns(cue.lines), style)
    return (cue.end_ms - cue.start_ms) / needed_ms if needed_ms else 1.0
