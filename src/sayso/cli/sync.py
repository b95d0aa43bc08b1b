"""``sayso sync``: copy the models of a bucket to a volume once, look at what would be done, verify, and wait."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sayso.cli.durations import seconds_of
from sayso.cli.errors import EXIT_FAILED
from sayso.cli.options import JsonOption, examples
from sayso.errors import DeadlineExceeded, ServiceUnavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.bootstrap.sync_tools import SyncTools
    from sayso.modelsync.reconciliation.reconciled import Reconciled

app = typer.Typer(
    no_args_is_help=True,
    help="Copy the models of a bucket to a volume that applications read: verified, at once, or not at all.\n\n"
    "S3_BUCKET_NAME names the bucket and MODELS_BASE_PATH the volume (/models). `sayso run sync` does this all the "
    "time, by the bucket's events; these commands do it once, or look. What is on the volume is noted in .sayso there. "
    "Only files that Sayso put there are ever deleted, into .sayso/quarantine, and never more than "
    "SAYSO_SYNC_MAX_DELETE_RATIO at once.\n\n"
    "Start with: sayso sync plan, then sayso sync full, then sayso run sync.",
)

_POLL_SECONDS = 1.0
_REQUEST_SECONDS = 10.0

UrlOption = Annotated[
    str | None,
    typer.Option("--url", metavar="URL", help="Ask the service there, which has the volume: http://HOST:8080"),
]


@app.command(
    epilog=examples(
        "S3_BUCKET_NAME=models MODELS_BASE_PATH=/models sayso sync full", "sayso sync full --url http://localhost:8080"
    )
)
def full(*, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Make the volume equal to the bucket, once.

    On a terminal it shows files, bytes, the rate and the time left. What is on the volume already is compared by its
    checksum, not fetched again. Exit code 1: something could not be synchronised; the rest was.
    """
    body = _ask(url, "POST", "/sync/full", seconds=None) if url else _full_here(quiet=as_json)
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False))
    else:
        data = body.get("data", {})
        for error in data.get("errors", ()):
            typer.echo(f"error: {error}", err=True)
        if data:
            seconds = data["duration"] / 1000
            typer.echo(f"{data['totalModels']:,} models, {data['syncedModels']:,} fetched in {seconds:.1f} s.")
        else:
            typer.echo(body.get("message", ""), err=True)
    if not body.get("success"):
        raise typer.Exit(EXIT_FAILED)


