"""``sayso upgrade-database``: move the embedded database to the installed version of PostgreSQL."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def upgrade_database(
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The directory of all data.  \\[env: SAYSO_DATA]",
            show_default="the user's data directory",
        ),
    ] = None,
    programs: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The programs of the database's own version, such as /usr/lib/postgresql/16/bin.",
            show_default="those installed with Sayso",
        ),
    ] = None,
) -> None:
    """Move the database of `sayso up` to the installed version of PostgreSQL, by dump and restore.

    The copy is compared with the original, table by table, before it replaces it. The old directory stays beside the
    new one until you delete it; to go back, rename it. `sayso up` must not run meanwhile.
    """
    from sayso.bootstrap.embedded import DATABASE, owned_directory
    from sayso.postgres.embedded.upgrade import upgrade
    from sayso.settings import load_settings

    settings = load_settings()
    if data is not None:
        settings = settings.model_copy(update={"data_dir": data.expanduser().absolute()})
    with owned_directory(settings) as directory:
        kept = upgrade(directory / DATABASE, programs=programs, say=typer.echo)
    if kept is None:
        typer.echo("The database has this version already.")
    else:
        typer.echo(f"Done. The old database is kept in {kept}: delete it when you no longer need it.")
