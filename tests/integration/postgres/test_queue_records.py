"""What the database keeps of jobs and tasks for those who look after them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import RFC_4122, uuid4

import pytest

from sayso.audio import AudioFormat
from sayso.errors import InvalidInput, NoSuchJob
from sayso.jobs import Claim, ClaimHeldElsewhere, TaskProgress
from sayso.jobs.outbox import new_job_id
from sayso.jobs.postgres.administration import Administration
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.jobs.postgres.tasks import PostgresTaskStore
from sayso.narration import NarrationSpec
from sayso.narrations import STORIES_QUEUE, NarrationRequest
from sayso.narrations.postgres.store import PostgresNarrationStore
from sayso.postgres.listener import Channel
from sayso.postgres.pool import Database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sayso.jobs import Delivery

PATIENCE_SECONDS = 60.0
SPEC = NarrationSpec(name="tale", voice="af_heart", audio=(AudioFormat.MP3,), subtitles=())
REQUEST = NarrationRequest(spec=SPEC, text="It was late.")


class Scene:
    """A queue of its own with two workers, and who looks after it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        name = f"q {uuid4()}"
        self.queue = PostgresQueue(database, name, worker="ann")
        self.other = PostgresQueue(database, name, worker="bob")
        self.administration = Administration(database)

    async def expire(self) -> None:
        statement = "update sayso.jobs set lease_until = now() - interval '1 second' where state = 'leased'"
        await self.database.fetch(statement, {}, is_repeatable=True)

    async def delivered(self) -> Delivery:
        (delivery,) = await self.queue.receive(1, wait_seconds=PATIENCE_SECONDS)
        return delivery


@pytest.fixture
async def scene(database_url: str) -> AsyncIterator[Scene]:
    async with Database(database_url) as database:
        yield Scene(database)


async def test_the_history_tells_of_every_attempt(scene: Scene) -> None:
    """Crashes, failures and the end are in it, each with its worker and its reason; what was handed back is not."""
    job_id = await scene.queue.enqueue("a")
    await scene.delivered()
    await scene.expire()
    (second,) = await scene.other.receive(1, wait_seconds=PATIENCE_SECONDS)
    await scene.other.retry(second, delay_seconds=0, error="the source was down")
    await scene.queue.retry(await scene.delivered(), delay_seconds=0)
    await scene.queue.dead_letter(await scene.delivered(), reason="no such voice")

    report = await scene.administration.show(job_id)
    assert (report.state, report.attempts, report.error) == ("dead", 3, "no such voice")
    assert [(each["attempt"], each["worker"], each["error"]) for each in report.history] == [
        (1, "ann", "Its worker was not heard of any more."),
        (2, "bob", "the source was down"),
        (3, "ann", "no such voice"),
    ]


async def test_a_batch_is_in_the_order_of_waiting(scene: Scene) -> None:
    """However the database finds the rows: a job that was handed back lies behind the others on the disk."""
    bodies = ["a", "b", "c"]
    for body in bodies:
        await scene.queue.enqueue(body)
    await scene.queue.retry(await scene.delivered(), delay_seconds=0)
    batch = await scene.queue.receive(3, wait_seconds=PATIENCE_SECONDS)
    assert [delivery.body for delivery in batch] == bodies


async def test_a_dead_job_that_is_redriven_begins_anew(scene: Scene) -> None:
    """Its attempts are counted from the first, and its history is kept."""
    job_id = await scene.queue.enqueue("a")
    await scene.queue.dead_letter(await scene.delivered(), reason="no")
    assert await scene.administration.redrive(scene.queue.name) == 1
    assert (await scene.delivered()).attempt == 1
    assert len((await scene.administration.show(job_id)).history) == 1


async def test_a_key_is_good_for_one_job(scene: Scene) -> None:
    """Of many that are enqueued with one key, at once and later, there is one; in another queue the key is free."""
    ids = await asyncio.gather(*(scene.queue.enqueue(str(n), dedup_key="k") for n in range(10)))
    await scene.queue.finish(await scene.delivered())
    ids.append(await scene.queue.enqueue("late", dedup_key="k"))
    assert len(set(ids)) == 1
    assert (await scene.queue.backlog()).waiting == 0
    elsewhere = PostgresQueue(scene.database, f"q {uuid4()}")
    assert await elsewhere.enqueue("a", dedup_key="k") not in ids


