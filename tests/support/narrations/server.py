"""A server of narrations: the application and a worker over stores in memory, and files in a directory."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import httpx2
import uvicorn

from sayso.api.app import create_app
from sayso.broadcaster import ChangeBroadcaster
from sayso.cache import NoCache
from sayso.errors import EngineFailed
from sayso.narrations.service import NarrationPresenter, Narrations
from sayso.scheduling import Scheduler
from sayso.settings import Settings
from sayso.storage import LinkSigner, LocalStorage, Root, SignedFiles, Storages
from sayso.stories import Narrator, StoryHandler
from sayso.testing import FakeSpeechEngine, InMemoryNarrationStore
from sayso.tts.cache import SpeechCache
from sayso.tts.selection import LocalSpeech
from sayso.workers import Policy, Worker
from support.api.app_contexts import fake_served, process_of
from support.stories.parts import refuse
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence
    from pathlib import Path
    from typing import Any

    from sayso.narrations import NarrationRecord
    from sayso.types import Speech, Utterance

HELD = "Hold"
"""A sentence with this word is synthesised after `Narrated.go_on`."""

FAILING = "Fail"
"""A sentence with this word fails."""

T = TypeVar("T")


class StagedEngine(FakeSpeechEngine):
    """A fake engine that holds or fails at certain words."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        words = {token.spoken for token in utterance.tokens}
        if FAILING in words:
            raise EngineFailed("The engine has lost its voice")
        if HELD in words:
            assert self.gate.wait(WAIT_SECONDS)
        return super().synthesise(utterance, voice=voice, speed=speed)


class Narrated:
    """The server's parts; they belong to a loop and a thread of their own.

    Args:
        directory: of the files.
        files_host: this server's name in links to files; None for links without one.

    Attributes:
        address: of the server.
        store: its narrations.
    """

    def __init__(self, directory: Path, *, files_host: str | None = None) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        files_origin = files_host and f"http://{files_host}:{port}"
        self.store = InMemoryNarrationStore()
        self._engine = StagedEngine()
        sources = [LocalSpeech("fake", lambda: self._engine)]
        signed = SignedFiles(
            root=Root(directory / "out"), signer=LinkSigner([b"a secret"]), base_url=files_origin or ""
        )
        storages = Storages({"file": LocalStorage(signed)})
        self._broadcaster = ChangeBroadcaster(self.store, rest_seconds=0.0)
        self._narrations = Narrations(
            self.store,
            NarrationPresenter(storages, link_seconds=3600),
            sources=sources,
            remover=self.store,
            broadcaster=self._broadcaster,
            files_origin=files_origin,
        )
        stories = StoryHandler(
            tasks=self.store.tasks,
            storages=storages,
            narrator=Narrator(sources=sources, cache=SpeechCache(NoCache()), voice="fake_en", fetch=refuse),
            scheduler=Scheduler(permits=8, slots=8),
            output_root=(directory / "out").as_uri(),
            work_directory=directory / "work",
            enqueue_callback=self.store.enqueue_callback,
        )
        self._worker = Worker(self.store.stories, stories, Policy(at_once=4, max_attempts=1))
        served = fake_served(settings=Settings(synthesis_workers=2, kokoro_voice="fake_en"))
        self._app = create_app(process_of(replace(served, narrations=self._narrations, files=signed)))
        self._loop = asyncio.new_event_loop()

    def go_on(self) -> None:
        """Let the held sentences be synthesised."""
        self._engine.gate.set()

    def hold(self) -> None:
        """Hold them."""
        self._engine.gate.clear()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop of the store."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_SECONDS)

    def submit(self, text: str, **fields: Any) -> dict[str, Any]:
        """Submit a narration, as other clients than the page do."""
        answer = httpx2.post(f"{self.address}/v1/narrations", json={"text": text, **fields}, timeout=WAIT_SECONDS)
        assert answer.status_code == 202, answer.text
        narration: dict[str, Any] = answer.json()
        return narration

    @property
    def subscriptions(self) -> int:
        """The number of connections that follow narrations."""
        return self._broadcaster.subscriptions

    def records(self) -> Sequence[NarrationRecord]:
        """All narrations, the newest first."""
        return self.call(self.store.page(owner=None, limit=1000)).records

    def names(self) -> list[str]:
        """Theirs."""
        return [record.name for record in self.records()]

    def settle(self) -> None:
        """Wait until every narration has ended."""
        wait_until(lambda: all(record.status.is_final for record in self.records()))

    async def serve(self, server: uvicorn.Server, listener: socket.socket) -> None:
        """Serve and work until the server is told to exit."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._worker.run(stop, grace_seconds=0.0))
            await server.serve(sockets=[listener])
            stop.set()

    @contextmanager
    def running(self) -> Iterator[Narrated]:
        """Serve during the block."""
        config = uvicorn.Config(self._app, log_config=None, ws="none", timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)

        def run() -> None:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self.serve(server, self._listener))

        def end() -> None:
            self._narrations.end_subscriptions()
            server.should_exit = True

        thread = threading.Thread(target=run, name="narrated", daemon=True)
        thread.start()
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        try:
            yield self
        finally:
            self.go_on()
            self._loop.call_soon_threadsafe(end)
            thread.join()
            self._listener.close()
