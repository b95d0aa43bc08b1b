"""Render cues in a file format, chosen by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from sayso.subtitles.formats.ass import render_ass
from sayso.subtitles.formats.srt import render_srt
from sayso.subtitles.formats.webvtt import render_vtt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sayso.subtitles.style import Style
    from sayso.types import Cue

CueFormat: TypeAlias = Literal["srt", "vtt", "ass"]
"""The names of the formats, which are also the suffixes of their files."""


def render(cues: Iterable[Cue], cue_format: CueFormat, *, style: Style) -> str:
    """The cues as the content of a file, to be encoded in UTF-8."""
    match cue_format:
        case "srt":
            return render_srt(cues)
        case "vtt":
            return render_vtt(cues, word_marks=style.word_marks)
        case "ass":
            return render_ass(cues)
