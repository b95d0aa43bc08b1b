"""``sayso narrate``: make audio and subtitles from documents."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sayso.bootstrap import open_speech_cache
from sayso.cli.clock import clock
from sayso.cli.logs import start_logs
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
    from sayso.cli.finished_narrations import FinishedNarrations
    from sayso.narration import Document, Narration, NarrationSpec
    from sayso.settings import Settings


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
    again: finished utterances are in the cache. A narration that is finished, with its files in DIR, is not made again.
    """
    from sayso.cli.finished_narrations import FinishedNarrations
    from sayso.settings import load_settings

    settings = load_settings()
    options = _Options(
        voice=voice or settings.kokoro_voice,
        speed=speed,
        language=language or None,
        engine=engine,
        audio=audio,
        subtitles=subtitles,
        style=style,
        loudness=loudness,
        lexicon=lexicon,
        emoji=emoji,
        citations=citations,
        keep_speed=keep_speed,
    )
    is_talkative = not quiet and not as_json
    finished = None if no_cache else FinishedNarrations(settings, options.deciding(), lexicon)
    reports = _finished_reports(files, out, finished)
    if reports is None:
        start_logs()
        reports = _narrate(files, out, options, settings, finished, is_talkative=is_talkative)
    elif is_talkative:
        for report in reports:
            typer.echo(_summary(report, how="finished already"))
    if as_json:
        typer.echo(json.dumps({"narrations": reports}, ensure_ascii=False))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Options:
    """The options that decide the files, as they were given; see the command."""

    voice: str
    speed: float
    language: str | None
    engine: str | None
    audio: str
    subtitles: str
    style: str
    loudness: str
    lexicon: Path | None
    emoji: str
    citations: str
    keep_speed: bool

    def deciding(self) -> dict[str, object]:
        """All options as JSON values, but for the lexicon: its content decides."""
        return {field.name: getattr(self, field.name) for field in fields(self) if field.name != "lexicon"}

    def spec(self) -> NarrationSpec:
        """The narration's options.

        Raises:
            InvalidInput: one of them cannot be used.
        """
        from sayso.audio import AudioFormat
        from sayso.narration import SUBTITLE_FORMATS, NarrationSpec

        return NarrationSpec(
            voice=self.voice,
            speed=self.speed,
            language=self.language,
            audio=choices("--audio", self.audio, list(AudioFormat)),
            subtitles=choices("--subtitles", self.subtitles, SUBTITLE_FORMATS),
            style=style_named(self.style).name,
            loudness_lufs=_loudness(self.loudness),
            lexicon=None if self.lexicon is None else read_lexicon(self.lexicon),
            emoji=emoji_reading(self.emoji),
            citations=citation_reading(self.citations),
            keep_speed=self.keep_speed,
        )


def _finished_reports(
    files: list[Path], directory: Path, finished: FinishedNarrations | None
) -> list[dict[str, Any]] | None:
    """The reports of all narrations if all are finished already; otherwise None."""
    if finished is None or len({file.stem for file in files}) < len(files):
        return None
    reports = []
    for file in files:
        began = time.monotonic()
        report = finished.find(file, directory)
        if report is None:
            return None
        reports.append({**report, "elapsed_seconds": _elapsed_seconds(began)})
    return reports


def _narrate(
    files: list[Path],
    directory: Path,
    options: _Options,
    settings: Settings,
    finished: FinishedNarrations | None,
    *,
    is_talkative: bool,
) -> list[dict[str, Any]]:
    """Narrate the texts, and return the reports."""
    from rich.console import Console

    from sayso.cli.narration_progress import narration_progress
    from sayso.narration import narrate as narrate_document

    speaker, own_voice = select_engine(options.engine, options.voice, settings, quiet=not is_talkative)
    spec = options.spec()
    documents = _read(files)
    console = Console(stderr=True)
    reports = []
    with open_speech_cache(settings, use=finished is not None) as cache:
        for file, document in zip(files, documents, strict=True):
            began = time.monotonic()
            with narration_progress(console, document.name, quiet=not is_talkative) as on_progress:
                narration = narrate_document(
                    document, speaker, cache, spec, directory, voice=own_voice, on_progress=on_progress
                )
            report = _report(document, narration, _elapsed_seconds(began))
            if finished is not None:
                finished.remember(file, document.text, {**report, "cached_segments": report["segments"]})
            reports.append(report)
            if is_talkative:
                rate = report["audio_seconds"] / report["elapsed_seconds"]
                typer.echo(_summary(report, how=f"in {report['elapsed_seconds']:.1f} s, {rate:.1f}× real time"))
    return reports


def _elapsed_seconds(began: float) -> float:
    """The seconds since a reading of the monotonic clock, at least a millisecond."""
    return max(round(time.monotonic() - began, 3), 0.001)


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
        "elapsed_seconds": elapsed_seconds,
        "segments": narration.segments,
        "cached_segments": narration.cached_segments,
        "slowed_segments": narration.slowed_lines,
        "unreadable_cues": narration.unreadable_cues,
        "gain_db": round(narration.gain_db, 2),
    }


def _summary(report: dict[str, Any], *, how: str) -> str:
    from rich.filesize import decimal as readable_size

    head = f"{clock(report['audio_seconds'])} of audio {how}"
    if report["cached_segments"]:
        head += f", {report['cached_segments']} of {report['segments']} segments from the cache"
    lines = [f"{report['name']}: {head}"]
    if report["slowed_segments"]:
        lines.append(
            f"  {report['slowed_segments']} of {report['segments']} segments are slower, "
            "so that their subtitles can be read (--keep-speed prevents that)"
        )
    if report["unreadable_cues"]:
        lines.append(f"  {report['unreadable_cues']} subtitles are too fast to read in this style: lower the --speed")
    lines += [f"  {path}  {readable_size(Path(path).stat().st_size)}" for path in report["files"]]
    return "\n".join(lines)
