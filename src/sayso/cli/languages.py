"""The language of a command's recording: the option's, or one that is detected and named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from sayso.cli.options import named_language

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.settings import Settings
    from sayso.stt import Recording

DetectedLanguageOption = Annotated[
    str | None,
    typer.Option(
        "--language",
        "-l",
        metavar="TAG",
        parser=named_language,
        help="The language of the text, for example fr or fr-fr; detected by default.",
    ),
]


def language_or_detected(
    language: str | None, audio: Path, recording: Recording, text: str, settings: Settings, *, quiet: bool
) -> str:
    """The option's language, or the detected one, which standard error names unless ``quiet``.

    Raises:
        InvalidInput: neither the recording nor the text shows it.
        EngineFailed, ModelCorrupt: of Whisper.
    """
    if language:
        return language
    from sayso.bootstrap.spoken_language import detected_language

    found = detected_language(recording, text, settings)
    if not quiet:
        line = f"{audio.name}: the language is {found.code} ({found.source}); --language names another"
        typer.echo(line, err=True)
    return found.code
