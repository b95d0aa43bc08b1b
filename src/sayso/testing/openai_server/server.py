"""The server: uvicorn on a thread, on a loopback address."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Self

from sayso.testing.openai_server.app import application
from sayso.testing.openai_server.faults import Fault, FaultKind, Faulty, Plan, Received
from sayso.testing.openai_server.models import ServedModels
from sayso.testing.openai_server.realtime import RealtimeEndpoint
from sayso.testing.openai_server.speech import SpeechEndpoint
from sayso.testing.openai_server.stamped import StampedSpeech

if TYPE_CHECKING:
    from types import TracebackType

    from sayso.stt import Transcriber
    from sayso.tts.base import SpeechEngine

_HOST = "127.0.0.1"
_START_SECONDS = 30.0
_POLL_SECONDS = 0.005


class OpenAIServer:
    """OpenAI's audio API with engines of this machine; a context manager that runs it.

    Every public method may be called from any thread while it runs.

    Attributes:
        models: which models are retired, and their shutdown dates.
        realtime: the realtime model; None without one.

    Args:
        speech: the speech engine; OpenAI's voices are mapped to its English voices, in turn. Or `StampedSpeech`.
        transcriber: the transcriber.
        key: the API key that is accepted.
        port: to listen on; 0 for a free port, which it keeps across restarts.
        latency_seconds: from the arrival of a request for speech to its response, at least.
        is_realtime: whether there is a realtime model, too; it needs the package ``websockets``.
    """

    def __init__(
        self,
        *,
        speech: SpeechEngine | StampedSpeech | None = None,
        transcriber: Transcriber | None = None,
        key: str = "sk-test-of-the-fault-server",
        port: int = 0,
        latency_seconds: float = 0.0,
        is_realtime: bool = False,
    ) -> None:
        self.key = key
        self.port = port
        self._plan = Plan()
        self.models = ServedModels()
        endpoint = speech if speech is None or isinstance(speech, StampedSpeech) else SpeechEndpoint(speech)
        self.realtime: RealtimeEndpoint | None = None
        if is_realtime and isinstance(endpoint, SpeechEndpoint):
            self.realtime = RealtimeEndpoint(endpoint, self.models, key=key)
        app = application(
            self._plan,
            served=self.models,
            realtime=self.realtime,
            speech=endpoint,
            transcriber=transcriber,
            key=key,
            latency_seconds=latency_seconds,
        )
        self._app = Faulty(app, self._plan)

    @property
    def base_url(self) -> str:
        """The value for ``OPENAI_BASE_URL``."""
        return f"http://{_HOST}:{self.port}/v1"

    def start(self) -> None:
        """Listen, on the same port as before if it was running already."""
        import uvicorn

        self._plan.is_stopped = False
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, self.port))
        self.port = listener.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            log_config=None,
            log_level="critical",
            lifespan="off",
            ws="none" if self.realtime is None else "websockets-sansio",
            loop="asyncio",
        )
        self._server = uvicorn.Server(config)
        self._listener = listener
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name="fault-server", daemon=True)
        self._thread.start()
        give_up_at = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > give_up_at:
                raise RuntimeError("The fault server did not start.")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> None:
        """Close the port: from now on connections are refused. Hanging requests end."""
        self._plan.is_stopped = True
        self._server.should_exit = True
        self._thread.join()
        self._listener.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def faults(self, *following: Fault | FaultKind | None, always: Fault | FaultKind | None = None) -> None:
        """Inject faults into the next requests; replaces the previous plan.

        Args:
            following: for the next requests, one each; None for a request without a fault.
            always: for every request after those; None for no fault.
        """
        self._plan.set([_fault(each) for each in following], _fault(always))

    @property
    def requests(self) -> list[Received]:
        """Every request since the start or the last `forget`, in order of arrival."""
        return self._plan.requests()

    def forget(self) -> None:
        """Empty the log of requests, inject no more faults, and serve all models again."""
        self._plan.forget()
        self.models.reset()
        if self.realtime is not None:
            self.realtime.forget()
        self.faults()


def _fault(fault: Fault | FaultKind | None) -> Fault | None:
    return Fault(kind=fault) if isinstance(fault, FaultKind) else fault