async def test_a_worker_that_comes_back_has_its_jobs_at_once(scene: Scene) -> None:
    """What a worker of the same name had when it died need not wait for the end of a lease, and counts as a crash."""
    await scene.queue.enqueue("a")
    await scene.delivered()
    assert await scene.other.release_worker("bob") == 0
    assert await scene.queue.release_worker("ann") == 1
    assert (await scene.delivered()).attempt == 2


async def test_a_worker_that_comes_back_waits_for_no_claim_of_its_own(scene: Scene) -> None:
    """What it had claimed when it died can be claimed at once, too; another worker's claim stays."""
    store, tasks = PostgresNarrationStore(scene.database), PostgresTaskStore(scene.database)
    narrations = [(await store.submit(REQUEST, owner="")).record.id for _ in range(2)]
    for worker in ("ann", "bob"):
        queue = PostgresQueue(scene.database, STORIES_QUEUE, worker=worker)
        assert len(await queue.receive(1, wait_seconds=PATIENCE_SECONDS)) == 1
    claims = [await tasks.claim(narration, ["mp3"]) for narration in narrations]
    assert all(isinstance(claim, Claim) for claim in claims)

    assert await PostgresQueue(scene.database, STORIES_QUEUE).release_worker("ann") == 1
    again, others = [await tasks.claim(narration, ["mp3"]) for narration in narrations]
    assert isinstance(again, Claim)
    assert isinstance(others, ClaimHeldElsewhere)


async def test_pages_lead_through_all_jobs(scene: Scene) -> None:
    """The newest first, each once, whatever the state that is asked for."""
    ids = [await scene.queue.enqueue(str(number)) for number in range(7)]
    seen: list[str] = []
    while page := await scene.administration.page(
        queue=scene.queue.name, state="waiting", limit=3, after=seen[-1] if seen else None
    ):
        seen += [report.id for report in page]
    assert seen == ids[::-1]


async def test_what_cannot_be_done_to_a_job_is_said(scene: Scene) -> None:
    """A job that is not there, or is past it, is an error that names it."""
    job_id = await scene.queue.enqueue("a")
    await scene.queue.finish(await scene.delivered())
    for call in (scene.administration.retry(job_id), scene.administration.cancel(job_id)):
        with pytest.raises(InvalidInput, match="done"):
            await call
    for name in ("nonsense", str(uuid4())):
        with pytest.raises(NoSuchJob, match=name):
            await scene.administration.show(name)


def test_job_ids_are_in_the_order_of_time() -> None:
    """They are UUIDs of version 7, the later ones larger, and no two are the same."""
    ids = [new_job_id() for _ in range(1000)]
    assert len(set(ids)) == len(ids)
    assert {(each.version, each.variant) for each in ids} == {(7, RFC_4122)}
    moments = [each.int >> 64 for each in ids]
    assert moments == sorted(moments)


async def test_every_change_of_tasks_is_an_event(scene: Scene) -> None:
    """Claims, progress and ends are recorded in order under their parent, and those who listen are told whose."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = scene.database.listener
    assert listener is not None
    end = listener.on(Channel.EVENTS, heard.put_nowait)
    assert await asyncio.wait_for(heard.get(), PATIENCE_SECONDS) == ""  # it hears from now on

    tasks, parent = PostgresTaskStore(scene.database), f"p {uuid4()}"
    claim = await tasks.claim(parent, ["mp3", "srt"])
    assert isinstance(claim, Claim)
    await tasks.heartbeat(claim, TaskProgress(share=0.5, audio_seconds=3))
    await tasks.heartbeat(claim)
    await tasks.complete(claim, {"mp3": "file:///a.mp3", "srt": "file:///a.srt"})
    assert await asyncio.wait_for(heard.get(), PATIENCE_SECONDS) == parent
    end()

    statement = "select kind from sayso.events where parent_id = %(parent)s order by id"
    events: list[dict[str, Any]] = list(await scene.database.fetch(statement, {"parent": parent}, is_repeatable=True))
    assert [event["kind"] for event in events] == ["claimed", "progress", "completed"]


async def test_what_is_handed_back_keeps_its_place(scene: Scene) -> None:
    """A job that a stopping worker hands back is the next, although others came before it was handed back."""
    first = await scene.queue.enqueue("a")
    await scene.queue.enqueue("b")
    await scene.queue.retry(await scene.delivered(), delay_seconds=0)
    assert (await scene.delivered()).job_id == first
