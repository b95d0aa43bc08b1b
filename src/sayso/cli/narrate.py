"""``sayso narrate``: make audio and subtitles from documents."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sayso.bootstrap import open_speech_cache
from sayso.cli.options import (
    CitationsOption,
    EngineOption,
    JsonOption,
    LanguageOption,
    LexiconOption,
    NoCacheOption,
    QuietOption,
    SpeedOption,
    VoiceOption,
    choices,
    citation_reading,
    emoji_reading,
    read_lexicon,
    require_distinct,
    select_engine,
)
from sayso.errors import InvalidInput
from sayso.subtitles import STYLES, style_named

if TYPE_CHECKING:
    from sayso.narration import Document, Narration


def narrate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Texts: .txt or .md, in UTF-8.")],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The directory for the files.")] = Path(),
    voice: VoiceOption = None,
    speed: SpeedOption = 1.0,
    language: LanguageOption = None,
    engine: EngineOption = None,
    audio: Annotated[str, typer.Option(metavar="LIST", help="Of mp3, wav, flac, opus, aac, m4a; or none.")] = "mp3",
    subtitles: Annotated[
        str, typer.Option(metavar="LIST", help="Of srt, vtt, ass, ttml, json; or none.")
    ] = "srt,vtt,json",
    style: Annotated[
        str, typer.Option(metavar="NAME", help=f"The style of the subtitles: {', '.join(STYLES)}.")
    ] = "netflix",
    loudness: Annotated[
        str, typer.Option(metavar="LUFS", help="Integrated loudness of each document (EBU R128), or off.")
    ] = "-16",
    lexicon: LexiconOption = None,
    emoji: Annotated[
        str, typer.Option(metavar="name|drop", help="Read emoji by their names, or leave them out.")
    ] = "drop",
    citations: CitationsOption = "read",
    keep_speed: Annotated[
        bool,
        typer.Option("--keep-speed", help="Keep the speed even where subtitles become too fast to read."),
    ] = False,
    no_cache: NoCacheOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Make narrated audio and exact subtitles from texts.

    Each FILE becomes DIR/<name>.mp3, .srt, .vtt, .json and so on. To resume an interrupted narration, give the command
    again: finished utterances are in the cache.
    """
    from rich.console import Console

    from sayso.audio import AudioFormat
    from sayso.cli.narration_progress import narration_progress
    from sayso.narration import SUBTITLE_FORMATS, NarrationSpec
    from sayso.narration import narrate as narrate_document
    from sayso.settings import load_settings

    settings = load_settings()
    voice = voice or settings.kokoro_voice
    speaker, own_voice = select_engine(engine, voice, settings, quiet=quiet or as_json)
    spec = NarrationSpec(
        voice=voice,
        speed=speed,
        language=language or None,
        audio=choices("--audio", audio, list(AudioFormat)),
        subtitles=choices("--subtitles", subtitles, SUBTITLE_FORMATS),
        style=style_named(style).name,
        loudness_lufs=_loudness(loudness),
        lexicon=read_lexicon(lexicon),
        emoji=emoji_reading(emoji),
        citations=citation_reading(citations),
        keep_speed=keep_speed,
    )
    documents = _read(files)
    console = Console(stderr=True)
    reports = []
    with open_speech_cache(settings, use=not no_cache) as cache:
        for document in documents:
            began = time.monotonic()
            with narration_progress(console, document.name, quiet=quiet or as_json) as on_progress:
                narration = narrate_document(
                    document, speaker, cache, spec, out, voice=own_voice, on_progress=on_progress
                )
            elapsed = time.monotonic() - began
            reports.append(_report(document, narration, elapsed))
            if not quiet and not as_json:
                typer.echo(_summary(document, narration, elapsed))
    if as_json:
        typer.echo(json.dumps({"narrations": reports}, ensure_ascii=False))


def _read(files: list[Path]) -> list[Document]:
    """Read every document before any is synthesised, so that a mistake in the last one is found at once.

    Raises:
        InvalidInput: a file cannot be narrated, or two would write the same files.
    """
    from sayso.narration import read_document

    documents = [read_document(path) for path in files]
    require_distinct(document.name for document in documents)
    return documents


def _loudness(value: str) -> float | None:
    from sayso.narration import LOUDEST_LUFS, QUIETEST_LUFS

    if value == "off":
        return None
    try:
        lufs = float(value)
    except ValueError:
        lufs = 0.0
    if not QUIETEST_LUFS <= lufs <= LOUDEST_LUFS:
        raise InvalidInput(
            f"--loudness {value!r} is not between {QUIETEST_LUFS:g} and {LOUDEST_LUFS:g}, nor off",
            hint="Podcasts use -16, European broadcasters -23.",
        )
    return lufs


def _report(document: Document, narration: Narration, elapsed_seconds: float) -> dict[str, Any]:
    return {
        "name": document.name,
        "files": [str(path) for path in narration.files.values()],
        "audio_seconds": narration.audio_seconds,
        "elapsed_seconds": round(elapsed_seconds, 3),
        "segments": narration.segments,
        "cached_segments": narration.cached_segments,
        "slowed_segments": narration.slowed_lines,
        "unreadable_cues": narration.unreadable_cues,
        "gain_db": round(narration.gain_db, 2),
    }


def _summary(document: Document, narration: Narration, elapsed_seconds: float) -> str:
    from rich.filesize import decimal as readable_size

    from sayso.cli.narration_progress import clock

    rate = narration.audio_seconds / elapsed_seconds
    head = f"{clock(narration.audio_seconds)} of audio in {elapsed_seconds:.1f} s, {rate:.1f}× real time"
    if narration.cached_segments:
        head += f", {narration.cached_segments} of {narration.segments} segments from the cache"
    lines = [f"{document.name}: {head}"]
    if narration.slowed_lines:
        lines.append(
            f"  {narration.slowed_lines} of {narration.segments} segments are slower, "
            "so that their subtitles can be read (--keep-speed prevents that)"
        )
    if narration.unreadable_cues:
        lines.append(f"  {narration.unreadable_cues} subtitles are too fast to read in this style: lower the --speed")
    lines += [f"  {path}  {readable_size(path.stat().st_size)}" for path in narration.files.values()]
    return "\n".join(lines)
