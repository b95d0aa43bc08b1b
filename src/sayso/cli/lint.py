"""`sayso lint`: check subtitle files against a style."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from sayso.cli.options import JsonOption
from sayso.cli.subtitle_input import EncodingOption, misnamed, read_content
from sayso.errors import NotSubtitles
from sayso.subtitles import STYLES, Violation, read_subtitles, style_named
from sayso.subtitles import lint as violations_in

if TYPE_CHECKING:
    from sayso.subtitles import Remark, SubtitleFile


class _Syntax(NamedTuple):
    """Something that is not as the file's format has it."""

    path: Path
    remark: Remark

    def __str__(self) -> str:
        kind = "note" if self.remark.is_note else "syntax"
        return f"{self.path}: line {self.remark.line}: {kind}: {self.remark.message}"

    def as_json(self) -> dict[str, object]:
        return {"file": str(self.path), "line": self.remark.line, "rule": "syntax", "message": self.remark.message}


class _Finding(NamedTuple):
    path: Path
    violation: Violation

    def __str__(self) -> str:
        violation = self.violation
        seconds = violation.start_ms / 1000
        return f"{self.path}: cue {violation.cue} at {seconds:.3f} s: {violation.rule}: {violation.message}"

    def as_json(self) -> dict[str, object]:
        violation = self.violation
        return {
            "file": str(self.path),
            "cue": violation.cue,
            "start": violation.start_ms / 1000,
            "rule": violation.rule,
            "message": violation.message,
        }


def lint(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", exists=True, dir_okay=False, readable=True, help="SRT, WebVTT or TTML files."),
    ],
    *,
    style_name: Annotated[str, typer.Option("--style", metavar="NAME", help=f"The rules: {', '.join(STYLES)}.")] = next(
        iter(STYLES)
    ),
    encoding: EncodingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check subtitle files against a style; exit code 1 when a cue breaks a rule or a file is not as its format has it.

    Files are read as players read them: what is wrong with a file is listed, and its cues are checked all the same. A
    note says what of a file is not looked at, such as images.
    """
    style = style_named(style_name)
    cue_count = 0
    findings: list[_Syntax | _Finding] = []
    notes: list[_Syntax] = []
    for path in files:
        file = _file_at(path, encoding)
        cues = [found.cue for found in file.cues]
        cue_count += len(cues)
        remarks = [_Syntax(path, remark) for remark in (*misnamed(path, file.file_format), *file.remarks)]
        notes += [each for each in remarks if each.remark.is_note]
        findings += [each for each in remarks if not each.remark.is_note]
        findings += [_Finding(path, violation) for violation in violations_in(cues, style)]
    if as_json:
        summary = {"style": style.name, "cues": cue_count, "violations": [found.as_json() for found in findings]}
        if notes:
            summary["notes"] = [{**note.as_json(), "rule": "note"} for note in notes]
        typer.echo(json.dumps(summary, ensure_ascii=False))
    else:
        for found in (*findings, *notes):
            typer.echo(str(found))
        typer.echo(
            f"{_counted(cue_count, 'cue')} checked against {style.name}, {_counted(len(findings), 'violation')}."
        )
    if findings:
        raise typer.Exit(code=1)


def _file_at(path: Path, encoding: str | None) -> SubtitleFile:
    content = read_content(path, encoding=encoding)
    try:
        return read_subtitles(content)
    except NotSubtitles as error:
        raise NotSubtitles(f"{path}: {error.message}", hint=error.hint) from error


def _counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
