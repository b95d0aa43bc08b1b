"""A document in, audio and subtitles out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from sayso.audio import AudioFormat, gain_for
from sayso.narration.document import to_script
from sayso.narration.publish import Edition, SubtitleFormat, publish
from sayso.narration.render import render
from sayso.narration.spool import Spool
from sayso.narration.take import Take
from sayso.text import Lexicon

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sayso.audio import Loudness
    from sayso.narration.document import Document
    from sayso.subtitles import Style
    from sayso.tts.base import SpeechEngine
    from sayso.tts.cache import SpeechCache

TRUE_PEAK_LIMIT_DB = -1.0
"""EBU R128's limit for the true peak, in dBTP; a document that would exceed it stays below its loudness."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NarrationOptions:
    """How a document is to be narrated.

    Attributes:
        voice: the voice, until the document asks for another.
        speed: 0.5 to 2.0, where 1.0 is the voice's own pace.
        language: BCP 47; None for the voice's own.
        audio: the audio formats to write.
        subtitles: the subtitle formats to write.
        style: the limits that cues keep.
        loudness_lufs: the integrated loudness of the whole; None leaves the voices' own level.
        lexicon: pronunciations.
        emoji: whether emoji are read by their names or left out.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a narration is: characters of the source spoken, of how many, and seconds of audio so far."""

    done_characters: int
    total_characters: int
    audio_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Narration:
    """What was made.

    Attributes:
        files: every file, in the order of the options.
        audio_seconds: the length of the audio.
        segments: how many utterances it is made of.
        cached_segments: how many of them had been spoken before.
        integrated_lufs: the loudness before the gain, None for silence.
        gain_db: the one gain that was applied.
    """

    files: tuple[Path, ...]
    audio_seconds: float
    segments: int
    cached_segments: int
    integrated_lufs: float | None
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

    Raises:
        NothingToSay: the text holds nothing that can be spoken.
        UnknownVoice: the voice, or one that the document switches to, is not the engine's.
        InvalidInput: an option or a directive in the text is wrong.
        OutputFailed: a file cannot be written.
        EngineFailed: the engine broke.
    """
    script = to_script(
        document,
        engine,
        voice=options.voice,
        language=options.language,
        lexicon=options.lexicon,
        emoji=options.emoji,
    )
    with Spool(directory) as spool:
        take = Take(script, engine.sample_rate_hz, spool)
        for line, parts in render(script, engine, cache, speed=options.speed, workers=workers or engine.workers):
            take.add(line, parts)
            done = line.utterance.tokens[-1].span.end
            on_progress(Progress(done_characters=done, total_characters=len(script.text), audio_seconds=take.seconds))
        recording = take.finish()
        timeline = recording.timeline
        edition = Edition(
            recording=recording,
            target=directory / document.name,
            title=timeline.chapters[0].title if timeline.chapters else document.name,
            voice=options.voice,
            engine=engine.name,
            gain=_gain(recording.loudness, options.loudness_lufs),
            style=options.style,
        )
        files = publish(edition, spool, options.audio, options.subtitles)
    return Narration(
        files=files,
        audio_seconds=timeline.seconds(timeline.duration_samples),
        segments=len(timeline.segments),
        cached_segments=recording.cached_segments,
        integrated_lufs=recording.loudness.integrated_lufs,
        gain_db=20 * math.log10(edition.gain),
    )


def _gain(loudness: Loudness, target_lufs: float | None) -> float:
    if target_lufs is None:
        return 1.0
    return gain_for(loudness, target_lufs=target_lufs, true_peak_limit_db=TRUE_PEAK_LIMIT_DB)
