"""Narrate a document: audio and subtitles from text."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sayso.audio import gain_for
from sayso.errors import InvalidInput
from sayso.narration.derived import measure_loudness
from sayso.narration.document import to_script
from sayso.narration.files import RenderedNarration, publish
from sayso.narration.length import estimated_seconds, require_length
from sayso.narration.slowing import is_too_fast
from sayso.narration.spool import Spool
from sayso.narration.synthesiser import Progress, Synthesiser
from sayso.scheduling import UNBOUNDED
from sayso.subtitles import style_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sayso.narration.document import Document
    from sayso.narration.files import FileFormat
    from sayso.narration.spec import NarrationSpec
    from sayso.narration.synthesiser import SynthesisedScript
    from sayso.scheduling import RequestContext
    from sayso.tts.base import SpeechEngine
    from sayso.tts.cache import SpeechCache


@dataclass(frozen=True, kw_only=True, slots=True)
class Narration:
    """The result of a narration.

    Attributes:
        files: the file of each format.
        audio_seconds: the length of the audio.
        segments: the number of utterances.
        cached_segments: how many of them came from the cache.
        slowed_lines: how many lines are slower than requested, so that their subtitles can be read.
        unreadable_cues: how many subtitles are still too fast to read.
        gain_db: the gain that was applied to the whole.
    """

    files: Mapping[FileFormat, Path]
    audio_seconds: float
    segments: int
    cached_segments: int
    slowed_lines: int
    unreadable_cues: int
    gain_db: float


def narrate(
    document: Document,
    engine: SpeechEngine,
    cache: SpeechCache,
    spec: NarrationSpec,
    directory: Path,
    *,
    voice: str | None = None,
    maximum_seconds: float | None = None,
    workers: int | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    context: RequestContext = UNBOUNDED,
) -> Narration:
    """Narrate a document into ``directory/<name>.mp3``, ``.srt`` and so on.

    Each file is written atomically. Speech that was synthesised before an interruption is in the cache, so that the
    same call resumes there. Memory does not grow with the document's audio.

    Args:
        document: the document.
        engine: the engine.
        cache: of speech.
        spec: the options.
        directory: of the files; made if missing.
        voice: the engine's own name of the spec's voice; None if the spec has that.
        maximum_seconds: the longest audio that is made; None for any length.
        workers: how many lines to synthesise at once; None for what suits the engine best.
        on_progress: called on the caller's thread after each line.
        context: grants the compute permits for the script, and is checked for cancellation between blocks of audio.

    Raises:
        NothingToSay: the text holds nothing that can be spoken.
        UnknownVoice: the engine does not have the voice, or one that the document switches to.
        InvalidInput: a directive in the text is invalid, or no voice is named.
        SpeechTooLong: the audio would be too long; raised before the synthesis if an estimate shows it.
        OutputFailed: a file cannot be written.
        EngineFailed: the engine failed.
        Cancelled, DeadlineExceeded: as the context says.
    """
    voice = voice or spec.voice
    if voice is None:
        raise InvalidInput("The narration names no voice.")
    script = to_script(document, engine, voice=voice, spec=spec, context=context)
    require_length(estimated_seconds(script, speed=spec.speed), maximum_seconds)
    with Spool(directory, context=context) as spool:
        synthesiser = Synthesiser(
            script,
            engine,
            cache,
            spool,
            spec,
            workers=workers or engine.workers,
            maximum_seconds=maximum_seconds,
            on_progress=on_progress,
        )
        synthesised = synthesiser.synthesise()
        chapters = synthesised.recording.timeline.chapters
        rendered = RenderedNarration(
            recording=synthesised.recording,
            cues=synthesised.cues,
            target=directory / document.name,
            title=spec.name or (chapters[0].title if chapters else document.name),
            voice=voice,
            engine=engine.name,
            gain=_gain(spool, engine.sample_rate_hz, spec.loudness_lufs, cache),
            style=style_named(spec.style),
        )
        files = publish(rendered, spool, cache.store, spec.audio, spec.subtitles)
    return _narration(rendered, synthesised, files, speed=spec.speed)


def _narration(
    rendered: RenderedNarration, synthesised: SynthesisedScript, files: Mapping[FileFormat, Path], *, speed: float
) -> Narration:
    timeline = rendered.recording.timeline
    return Narration(
        files=files,
        audio_seconds=timeline.seconds(timeline.duration_samples),
        segments=len(timeline.segments),
        cached_segments=synthesised.cached_segments,
        slowed_lines=sum(each < speed for each in synthesised.speeds),
        unreadable_cues=sum(is_too_fast(cue, rendered.style) for cue in synthesised.cues),
        gain_db=20 * math.log10(rendered.gain),
    )


def _gain(spool: Spool, sample_rate_hz: int, target_lufs: float | None, cache: SpeechCache) -> float:
    if target_lufs is None:
        return 1.0
    loudness = measure_loudness(spool, sample_rate_hz, cache.store)
    return gain_for(loudness, target_lufs=target_lufs)
