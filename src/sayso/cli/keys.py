"""``sayso keys``: who may use the API."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from sayso.cli.options import JsonOption, examples

app = typer.Typer(no_args_is_help=True, help="Who may use the API.")


@app.callback()
def keys() -> None:
    """Make keys for the API."""


@app.command(epilog=examples("sayso keys new website --scopes speech", "sayso keys new ops --scopes admin"))
def new(
    name: Annotated[str, typer.Argument(help="Who will use it, as logs and limits know them.")],
    *,
    scopes: Annotated[
        str,
        typer.Option(
            "--scopes", metavar="LIST", help="What it opens: speech, transcribe, jobs, sync, or admin for all."
        ),
    ] = "speech,transcribe",
    as_json: JsonOption = False,
) -> None:
    """Make a key for the API, and the entry by which the server knows it.

    The key is printed this once and kept nowhere: give it to its owner, who sends it as `Authorization: Bearer KEY` or
    `X-API-Key: KEY`. The entry holds only a hash of the key: add it to SAYSO_API_KEYS (several entries with commas)
    and restart the server. To take a key back, remove its entry.
    """
    from sayso.api.keys import new_key, parse_scopes

    made = new_key(name, parse_scopes(scopes, ","))
    if as_json:
        typer.echo(json.dumps(asdict(made)))
        return
    typer.echo(f"The key, shown this once:\n  {made.key}\nThe entry for SAYSO_API_KEYS:\n  {made.entry}")
