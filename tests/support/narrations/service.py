"""The service of narrations over a store in memory, with links to files that do not exist; and over sockets."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

import uvicorn

from sayso.api.app import create_app
from sayso.api.http.sse import KEEP_ALIVE_SECONDS
from sayso.broadcaster import ChangeBroadcaster
from sayso.narration import NarrationSpec
from sayso.narrations import NarrationRequest
from sayso.narrations.service import NarrationPresenter, Narrations
from sayso.settings import Settings
from sayso.storage import LinkSigner, LocalStorage, Root, SignedFiles, Storages
from sayso.testing import FakeSpeechEngine, InMemoryNarrationStore
from sayso.tts.selection import LocalSpeech
from support.api.app_contexts import fake_served, process_of
from support.narrations.receiver import HOST
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from types import TracebackType

    from sayso.narrations import NarrationRecord, NarrationStore

T = TypeVar("T")

LINK_SECONDS = 60
NOWHERE = Path("/data")
PATIENCE_SECONDS = WAIT_SECONDS


def request(
    *, text: str | None = "The lamp is lit.", url: str | None = None, callback_url: str | None = None, **options: Any
) -> NarrationRequest:
    """A validated request."""
    usual: dict[str, Any] = {
        "name": "evening",
        "markdown": False,
        "voice": "fake_en",
        "audio": ("mp3",),
        "subtitles": ("srt",),
    }
    return NarrationRequest(spec=NarrationSpec(**usual | options), text=text, url=url, callback_url=callback_url)


def signed_files(root: Path = NOWHERE) -> SignedFiles:
    """Files below a directory, which need not exist."""
    return SignedFiles(root=Root(root), signer=LinkSigner([b"a secret"]))


def fake_presenter(root: Path = NOWHERE) -> NarrationPresenter:
    """Links to the files below a directory."""
    return NarrationPresenter(Storages({"file": LocalStorage(signed_files(root))}), link_seconds=LINK_SECONDS)


def fake_narrations(
    store: NarrationStore, *, broadcaster: ChangeBroadcaster[NarrationRecord] | None = None, root: Path = NOWHERE
) -> Narrations:
    """The service, with a fake engine; it queries changes all the time."""
    engine = FakeSpeechEngine()
    return Narrations(
        store,
        fake_presenter(root),
        sources=[LocalSpeech("fake", lambda: engine)],
        remover=store if isinstance(store, InMemoryNarrationStore) else InMemoryNarrationStore(),
        broadcaster=broadcaster or ChangeBroadcaster(store, poll_seconds=0.01, rest_seconds=0.0),
    )


class Serving:
    """The API over sockets, on a loop in a thread of its own; its store is used only there.

    Args:
        store: of the narrations.
        root: of their files.
        keep_alive_seconds: as in `AppContext`.
    """

    def __init__(
        self, store: NarrationStore, *, root: Path = NOWHERE, keep_alive_seconds: float = KEEP_ALIVE_SECONDS
    ) -> None:
        self.broadcaster = ChangeBroadcaster(store, poll_seconds=0.01, rest_seconds=0.0)
        self.narrations = fake_narrations(store, broadcaster=self.broadcaster, root=root)
        settings = Settings(synthesis_workers=2, kokoro_voice="fake_en", private_hosts=(HOST,))
        served = replace(fake_served(settings=settings), keep_alive_seconds=keep_alive_seconds)
        app = create_app(process_of(replace(served, narrations=self.narrations, files=signed_files(root))))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._server = uvicorn.Server(uvicorn.Config(app, http="httptools", log_config=None))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the server's loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_SECONDS)

    def call_soon(self, work: Callable[[], object]) -> None:
        """Call a function on the server's loop."""
        self._loop.call_soon_threadsafe(work)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for a condition."""
        wait_until(condition, seconds=PATIENCE_SECONDS)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        self._loop.close()
        self._listener.close()

    def _run(self) -> None:
        self._loop.run_until_complete(self._server.serve([self._listener]))
