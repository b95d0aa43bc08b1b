"""What clients are promised of jobs: those in memory, and those of an application's table in PostgreSQL."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import pytest

from sayso.cards.postgres.application import Application
from sayso.cards.postgres.clients import PostgresClientJobs
from sayso.cards.records import JobStatus
from sayso.errors import NoSuchJob
from sayso.postgres.pool import Database
from sayso.testing import InMemoryClientJobs
from support.cards.tables import SHAPES, App, create_tables

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sayso.cards.base import ClientJobs

PHRASES: list[dict[str, Any]] = [
    {"textEn": "the lamp", "textFr": "la lampe", "cardId": "card-1"},
    {"textEn": "\u0001 🎉 'x' %s", "textEs": None},
]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NO_IDS = ("none", "", "\0", "7", "00000000-0000-4000-8000-000000000000", "x" * 3000)


class Scene:
    """Jobs, and what changes their rows as a worker does."""

    def __init__(self, jobs: ClientJobs, app: App | None) -> None:
        self.jobs = jobs
        self._app = app

    def set_status(self, job_id: str, status: str) -> None:
        if self._app is not None:
            self._app.set_status(job_id, status)
        else:
            assert isinstance(self.jobs, InMemoryClientJobs)
            self.jobs.update(job_id, status=status)

    async def inserted(self, deck_id: str = "deck-1") -> str:
        return str((await self.jobs.insert(deck_id, PHRASES, user_id="user-1")).columns["id"])


@pytest.fixture(params=["memory", *SHAPES])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Scene]:
    if request.param == "memory":
        yield Scene(InMemoryClientJobs(), None)
        return
    url, shape = request.getfixturevalue("databases").new(), SHAPES[request.param]
    create_tables(url, shape)
    async with AsyncExitStack() as stack:
        app = App(url, shape)
        stack.callback(app.close)
        database = await stack.enter_async_context(Database(url, listen=False))
        yield Scene(PostgresClientJobs(Application(database, schema=shape.schema), database), app)


async def test_an_inserted_job_is_pending(scene: Scene) -> None:
    """Its row has what was given, and times in UTC."""
    job_id = await scene.inserted()
    row = (await scene.jobs.get(job_id)).columns
    assert (row["id"], row["deckId"], row["status"], row["phrases"]) == (job_id, "deck-1", "pending", PHRASES)
    assert (row["totalPhrases"], row["processedCount"], row["errorMessage"]) == (2, 0, None)
    assert (row["startedAt"], row["completedAt"]) == (None, None)
    assert TIME.fullmatch(row["createdAt"])
    assert row.get("userId", "user-1") == "user-1"
    assert await scene.inserted() != job_id


async def test_jobs_are_found_without_their_large_columns(scene: Scene) -> None:
    """Those that there are; ids that can be none of a job are left out."""
    ids = [await scene.inserted() for _ in range(2)]
    found = await scene.jobs.find([*ids, *NO_IDS])
    assert found.keys() == set(ids)
    whole = dict((await scene.jobs.get(ids[0])).columns)
    assert found[ids[0]].columns == {name: whole[name] for name in whole if name not in {"phrases", "resultUrls"}}
    assert await scene.jobs.find([]) == {}


async def test_jobs_are_listed_by_pages(scene: Scene) -> None:
    """Each once, also those of one instant; of one deck and with one status alone."""
    ids = {await scene.inserted(f"deck-{number % 2}") for number in range(7)}
    listed: list[Any] = []
    while page := await scene.jobs.page(limit=3, after=listed[-1]["id"] if listed else None):
        assert len(page) <= 3
        listed += [row.columns for row in page]
    assert len(listed) == 7
    assert {row["id"] for row in listed} == ids
    assert [row["createdAt"] for row in listed] == sorted((row["createdAt"] for row in listed), reverse=True)
    assert all({"phrases", "resultUrls"}.isdisjoint(row) for row in listed)
    of_deck = await scene.jobs.page(deck_id="deck-1", limit=10)
    assert {row.columns["deckId"] for row in of_deck} == {"deck-1"}
    assert len(of_deck) == 3
    scene.set_status(listed[0]["id"], "completed")
    completed = await scene.jobs.page(status=JobStatus.COMPLETED, limit=10)
    assert [row.columns["id"] for row in completed] == [listed[0]["id"]]
    assert await scene.jobs.page(deck_id="deck-9", limit=10) == []


@pytest.mark.parametrize("status", ["pending", "processing"])
async def test_a_running_job_is_cancelled(scene: Scene, status: str) -> None:
    """It has failed, with the reason and the time; a second call changes nothing."""
    job_id = await scene.inserted()
    scene.set_status(job_id, status)
    row = await scene.jobs.cancel(job_id)
    assert (row.status, row.columns["errorMessage"]) == ("failed", "Cancelled.")
    assert TIME.fullmatch(row.columns["completedAt"])
    assert await scene.jobs.cancel(job_id) == row == await scene.jobs.get(job_id)


async def test_a_completed_job_is_not_cancelled(scene: Scene) -> None:
    """It stays unchanged."""
    job_id = await scene.inserted()
    scene.set_status(job_id, "completed")
    before = await scene.jobs.get(job_id)
    assert await scene.jobs.cancel(job_id) == before


async def test_a_failed_job_is_retried(scene: Scene) -> None:
    """It is pending as if it was new; a second call changes nothing."""
    job_id = await scene.inserted()
    await scene.jobs.cancel(job_id)
    row = await scene.jobs.retry(job_id)
    assert (row.status, row.columns["processedCount"]) == ("pending", 0)
    assert (row.columns["errorMessage"], row.columns["startedAt"], row.columns["completedAt"]) == (None, None, None)
    assert (await scene.jobs.retry(job_id)).status == "pending"


@pytest.mark.parametrize("status", ["pending", "processing", "completed"])
async def test_no_other_job_is_retried(scene: Scene, status: str) -> None:
    """It stays unchanged."""
    job_id = await scene.inserted()
    scene.set_status(job_id, status)
    before = await scene.jobs.get(job_id)
    assert await scene.jobs.retry(job_id) == before


@pytest.mark.parametrize("job_id", NO_IDS)
async def test_an_unknown_job_is_named(scene: Scene, job_id: str) -> None:
    """For every call; also an id that the type of the column cannot have."""
    for call in (scene.jobs.get(job_id), scene.jobs.cancel(job_id), scene.jobs.retry(job_id)):
        with pytest.raises(NoSuchJob):
            await call
    with pytest.raises(NoSuchJob):
        await scene.jobs.page(limit=1, after=job_id)
