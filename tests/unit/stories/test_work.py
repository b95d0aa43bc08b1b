"""The work of a story: its files and its tasks are what the message asked for, once, and only by who has the lease."""

from __future__ import annotations

import asyncio
import json
import math
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from sayso.cache import DirectoryCache
from sayso.errors import (
    Busy,
    FetchRefused,
    InvalidInput,
    LeaseLost,
    NothingToSay,
    OutputFailed,
    ServiceUnavailable,
    UnknownVoice,
)
from sayso.jobs import Job
from sayso.scheduling import Scheduler
from sayso.storage import LinkSigner, LocalStorage, Root, SignedFiles, Storages
from sayso.stories import Narrator, Stories
from sayso.stories import work as work_module
from sayso.testing import FakeSpeechEngine, InMemoryQueue, InMemoryTaskStore
from sayso.tts.cache import SpeechCache
from sayso.tts.source import LocalSpeech

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sayso.scheduling import Ticket

TEXT = "It was late. The keeper lit the lamp, and nobody came. The rain began."
TASKS = {"text": TEXT, "parent_id": "p", "tts_task_id": "a", "srt_task_id": "b"}
WAIT_SECONDS = 10


def refuse(url: str, _directory: Path, _ticket: Ticket) -> Path:
    raise FetchRefused(f"{url} is not fetched.")


class Scene:
    """A story's parts, in a directory: a queue, a store, a storage, and an engine that hums."""

    def __init__(self, directory: Path, *, fetch: Callable[[str, Path, Ticket], Path] = refuse) -> None:
        self.directory = directory
        self.queue = InMemoryQueue()
        self.tasks = InMemoryTaskStore()
        self.engine = FakeSpeechEngine()
        self.out = directory / "out"
        self.announced: list[str] = []
        storage = LocalStorage(SignedFiles(root=Root(self.out), signer=LinkSigner(b"secret")))
        cache = SpeechCache(DirectoryCache(directory / "cache", maximum_bytes=2**30))
        self.stories = Stories(
            tasks=self.tasks,
            storages=Storages({"file": storage}),
            narrator=Narrator(
                sources=[LocalSpeech("fake", lambda: self.engine)], cache=cache, voice="fake_en", fetch=fetch
            ),
            scheduler=Scheduler(turns=2, places=4),
            output_root=self.out.as_uri(),
            work_directory=directory / "work",
            announce=self._announce,
        )

    async def _announce(self, parent_id: str) -> None:
        self.announced.append(parent_id)

    async def job(self, message: object = TASKS) -> Job:
        await self.queue.enqueue(message if isinstance(message, str) else json.dumps(message))
        (delivery,) = await self.queue.receive(1, wait_seconds=0)
        return Job(delivery=delivery, queue=self.queue)

    @property
    def statuses(self) -> dict[str, str]:
        return {task_id: task.status for (_, task_id), task in self.tasks.tasks.items()}

    @property
    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.out)) for path in self.out.rglob("*") if not path.name.startswith("."))

    @property
    def leftovers(self) -> list[Path]:
        return list((self.directory / "work").glob("*"))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def test_a_story_becomes_its_files_and_its_tasks_are_completed(scene: Scene) -> None:
    """Sound and subtitles are in their places, both tasks say where, and nothing is left in the workshop."""

    async def scenario() -> None:
        await scene.stories.work(await scene.job())

    asyncio.run(scenario())
    assert scene.files == ["p", "p/a.wav", "p/b.srt"]
    assert scene.statuses == {"a": "COMPLETED", "b": "COMPLETED"}
    assert scene.tasks.tasks["p", "a"].media_url == f"{scene.out.as_uri()}/p/a.wav"
    assert (scene.out / "p" / "b.srt").read_text().count("-->") >= 1
    assert scene.announced == ["p"]
    assert scene.leftovers == []


def test_what_is_told_already_is_not_told_again(scene: Scene) -> None:
    """A message that comes once more costs nothing; whoever waits is told once more, in case it was not."""

    async def scenario() -> None:
        await scene.stories.work(await scene.job())
        calls = scene.engine.calls
        written = (scene.out / "p" / "a.wav").stat().st_mtime_ns
        await scene.stories.work(await scene.job())
        assert scene.engine.calls == calls
        assert (scene.out / "p" / "a.wav").stat().st_mtime_ns == written

    asyncio.run(scenario())
    assert scene.announced == ["p", "p"]


