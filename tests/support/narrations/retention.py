"""A database and a directory with narrations in every state, for tests of retention."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString

from sayso.audio import AudioFormat
from sayso.jobs import Claim
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.jobs.postgres.tasks import PostgresTaskStore
from sayso.narration import NarrationSpec
from sayso.narrations import STORIES_QUEUE, NarrationRequest
from sayso.narrations.files import narration_uri
from sayso.narrations.postgres.pruning import Pruner
from sayso.narrations.postgres.store import PostgresNarrationStore
from sayso.narrations.retention import Retention
from sayso.storage import LinkSigner, LocalStorage, Root, SignedFiles, Storages

if TYPE_CHECKING:
    from sayso.postgres.pool import Database

SPEC = NarrationSpec(name="tale", voice="af_heart", audio=(AudioFormat.MP3,), subtitles=("srt",))
REQUEST = NarrationRequest(spec=SPEC, text="It was late.", callback_url="https://example.com/done")


class RetentionPlace:
    """A database and a directory of files, with narrations in every state."""

    def __init__(self, database: Database, directory: Path) -> None:
        self.database = database
        self.directory = directory
        self.root = directory.as_uri()
        self.store, self.tasks = PostgresNarrationStore(database), PostgresTaskStore(database)
        self.queue = PostgresQueue(database, STORIES_QUEUE, worker="ann")
        self.pruner = Pruner(database)
        files = SignedFiles(root=Root(directory), signer=LinkSigner([b"secret" * 8]), base_url="")
        self.storages = Storages({"file": LocalStorage(files)})
        self.removed: list[tuple[str, int]] = []

    def retention(self) -> Retention:
        return Retention(
            self.pruner,
            self.storages,
            output_root=self.root,
            on_removed=lambda kind, count: self.removed.append((kind, count)),
        )

    async def narration(self, end: str) -> str:
        """One that has come so far, with its files, and its job as a worker leaves it."""
        request = replace(REQUEST, spec=replace(SPEC, name=end))
        record = (await self.store.submit(request, owner="ann", idempotency_key=None)).record
        (delivery,) = await self.queue.receive(1, wait_seconds=20)
        if end == "cancelled":
            await self.store.cancel(record.id, owner=None)
        elif end != "running":
            claim = await self.tasks.claim(record.id, record.formats)
            assert isinstance(claim, Claim)
            uris = {form: narration_uri(self.root, record.id, form) for form in claim.lease_ids}
            if end == "completed":
                await self.tasks.complete(claim, uris)
                await self.queue.finish(delivery)
            else:
                await self.tasks.fail(claim, error="It was too long.")
                await self.queue.dead_letter(delivery, reason="It was too long.")
            await self.store.enqueue_callback(record.id)
        for form in ("mp3", "srt"):  # what failed may have published some of its files before
            path = Path(narration_uri(self.root, record.id, form).removeprefix("file://"))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"sound")
            (path.parent / ".sayso-lock").touch()
        return record.id

    async def age(self) -> None:
        """Let two days pass for everything that there is, callbacks included, which are done then."""
        for statement in AGE:
            await self.database.fetch(statement, {}, is_repeatable=False)

    async def rows(self) -> set[str]:
        """The narrations of which there is a row anywhere."""
        found = await self.database.fetch(EVERYWHERE, {}, is_repeatable=True)
        return {row["id"] for row in found}

    def directories(self) -> set[str]:
        return {path.name for path in self.directory.glob("narrations/*")}


AGE: tuple[LiteralString, ...] = (
    "update sayso.jobs set state = 'done', finished_at = now() where queue = 'callbacks'",
    "update sayso.jobs set finished_at = finished_at - interval '2 days'",
    "update sayso.events set at = at - interval '2 days'",
    "alter table sayso.tasks disable trigger all",
    "update sayso.tasks set date_updated = date_updated - interval '2 days'",
    "alter table sayso.tasks enable trigger all",
    "update sayso.narrations set finished_at = finished_at - interval '2 days'",
)

EVERYWHERE = """
select id from sayso.narrations
union select parent_id from sayso.tasks
union select parent_id from sayso.events
union select substring(body from 'nar_[0-9a-f]{32}') from sayso.jobs
"""
