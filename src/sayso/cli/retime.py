"""``sayso retime``: the cues of a subtitle file, moved to where their words are heard."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sayso.cli.languages import DetectedLanguageOption, language_or_detected
from sayso.cli.options import JsonOption, QuietOption
from sayso.cli.subtitle_input import EncodingOption, misnamed, read_content
from sayso.errors import InvalidInput
from sayso.files import replacing
from sayso.subtitles import STYLES, Remark, format_of, read_subtitles, style_named

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sayso.narration import RetimedSubtitles

_SHOWN = 10


def retime(
    subtitles: Annotated[Path, typer.Argument(metavar="SUBTITLES", help="An SRT, VTT or TTML file, with any times.")],
    audio: Annotated[Path, typer.Argument(metavar="AUDIO", help="The recording or video: any file that holds audio.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="The file to write; without it, the subtitles are printed."),
    ] = None,
    language: DetectedLanguageOption = None,
    style: Annotated[
        str, typer.Option(metavar="NAME", help=f"The style of the cues' ends: {', '.join(STYLES)}.")
    ] = "netflix",
    encoding: EncodingOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Move the cues of a subtitle file to where their words are heard in a recording.

    Texts, tags, settings, looks and notes stay as they are, in UTF-8. A cue of which no word is heard (a sound, a
    translation, a scene that was cut) moves with its neighbours, and is listed.
    """
    from rich.console import Console

    from sayso.bootstrap.alignment import open_aligner
    from sayso.cli.missing_models import pulling
    from sayso.cli.transcription_progress import transcription_progress
    from sayso.narration import retime as retime_subtitles
    from sayso.scheduling import UNBOUNDED
    from sayso.settings import load_settings
    from sayso.stt import open_recording

    if as_json and out is None:
        raise InvalidInput("--json prints a report, so the subtitles need a file.", hint="Name it: --out FILE")
    chosen = style_named(style)
    content = read_content(subtitles, encoding=encoding)
    names = [remark for path in (subtitles, out) if path for remark in misnamed(path, format_of(content))]
    silent = quiet or as_json
    settings = load_settings()
    aligner = open_aligner(settings, obtain=pulling(settings, quiet=silent))
    began = time.monotonic()
    with open_recording(audio) as recording:
        text = (
            "\n".join(line for found in read_subtitles(content).cues for line in found.cue.lines)
            if not language
            else ""
        )
        spoken = language_or_detected(language, audio, recording, text, settings, quiet=silent)
        with transcription_progress(Console(stderr=True), audio.name, quiet=silent) as progress:
            result = retime_subtitles(
                content, recording, aligner, language=spoken, style=chosen, progress=progress, context=UNBOUNDED
            )
    if len(result.unplaced) == result.cues:
        raise InvalidInput(
            f"Nothing of {subtitles} is heard in {audio}.", hint="Is it another recording, or another --language?"
        )
    if out is None:
        typer.echo(result.content, nl=False)
    else:
        with replacing(out) as file:
            file.write(result.content.encode())
    if as_json:
        typer.echo(json.dumps(_report(result, names, out, time.monotonic() - began), ensure_ascii=False))
    elif not quiet:
        typer.echo(_summary(subtitles, result, names), err=True)


def _report(
    result: RetimedSubtitles, names: Sequence[Remark], out: Path | None, elapsed_seconds: float
) -> dict[str, object]:
    return {
        "file": str(out),
        "cues": result.cues,
        "median_shift": result.median_shift_ms / 1000,
        "largest_shift": result.largest_shift_ms / 1000,
        "unplaced": [{"cue": cue.number, "start": cue.start_ms / 1000, "text": cue.text} for cue in result.unplaced],
        "remarks": [{"line": remark.line, "message": remark.message} for remark in (*names, *result.remarks)],
        "elapsed_seconds": round(elapsed_seconds, 3),
    }


def _summary(path: Path, result: RetimedSubtitles, names: Sequence[Remark]) -> str:
    placed = result.cues - len(result.unplaced)
    middle, largest = result.median_shift_ms / 1000, result.largest_shift_ms / 1000
    lines = [f"{path}: {placed} of {result.cues} cues placed, moved by {middle:+.3f} s, {largest:.3f} s at most"]
    lines += [f"  {remark.message}" for remark in names]
    lines += [f"  line {remark.line}: {remark.message}" for remark in result.remarks[:_SHOWN]]
    lines += [f"  not heard: cue {cue.number}: {cue.text}" for cue in result.unplaced[:_SHOWN]]
    hidden = sum(max(0, len(found) - _SHOWN) for found in (result.remarks, result.unplaced))
    if hidden:
        lines.append(f"  and {hidden} more: --json lists all")
    return "\n".join(lines)
