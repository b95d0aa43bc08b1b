"""The ``sayso`` command: its subcommands, and the exit codes of errors."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from sayso import __version__
from sayso.cli import cards, jobs, keys, models, sync
from sayso.cli.align import align
from sayso.cli.doctor import doctor
from sayso.cli.errors import EXIT_INTERRUPTED, exit_code, print_error
from sayso.cli.lint import lint
from sayso.cli.logs import start_logs
from sayso.cli.migrate import migrate
from sayso.cli.narrate import narrate
from sayso.cli.options import examples
from sayso.cli.retime import retime
from sayso.cli.run import run, run_help
from sayso.cli.say import say
from sayso.cli.spoken import spoken
from sayso.cli.transcribe import transcribe
from sayso.cli.up import up
from sayso.cli.upgrade_database import upgrade_database
from sayso.cli.voices import voices
from sayso.errors import SaysoError

app = typer.Typer(
    name="sayso",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Speech in production: text to audio with exact subtitles, audio to text.\n\n"
    "Start with: sayso say 'Hello there.', then sayso narrate story.md --out out. A missing model is pulled first.\n\n"
    "Exit codes: 0 done, 1 the work failed, 2 wrong use.",
)
app.command(
    epilog=examples(
        "sayso narrate story.md --out out",
        "sayso narrate a.txt b.md --voice bm_george --audio mp3,wav --subtitles srt,ass --style karaoke",
        "sayso narrate le-phare.md --voice ff_siwis --lexicon names.txt",
    )
)(narrate)
app.command(
    epilog=examples(
        "sayso say 'Hello there.'",
        "sayso say 'Hello there.' -o hello.mp3",
        "echo 'Good morning.' | sayso say - -o - | ssh living-room aplay",
    )
)(say)
app.command(epilog=examples("sayso spoken 'It cost £3.50 in 1984.'", "sayso spoken story.md --json"))(spoken)
app.command(epilog=examples("sayso transcribe interview.m4a", "sayso transcribe *.mp3 --out texts --format srt,json"))(
    transcribe
)
app.command(
    epilog=examples("sayso align reading.mp3 chapter.md --out out", "sayso align cours.m4a cours.txt -l fr-fr --json")
)(align)
app.command(
    epilog=examples("sayso retime film.srt film.mp4 -o film.new.srt", "sayso retime a.vtt a.mp3 -l fr > b.vtt")
)(retime)
app.command(
    epilog=examples(
        "sayso lint out/story.srt", "sayso lint *.vtt --style bbc --json", "sayso lint old.srt --encoding gb2312"
    )
)(lint)
app.command(epilog=examples("sayso voices", "sayso voices --language fr"))(voices)
app.command(epilog=examples("sayso up", "sayso up --port 9000 --data /srv/sayso"))(up)
app.command(
    help=run_help(),
    epilog=examples(
        "sayso run api",
        "DATABASE_URL=postgresql://… sayso run api stories",
        "QUEUE_URL=https://… OUTPUT_BUCKET=stories DYNAMODB_TABLE=tasks sayso run stories",
        "S3_BUCKET_NAME=models SQS_UPDATE_QUEUE_URL=https://… sayso run sync",
        "PORT=9000 SAYSO_API_KEYS=$(sayso keys new me --json | jq -r .entry) sayso run api",
    ),
)(run)
app.command(epilog=examples("DATABASE_URL=postgresql://… sayso migrate", "sayso migrate --check --json"))(migrate)
app.command(epilog=examples("sayso upgrade-database", "sayso upgrade-database --data /srv/sayso"))(upgrade_database)
app.add_typer(models.app, name="models")
app.add_typer(keys.app, name="keys")
app.add_typer(jobs.app, name="jobs")
app.add_typer(cards.app, name="cards")
app.add_typer(sync.app, name="sync")
app.command()(doctor)


STARTS_LOGS_ITSELF = ("narrate",)
"""The commands that start the log when they have work to do, for that takes longer than to find that there is none."""


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback has done the work
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Accept the options that stand before a command."""
    if context.invoked_subcommand not in STARTS_LOGS_ITSELF:
        start_logs()


def main() -> None:
    """Run the command line and exit; every `SaysoError` becomes one message and an exit code."""
    _open_standard_streams()
    try:
        app()
    except SaysoError as error:
        print_error(error)
        sys.exit(exit_code(error))
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)


def _open_standard_streams() -> None:
    """Have a place for what is written to a standard stream that the process was started without.

    The name of a file that is not UTF-8 is written as its bytes.
    """
    for number in range(3):
        with suppress(OSError):
            os.fstat(number)
            continue
        os.open(os.devnull, os.O_RDWR)  # it gets the lowest number that is free
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w"))  # noqa: SIM115 -- to the end of the process
        elif isinstance(stream := getattr(sys, name), io.TextIOWrapper):
            stream.reconfigure(errors="surrogateescape" if name == "stdout" else "backslashreplace")
