"""Render cues in a file format, chosen by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from sayso.subtitles.formats.ass import render_ass
from sayso.subtitles.formats.srt import render_srt
from sayso.subtitles.formats.ttml import render_ttml
from sayso.subtitles.formats.webvtt import render_vtt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sayso.subtitles.style import Style
    from sayso.types import Cue

CueFormat: TypeAlias = Literal["srt", "vtt", "ass", "ttml"]
"""The names of the formats, which are also the suffixes of their files."""


def render(cues: Iterable[Cue], cue_format: CueFormat, *, style: Style, language: str = "") -> str:
    """The cues as the content of a file, to be encoded in UTF-8.

    Args:
        cues: in their order.
        cue_format: of the file.
        style: of the cues.
        language: of the cues (BCP 47), for the formats that name it; empty if it is unknown.
    """
    match cue_format:
        case "srt":
            return render_srt(cues)
        case "vtt":
            return render_vtt(cues, word_marks=style.word_marks)
        case "ass":
            return render_ass(cues)
        case "ttml":
            return render_ttml(cues, style=style, language=language)
