"""A document in, audio and subtitles out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sayso.audio import AudioFormat, gain_for
from sayso.narration.derived import measure_loudness
from sayso.narration.document import to_script
from sayso.narration.files import CUE_FORMATS, RenderedNarration, SubtitleFormat, publish
from sayso.narration.length import estimated_seconds, require_length
from sayso.narration.pace import is_too_fast
from sayso.narration.spool import Spool
from sayso.narration.synthesiser import Progress, Synthesiser
from sayso.scheduling import FREE
from sayso.text import Lexicon

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sayso.narration.document import Document
    from sayso.narration.synthesiser import SynthesisedScript
    from sayso.scheduling import RequestContext
    from sayso.subtitles import Style, Timing
    from sayso.tts.base import SpeechEngine
    from sayso.tts.cache import SpeechCache

TRUE_PEAK_LIMIT_DB = -1.0
"""EBU R128's limit for the true peak, in dBTP; a document that would exceed it stays below its loudness."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NarrationOptions:
    """How a document is to be narrated.

    Attributes:
        voice: the voice, until the document asks for another.
        speed: within what the engine takes; 1.0 is the voice's own pace.
        language: BCP 47; None for the voice's own.
        audio: the audio formats to write.
        subtitles: the subtitle formats to write.
        style: the limits that cues keep.
        loudness_lufs: the integrated loudness of the whole; None leaves the voices' own level.
        lexicon: pronunciations.
        emoji: whether emoji are read by their names or left out.
        keep_speed: whether sentences whose subtitles are too fast to read keep their speed nevertheless.
        timing: ``naive`` shares the length of each sentence out among its words, whatever the engine knows.
        title: what the files say they are; None for the first chapter's title, or else the document's name.
        maximum_seconds: the longest audio that is made; None for any length.
    """

    voice: str
    audio: tuple[AudioFormat, ...]
    subtitles: tuple[SubtitleFormat, ...]
    style: Style
    speed: float = 1.0
    language: str | None = None
    loudness_lufs: float | None = -16.0
    lexicon: Lexicon = field(default_factory=Lexicon.empty)
    emoji: Literal["name", "drop"] = "drop"
    keep_speed: bool = False
    timing: Timing = "exact"
    title: str | None = None
    maximum_seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Narration:
    """What was made.

    Attributes:
        files: every file, in the order of the options.
        audio_seconds: the length of the audio.
        segments: how many utterances it is made of.
        cached_segments: how many of them came from the cache.
        slowed_lines: how many lines are spoken slower than asked for, so that their subtitles can be read.
        unreadable_cues: how many subtitles are too fast to read all the same.
        gain_db: the one gain that was applied.
    """

    files: tuple[Path, ...]
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
    options: NarrationOptions,
    directory: Path,
    *,
    workers: int | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
    ticket: RequestContext = FREE,
) -> Narration:
    """Narrate a document into ``directory/<name>.mp3``, ``.srt`` and so on.

    Each file appears complete or not at all. What was synthesised before an interruption is in the cache, so that the
    same call resumes there. Memory does not grow with the document's audio.

    Args:
        document: what to narrate.
        engine: who speaks.
        cache: where speech is kept.
        options: how.
        directory: where the files go; made if need be.
        workers: how many lines to speak at once; None for what the engine does best.
        on_progress: called on the caller's thread after each line.
        ticket: whose turns the script is made in, and asked between blocks of audio whether the work is still wanted.

    Raises:
        NothingToSay: the text holds nothing that can be spoken.
        UnknownVoice: the voice, or one that the document switches to, is not the engine's.
        InvalidInput: an option or a directive in the text is wrong.
        SpeechTooLong: the audio would be longer than the options say; before anything is spoken, where that shows.
        OutputFailed: a file cannot be written.
        EngineFailed: the engine broke.
        Cancelled, DeadlineExceeded: as the ticket says.
    """
    script = to_script(
        document,
        engine,
        voice=options.voice,
        language=options.language,
        lexicon=options.lexicon,
        emoji=options.emoji,
        ticket=ticket,
    )
    require_length(estimated_seconds(script, speed=options.speed), options.maximum_seconds)
    style = options.style if set(options.subtitles) & CUE_FORMATS else None
    with Spool(directory, ticket=ticket) as spool:
        stage = Synthesiser(
            script,
            engine,
            cache,
            spool,
            workers=workers or engine.workers,
            timing=options.timing,
            maximum_seconds=options.maximum_seconds,
            on_progress=on_progress,
        )
        performance = stage.perform(options.speed, style, keep_speed=options.keep_speed)
        gain = _gain(spool, engine.sample_rate_hz, options.loudness_lufs, cache)
        edition = _edition(performance, document, engine, options, directory, gain)
        files = publish(edition, spool, cache.store, options.audio, options.subtitles)
    recording = performance.recording
    return Narration(
        files=files,
        audio_seconds=recording.timeline.seconds(recording.timeline.duration_samples),
        segments=len(recording.timeline.segments),
        cached_segments=performance.cached_segments,
        slowed_lines=sum(speed < options.speed for speed in performance.speeds),
        unreadable_cues=sum(is_too_fast(cue, options.style) for cue in performance.cues),
        gain_db=20 * math.log10(gain),
    )


def _edition(
    performance: SynthesisedScript,
    document: Document,
    engine: SpeechEngine,
    options: NarrationOptions,
    directory: Path,
    gain: float,
) -> RenderedNarration:
    chapters = performance.recording.timeline.chapters
    return RenderedNarration(
        recording=performance.recording,
        cues=performance.cues,
        target=directory / document.name,
        title=options.title or (chapters[0].title if chapters else document.name),
        voice=options.voice,
        engine=engine.name,
        gain=gain,
        style=options.style,
    )


def _gain(spool: Spool, sample_rate_hz: int, target_lufs: float | None, cache: SpeechCache) -> float:
    if target_lufs is None:
        return 1.0
    loudness = measure_loudness(spool, sample_rate_hz, cache.store)
    return gain_for(loudness, target_lufs=target_lufs, true_peak_limit_db=TRUE_PEAK_LIMIT_DB)
