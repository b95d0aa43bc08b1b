"""A recording in, a transcript out, by the first engine of a chain that can make it."""

from __future__ import annotations

import contextvars
import functools
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from sayso.audio import decode_blocks
from sayso.errors import AudioTooShort
from sayso.observability import span
from sayso.scheduling import FREE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sayso.resilience import Chain, ChainResult
    from sayso.scheduling import RequestContext
    from sayso.stt import Listener, Task, Transcriber, Transcript, VadOptions

MINIMUM_SECONDS = 0.1
"""A shorter recording holds no word; OpenAI refuses it too."""

_PROBE_RATE_HZ = 8000

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscriptionOptions:
    """How a recording is to be transcribed.

    Attributes:
        language: what is spoken (BCP 47); None to have it detected.
        prompt: words that may occur.
        task: whether to translate into English.
        temperature: 0 to 1.
        voice_activity: how speech is told from silence; None for the engine's own way.
    """

    language: str | None = None
    prompt: str | None = None
    task: Task = "transcribe"
    temperature: float = 0.0
    voice_activity: VadOptions | None = None


def require_audio(path: Path) -> None:
    """Refuse a file that nobody needs to listen to.

    Raises:
        NotAudio: it holds no audio.
        AudioTooShort: it holds less than `MINIMUM_SECONDS`.
    """
    first = next(decode_blocks(path, sample_rate_hz=_PROBE_RATE_HZ, block_seconds=MINIMUM_SECONDS))
    if first.size < round(MINIMUM_SECONDS * _PROBE_RATE_HZ):
        raise AudioTooShort(
            f"The audio is {first.size / _PROBE_RATE_HZ:.3f} s long; at least {MINIMUM_SECONDS} s count."
        )


def transcribe(
    chain: Chain[Transcriber],
    path: Path,
    wanted: TranscriptionOptions,
    *,
    listener: Listener | None = None,
    ticket: RequestContext = FREE,
) -> ChainResult[Transcript]:
    """Transcribe a recording.

    What an engine hears is passed on as it is heard only where no other engine could be asked after it: text that has
    been told cannot be taken back. Earlier engines tell their text when it is complete.

    Args:
        chain: who listens, in order.
        path: the recording.
        wanted: how.
        listener: told the text, in pieces.
        ticket: the request's.

    Raises:
        NotAudio, AudioTooShort: as `require_audio`.
        SaysoError: as `Chain.run`.
    """
    with ticket.turn():
        require_audio(path)
    last = chain.links[-1].engine

    def transcribe(engine: Transcriber) -> Transcript:
        with span("transcribe", engine=engine.name):
            return engine.transcribe(
                path,
                language=wanted.language,
                prompt=wanted.prompt,
                task=wanted.task,
                temperature=wanted.temperature,
                listener=listener if engine is last else None,
                ticket=ticket,
                voice_activity=wanted.voice_activity,
            )

    made = chain.run(transcribe)
    if listener is not None and made.engine != chain.links[-1].name and made.result.text:
        listener(made.result.text)
    return made


class Transcription(Generic[T]):
    """Work that tells text as it goes, turned into an iterator of what it tells.

    The work runs on a thread of its own; the iterator, used by one thread at a time, waits for it. Iteration ends when
    the work does; `result` is then what it returned. An error of the work is raised by the iterator.

    Args:
        work: is given a listener.
    """

    def __init__(self, work: Callable[[Listener], T]) -> None:
        self._told: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._work = work
        self._result: list[T] = []
        self._error: BaseException | None = None
        # In the context of the request, which log messages and traces are found by.
        run = functools.partial(contextvars.copy_context().run, self._run)
        threading.Thread(target=run, name="listen", daemon=True).start()

    @property
    def result(self) -> T:
        """What the work returned; only after the iteration has ended."""
        return self._result[0]

    def __iter__(self) -> Iterator[str]:
        while (piece := self._told.get()) is not None:
            yield piece
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._result.append(self._work(self._told.put))
        except BaseException as error:  # noqa: BLE001 -- raised again by the iterator
            self._error = error
        finally:
            self._told.put(None)
