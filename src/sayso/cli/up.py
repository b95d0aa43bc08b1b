"""``sayso up``: everything in one process, with an embedded database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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
            help="The directory of all data.  \\[env: SAYSO_DATA]",
            show_default="the user's data directory",
        ),
    ] = None,
) -> None:
    """Run everything here: the page, the API, and narrations and the cards of decks as durable jobs.

    The embedded PostgreSQL starts and stops with this process, and is restarted after a crash. Finished narrations and
    cards are files. All data is in one directory. When the process is started again after a crash, its jobs are
    resumed.

    If DATABASE_URL, QUEUE_URL or OUTPUT_BUCKET are set, they replace the embedded parts. Cards are spoken then if that
    database has an application's table "TtsJob".
    """
    from sayso.bootstrap.embedded import embedded
    from sayso.bootstrap.embedded_cards import card_values, with_cards
    from sayso.bootstrap.plan import ProcessPlan
    from sayso.bootstrap.roles import ROLES
    from sayso.cli.listening_socket import listening
    from sayso.cli.run import listening_address, serve
    from sayso.cli.serving import end_at_sigterm
    from sayso.settings import StoriesSettings, load_settings, replaced

    end_at_sigterm()
    given: dict[str, Any] = {} if data is None else {"data_dir": data.expanduser().absolute()}
    roles = [role for role in ROLES.values() if role.in_up]
    given |= card_values(replaced(load_settings(), given))
    plan = ProcessPlan.load(roles, host=host or None, port=port, **given)
    stories = plan.settings["stories"]
    assert isinstance(stories, StoriesSettings)  # noqa: S101 -- what is embedded is for its jobs

    def on_ready(address: str) -> None:
        typer.echo(f"Sayso is up: {address}  (data in {stories.data_dir}; stop with Ctrl-C)")
        if stories.keep_narrations_days is None:
            typer.echo("Narrations are kept for ever; SAYSO_KEEP_NARRATIONS_DAYS=30 removes them after 30 days.")

    settings = plan.server
    address = listening_address(settings, plan.roles, settings.host)
    with (
        listening(address, settings.port) as sockets,
        embedded(stories) as parts,
    ):
        port = sockets[0].getsockname()[1]
        plan = with_cards(plan.replaced(**parts.settings), embedded=parts.settings.get("database_url"), port=port)
        server = serve(plan, address=address, sockets=sockets, on_ready=on_ready, trouble=parts.trouble)
    server.leave()
