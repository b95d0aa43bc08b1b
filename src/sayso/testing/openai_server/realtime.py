"""``/v1/realtime`` as far as speech needs it: a response to one text, with the ways in which a model goes wrong."""

from __future__ import annotations

import asyncio
import base64
import threading
from collections import deque
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool

from sayso.testing.openai_server.models import REALTIME_MODEL

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from starlette.websockets import WebSocket

    from sayso.testing.openai_server.models import ServedModels
    from sayso.testing.openai_server.speech import SpeechEndpoint

_PIECE_BYTES = 16_384
_LATE_SECONDS = 1.0


class RealtimeFault(StrEnum):
    """What is wrong with one response."""

    REWORDED = "reworded"
    """It says something else, and its transcript admits that."""
    HIDDEN = "hidden"
    """It says something else, and its transcript does not."""
    DROPPED = "dropped"
    """The connection is closed after half of the audio."""
    LATE = "late"
    """The first event comes late."""
    GARBAGE = "garbage"
    """An event is no JSON."""
    NO_AUDIO = "no_audio"
    """The response is done, and there was no audio."""
    REFUSED = "refused"
    """An error event."""


def reworded(text: str) -> str:
    """Another text of about the same length, as a model might say it."""
    words = text.rstrip(".!?").split()
    return " ".join(["Well,", *reversed(words)]) + ", I think."


class RealtimeEndpoint:
    """Answers on one loop; the plan may be changed from any thread.

    Args:
        speech: makes the audio.
        served: which models are retired.
        key: that is accepted.
    """

    def __init__(self, speech: SpeechEndpoint, served: ServedModels, *, key: str) -> None:
        self._speech = speech
        self._served = served
        self._key = key
        self._lock = threading.Lock()  # guards all below
        self._plan: deque[RealtimeFault | None] = deque()
        self._every: Callable[[int], RealtimeFault | None] = lambda _number: None
        self._fault_of: Callable[[str], RealtimeFault | None] = lambda _text: None
        self._texts: list[str] = []

    def faults(
        self, *following: RealtimeFault | None, every: Callable[[int], RealtimeFault | None] = lambda _number: None
    ) -> None:
        """What is wrong with the next responses, one each; then what ``every`` says of a response's number."""
        with self._lock:
            self._plan, self._every = deque(following), every

    def faults_for(self, fault_of: Callable[[str], RealtimeFault | None]) -> None:
        """What is wrong with every reading of a text."""
        with self._lock:
            self._plan.clear()
            self._fault_of = fault_of

    @property
    def texts(self) -> Sequence[str]:
        """Every text that was to be read, in the order of arrival."""
        with self._lock:
            return list(self._texts)

    def forget(self) -> None:
        """Forget the texts, and do nothing wrong."""
        self.faults()
        self.faults_for(lambda _text: None)
        with self._lock:
            self._texts.clear()

    async def answer(self, socket: WebSocket) -> None:
        """Serve one connection."""
        model = socket.query_params.get("model")
        refused = self._served.refusal_of(model)
        if socket.headers.get("authorization") != f"Bearer {self._key}":
            await socket.close(code=3000)
            return
        if refused is not None or model != REALTIME_MODEL:
            await socket.accept()
            error = {"type": "invalid_request_error", "code": "model_not_found", "message": f"{model} is no model."}
            await socket.send_json({"type": "error", "error": error})
            await socket.close()
            return
        await socket.accept()
        await socket.send_json({"type": "session.created", "session": {"model": model}})
        async for message in socket.iter_json():
            if message.get("type") == "response.create" and not await self._respond(socket, message["response"]):
                return

    async def _respond(self, socket: WebSocket, wanted: dict[str, Any]) -> bool:
        """Send a response; whether the connection goes on."""
        text = wanted["input"][0]["content"][0]["text"]
        with self._lock:
            fault = self._plan.popleft() if self._plan else self._every(len(self._texts)) or self._fault_of(text)
            self._texts.append(text)
        if fault is RealtimeFault.LATE:
            await asyncio.sleep(_LATE_SECONDS)
        if fault is RealtimeFault.REFUSED:
            error = {"type": "server_error", "code": "server_error", "message": "The server had an error."}
            await socket.send_json({"type": "error", "error": error})
            return True
        is_other = fault in {RealtimeFault.REWORDED, RealtimeFault.HIDDEN}
        said = reworded(text) if is_other else text
        voice = wanted["audio"]["output"]["voice"]
        audio = await run_in_threadpool(self._speech.pcm, said, voice)
        admitted = text if fault is RealtimeFault.HIDDEN else said
        return await self._send(socket, b"" if fault is RealtimeFault.NO_AUDIO else audio, admitted, fault)

    async def _send(self, socket: WebSocket, audio: bytes, transcript: str, fault: RealtimeFault | None) -> bool:
        await socket.send_json({"type": "response.created", "response": {"status": "in_progress"}})
        pieces = [audio[start : start + _PIECE_BYTES] for start in range(0, len(audio), _PIECE_BYTES)]
        for number, piece in enumerate(pieces):
            if number >= len(pieces) // 2 and fault is RealtimeFault.DROPPED:
                await socket.close(code=1011)
                return False
            if number == len(pieces) // 2 and fault is RealtimeFault.GARBAGE:
                await socket.send_text("\x00 not what was asked for")
            await socket.send_json({"type": "response.output_audio.delta", "delta": base64.b64encode(piece).decode()})
        await socket.send_json({"type": "response.output_audio_transcript.done", "transcript": transcript})
        usage = {"input_tokens": len(transcript.split()), "output_tokens": len(audio) // 2400}
        await socket.send_json({"type": "response.done", "response": {"status": "completed", "usage": usage}})
        return True
