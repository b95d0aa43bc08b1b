"""What ended long ago goes with all that belongs to it, and nothing else; a little at a time, beside running work."""

from __future__ import annotations

import asyncio
from itertools import chain, repeat
from typing import TYPE_CHECKING, LiteralString

import pytest
from structlog.testing import capture_logs

from sayso.errors import InvalidInput, OutputFailed, ServiceUnavailable
from sayso.narrations.files import narration_uri
from sayso.narrations.postgres import pruning
from sayso.narrations.retention import ENDED, Retention, RetentionPolicy
from sayso.postgres.pool import Database
from support.narrations.retention import REQUEST, RetentionPlace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.postgres.databases import Databases

ALL = RetentionPolicy(narrations_days=1, jobs_days=1)


@pytest.fixture
async def place(databases: Databases, tmp_path: Path) -> AsyncIterator[RetentionPlace]:
    """A database of the test's own."""
    async with Database(databases.new(), listen=False) as database:
        yield RetentionPlace(database, tmp_path / "output")


async def test_nothing_goes_unless_it_was_asked_for(place: RetentionPlace) -> None:
    """Without a term everything stays, however old."""
    narrations = {await place.narration(end) for end in ("completed", "failed", "cancelled", "running")}
    await place.age()
    await place.retention().prune(RetentionPolicy())
    assert await place.rows() == narrations
    assert place.directories() == narrations
    assert place.removed == []


async def test_what_ended_long_ago_goes_with_all_that_belongs_to_it(place: RetentionPlace) -> None:
    """Files, directories, jobs, callbacks, tasks, events, keys: of completed, failed and cancelled; the rest stays."""
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


async def test_one_narration_is_removed_with_all_that_belongs_to_it(place: RetentionPlace) -> None:
    """Once its callback is delivered; others stay, and so does one that is being processed again."""
    names = {end: await place.narration(end) for end in ("completed", "failed", "cancelled", "running")}
    retention = place.retention()
    for end in ("running", "completed"):  # it has not ended; its callback is on its way
        with pytest.raises(InvalidInput):
            await retention.remove(await place.store.get(names[end], owner=None))
    done = "update sayso.jobs set state = 'done', finished_at = now() where queue = 'callbacks'"
    await place.database.fetch(done, {}, is_repeatable=False)
    for end in ("completed", "cancelled"):
        await retention.remove(await place.store.get(names[end], owner=None))
    await place.store.retry(names["failed"], owner=None)
    with pytest.raises(InvalidInput):
        await retention.remove(await place.store.get(names["failed"], owner=None))
    assert await place.rows() == place.directories() == {names["running"], names["failed"]}
    left = await place.database.fetch("select distinct parent_id from sayso.events", {}, is_repeatable=True)
    assert {row["parent_id"] for row in left} == {names["running"], names["failed"]}


async def test_a_removal_that_a_storage_refuses_can_be_repeated(
    place: RetentionPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of the narration's rows is gone before its files are."""
    record = await place.store.get(await place.narration("completed"), owner=None)
    await place.database.fetch("delete from sayso.jobs where queue = 'callbacks'", {}, is_repeatable=False)

    async def refuse(*_: str) -> int:
        raise OutputFailed("The disk is read-only.")

    with monkeypatch.context() as patched:
        patched.setattr(place.storages, "delete", refuse)
        with pytest.raises(OutputFailed):
            await place.retention().remove(record)
    assert await place.store.get(record.id, owner=None) == record
    await place.retention().remove(record)
    assert await place.rows() == place.directories() == set()


async def test_jobs_go_by_a_term_of_their_own(place: RetentionPlace) -> None:
    """Done, dead and cancelled jobs and old events go, the latest event of each narration and the narrations stay."""
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


async def test_a_job_that_is_tried_again_keeps_its_narration(place: RetentionPlace) -> None:
    """A failed narration of which somebody has had the job tried again is not removed, however old its failure is."""
    failed = await place.narration("failed")
    await place.age()
    statement = "update sayso.jobs set state = 'waiting' where state = 'dead'"
    await place.database.fetch(statement, {}, is_repeatable=False)
    await place.retention().prune(ALL)
    assert failed in await place.rows()
    assert place.directories() == {failed}


async def test_what_a_kill_leaves_goes_with_the_next_round(place: RetentionPlace) -> None:
    """A process that dies between any two steps leaves nothing that is not found again once its time is over."""
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


async def test_a_file_that_is_out_of_reach_keeps_its_narration_and_no_other(place: RetentionPlace) -> None:
    """It is told, and those behind it are removed all the same."""
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


async def test_rows_that_somebody_has_are_left_and_one_process_removes_at_a_time(place: RetentionPlace) -> None:
    """Nobody waits for a lock: what is locked stays, and whoever comes second finds that another is at it."""
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


async def test_two_processes_remove_all_of_it_between_them(place: RetentionPlace) -> None:
    """Each narration is removed by one of them, and none is left."""
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


async def test_the_key_of_a_removed_narration_is_free_again(place: RetentionPlace) -> None:
    """The same request with the same key is a new narration then."""
    first = await place.store.submit(REQUEST, owner="ann", idempotency_key="k")
    await place.store.cancel(first.record.id, owner=None)
    await place.age()
    await place.retention().prune(ALL)
    again = await place.store.submit(REQUEST, owner="ann", idempotency_key="k")
    assert again.is_new


async def test_it_works_behind_pgbouncer(pooled_database_url: str, tmp_path: Path) -> None:
    """The lock and the settings of a batch end with its transaction: no connection is relied on to stay the same."""

    async with Database(pooled_database_url, listen=False) as database:
        place = RetentionPlace(database, tmp_path / "output")
        for end in ("completed", "failed", "cancelled"):
            await place.narration(end)
        await place.age()
        await place.retention().prune(ALL)
        assert await place.rows() == set()
        assert place.directories() == set()


async def test_rounds_go_on_after_a_failure_and_end_when_they_are_cancelled(place: RetentionPlace) -> None:
    """A database that does not answer is told, and the next round removes what is old; nothing outlives the worker."""
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
