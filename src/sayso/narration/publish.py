"""Writing a narration's files: each appears complete or not at all."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from sayso.audio import AudioTags, AudioWriter
from sayso.files import replacing
from sayso.subtitles import CueFormat, compile_cues, render, render_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sayso.audio import AudioFormat
    from sayso.narration.spool import Spool
    from sayso.subtitles import Style, Timing
    from sayso.types import Script, Timeline

SubtitleFormat: TypeAlias = CueFormat | Literal["json"]
SUBTITLE_FORMATS: tuple[SubtitleFormat, ...] = ("srt", "vtt", "ass", "json")


def publish_audio(
    spool: Spool, gain: float, target: Path, formats: Sequence[AudioFormat], timeline: Timeline, tags: AudioTags
) -> tuple[Path, ...]:
    """Encode the spool to every format, one thread each.

    Args:
        spool: the samples.
        gain: the linear gain applied to all of them.
        target: the path of the files, without a suffix.
        formats: what to write.
        timeline: says the samples' rate.
        tags: what the files say about themselves.

    Raises:
        OutputFailed: a file cannot be written.
    """

    def encode(audio_format: AudioFormat) -> Path:
        path = with_suffix(target, audio_format)
        with AudioWriter(path, audio_format, sample_rate_hz=timeline.sample_rate_hz, tags=tags) as writer:
            for block in spool.blocks():
                writer.write(block * np.float32(gain))
        return path

    with ThreadPoolExecutor(max(1, len(formats)), thread_name_prefix="encode") as pool:
        return tuple(pool.map(encode, formats))


def publish_subtitles(
    script: Script,
    timeline: Timeline,
    target: Path,
    formats: Sequence[SubtitleFormat],
    style: Style,
    *,
    voice: str,
    engine: str,
    timing: Timing,
) -> tuple[Path, ...]:
    """Compile the cues and write every format.

    Raises:
        OutputFailed: a file cannot be written.
    """
    cues = compile_cues(timeline, style, language=script.language)
    paths = []
    for subtitle_format in formats:
        if subtitle_format == "json":
            content = render_json(
                timeline, text=script.text, language=script.language, voice=voice, engine=engine, timing=timing
            )
        else:
            content = render(cues, subtitle_format, style=style)
        path = with_suffix(target, subtitle_format)
        with replacing(path) as file:
            file.write(content.encode())
        paths.append(path)
    return tuple(paths)


def with_suffix(target: Path, suffix: str) -> Path:
    """``target.suffix``; dots in the target's own name stay ("vol.1" becomes "vol.1.mp3")."""
    return target.with_name(f"{target.name}.{suffix}")
