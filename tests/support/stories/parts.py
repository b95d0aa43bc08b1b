"""The parts of a story in a directory: a queue, a store, a storage, and a fake engine."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from sayso.cache import DirectoryCache
from sayso.errors import FetchRefused
from sayso.scheduling import Scheduler
from sayso.storage import LinkSigner, LocalStorage, Root, SignedFiles, Storages
from sayso.stories import Narrator, StoryHandler
from sayso.testing import FakeSpeechEngine, InMemoryQueue, InMemoryTaskStore
from sayso.tts.cache import SpeechCache
from sayso.tts.selection import LocalSpeech
from sayso.workers import Job
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sayso.scheduling import RequestContext

TEXT = "It was late. The keeper lit the lamp, and nobody came. The rain began."
TASKS = {"text": TEXT, "parent_id": "p", "tts_task_id": "a", "srt_task_id": "b"}


def refuse(url: str, _directory: Path, _context: RequestContext) -> Path:
    raise FetchRefused(f"{url} is not fetched.")


class Scene:
    """The parts of a story, in a directory: a queue, a store, a storage, and a fake engine."""

    def __init__(self, directory: Path, *, fetch: Callable[[str, Path, RequestContext], Path] = refuse) -> None:
        self.directory = directory
        self.queue = InMemoryQueue()
        self.tasks = InMemoryTaskStore()
        self.engine = FakeSpeechEngine()
        self.out = directory / "out"
        self.announced: list[str] = []
        storage = LocalStorage(SignedFiles(root=Root(self.out), signer=LinkSigner([b"secret"])))
        cache = SpeechCache(DirectoryCache(directory / "cache", maximum_bytes=2**30))
        self.stories = StoryHandler(
            tasks=self.tasks,
            storages=Storages({"file": storage}),
            narrator=Narrator(
                sources=[LocalSpeech("fake", lambda: self.engine)], cache=cache, voice="fake_en", fetch=fetch
            ),
            scheduler=Scheduler(permits=2, slots=4),
            output_root=self.out.as_uri(),
            work_directory=directory / "work",
            enqueue_callback=self._enqueue_callback,
        )

    async def _enqueue_callback(self, parent_id: str) -> None:
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


@asynccontextmanager
async def in_the_middle(scene: Scene, job: Job) -> AsyncIterator[asyncio.Task[None]]:
    """A story whose engine has started and waits until the block ends."""
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