@app.command(epilog=examples("sayso sync status", "sayso sync status --url http://sync:8080 --json | jq .progress"))
def status(*, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Show what the service does, and how far a running synchronisation has come.

    It asks the service on this machine, at PORT (8080), unless --url names another one. "trouble" is what keeps the
    volume from being equal to the bucket now, as a queue that refuses; "standby" is a replica that waits for another
    one. Exit code 1: the service does not answer.
    """
    body = _ask(url or _own_url(), "GET", "/sync/status", seconds=_REQUEST_SECONDS)
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False))
        return
    for line in _status_lines(body):
        typer.echo(line)


@app.command(epilog=examples("sayso sync plan", "sayso sync plan --json | jq .actions"))
def plan(*, as_json: JsonOption = False) -> None:
    """Show what `sayso sync full` would do, and why; nothing is changed.

    It lists the bucket and looks at the volume, also beside the service. Each line begins with what is done: download,
    replace, adopt (a file that is there already is compared by its checksum), delete, forget, publish (a directory that
    is swapped as a whole), wait (such a directory is not complete in the bucket), refuse (a key that cannot be a path),
    keep (a file that is not from Sayso) and withhold (deletions that are too many).
    """
    from rich.console import Console

    from sayso.cli.sync_progress import shown_progress
    from sayso.modelsync.plan.report import plan_lines

    tools = _tools()
    with shown_progress(Console(stderr=True), tools.progress.report, quiet=as_json):
        made = tools.plan()
    if not as_json:
        for line in plan_lines(made):
            typer.echo(line)
        return
    document = {
        "actions": [
            {"kind": str(each.kind), "key": each.key, "bytes": each.size_bytes, "reason": each.reason}
            for each in made.actions
        ],
        "sets": [{"prefix": each.prefix, "version": each.version, "reason": each.reason} for each in made.sets],
        "waiting": {each.prefix: each.reason for each in made.waiting},
        "refused": [{"key": each.key, "reason": str(each.reason), "detail": each.detail} for each in made.refused],
        "foreign": [each.path for each in made.foreign],
        "withheld": list(made.withheld),
        "withheldReason": made.withheld_reason,
        "unchanged": made.unchanged,
        "skipped": made.skipped,
        "bytes": made.size_bytes,
    }
    typer.echo(json.dumps(document, ensure_ascii=False))


@app.command(
    epilog=examples(
        "sayso sync verify", "sayso sync verify --url http://sync:8080", "sayso sync verify --json | jq .damaged"
    )
)
def verify(*, url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Read every file of the volume, and compare it with its checksum.

    The checksums are those that the files had when they were published; the bucket is not asked. It takes as long as
    the disk takes to read everything, and shows its progress on a terminal. A damaged or missing file is replaced by
    the next synchronisation. Beside a service it only reports: with --url the service itself does it, and replaces such
    files at once. Exit code 1: a file is damaged or missing.
    """
    from rich.console import Console

    found = _verified_there(url) if url else _verified_here(quiet=as_json)
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    else:
        from rich.filesize import decimal as readable_size

        for what in ("damaged", "missing"):
            for key in found[what]:
                Console(stderr=True).print(f"{what}: {key}", markup=False, highlight=False, soft_wrap=True)
        unverifiable = len(found["unverifiable"])
        rest = f"; {unverifiable:,} had no checksum in the bucket" if unverifiable else ""
        typer.echo(f"{found['files']:,} files, {readable_size(found['size_bytes'])}, are right{rest}.")
    if found["damaged"] or found["missing"]:
        raise typer.Exit(EXIT_FAILED)


@app.command(epilog=examples("sayso sync watch", "sayso sync watch --url http://sync:8080"))
def watch(*, url: UrlOption = None) -> None:
    """Show the state of the service, a line whenever it changes, until Ctrl-C.

    It asks every second, and goes on while the service restarts.
    """
    last = ""
    while True:
        try:
            line = "  ".join(_status_lines(_ask(url or _own_url(), "GET", "/sync/status", seconds=_REQUEST_SECONDS)))
        except ServiceUnavailable as error:
            line = error.message
        if line != last:
            typer.echo(line)
            last = line
        time.sleep(_POLL_SECONDS)


@app.command(
    epilog=examples("sayso sync wait essential/", "sayso sync wait optional/voice/ --timeout 10m && exec my-service")
)
def wait(
    prefix: Annotated[
        str, typer.Argument(metavar="PREFIX", help="A directory of the volume, as essential/, or one file; / for all.")
    ],
    *,
    timeout: Annotated[str, typer.Option(metavar="TIME", help="How long at most, as 90s or 10m.")] = "1h",
) -> None:
    """Wait until everything below a prefix is on the volume; for init containers.

    Only the volume is needed, at MODELS_BASE_PATH: no access to AWS, no right to write, and any user who can read it. A
    directory with a manifest is complete as soon as it is there; anything else once a synchronisation has looked at the
    whole bucket, and found nothing missing below the prefix. What is waited for is said on standard error when it
    changes.

    Exit code 0: everything is there. 1: the time is over; the error says what is missing. 2: the command is wrong.
    """
    give_up = time.monotonic() + seconds_of("--timeout", timeout)
    tools = _tools()
    said = ""
    while (reason := tools.why_incomplete(prefix)) is not None:
        if time.monotonic() >= give_up:
            raise DeadlineExceeded(f"{prefix} was not complete within {timeout}.", hint=reason)
        if reason != said:
            typer.echo(f"waiting: {reason}", err=True)
            said = reason
        time.sleep(_POLL_SECONDS)
    typer.echo(f"{prefix} is complete.")


def _tools() -> SyncTools:
    from sayso.bootstrap.sync_tools import SyncTools
    from sayso.settings import SyncSettings, load_settings

    return SyncTools(load_settings(SyncSettings))


def _own_url() -> str:
    from sayso.settings import SyncSettings, load_settings

    return f"http://127.0.0.1:{load_settings(SyncSettings).port}"


def _full_here(*, quiet: bool) -> Mapping[str, Any]:
    from rich.console import Console

    from sayso.cli.sync_progress import shown_progress
    from sayso.modelsync.reconciliation.answers import full_sync_body

    tools = _tools()
    with shown_progress(Console(stderr=True), tools.progress.report, quiet=quiet):
        result = tools.full(threading.Event())
    _warn_of(result)
    return full_sync_body(result)


def _verified_here(*, quiet: bool) -> Mapping[str, Any]:
    from rich.console import Console

    from sayso.cli.sync_progress import shown_progress

    tools = _tools()
    with shown_progress(Console(stderr=True), tools.progress.report, quiet=quiet):
        return asdict(tools.verify(threading.Event()))


def _verified_there(url: str) -> Mapping[str, Any]:
    """What a service has found.

    Raises:
        ServiceUnavailable: it does not answer, or cannot look now.
    """
    body = _ask(url, "POST", "/sync/verify", seconds=None)
    if "data" not in body:
        raise ServiceUnavailable(body.get("message") or f"{url} is no service of model sync.")
    found: Mapping[str, Any] = body["data"]
    return found


def _warn_of(result: Reconciled) -> None:
    """Name on standard error what was left out on purpose."""
    for refused in result.refused:
        typer.echo(f"refused: {refused.detail}", err=True)
    for prefix, reason in result.waiting.items():
        typer.echo(f"waiting: {prefix}: {reason}", err=True)
    if result.unverifiable:
        typer.echo(f"unverifiable: {len(result.unverifiable)} files have no checksum in the bucket", err=True)


def _ask(url: str, method: str, path: str, *, seconds: float | None) -> Mapping[str, Any]:
    """The JSON of a service's answer.

    Raises:
        ServiceUnavailable: there is none.
    """
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    request = Request(f"{url.rstrip('/')}{path}", method=method)  # noqa: S310 -- the user names it
    try:
        with urlopen(request, timeout=seconds) as response:  # noqa: S310
            content = response.read()
    except HTTPError as error:
        content = error.read()
    except (URLError, OSError) as error:
        raise ServiceUnavailable(f"{url} does not answer: {getattr(error, 'reason', error)}.") from None
    try:
        body: Mapping[str, Any] = json.loads(content)
    except ValueError:
        raise ServiceUnavailable(f"{url} is no service of model sync.") from None
    return body


def _status_lines(body: Mapping[str, Any]) -> list[str]:
    service, progress, metrics = body["service"], body["progress"], body["metrics"]
    lines = [f"status     {service['status']}"]
    if service["trouble"]:
        lines.append(f"trouble    {service['trouble']}")
    if progress["phase"] != "idle":
        left = "" if progress["secondsLeft"] is None else f", {progress['secondsLeft']:.0f} s left"
        lines.append(
            f"progress   {progress['phase']}: {progress['filesDone']:,} of {progress['files']:,} files, "
            f"{progress['bytesDone']:,} of {progress['bytes']:,} bytes{left}"
        )
    lines += [f"volume     {limit}" for limit in (body.get("volume") or {}).get("limits", ())]
    lines.append(f"messages   {metrics['messagesProcessed']:,} processed, {metrics['messagesFailed']:,} failed")
    last = body["lastSync"]
    if last is not None:
        data = last["data"]
        lines.append(f"last sync  {last['at']}: {data['totalModels']:,} models, {len(data['errors'])} errors")
    return lines
