"""``sayso transcribe``: make text and subtitles from recordings."""

from __future__ import annotations

import functools
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from sayso.bootstrap import open_transcriber
from sayso.bootstrap.alignment import open_aligner
from sayso.cli.errors import print_error
from sayso.cli.options import JsonOption, QuietOption, choices, named_language, require_distinct
from sayso.errors import InvalidInput, OutputFailed, SaysoError, UnsupportedLanguage
from sayso.files import replacing
from sayso.subtitles import STYLES, Style, compile_cues, render, render_json, style_named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sayso.alignment import Aligner
    from sayso.settings import Settings
    from sayso.stt import Transcriber, Transcript, TranscriptionOptions

TranscriptFormat: TypeAlias = Literal["txt", "json", "srt", "vtt", "ttml"]
FORMATS: tuple[TranscriptFormat, ...] = ("txt", "json", "srt", "vtt")
"""Those of a directory, unless others are requested."""

ALL_FORMATS: tuple[TranscriptFormat, ...] = (*FORMATS, "ttml")


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscriptionJob:
    """The options for every file.

    Attributes:
        out: the directory of the files to write; None to print one format of one recording.
        formats: of `ALL_FORMATS`.
        style: of the subtitles.
        options: of the transcription.
        aligner: opens the aligner that places the words; None to leave them where the engine has them.
    """

    out: Path | None
    formats: tuple[TranscriptFormat, ...]
    style: Style
    options: TranscriptionOptions
    aligner: Callable[[], Aligner] | None = None

    @property
    def has_times(self) -> bool:
        """Whether a file with times is to be written."""
        return any(form != "txt" for form in self.formats)


