"""``sayso migrate``: update the schema of the database, or check it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from sayso.cli.errors import EXIT_PENDING
from sayso.cli.options import JsonOption
from sayso.errors import InvalidInput

if TYPE_CHECKING:
    from sayso.postgres.migrate import Migration, SchemaState


def migrate(
    *,
    check: Annotated[
        bool,
        typer.Option(
            "--check", "--dry-run", help="Change nothing: show what is pending, and exit with 3 if something is."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Migrate the tables in DATABASE_URL to this version, and report the result.

    Every process does the same when it starts. The separate command is for deployments in which only one user may
    change tables: run it as that user, before the processes of the new version. Everything happens in one transaction.
    Tables of a newer version stay as they are. If the database does not answer, the command waits for up to a minute.

    Exit codes: 0 the tables are up to date, 1 the database does not answer, 2 it refuses the user or cannot be used, 3
    something is pending (with --check, which does not wait).
    """
    from sayso.bootstrap.storages import prepare_database
    from sayso.postgres.migrate import schema_state
    from sayso.settings import load_settings

    settings = load_settings()
    if settings.database_url is None:
        raise InvalidInput(
            "DATABASE_URL is not set.", hint="`sayso up` brings its own database, and keeps it up to date."
        )
    conninfo = settings.database_url.get_secret_value()
    if check:
        state = schema_state(conninfo)
        typer.echo(json.dumps(_document(state)) if as_json else _found(state))
        if state.pending:
            raise typer.Exit(EXIT_PENDING)
        return
    done = prepare_database(conninfo)
    document = {"before": done.before, "after": done.after, "applied": done.applied}
    typer.echo(json.dumps(document) if as_json else _made(done))


def _document(state: SchemaState) -> dict[str, object]:
    document: dict[str, object] = {"version": state.version, "pending": state.pending}
    return document | {"contracting": state.contracting} if state.contracting else document


def _found(state: SchemaState) -> str:
    if not state.pending:
        return f"The tables are up to date, at version {state.version}."
    at = "There are no tables" if state.version is None else f"The tables are at version {state.version}"
    text = f"{at}; pending: {', '.join(state.pending)}."
    if state.contracting:
        text += f" The previous version of Sayso cannot work after {', '.join(state.contracting)}."
    return text


def _made(done: Migration) -> str:
    if not done.applied:
        return f"The tables are up to date, at version {done.after}."
    before = "There were no tables" if done.before is None else f"The tables were at version {done.before}"
    return f"{before}; they are at version {done.after} now. Applied: {', '.join(done.applied)}."
