"""Speaking slower where subtitles would otherwise be too fast to read.

A style's reading speed is a hard limit, and a sentence that is spoken faster cannot be shown in time: there is no
silence to extend into, and cutting it up does not make it shorter. But here the speech is ours, so the sentences that
are too fast are spoken again, as much slower as it takes.
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

# A little slower than is needed, since the cues are laid out anew in the next take.
_MARGIN = 0.97


def is_too_fast(cue: Cue, style: Style) -> bool:
    """Whether a cue is shown for less time than it takes to read."""
    return _shown_share(cue, style) < 1.0


def slower_speeds(
    recording: Recording, cues: Sequence[Cue], style: Style, speeds: Sequence[float]
) -> list[float] | None:
    """The speed at which each line must be spoken for its cues to be read, as far as can be told from this take.

    Args:
        recording: the take.
        cues: its subtitles.
        style: the limits that they should keep.
        speeds: at which speed each line was spoken.

    Returns:
        A speed per line; None when every cue can be read, or no line can be spoken any slower.
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
    """The time for which a cue is shown over the time that it takes to read."""
    needed_ms = reading_ms(reading_columns(cue.lines), style)
    return (cue.end_ms - cue.start_ms) / needed_ms if needed_ms else 1.0
