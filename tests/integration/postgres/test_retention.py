"""What ended long ago goes with all that belongs to it, and nothing else; a little at a time, beside running work."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, LiteralString
from uuid import UUID

import psycopg
import pytest
from structlog.testing import capture_logs

from sayso.audio import AudioFormat
from sayso.errors import ServiceUnavailable
from sayso.jobs import Claim
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.jobs.postgres.tasks import PostgresTaskStore
from sayso.narration import NarrationSpec
from sayso.narrations import STORIES_QUEUE, NarrationRequest, NarrationStatus
from sayso.narrations.files import narration_uri
from sayso.narrations.postgres import pruning, pruning_statements
from sayso.narrations.postgres.pruning import Pruner
from sayso.narrations.postgres.store import PostgresNarrationStore
from sayso.narrations.retention import ENDED, Retention, RetentionPolicy
from sayso.postgres.pool import Database
from sayso.storage import LinkSigner, LocalStorage, Root, SignedFiles, Storages

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from support.postgres.databases import Databases

SPEC = NarrationSpec(name="tale", voice="af_heart", audio=(AudioFormat.MP3,), subtitles=("srt",))
REQUEST = NarrationRequest(spec=SPEC, text="It was late.", callback_url="https://example.com/done")
ALL = RetentionPolicy(narrations_days=1, jobs_days=1)


class Place:
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


@pytest.fixture
def run(databases: Databases, tmp_path: Path) -> Callable[[Callable[[Place], Awaitable[None]]], None]:
    """Have something done in a place that is as new."""

    def in_place(scenario: Callable[[Place], Awaitable[None]]) -> None:
        async def main() -> None:
            async with Database(databases.new(), listen=False) as database:
                await scenario(Place(database, tmp_path / "output"))

        asyncio.run(main())

    return in_place


def test_nothing_goes_unless_it_was_asked_for(run: Any) -> None:
    """Without a term everything stays, however old."""

    async def scenario(place: Place) -> None:
        narrations = {await place.narration(end) for end in ("completed", "failed", "cancelled", "running")}
        await place.age()
        await place.retention().prune(RetentionPolicy())
        assert await place.rows() == narrations
        assert place.directories() == narrations
        assert place.removed == []

    run(scenario)


def test_what_ended_long_ago_goes_with_all_that_belongs_to_it(run: Any) -> None:
    """Files, directories, jobs, callbacks, tasks, events, keys: of completed, failed and cancelled; the rest stays."""

    async def scenario(place: Place) -> None:
        for end in ("completed", "failed", "cancelled"):
            await place.narration(end)
        running = await place.narration("running")
        await place.age()
        recent = {await place.narration(end) for end in ("completed", "failed", "cancelled")} | {running}
        with capture_logs() as logs:
            await place.retention().prune(RetentionPolicy(narrations_days=1))
        assert await place.rows() == recent
        assert place.directories() == recent
        removed = next(entry for entry in logs if entry["event"] == "removed what was old")
        assert (removed["narrations"], removed["files"]) == (3, 6)
        assert dict(place.removed)["narrations"] == 3

    run(scenario)


def test_jobs_go_by_a_term_of_their_own(run: Any) -> None:
    """Done, dead and cancelled jobs and old events go, the latest event of each narration and the narrations stay."""

    async def scenario(place: Place) -> None:
        narrations = {await place.narration(end) for end in ("completed", "failed", "cancelled", "running")}
        before = {record.id: record.event_id for record in (await place.store.page(owner=None, limit=9)).records}
        await place.age()
        waiting = await place.queue.enqueue("{}")
        await place.retention().prune(RetentionPolicy(jobs_days=1))
        rows = await place.database.fetch("select id, state from sayso.jobs", {}, is_repeatable=True)
        assert {row["state"] for row in rows} == {"leased", "waiting"}
        assert waiting in {str(row["id"]) for row in rows}
        page = (await place.store.page(owner=None, limit=9)).records
        assert {record.id: record.event_id for record in page} == before
        (events,) = await place.database.fetch("select count(*) as n from sayso.events", {}, is_repeatable=True)
        assert events["n"] == len(narrations)
        assert place.directories() == narrations

    run(scenario)


def test_a_job_that_is_tried_again_keeps_its_narration(run: Any) -> None:
    """A failed narration of which somebody has had the job tried again is not removed, however old its failure is."""

    async def scenario(place: Place) -> None:
        failed = await place.narration("failed")
        await place.age()
        statement = "update sayso.jobs set state = 'waiting' where state = 'dead'"
        await place.database.fetch(statement, {}, is_repeatable=False)
        await place.retention().prune(ALL)
        assert failed in await place.rows()
        assert place.directories() == {failed}

    run(scenario)


def test_what_a_kill_leaves_goes_with_the_next_round(run: Any) -> None:
    """A process that dies between any two steps leaves nothing that is not found again once its time is over."""

    async def scenario(place: Place) -> None:
        narrations = [await place.narration("completed") for _ in range(3)]
        await place.age()
        found = await place.pruner.reserve_narrations(ENDED, days=1, limit=10)
        assert found is not None
        assert [each.id for each in found] == narrations
        await place.storages.delete(narration_uri(place.root, narrations[0], "mp3"))
        await place.pruner.remove_events_of(found, limit=2)
        await place.retention().prune(ALL)
        assert await place.rows() == set(narrations)  # they are the dead process's still
        statement = "update sayso.narrations set removing_until = now() - interval '1 second'"
        await place.database.fetch(statement, {}, is_repeatable=False)
        await place.retention().prune(ALL)
        assert await place.rows() == set()
        assert place.directories() == set()

    run(scenario)


def test_a_file_that_is_out_of_reach_keeps_its_narration_and_no_other(run: Any) -> None:
    """It is told, and those behind it are removed all the same."""

    async def scenario(place: Place) -> None:
        first, _second = [await place.narration("completed") for _ in range(2)]
        statement = "update sayso.tasks set media_url = 'file:///elsewhere/a.mp3' where parent_id = %(id)s"
        await place.database.fetch(statement, {"id": first}, is_repeatable=False)
        await place.age()
        with capture_logs() as logs:
            await place.retention().prune(ALL)
        assert {
            row["id"] for row in await place.database.fetch("select id from sayso.narrations", {}, is_repeatable=True)
        } == {first}
        told = next(entry for entry in logs if entry["event"] == "a narration cannot be removed")
        assert told["narration_id"] == first

    run(scenario)


def test_rows_that_somebody_has_are_left_and_one_process_removes_at_a_time(run: Any) -> None:
    """Nobody waits for a lock: what is locked stays, and whoever comes second finds that another is at it."""

    async def scenario(place: Place) -> None:
        first, second = [await place.narration("completed") for _ in range(2)]
        await place.age()
        async with place.database.transaction() as transaction:
            lock: LiteralString = "select from sayso.narrations where id = %(id)s for update"
            await transaction.fetch(lock, {"id": first})
            await place.retention().remove_narrations(ENDED, days=1)
            assert {record.id for record in (await place.store.page(owner=None, limit=9)).records} == {first}
        assert second not in await place.rows()
        async with place.database.transaction() as transaction:
            await transaction.fetch("select pg_advisory_xact_lock(%(lock)s)", {"lock": pruning._LOCK})
            assert await place.pruner.remove_jobs("done", days=1, limit=10) is None
            assert await place.pruner.reserve_narrations(ENDED, days=1, limit=10) is None
            assert await place.pruner.remove_old_events(days=1, limit=10) is None

    run(scenario)


def test_two_processes_remove_all_of_it_between_them(run: Any) -> None:
    """Each narration is removed by one of them, and none is left."""

    async def scenario(place: Place) -> None:
        for _ in range(30):
            await place.narration("completed")
        await place.age()

        async def until_none_is_left(retention: Retention) -> int:
            total = 0
            while (await place.store.page(owner=None, limit=1)).records:
                total += await retention.remove_narrations(ENDED, days=1)
                await asyncio.sleep(0.01)
            return total

        totals = await asyncio.gather(*(until_none_is_left(place.retention()) for _ in range(2)))
        assert sum(totals) == 30
        assert place.directories() == set()

    run(scenario)


def test_the_key_of_a_removed_narration_is_free_again(run: Any) -> None:
    """The same request with the same key is a new narration then."""

    async def scenario(place: Place) -> None:
        first = await place.store.submit(REQUEST, owner="ann", idempotency_key="k")
        await place.store.cancel(first.record.id, owner=None)
        await place.age()
        await place.retention().prune(ALL)
        again = await place.store.submit(REQUEST, owner="ann", idempotency_key="k")
        assert again.is_new

    run(scenario)


async def test_it_works_behind_pgbouncer(pooled_database_url: str, tmp_path: Path) -> None:
    """The lock and the settings of a batch end with its transaction: no connection is relied on to stay the same."""

    async with Database(pooled_database_url, listen=False) as database:
        place = Place(database, tmp_path / "output")
        for end in ("completed", "failed", "cancelled"):
            await place.narration(end)
        await place.age()
        await place.retention().prune(ALL)
        assert await place.rows() == set()
        assert place.directories() == set()


def test_rounds_go_on_after_a_failure_and_end_when_they_are_cancelled(run: Any) -> None:
    """A database that does not answer is told, and the next round removes what is old; nothing outlives the worker."""

    async def scenario(place: Place) -> None:
        await place.narration("completed")
        await place.age()
        failures = chain([ServiceUnavailable("The database is away."), ValueError("oops")], repeat(None))

        def fail() -> None:
            if (failure := next(failures)) is not None:
                raise failure

        with capture_logs() as logs:
            retention = Retention(
                place.pruner, place.storages, output_root=place.root, sleep=lambda _seconds: asyncio.sleep(0.01)
            )
            running = asyncio.create_task(retention.run(ALL, each_round=fail))
            while await place.rows():  # noqa: ASYNC110 -- the database's state
                await asyncio.sleep(0.01)
            running.cancel()
            await asyncio.wait({running})
        assert running.cancelled()
        told = [entry["log_level"] for entry in logs if entry["event"] == "what is old stays until the next round"]
        assert told[:2] == ["warning", "error"]

    run(scenario)


FILL = """
insert into sayso.narrations (id, owner, fingerprint, job_id, status, name, voice, speed, style, audio, subtitles,
    finished_at)