def transcribe(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Recordings: any file that holds audio.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="DIR", help="The directory for the files; without it, one recording is printed."
        ),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            "--format",
            "-f",
            metavar="LIST",
            help=f"Of {', '.join(ALL_FORMATS)}.",
            show_default=f"txt, or {','.join(FORMATS)} with --out",
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--language",
            "-l",
            metavar="TAG",
            parser=named_language,
            help="The language of the speech, for example en or fr; detected by default.",
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            metavar="NAME",
            help="A Whisper model of `sayso models list`: base, tiny.en; or the path of a directory with one, such as "
            "./my-model.",
        ),
    ] = "base",
    style: Annotated[
        str, typer.Option(metavar="NAME", help=f"The style of the subtitles: {', '.join(STYLES)}.")
    ] = next(iter(STYLES)),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Transcribe recordings on this machine, with a time for every word.

    A recording without speech gives an empty text. If a file cannot be transcribed, the others still are, and the exit
    code is 1.
    """
    from sayso.settings import load_settings
    from sayso.stt import TranscriptionOptions

    settings = load_settings()
    job = TranscriptionJob(
        out=out,
        formats=choices("--format", formats or ("txt" if out is None else ",".join(FORMATS)), ALL_FORMATS),
        style=style_named(style),
        options=TranscriptionOptions(language=language or None),
        aligner=functools.cache(lambda: open_aligner(settings)),
    )
    _require_places(files, job)
    transcriber = _opened(model, settings, quiet=quiet or as_json)
    if not transcribe_files(files, job, transcriber, as_json=as_json, quiet=quiet):
        raise typer.Exit(code=1)


def _opened(model: str, settings: Settings, *, quiet: bool) -> Transcriber:
    """The transcriber; a model of the catalogue that is missing is pulled first.

    Raises:
        InvalidInput, ModelMissing: as `open_transcriber`.
        SourceFailed, OutputFailed: the model cannot be pulled.
    """
    from sayso.cli.missing_models import pulling

    obtain = pulling(settings, quiet=quiet)
    if obtain is not None and "/" not in model:
        obtain([f"whisper-{model}"])
    return open_transcriber(model, settings)


def transcribe_files(
    files: Sequence[Path], job: TranscriptionJob, transcriber: Transcriber, *, as_json: bool, quiet: bool
) -> bool:
    """Transcribe one file after the other, and report on standard output and error; False when one failed."""
    from rich.console import Console

    from sayso.cli.transcription_progress import transcription_progress
    from sayso.stt import open_recording, with_placed_words

    console = Console(stderr=True)
    reports: list[dict[str, Any]] = []
    for path in files:
        began = time.monotonic()
        try:
            with (
                transcription_progress(console, path.name, quiet=quiet or as_json) as progress,
                open_recording(path) as recording,
            ):
                transcript = transcriber.transcribe(recording, job.options, progress=progress)
                if job.aligner is not None and job.has_times:
                    transcript = with_placed_words(transcript, recording, job.aligner)
            written = _delivered(path, transcript, job, transcriber.name, print_it=not as_json)
        except UnsupportedLanguage:
            raise  # wrong use, which is the same for every file
        except SaysoError as error:
            print_error(error)
            reports.append({"source": str(path), "error": error.message})
        else:
            report = _report(path, transcript, written, time.monotonic() - began)
            reports.append(report)
            if written and not quiet and not as_json:
                typer.echo(_summary(report))
    if as_json:
        typer.echo(json.dumps({"transcriptions": reports}, ensure_ascii=False))
    return all("error" not in report for report in reports)


def rendered(transcript: Transcript, form: TranscriptFormat, job: TranscriptionJob, *, engine: str) -> str:
    """A transcript in one of `ALL_FORMATS`; ``txt`` has a line for each segment."""
    timeline = transcript.timeline
    match form:
        case "txt":
            return "".join(f"{segment.span.of(transcript.text)}\n" for segment in timeline.segments)
        case "json":
            return render_json(
                timeline,
                text=transcript.text,
                language=transcript.language,
                voice="",
                engine=engine,
                timing=transcript.timing,
            )
        case "srt" | "vtt" | "ttml":
            cues = compile_cues(timeline, job.style, language=transcript.language)
            return render(cues, form, style=job.style, language=transcript.language)


def _require_places(files: Sequence[Path], job: TranscriptionJob) -> None:
    """Refuse, before any work, outputs that cannot be written.

    Raises:
        InvalidInput: several results for one standard output, or two for one file.
    """
    if not job.formats:
        raise InvalidInput("With --format none there is nothing to do.", hint=f"It knows {', '.join(ALL_FORMATS)}.")
    if job.out is None:
        if len(files) > 1 or len(job.formats) > 1:
            raise InvalidInput(
                "Several results cannot be printed to standard output.", hint="Name a directory: --out DIR"
            )
        return
    require_distinct(path.stem for path in files)


def _delivered(path: Path, transcript: Transcript, job: TranscriptionJob, engine: str, *, print_it: bool) -> list[Path]:
    """Print the transcript, or write its files, each atomically."""
    texts = {form: rendered(transcript, form, job, engine=engine) for form in job.formats}
    if job.out is None:
        if print_it:
            typer.echo("".join(texts.values()), nl=False)
        return []
    try:
        job.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputFailed(f"Cannot make the directory {job.out}: {error.strerror}.") from error
    written = []
    for form, text in texts.items():
        target = job.out / f"{path.stem}.{form}"
        with replacing(target) as file:
            file.write(text.encode())
        written.append(target)
    return written


def _report(path: Path, transcript: Transcript, written: Sequence[Path], elapsed_seconds: float) -> dict[str, Any]:
    return {
        "source": str(path),
        "files": [str(target) for target in written],
        "language": transcript.language,
        "language_probability": round(transcript.language_probability, 3),
        "audio_seconds": round(transcript.timeline.seconds(transcript.timeline.duration_samples), 3),
        "elapsed_seconds": round(elapsed_seconds, 3),
        "words": len(transcript.timeline.words),
        "text": transcript.text,
    }


def _summary(report: dict[str, Any]) -> str:
    rate = report["audio_seconds"] / max(report["elapsed_seconds"], 1e-3)
    said = f"{report['words']} words, {report['language']}" if report["words"] else "no speech"
    head = f"{report['source']}: {said}, {report['audio_seconds']:.1f} s of audio, {rate:.1f}× real time"
    return "\n".join((head, *(f"  {target}" for target in report["files"])))
