"""``sayso cards check``: whether a running worker speaks a phrase of a job in the application's table."""

from __future__ import annotations

import asyncio
import io
import json
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sayso.cli.options import JsonOption
from sayso.errors import InvalidInput, NotDelivered, SaysoError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sayso.bootstrap.card_storage import CardStorage
    from sayso.bootstrap.card_tools import CardTools
    from sayso.cards.records import JobRow

_LOOK_SECONDS = 0.2

_NO_WORKER = (
    "Is `sayso run cards` running, with the same DATABASE_URL? Its log and its /health say what it waits for; "
    "`sayso cards status` shows the leases."
)


def check(
    *,
    text: Annotated[
        str, typer.Option("--text", metavar="TEXT", help="What is spoken, as English and as French.")
    ] = "Sayso checks that cards are spoken.",
    deck: Annotated[
        str, typer.Option("--deck", metavar="ID", help="The deck of the job, where the table requires a real one.")
    ] = "sayso-check",
    user: Annotated[
        str | None,
        typer.Option(
            "--user",
            metavar="ID",
            help="The user of the job, likewise.  \\[env: SAYSO_CARDS_USER_ID]",
            show_default="-",
        ),
    ] = None,
    seconds: Annotated[float, typer.Option("--seconds", min=1, max=3600, help="How long to wait for a worker.")] = 120,
    as_json: JsonOption = False,
) -> None:
    """Speak one phrase for real: insert a job, wait until a worker has spoken it, decode its files, and remove it all.

    It needs a running worker. The phrase is bought once, if a cloud speaks; the next check finds it in the store.
    """
    from sayso.bootstrap.card_tools import card_databases, open_card_tools
    from sayso.settings import load_settings

    settings = load_settings()

    async def run() -> dict[str, Any]:
        async with open_card_tools(databases) as tools:
            phrase = {"textEn": text, "textFr": text}
            storage = await tools.storage()
            owner = user or settings.cards_user_id or (deck if await _requires_user(tools) else None)
            row = await _inserted(tools, deck, phrase, owner)
            job_id = str(row.columns["id"])
            try:
                return await _spoken(tools, storage, job_id, seconds)
            finally:
                await _remove(tools, storage, job_id)

    with card_databases(settings) as databases:
        document = asyncio.run(run())
    if as_json:
        typer.echo(json.dumps(document))
        return
    typer.echo(f"Spoken in {document['seconds']:.1f} s.")
    for file in document["files"]:
        typer.echo(f"  {file['url']}  {file['audio_seconds']:.1f} s of audio")
    typer.echo("The job and its files are removed again.")


async def _requires_user(tools: CardTools) -> bool:
    column = (await tools.application.tables()).jobs.get("userId")
    return column is not None and not column.is_nullable and not column.has_default


async def _inserted(tools: CardTools, deck: str, phrase: Mapping[str, str], user: str | None) -> JobRow:
    """Insert the job.

    Raises:
        InvalidInput: the table refuses it.
    """
    try:
        return await tools.jobs.insert(deck, [phrase], user_id=user)
    except SaysoError as error:
        raise InvalidInput(
            f"The job cannot be inserted: {error.message}",
            hint="If decks and users are other tables: --deck ID --user ID, with ids that are there.",
        ) from error


async def _spoken(tools: CardTools, storage: CardStorage, job_id: str, seconds: float) -> dict[str, Any]:
    """Wait for the job, and decode its files.

    Raises:
        NotDelivered: no worker spoke it, or not so that it can be used; the hint says what to do.
    """
    began = time.monotonic()
    while True:
        row = await tools.jobs.get(job_id)
        if row.is_final:
            break
        if time.monotonic() - began > seconds:
            reason = f"The job is {row.status} after {seconds:g} seconds."
            raise NotDelivered(reason, hint=_NO_WORKER if row.status == "pending" else "The worker's log says why.")
        await asyncio.sleep(_LOOK_SECONDS)
    problem = row.columns.get("errorMessage")
    if row.status != "completed" or problem:
        raise NotDelivered(f"The job is {row.status}: {problem}", hint="The worker's log says more.")
    urls = [url for entry in row.columns["resultUrls"] for url in entry.values() if url]
    files = [{"url": url, "audio_seconds": await _length_of(storage, url)} for url in urls]
    return {"seconds": round(time.monotonic() - began, 3), "files": files}


async def _length_of(storage: CardStorage, url: str) -> float:
    """The seconds of audio in the file of a URL, as it is in the storage.

    Raises:
        NotDelivered: it is not there.
        NotAudio: it cannot be decoded.
    """
    from sayso.audio import decode
    from sayso.cards.removal import name_in
    from sayso.storage import uri_within
    from sayso.threads import on_thread

    uri = uri_within(storage.root, name_in(url))
    try:
        data = b"".join([block async for block in storage.storages.of(uri).read(uri)])
    except InvalidInput:
        hint = "Does the worker have the same STORAGE_TYPE, LOCAL_STORAGE_PATH or AWS_S3_BUCKET?"
        raise NotDelivered(f"The file of {url} is not in the storage of this command.", hint=hint) from None
    audio = await on_thread(lambda: decode(io.BytesIO(data), sample_rate_hz=24_000))
    return round(audio.duration_seconds, 3)


async def _remove(tools: CardTools, storage: CardStorage, job_id: str) -> None:
    """Remove the job, whatever became of it, and its files."""
    from sayso.cards.removal import name_in
    from sayso.storage import uri_within

    row = await tools.jobs.cancel(job_id)
    entries = row.columns.get("resultUrls") or []
    uris = [uri_within(storage.root, name_in(url)) for entry in entries for url in entry.values() if url]
    await storage.storages.of(storage.root).delete(*uris)
    await tools.administration.delete([job_id])
    await tools.inspection.forget_files(job_id)
