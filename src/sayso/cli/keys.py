"""``sayso keys``: API keys and callback secrets."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from sayso.cli.options import JsonOption, examples

app = typer.Typer(no_args_is_help=True, help="API keys and callback secrets.")


@app.callback()
def keys() -> None:
    """Make keys for the API, and print the secrets of callbacks."""


@app.command(epilog=examples("sayso keys new website --scopes speech", "sayso keys new ops --scopes admin"))
def new(
    name: Annotated[str, typer.Argument(help="The name of the key's owner, as in logs and limits.")],
    *,
    scopes: Annotated[
        str,
        typer.Option(
            "--scopes", metavar="LIST", help="Scopes: speech, transcribe, jobs, operations, or admin for all."
        ),
    ] = "speech,transcribe",
    as_json: JsonOption = False,
) -> None:
    """Make a key for the API, and the entry for the server's configuration.

    The key is printed once and stored nowhere: give it to its owner, who sends it as `Authorization: Bearer KEY` or
    `X-API-Key: KEY`. The entry contains only a hash of the key: add it to SAYSO_API_KEYS (separate entries by commas)
    and restart the server. To revoke a key, remove its entry.
    """
    from sayso.api.auth.keys import new_key, parse_scopes

    made = new_key(name, parse_scopes(scopes, ","))
    if as_json:
        typer.echo(json.dumps(asdict(made)))
        return
    typer.echo(f"The key, shown this once:\n  {made.key}\nThe entry for SAYSO_API_KEYS:\n  {made.entry}")


@app.command(epilog=examples("sayso keys callback-secret website", "sayso keys callback-secret"))
def callback_secret(
    name: Annotated[
        str | None,
        typer.Argument(help="The name of the API key whose narrations have callbacks; omit it without keys."),
    ] = None,
) -> None:
    """Print the secret with which the owner of an API key verifies callbacks.

    Give it only to that owner: with it one can forge this owner's callbacks, and nothing else. It is derived from the
    root secret (SAYSO_SIGNING_SECRET, or the file signing-secret under SAYSO_DATA), which never leaves the service. Run
    this with the settings of the service. The guide is docs/how-to/callbacks.md.
    """
    from sayso.api.auth.keys import KeyRing
    from sayso.errors import InvalidInput
    from sayso.narrations import SHARED_OWNER
    from sayso.settings import load_settings
    from sayso.signing import existing_signing_keys, webhook_secret

    settings = load_settings()
    names = KeyRing.parse(settings.api_keys).names
    if names and name not in names:
        raise InvalidInput(
            "Whose secret?" if name is None else f"There is no API key {name!r}.",
            hint=f"SAYSO_API_KEYS has: {', '.join(names)}.",
        )
    keys = existing_signing_keys(settings).for_callbacks(SHARED_OWNER if name is None else name)
    typer.echo(webhook_secret(keys[0]))
