"""Write a narration's files, each atomically."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from sayso.audio import AudioFormat, AudioTags
from sayso.files import replacing
from sayso.narration.derived import encode
from sayso.subtitles import CueFormat, render, render_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sayso.cache import Cache
    from sayso.narration.recording_builder import Recording
    from sayso.narration.spool import Spool
    from sayso.subtitles import Style
    from sayso.types import Cue

SubtitleFormat: TypeAlias = CueFormat | Literal["json"]
CUE_FORMATS: frozenset[SubtitleFormat] = frozenset(get_args(CueFormat))
SUBTITLE_FORMATS: tuple[SubtitleFormat, ...] = ("srt", "vtt", "ass", "ttml", "json")
FileFormat: TypeAlias = AudioFormat | SubtitleFormat


@dataclass(frozen=True, kw_only=True, slots=True)
class RenderedNarration:
    """A recording that is ready to be written to files.

    Attributes:
        recording: the recording.
        cues: its subtitles.
        target: the path of every file, without its suffix.
        title: the title in the files' metadata.
        voice: the requested voice.
        engine: the name of the engine.
        gain: the linear gain applied to all samples.
        style: of the cues.
    """

    recording: Recording
    cues: tuple[Cue, ...]
    target: Path
    title: str
    voice: str
    engine: str
    gain: float
    style: Style

    def path(self, suffix: str) -> Path:
        """The file of a format; dots in the target's own name stay ("vol.1" becomes "vol.1.mp3")."""
        return self.target.with_name(f"{self.target.name}.{suffix}")


def publish(
    rendered: RenderedNarration,
    spool: Spool,
    cache: Cache,
    audio: Sequence[AudioFormat],
    subtitles: Sequence[SubtitleFormat],
) -> Mapping[FileFormat, Path]:
    """Write every file, each audio format on its own thread and the subtitles on another.

    Returns:
        The file of each format.

    Raises:
        OutputFailed: a file cannot be written.
    """
    with ThreadPoolExecutor(len(audio) + 1, thread_name_prefix="publish") as pool:
        encoded = {each: pool.submit(_write_audio, rendered, spool, cache, each) for each in audio}
        written = pool.submit(_write_subtitles, rendered, subtitles)
        return {**{each: future.result() for each, future in encoded.items()}, **written.result()}


def _write_audio(rendered: RenderedNarration, spool: Spool, cache: Cache, audio_format: AudioFormat) -> Path:
    timeline = rendered.recording.timeline
    tags = AudioTags(title=rendered.title, language=rendered.recording.script.language, chapters=timeline.chapters)
    path = rendered.path(audio_format)
    encode(spool, rendered.gain, path, audio_format, tags, timeline.sample_rate_hz, cache)
    return path


def _write_subtitles(rendered: RenderedNarration, formats: Sequence[SubtitleFormat]) -> Mapping[FileFormat, Path]:
    recording = rendered.recording
    paths: dict[FileFormat, Path] = {}
    for subtitle_format in formats:
        if subtitle_format == "json":
            content = render_json(
                recording.timeline,
                text=recording.script.text,
                language=recording.script.language,
                voice=rendered.voice,
                engine=rendered.engine,
                timing=recording.timing,
            )
        else:
            content = render(rendered.cues, subtitle_format, style=rendered.style, language=recording.script.language)
        path = rendered.path(subtitle_format)
        with replacing(path) as file:
            file.write(content.encode())
        paths[subtitle_format] = path
    return paths
