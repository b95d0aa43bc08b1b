"""``sayso align``: subtitles and word times of a known text, on a recording of it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sayso.cli.languages import DetectedLanguageOption, language_or_detected
from sayso.cli.options import JsonOption, QuietOption, choices
from sayso.errors import InvalidInput, OutputFailed
from sayso.files import replacing
from sayso.subtitles import STYLES, style_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sayso.narration import AlignedDocument

_SHOWN_GAPS = 5
_SHOWN_CHARACTERS = 60


def align(
    audio: Annotated[Path, typer.Argument(metavar="AUDIO", help="The recording: any file that holds audio.")],
    text: Annotated[Path, typer.Argument(metavar="TEXT", help="What is read in it: .txt or .md, in UTF-8.")],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="The directory for the files.")] = Path(),
    language: DetectedLanguageOption = None,
    subtitles: Annotated[str, typer.Option(metavar="LIST", help="Of srt, vtt, ass, ttml, json.")] = "srt,vtt,json",
    style: Annotated[
        str, typer.Option(metavar="NAME", help=f"The style of the subtitles: {', '.join(STYLES)}.")
    ] = "netflix",
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Place a text on a recording of it, by any voice: when each word is spoken, and subtitles.

    The files are DIR/<name of AUDIO>.srt and so on. What is in the text and not in the recording, or the other way
    round, is reported and moves nothing else. A recording of more than a minute, or one that does not match, is
    transcribed first, which takes most of the time.
    """
    from rich.console import Console

    from sayso.bootstrap.alignment import open_aligner
    from sayso.cli.missing_models import pulling
    from sayso.cli.transcription_progress import transcription_progress
    from sayso.narration import SUBTITLE_FORMATS, align_document, aligned_files, read_document
    from sayso.scheduling import UNBOUNDED
    from sayso.settings import load_settings
    from sayso.stt import open_recording

    formats = choices("--subtitles", subtitles, SUBTITLE_FORMATS)
    if not formats:
        raise InvalidInput("With --subtitles none there is nothing to do.", hint=f"{', '.join(SUBTITLE_FORMATS)}.")
    chosen = style_named(style)
    document = read_document(text, directives="lenient")
    silent = quiet or as_json
    settings = load_settings()
    aligner = open_aligner(settings, obtain=pulling(settings, quiet=silent))
    began = time.monotonic()
    with open_recording(audio) as recording:
        spoken = language_or_detected(language, audio, recording, document.text, settings, quiet=silent)
        with transcription_progress(Console(stderr=True), audio.name, quiet=silent) as progress:
            aligned = align_document(
                document, recording, aligner, language=spoken, progress=progress, context=UNBOUNDED
            )
    if not aligned.timeline.words:
        raise InvalidInput(
            f"Nothing of {text} is heard in {audio}.", hint="Is it another text, or in another --language?"
        )
    written = _write(out, audio.stem, aligned_files(aligned, formats, chosen))
    report = _report(audio, aligned, written, time.monotonic() - began)
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    elif not quiet:
        typer.echo(_summary(report))


def _write(directory: Path, name: str, contents: Mapping[Any, str]) -> list[Path]:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFailed(f"Cannot make the directory {directory}: {error.strerror}.") from error
    written = []
    for form, content in contents.items():
        path = directory / f"{name}.{form}"
        with replacing(path) as file:
            file.write(content.encode())
        written.append(path)
    return written


def _report(audio: Path, aligned: AlignedDocument, written: Sequence[Path], elapsed_seconds: float) -> dict[str, Any]:
    from sayso.alignment import DOUBTFUL

    timeline = aligned.timeline
    text = aligned.script.text
    return {
        "source": str(audio),
        "language": aligned.script.language,
        "files": [str(path) for path in written],
        "audio_seconds": round(timeline.seconds(timeline.duration_samples), 3),
        "elapsed_seconds": round(elapsed_seconds, 3),
        "words": len(timeline.words),
        "doubtful_words": sum(confidence < DOUBTFUL for confidence in aligned.confidences),
        "gaps": [{"char_start": gap.start, "char_end": gap.end, "text": gap.of(text)} for gap in aligned.gaps],
        "insertions": [
            {"start": timeline.seconds(stretch.start_sample), "end": timeline.seconds(stretch.end_sample)}
            for stretch in aligned.insertions
        ],
    }


def _summary(report: dict[str, Any]) -> str:
    head = f"{report['source']}: {report['words']} words placed, {report['doubtful_words']} of them doubtful, "
    lines = [head + f"{report['audio_seconds']:.1f} s of audio in {report['elapsed_seconds']:.1f} s"]
    for gap in report["gaps"][:_SHOWN_GAPS]:
        words = " ".join(gap["text"].split())
        shown = words if len(words) <= _SHOWN_CHARACTERS else f"{words[:_SHOWN_CHARACTERS]}…"
        lines.append(f"  not spoken: {shown}")
    lines += [
        f"  not in the text: speech from {stretch['start']:.1f} to {stretch['end']:.1f} s"
        for stretch in report["insertions"][:_SHOWN_GAPS]
    ]
    hidden = max(0, len(report["gaps"]) - _SHOWN_GAPS) + max(0, len(report["insertions"]) - _SHOWN_GAPS)
    if hidden:
        lines.append(f"  and {hidden} more: --json lists all")
    return "\n".join([*lines, *(f"  {path}" for path in report["files"])])