select 'nar_' || n, '', '', gen_random_uuid(), case when n % 10 = 0 then 'running' else 'completed' end, '', '', 1, '',
    '{mp3}', '{srt}', now() - n * interval '1 minute'
from generate_series(1, 20000) as n;
insert into sayso.tasks (parent_id, task_id, status) select id, 'mp3', 'COMPLETED' from sayso.narrations;
insert into sayso.events (parent_id, kind, at)
select id, 'progress', now() - interval '9 days' from sayso.narrations, generate_series(1, 3);
insert into sayso.jobs (id, queue, body, state, finished_at)
select gen_random_uuid(), 'stories', '{}', (array['done', 'dead', 'cancelled'])[1 + n % 3],
    now() - n * interval '1 minute'
from generate_series(1, 30000) as n;
"""

ABOUT: dict[str, Any] = {
    "statuses": [str(status) for status in NarrationStatus if status.is_final],
    "days": 1.0,
    "limit": 100,
    "after": "-infinity",
    "number": 0,
    "callbacks": "callbacks",
    "reserved": 300,
    "ids": [f"nar_{n}" for n in range(1, 100)],
    "parent": "",
    "task": "",
}

ASKED = {
    **{f"jobs that are {end}": (statement, ABOUT) for end, statement in pruning_statements.JOBS.items()},
    "narrations": (pruning_statements.RESERVE, ABOUT),
    "their jobs": (pruning_statements.JOBS_OF, {"ids": [UUID(int=1)] * 100, "failed": [UUID(int=1)]}),
    "their callbacks": (pruning_statements.CALLBACKS_OF, {**ABOUT, "keys": ["nar_1 completed"] * 300}),
    "their files": (pruning_statements.FILES_OF, ABOUT),
    "their events": (pruning_statements.EVENTS_OF, ABOUT),
    "their tasks": (pruning_statements.TASKS_OF, ABOUT),
    "themselves": (pruning_statements.NARRATIONS, ABOUT),
    "old events": (pruning_statements.OLD_EVENTS, {**ABOUT, "after": 0}),
    "tasks of nobody": (pruning_statements.OLD_TASKS, ABOUT),
}


@pytest.fixture(scope="module")
def full(databases: Databases) -> str:
    """A database in which most has ended."""
    conninfo = databases.new()
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(FILL)
        connection.execute("analyze")
    return conninfo


@pytest.mark.parametrize("asked", ASKED)
def test_a_batch_reads_indexes(full: str, asked: str) -> None:
    """No batch reads a table from end to end, so that each takes as long as it has rows."""
    statement, about = ASKED[asked]
    with psycopg.connect(full) as connection:
        plan = "\n".join(line for (line,) in connection.execute(f"explain {statement}", about))
        connection.rollback()
    assert "Seq Scan" not in plan, plan
