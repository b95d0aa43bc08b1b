"""``sayso up``: everything in one process, with an embedded database."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence


def reachable(address: str) -> str:
    """The address at which this machine reaches a server that listens there; “every address” is none to open."""
    parts = urlsplit(address)
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(parts.hostname or "")  # noqa: S104 -- it is not listened on here
    return address if host is None else f"{parts.scheme}://{host}:{parts.port}"


def shared(address: str, hosts: Sequence[str]) -> str:
    """The address at which others may reach it: with a name that the server accepts."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{next(iter(hosts), socket.gethostname())}:{parts.port}"


def keys_hint(entries: Sequence[str]) -> str:
    """Which keys the page and clients may use, by their names; the keys themselves are not known here."""
    from sayso.api.auth.keys import KeyRing

    names = ", ".join(KeyRing.parse(entries).names)
    return f"It asks for an API key. There are: {names}; `sayso keys new` printed each of them once."


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
        shown = reachable(address)
        typer.echo(f"Sayso is up: {shown}  (data in {stories.data_dir}; stop with Ctrl-C)")
        if shown != address:
            typer.echo(f"From other machines: {shared(address, plan.server.hosts)}")
        if plan.server.api_keys:
            typer.echo(keys_hint(plan.server.api_keys))
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