def test_only_what_is_open_is_published(scene: Scene) -> None:
    """When one task was completed before, its file is left alone."""

    async def scenario() -> None:
        claim = await scene.tasks.claim("p", ["a"])
        await scene.tasks.complete(claim, {"a": "file:///elsewhere"})  # type: ignore[arg-type]
        await scene.stories.work(await scene.job())

    asyncio.run(scenario())
    assert scene.files == ["p", "p/b.srt"]
    assert scene.tasks.tasks["p", "a"].media_url == "file:///elsewhere"


def test_a_worker_that_died_before_the_last_word_is_taken_over(scene: Scene) -> None:
    """Files that are there already are left as they are, and the tasks completed."""

    async def scenario() -> None:
        await scene.stories.work(await scene.job())
        written = (scene.out / "p" / "a.wav").stat().st_mtime_ns
        for task in scene.tasks.tasks.values():
            task.status, task.lease_until = "IN_PROGRESS", 0.0
        calls = scene.engine.calls
        await scene.stories.work(await scene.job())
        assert (scene.out / "p" / "a.wav").stat().st_mtime_ns == written
        assert scene.engine.calls == calls

    asyncio.run(scenario())
    assert scene.statuses == {"a": "COMPLETED", "b": "COMPLETED"}


@asynccontextmanager
async def in_the_middle(scene: Scene, job: Job) -> AsyncIterator[asyncio.Task[None]]:
    """A story whose engine has begun and waits until the block ends."""
    begun, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    synthesise = scene.engine.synthesise

    def waiting(*args: Any, **kwargs: Any) -> Any:
        loop.call_soon_threadsafe(begun.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result()
        return synthesise(*args, **kwargs)

    scene.engine.synthesise = waiting  # type: ignore[method-assign]
    task = asyncio.create_task(scene.stories.work(job))
    async with asyncio.timeout(WAIT_SECONDS):
        await begun.wait()
    try:
        yield task
    finally:
        go_on.set()


def test_who_lost_the_job_publishes_nothing(scene: Scene) -> None:
    """A worker that was frozen while another took over finds out before its first file."""

    async def scenario() -> None:
        job = await scene.job()
        async with in_the_middle(scene, job) as task:
            await scene.queue.cancel(job.delivery.job_id)
        with pytest.raises(LeaseLost):
            await task

    asyncio.run(scenario())
    assert [name for name in scene.files if "." in name] == []
    assert scene.statuses == {"a": "IN_PROGRESS", "b": "IN_PROGRESS"}


def test_who_lost_the_claim_publishes_nothing(scene: Scene) -> None:
    """The same when the tasks were claimed anew: whoever has them decides what is there."""

    async def scenario() -> None:
        job = await scene.job()
        async with in_the_middle(scene, job) as task:
            scene.tasks.tasks["p", "b"].lease_id += 1
        with pytest.raises(LeaseLost):
            await task

    asyncio.run(scenario())
    assert [name for name in scene.files if "." in name] == []


def test_a_file_that_somebody_replaced_meanwhile_is_replaced_by_the_holder(scene: Scene) -> None:
    """What a stale worker wrote after the claim does not stay."""

    async def scenario() -> None:
        job = await scene.job()
        async with in_the_middle(scene, job) as task:
            (scene.out / "p").mkdir(parents=True)
            (scene.out / "p" / "a.wav").write_bytes(b"stale")
        await task

    asyncio.run(scenario())
    assert (scene.out / "p" / "a.wav").read_bytes().startswith(b"RIFF")


def test_a_cancelled_story_gives_its_tasks_back(scene: Scene) -> None:
    """A worker that stops leaves the tasks to the next at once, and its directory to nobody."""

    async def scenario() -> None:
        job = await scene.job()
        async with in_the_middle(scene, job) as task:
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        scene.engine.synthesise = FakeSpeechEngine().synthesise  # type: ignore[method-assign]
        await scene.stories.work(await scene.job())
        async with asyncio.timeout(WAIT_SECONDS):
            while scene.leftovers:  # noqa: ASYNC110 -- the first one's thread
                await asyncio.sleep(0.01)

    asyncio.run(scenario())
    assert scene.statuses == {"a": "COMPLETED", "b": "COMPLETED"}


def test_a_story_that_somebody_is_alive_with_waits(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second message for the same tasks is postponed, not done beside the first."""

    async def no_sleep(_seconds: float) -> None:
        return

    monkeypatch.setattr(work_module.asyncio, "sleep", no_sleep)

    async def scenario() -> None:
        await scene.tasks.claim("p", ["a", "b"])
        with pytest.raises(Busy):
            await scene.stories.work(await scene.job())

    asyncio.run(scenario())
    assert scene.engine.calls == 0


def test_without_alignment_a_sentence_shares_its_time_out(scene: Scene) -> None:
    """``use_alignment: false`` gives naive times, and the subtitles' JSON says so."""
    message = {
        "text": TEXT,
        "audio_out": f"{scene.out.as_uri()}/k.mp3",
        "subs_out": f"{scene.out.as_uri()}/k.json",
        "use_alignment": False,
    }

    async def scenario() -> None:
        await scene.stories.work(await scene.job(message))

    asyncio.run(scenario())
    timeline = json.loads((scene.out / "k.json").read_text())
    assert timeline["timing"] == "naive"
    assert math.isclose(timeline["words"][-1]["end"], timeline["segments"][-1]["end"], abs_tol=0.001)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("not json", InvalidInput),
        (TASKS | {"voice": "nobody"}, UnknownVoice),
        (TASKS | {"text": "…"}, NothingToSay),
        (TASKS | {"parent_id": "../../etc"}, InvalidInput),
        ({"text": TEXT, "audio_out": "s3://b/k.wav", "subs_out": "s3://b/k.srt"}, InvalidInput),
        (
            {"narration_id": "n", "name": "n", "url": "http://host/", "audio": ["mp3"], "subtitles": []},
            FetchRefused,
        ),
    ],
)
def test_a_mistake_of_the_sender_is_an_error_that_no_retry_mends(
    scene: Scene, message: object, error: type[InvalidInput]
) -> None:
    """What cannot be done is told as such, and what is somewhere else is never touched."""

    async def scenario() -> None:
        with pytest.raises(error) as caught:
            await scene.stories.work(await scene.job(message))
        assert not caught.value.retryable

    asyncio.run(scenario())
    assert scene.files == []


