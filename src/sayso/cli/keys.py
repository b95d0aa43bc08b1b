"""``sayso keys``: API keys and callback secrets."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from sayso.cli.options import JsonOption, examples

app = typer.Typer(no_args_is_help=True, help="API keys and callback secrets.")


@app.callback()
def keys() -> None:
    """Make or import keys for the API, and print the secrets of callbacks."""


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


@app.command(
    name="import",
    epilog=examples(
        "sayso keys import < keys.txt",
        "printf '%s' \"$API_KEY\" | sayso keys import --name website",
        "SAYSO_API_KEYS=$(sayso keys import --scopes speech,transcribe,jobs < keys.txt)",
    ),
)
def import_(
    *,
    scopes: Annotated[
        str,
        typer.Option(
            "--scopes",
            metavar="LIST",
            help="Scopes of keys whose line has none: speech, transcribe, jobs, operations, or admin for all.",
        ),
    ] = "speech,transcribe",
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="The name of the owner of keys whose line has none.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Keep the keys that clients have: read them from standard input, and print their entries for SAYSO_API_KEYS.

    Each line is `NAME KEY`, or `NAME SCOPES KEY` with scopes such as speech+jobs. Empty lines and # comments are
    skipped. The entries contain only hashes, separated by commas, on one line. Keys themselves are never printed and
    are stored nowhere: clients go on with the keys that they have.

    A key that could be guessed (too short, words, repetitions) or that occurs twice, also in SAYSO_API_KEYS as it is
    set now, is refused; then no key is imported, and each such line is named by its number.
    """
    from sayso.api.auth.key_import import import_keys
    from sayso.api.auth.keys import KeyRing, parse_scopes
    from sayso.settings import load_settings

    existing = KeyRing.parse(load_settings().api_keys)
    if sys.stdin.isatty():
        typer.echo("Each line is NAME KEY or NAME SCOPES KEY; end with Ctrl-D.", err=True)
    lines = sys.stdin.buffer.read().decode("utf-8", "replace").splitlines()
    imported = import_keys(lines, scopes=parse_scopes(scopes, ","), name=name, existing=existing)
    if as_json:
        typer.echo(json.dumps([asdict(key) for key in imported]))
        return
    typer.echo(",".join(key.entry for key in imported))


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
