"""The subtitle compiler: a timeline in, cues out."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from sayso.subtitles.passage import Passage
from sayso.subtitles.plan import best_plan
from sayso.subtitles.timing import VIOLATION, end_ms, on_time, shifted
from sayso.types import Cue, CueWord

if TYPE_CHECKING:
    from sayso.subtitles.plan import PlannedCue
    from sayso.subtitles.style import Style
    from sayso.types import Timeline


def compile_cues(timeline: Timeline, style: Style, *, language: str) -> tuple[Cue, ...]:
    """Compile a timeline into cues.

    The cues contain every word once, in order, as the author wrote it. They never overlap, mix paragraphs, or outlive
    the audio. Lines and their number keep the style's limits whatever the text is. A cue starts with its first word. If
    the time to read is too short somewhere, the starts of cues shift: first a little early or late, then into silences,
    then later, all within the limits of the style. Cues that still cannot be read in time (a minute of speech faster
    than the limit) stay with the sound and break the fewest limits by the least; `lint` reports them.

    Args:
        timeline: of the audio.
        style: the limits to keep.
        language: BCP 47; decides which words a line should not end with.
    """
    passage = Passage(timeline, style, language)
    if not passage.pieces:
        return ()
    plan = best_plan(passage, style, on_time(passage))
    if plan.cost >= VIOLATION:
        plan = best_plan(passage, style, shifted(passage, style))
    next_starts = [cue.start_ms for cue in plan.cues[1:]] + [passage.duration_ms + style.min_gap_ms]
    cues: list[Cue] = []
    for planned, next_start in zip(plan.cues, next_starts, strict=True):
        # Words that sound at the same moment, in different paragraphs, have the same start.
        start = max(planned.start_ms, cues[-1].end_ms) if cues else planned.start_ms
        cues.append(_cue(passage, planned, start, next_start, style))
    return tuple(cues)


def _cue(passage: Passage, planned: PlannedCue, start_ms: int, next_start_ms: int, style: Style) -> Cue:
    stretch = planned.stretch
    spoken_until = passage.pieces[stretch.end - 1].end_ms
    lines = list(pairwise([*stretch.line_starts, stretch.end]))
    return Cue(
        start_ms=start_ms,
        end_ms=end_ms(start_ms, next_start_ms, stretch.needed_ms, spoken_until, style),
        lines=tuple(passage.line(begin, end) for begin, end in lines),
        words=tuple(
            CueWord(
                text=piece.text,
                start_ms=piece.start_ms,
                end_ms=piece.end_ms,
                joined=piece.joined,
                line=number,
            )
            for number, (begin, end) in enumerate(lines)
            for piece in passage.pieces[begin:end]
        ),
    )
