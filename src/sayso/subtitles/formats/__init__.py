"""The formats of subtitle files: SubRip, WebVTT and TTML are written and read, ASS and JSON are written."""

from sayso.subtitles.formats.ass import render_ass
from sayso.subtitles.formats.cue_file import CueFormat, render
from sayso.subtitles.formats.parse import decode_subtitles, format_of, parse_subtitles, read_subtitles
from sayso.subtitles.formats.retime import with_times
from sayso.subtitles.formats.srt import render_srt
from sayso.subtitles.formats.subtitle_file import CueTime, FileFormat, Remark, SubtitleFile
from sayso.subtitles.formats.timeline_json import Timing, render_json, timeline_document, weaker_timing, words_json
from sayso.subtitles.formats.ttml import render_ttml
from sayso.subtitles.formats.webvtt import render_vtt

__all__ = [
    "CueFormat",
    "CueTime",
    "FileFormat",
    "Remark",
    "SubtitleFile",
    "Timing",
    "decode_subtitles",
    "format_of",
    "parse_subtitles",
    "read_subtitles",
    "render",
    "render_ass",
    "render_json",
    "render_srt",
    "render_ttml",
    "render_vtt",
    "timeline_document",
    "weaker_timing",
    "with_times",
    "words_json",
]
