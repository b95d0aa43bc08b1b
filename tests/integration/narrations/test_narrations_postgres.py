"""Narrations from HTTP to their files, over PostgreSQL: accepted, worked on, followed, cancelled, told of."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import psycopg
import pytest

from sayso.broadcaster import ChangeBroadcaster
from sayso.cache import NoCache
from sayso.jobs.postgres.queue import PostgresQueue
from sayso.jobs.postgres.tasks import PostgresTaskStore
from sayso.narrations import CALLBACKS_QUEUE, STORIES_QUEUE
from sayso.narrations.postgres.store import PostgresNarrationStore
from sayso.narrations.webhooks import WebhookHandler, WebhookSender
from sayso.postgres.pool import Database
from sayso.scheduling import Scheduler
from sayso.storage import LocalStorage, Storages
from sayso.stories import Narrator, StoryHandler
from sayso.tts.cache import SpeechCache
from sayso.tts.selection import LocalSpeech
from sayso.workers import Policy, Worker
from support.narrations.receiver import HOST, Receiver
from support.narrations.server import HELD, StagedEngine
from support.narrations.service import Serving, fake_presenter, request, signed_files
from support.stories.parts import refuse
from support.waiting import WAIT_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL = "/v1/narrations"
TEXT = {"text": "The lamp is lit. It is late.", "voice": "fake_en", "audio": "wav", "subtitles": "srt"}
PATIENCE_SECONDS = WAIT_SECONDS
NEVER_SECONDS = 3600.0


class Server(Serving):
    """The API over a database.

    Args:
        url: the database's.
        root: where files are.
        listen: whether notifications are heard.
    """

    def __init__(self, url: str, root: Path, *, listen: bool = True) -> None:
        self.database = Database(url, listen=listen)
        self.store = PostgresNarrationStore(self.database)
        super().__init__(self.store, root=root)
        self.client = httpx2.Client(base_url=self.url, timeout=PATIENCE_SECONDS)

    def submit(self, **fields: Any) -> dict[str, Any]:
        answer = self.client.post(URL, json=TEXT | fields)
        assert answer.status_code == 202, answer.text
        narration: dict[str, Any] = answer.json()
        return narration

    def get(self, narration: dict[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = self.client.get(f"{URL}/{narration['id']}").json()
        return told

    def followed(self, narration: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """What a client hears of a narration, until the stream ends."""
        with self.client.stream("GET", f"{URL}/{narration['id']}/events") as answer:
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    with serving(database_url, tmp_path / "out") as server:
        yield server


@contextmanager
def serving(url: str, root: Path, *, listen: bool = True) -> Iterator[Server]:
    server = Server(url, root, listen=listen)
    with server, server.client:
        server.call(server.database.open())
        yield server
        server.call(server.narrations.close())
        server.call(server.database.close())


class ScratchDirectory:
    """A worker for stories and one for callbacks, with connections of their own, on the server's loop.

    Args:
        server: whose loop it is.
        url: the database's.
        directory: where files are made and kept.
    """

    def __init__(self, server: Server, url: str, directory: Path) -> None:
        self.engine = StagedEngine()
        self.out = directory / "out"
        self._server = server
        self._url = url
        self._directory = directory
        self._stop = asyncio.Event()

    async def work(self, begun: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            database = await stack.enter_async_context(Database(self._url))
            store = PostgresNarrationStore(database)
            stories = PostgresQueue(database, STORIES_QUEUE)
            callbacks = PostgresQueue(database, CALLBACKS_QUEUE)
            stack.push_async_callback(stories.close)
            stack.push_async_callback(callbacks.close)
            sender = WebhookSender(keys=lambda _: [b"both sides know it"], private_hosts=(HOST,))
            workers = [
                Worker(stories, self._stories(database, store), Policy(at_once=2, heartbeat_seconds=NEVER_SECONDS)),
                Worker(callbacks, WebhookHandler(store, fake_presenter(self.out), sender), Policy()),
            ]
            begun.set()
            await asyncio.gather(*(worker.run(self._stop, grace_seconds=PATIENCE_SECONDS) for worker in workers))

    def _stories(self, database: Database, store: PostgresNarrationStore) -> StoryHandler:
        return StoryHandler(
            tasks=PostgresTaskStore(database),
            storages=Storages({"file": LocalStorage(signed_files(self.out))}),
            narrator=Narrator(
                sources=[LocalSpeech("fake", lambda: self.engine)],
                cache=SpeechCache(NoCache()),
                voice="fake_en",
                fetch=refuse,
            ),
            scheduler=Scheduler(permits=2, slots=4),
            output_root=self.out.as_uri(),
            work_directory=self._directory / "work",
            enqueue_callback=store.enqueue_callback,
        )

    @contextmanager
    def open(self) -> Iterator[None]:
        """Work during the block."""

        async def start() -> asyncio.Task[None]:
            begun = asyncio.Event()
            task = asyncio.create_task(self.work(begun))
            await begun.wait()
            return task

        async def end(task: asyncio.Task[None]) -> None:
            self._stop.set()
            await task

        task = self._server.call(start())
        try:
            yield
        finally:
            self.engine.gate.set()
            self._server.call(end(task))

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.out.rglob("*") if path.is_file() and not path.name.startswith("."))


def test_a_narration_of_another_version_fails_with_a_reason(server: Server, database_url: str, tmp_path: Path) -> None:
    """A job that this version does not understand does not leave its narration queued, and its callback tells why."""
    with Receiver() as receiver:
        narration = server.submit(callback_url=receiver.url())
        with psycopg.connect(database_url, autocommit=True) as connection:
            changed = connection.execute(
                "update sayso.jobs set body = (body::jsonb - 'audio' || '{\"sound\": [\"wav\"]}')::text "
                "where queue = 'stories' and body::jsonb ->> 'narration_id' = %s",
                [narration["id"]],
            )
            assert changed.rowcount == 1
        with ScratchDirectory(server, database_url, tmp_path).open():
            server.until(lambda: server.get(narration)["callback"]["status"] == "delivered")
    told = server.get(narration)
    assert told["status"] == "failed"
    assert "audio" in told["error"]
    assert json.loads(receiver.received[0].body)["status"] == "failed"


@pytest.fixture
def workshop(server: Server, database_url: str, tmp_path: Path) -> Iterator[ScratchDirectory]:
    workshop = ScratchDirectory(server, database_url, tmp_path)
    with workshop.open():
        yield workshop


def test_a_narration_is_made_followed_and_told_of(server: Server, workshop: ScratchDirectory) -> None:
    """Its client hears of its beginning and its end, its files are there, and its callback is delivered once."""
    with Receiver() as receiver:
        narration = server.submit(name="evening", text=f"{HELD} on. It is late.", callback_url=receiver.url())
        heard = []
        for told in server.followed(narration):
            heard.append(told)
            if told["status"] == "running":
                workshop.engine.gate.set()
        server.until(lambda: server.get(narration)["callback"]["status"] == "delivered")
        (received,) = receiver.received
    statuses = [told["status"] for told in heard]
    assert statuses == sorted(statuses, key=["queued", "running", "completed"].index)
    assert statuses[-1] == "completed"
    last = heard[-1]
    assert last["created_at"] <= last["started_at"] <= last["finished_at"]
    assert last["audio_seconds"] > 0
    assert [file["format"] for file in last["files"]] == ["wav", "srt"]
    assert workshop.files == ["narration.srt", "narration.wav"]
    sound, subtitles = (httpx2.get(file["url"], timeout=PATIENCE_SECONDS) for file in last["files"])
    assert (sound.headers["content-type"], sound.content[:4]) == ("audio/wav", b"RIFF")
    assert "evening.wav" in sound.headers["content-disposition"]
    assert "-->" in subtitles.text
    assert json.loads(received.body)["status"] == "completed"


def test_a_cancelled_narration_is_given_up_by_its_worker(server: Server, workshop: ScratchDirectory) -> None:
    """In the middle, without waiting for a beat; nothing is published, and the worker does the next."""
    narration = server.submit(text=f"{HELD} on. It is late.")
    server.until(lambda: server.get(narration)["status"] == "running")
    with ThreadPoolExecutor() as pool:
        heard = pool.submit(lambda: [told["status"] for told in server.followed(narration)])
        server.until(lambda: server.broadcaster.subscriptions == 1)
        assert server.client.delete(f"{URL}/{narration['id']}").json()["status"] == "cancelled"
        assert heard.result()[-1] == "cancelled"
    workshop.engine.gate.set()
    after = server.submit()
    assert [told["status"] for told in server.followed(after)][-1] == "completed"
    assert server.get(narration)["status"] == "cancelled"
    assert [path.parent.name for path in workshop.out.rglob("*.wav")] == [after["id"]]


def test_a_narration_that_cannot_be_made_has_failed(server: Server, workshop: ScratchDirectory) -> None:
    """The reason is told, and nothing is left of it."""
    narration = server.submit(text=None, url="https://example.com/a.md")
    *_, last = server.followed(narration)
    assert last["status"] == "failed"
    assert "is not fetched" in last["error"]
    assert workshop.files == []


def test_requests_that_come_together_with_one_key_make_one_narration(server: Server) -> None:
    """All of them are answered with it, and all but one say that they are not the first."""

    def post(_: int) -> httpx2.Response:
        return httpx2.post(server.url + URL, json=TEXT, headers={"idempotency-key": "k1"}, timeout=PATIENCE_SECONDS)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 7


def test_what_is_sent_after_every_connection_was_lost_is_accepted(server: Server, database_url: str) -> None:
    """Once; and who follows goes on to be told."""
    narration = server.submit()
    stream = server.followed(narration)
    assert next(stream)["status"] == "queued"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    before = len(server.client.get(URL, params={"limit": 100}).json()["data"])
    answer = httpx2.post(f"{server.url}{URL}", json=TEXT, timeout=PATIENCE_SECONDS)
    assert answer.status_code == 202
    assert len(server.client.get(URL, params={"limit": 100}).json()["data"]) == before + 1
    assert server.client.delete(f"{URL}/{narration['id']}").json()["status"] == "cancelled"
    assert [told["status"] for told in stream] == ["cancelled"]


def test_followers_are_told_although_nothing_is_heard(database_url: str, tmp_path: Path) -> None:
    """Behind PgBouncer nobody can listen: looking is enough."""
    with serving(database_url, tmp_path, listen=False) as server:
        narration = server.submit()
        stream = server.followed(narration)
        assert next(stream)["status"] == "queued"
        server.client.delete(f"{URL}/{narration['id']}")
        assert [told["status"] for told in stream] == ["cancelled"]


async def test_followers_are_told_by_notifications_alone(database_url: str) -> None:
    """Of what another process did, without waiting for the next look."""

    async with Database(database_url) as here, Database(database_url) as there:
        store, other = PostgresNarrationStore(here), PostgresNarrationStore(there)
        record = (await store.submit(request(), owner="ann")).record
        broadcaster = ChangeBroadcaster(store, poll_seconds=NEVER_SECONDS, rest_seconds=0.0)
        assert here.listener is not None
        listener = here.listener
        await until(lambda: listener.is_receiving)
        async with asyncio.timeout(PATIENCE_SECONDS):
            with broadcaster.follow(record, seen=record.event_id) as subscription:
                await other.cancel(record.id, owner="ann")
                told = await subscription.next(PATIENCE_SECONDS)
        assert told is not None
        assert told.status == "cancelled"