def test_giving_up_fails_the_tasks(scene: Scene) -> None:
    """Whoever waits sees that the story failed, and why."""

    async def scenario() -> None:
        job = await scene.job(TASKS | {"voice": "nobody"})
        await scene.stories.give_up(job, "There is no voice nobody.")
        await scene.stories.give_up(await scene.job("not json"), "It is not JSON.")

    asyncio.run(scenario())
    assert scene.statuses == {"a": "FAILED", "b": "FAILED"}
    assert scene.tasks.tasks["p", "a"].error == "There is no voice nobody."
    assert scene.announced == ["p"]


def test_giving_up_does_not_undo_what_is_told(scene: Scene) -> None:
    """A completed task is never set back."""

    async def scenario() -> None:
        await scene.stories.work(await scene.job())
        await scene.stories.give_up(await scene.job(), "too late")

    asyncio.run(scenario())
    assert scene.statuses == {"a": "COMPLETED", "b": "COMPLETED"}


def test_a_full_disk_is_no_fault_of_the_story(scene: Scene) -> None:
    """Where this worker cannot write, another may tell the story."""

    def full(*_: object, **__: object) -> None:
        raise OutputFailed("Cannot write: No space left on device.")

    scene.engine.synthesise = full  # type: ignore[assignment, method-assign]

    async def scenario() -> None:
        with pytest.raises(ServiceUnavailable, match="No space left"):
            await scene.stories.work(await scene.job())

    asyncio.run(scenario())
    assert scene.leftovers == []


def test_a_text_is_fetched_where_the_message_names_a_url(tmp_path: Path) -> None:
    """A narration of a URL is made of what is there, Markdown where its name says so."""

    def fetch(url: str, directory: Path, _ticket: Ticket) -> Path:
        assert url == "https://host/tale.md"
        file = directory / "fetched.md"
        file.write_text("# A Title\n\nIt was *late*.")
        return file

    scene = Scene(tmp_path, fetch=fetch)
    message = {
        "narration_id": "n",
        "name": "tale",
        "url": "https://host/tale.md",
        "audio": ["mp3"],
        "subtitles": ["json"],
    }

    async def scenario() -> None:
        await scene.stories.work(await scene.job(message))

    asyncio.run(scenario())
    timeline = json.loads((scene.out / "narrations" / "n" / "narration.json").read_text())
    assert [chapter["title"] for chapter in timeline["chapters"]] == ["A Title"]
    assert scene.statuses == {"mp3": "COMPLETED", "json": "COMPLETED"}
