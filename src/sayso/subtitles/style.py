"""Subtitle styles: the limits, and the presets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

from sayso.errors import InvalidInput
from sayso.types import Boundary

if TYPE_CHECKING:
    from collections.abc import Mapping

StyleName: TypeAlias = Literal["netflix", "bbc", "kids", "flashcard", "karaoke"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Style:
    """The limits of the look and the timing of cues; columns are those of `measure.columns`.

    The first seven limits can be checked in any file, and the lint checks them. The others are about the sound, which a
    subtitle file does not contain; only the compiler uses them.

    Attributes:
        name: the name on the command line.
        max_columns: the longest line.
        max_lines: the most lines of a cue.
        max_columns_per_second: the highest reading speed.
        min_duration_ms: the shortest time a cue is shown.
        max_duration_ms: the longest time a cue is shown.
        min_gap_ms: the shortest time between two cues; 0 lets them touch.
        close_gaps_below_ms: a shorter gap would flicker, so it is closed to ``min_gap_ms``.
        lead_out_ms: how long a cue may stay after its last word without looking late.
        start_early_ms: how long before its first word a cue may start.
        start_late_ms: how long after its first word a cue may start.
        max_lag_ms: the largest delay where the speech is too fast to be read otherwise.
        unit: a cue holds only one of these where possible: a clause, a sentence, a paragraph.
        word_marks: whether WebVTT marks each word as it is spoken (ASS always does).
    """

    name: StyleName
    max_columns: int
    max_lines: int
    max_columns_per_second: int
    min_duration_ms: int
    max_duration_ms: int
    min_gap_ms: int
    close_gaps_below_ms: int
    lead_out_ms: int
    start_early_ms: int
    start_late_ms: int
    max_lag_ms: int
    unit: Boundary
    word_marks: bool = False


NETFLIX = Style(
    name="netflix",
    max_columns=42,
    max_lines=2,
    max_columns_per_second=20,
    min_duration_ms=833,
    max_duration_ms=7000,
    min_gap_ms=83,
    close_gaps_below_ms=500,
    lead_out_ms=500,
    start_early_ms=125,
    start_late_ms=125,
    max_lag_ms=500,
    unit=Boundary.PARAGRAPH,
)
"""Netflix Timed Text Style Guide, General Requirements and English (adult programmes), at 24 frames a second.

5/6 s to 7 s; two frames between cues, and gaps of three to eleven frames closed to two; 42 characters on each of two
lines; 20 characters a second; a start within three frames of the sound, an end at most twelve after it.
"""

BBC = Style(
    name="bbc",
    max_columns=37,
    max_lines=2,
    max_columns_per_second=18,
    min_duration_ms=600,
    max_duration_ms=7000,
    min_gap_ms=0,
    close_gaps_below_ms=1000,
    lead_out_ms=1500,
    start_early_ms=250,
    start_late_ms=250,
    max_lag_ms=1500,
    unit=Boundary.SENTENCE,
)
"""BBC Subtitle Guidelines.

160 to 180 words a minute: 180, with the six characters of a mean English word and its space, are 18 a second. 37
characters are what fits the 68 % of the picture's width that a line may take, in the fixed pitch of teletext. A word
needs 0.3 s, and the shortest cue here is one of two words. A pause of under a second is no gap; a subtitle stays or
lags by 1.5 s at most; each is a single sentence where possible. The 7 s are Netflix's, for the BBC states no longest.
"""

KIDS = replace(NETFLIX, name="kids", max_columns_per_second=17)
"""Netflix's English rules for children's programmes: 17 characters a second, the rest as for adults."""

FLASHCARD = replace(KIDS, name="flashcard", max_lines=1, unit=Boundary.CLAUSE)
"""Sayso's own: one short phrase at a time on one line, at a reading speed for learners."""

KARAOKE = Style(
    name="karaoke",
    max_columns=42,
    max_lines=1,
    max_columns_per_second=25,
    min_duration_ms=500,
    max_duration_ms=7000,
    min_gap_ms=0,
    close_gaps_below_ms=1000,
    lead_out_ms=500,
    start_early_ms=0,
    start_late_ms=0,
    max_lag_ms=0,
    unit=Boundary.SENTENCE,
    word_marks=True,
)
"""Sayso's own: one line whose words light up as they are spoken, so it never shifts against the sound.

The marks lead the eye, so that a viewer can follow faster than reading: 25 characters a second.
"""

STYLES: Mapping[str, Style] = MappingProxyType(
    {style.name: style for style in (NETFLIX, BBC, KIDS, FLASHCARD, KARAOKE)}
)
"""The presets by name; the first is the default."""


def style_named(name: str) -> Style:
    """The preset of this name.

    Raises:
        InvalidInput: the name is unknown.
    """
    if name not in STYLES:
        raise InvalidInput(f"There is no subtitle style named {name!r}.", hint=f"Styles: {', '.join(STYLES)}.")
    return STYLES[name]
