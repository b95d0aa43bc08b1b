"""The ``sayso`` command: its subcommands, and how errors end it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from sayso import __version__
from sayso.cli import models
from sayso.cli.doctor import doctor
from sayso.cli.lint import lint
from sayso.cli.narrate import narrate
from sayso.cli.say import say
from sayso.cli.transcribe import transcribe
from sayso.cli.voices import voices
from sayso.errors import InvalidInput, SaysoError

EXIT_FAILED = 1
EXIT_WRONG_USE = 2
EXIT_INTERRUPTED = 130  # as a shell reports a process that SIGINT ended

app = typer.Typer(
    name="sayso",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Speech in production: text to audio with exact subtitles, audio to text.\n\n"
    "Start with: sayso models pull, then sayso narrate story.md --out out.\n\n"
    "Exit codes: 0 done, 1 the work failed, 2 wrong use.",
)
app.command()(narrate)
app.command()(say)
app.command()(transcribe)
app.command()(lint)
app.command()(voices)
app.add_typer(models.app, name="models")
app.command()(doctor)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


def main() -> None:
    """Run the command line and exit; every `SaysoError` becomes one message and an exit code."""
    try:
        app()
    except SaysoError as error:
        print_error(error)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


def exit_code(error: SaysoError) -> int:
    """2 where the caller must change what was asked for, 1 where the work failed."""
    return EXIT_WRONG_USE if isinstance(error, InvalidInput) else EXIT_FAILED


def print_error(error: SaysoError) -> None:
    """What happened and what to do, on standard error."""
    console = Console(stderr=True)
    console.print(f"[red]error:[/] {escape(error.message)}", soft_wrap=True, highlight=False)
    if error.hint:
        console.print(f"[dim]{escape(error.hint)}[/]", soft_wrap=True, highlight=False)
