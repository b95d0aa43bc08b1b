"""Subtitles: the timeline, the compiler of cues, the lint, and the file formats."""

from sayso.subtitles.cues import compile_cues
from sayso.subtitles.formats import (
    CueFormat,
    CueTime,
    FileFormat,
    Remark,
    SubtitleFile,
    Timing,
    decode_subtitles,
    format_of,
    parse_subtitles,
    read_subtitles,
    render,
    render_ass,
    render_json,
    render_srt,
    render_ttml,
    render_vtt,
    timeline_document,
    weaker_timing,
    with_times,
    words_json,
)
from sayso.subtitles.lint import Rule, Violation, lint
from sayso.subtitles.measure import reading_columns, reading_ms
from sayso.subtitles.style import STYLES, Style, StyleName, style_named
from sayso.subtitles.timeline import TimelineBuilder, naive_times
from sayso.subtitles.timing import end_ms

__all__ = [
    "STYLES",
    "CueFormat",
    "CueTime",
    "FileFormat",
    "Remark",
    "Rule",
    "Style",
    "StyleName",
    "SubtitleFile",
    "TimelineBuilder",
    "Timing",
    "Violation",
    "compile_cues",
    "decode_subtitles",
    "end_ms",
    "format_of",
    "lint",
    "naive_times",
    "parse_subtitles",
    "read_subtitles",
    "reading_columns",
    "reading_ms",
    "render",
    "render_ass",
    "render_json",
    "render_srt",
    "render_ttml",
    "render_vtt",
    "style_named",
    "timeline_document",
    "weaker_timing",
    "with_times",
    "words_json",
]
