"""``sayso up``: everything in one process, with a database of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def up(
    *,
    host: Annotated[
        str | None,
        typer.Option(
            help="Address to listen on.  \\[env: HOST]", show_default="127.0.0.1 without API keys, else 0.0.0.0"
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port to listen on.  \\[env: PORT]", show_default="8000")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where everything is kept.  \\[env: SAYSO_DATA]",
            show_default="the user's data directory",
        ),
    ] = None,
) -> None:
    """Run everything here: the page, the API, and narrations as durable jobs.

    The database is PostgreSQL out of a wheel, started and stopped with this process, and restarted when it is killed;
    finished narrations are files. All of it is in one directory. What was in hand when the process died goes on when it
    is started again.

    With DATABASE_URL, QUEUE_URL or OUTPUT_BUCKET set, these are used in place of what is embedded.
    """
    from sayso.bootstrap.embedded import embedded
    from sayso.bootstrap.roles import ROLES
    from sayso.cli.listening_socket import listening
    from sayso.cli.run import listening_address, serve
    from sayso.cli.serving import end_at_sigterm
    from sayso.settings import load_settings

    end_at_sigterm()
    settings = load_settings()
    if data is not None:
        settings = settings.model_copy(update={"data_dir": data.expanduser().absolute()})

    def on_ready(address: str) -> None:
        typer.echo(f"Sayso is up: {address}  (data in {settings.data_dir}; stop with Ctrl-C)")
        if settings.keep_narrations_days is None:
            typer.echo("Narrations are kept for ever; SAYSO_KEEP_NARRATIONS_DAYS=30 removes them after 30 days.")

    roles = [role for role in ROLES.values() if role.in_up]
    address = listening_address(settings, roles, host or settings.host)
    with (
        listening(address, settings.port if port is None else port) as sockets,
        embedded(settings) as complete,
    ):
        server = serve(
            complete.settings,
            roles,
            address=address,
            sockets=sockets,
            on_ready=on_ready,
            trouble=complete.trouble,
        )
    server.leave()
