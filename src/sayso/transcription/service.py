"""From a recording to its transcript, with the first engine of a chain that can make it."""

from __future__ import annotations

import contextvars
import functools
import queue
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from sayso.errors import AudioTooShort
from sayso.observability import span
from sayso.scheduling import UNBOUNDED
from sayso.stt import open_recording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sayso.resilience import Chain, ChainResult
    from sayso.scheduling import RequestContext
    from sayso.stt import Listener, Progress, Recording, Transcriber, Transcript, TranscriptionOptions

MINIMUM_SECONDS = 0.1
"""A shorter recording holds no word; OpenAI refuses it too."""

T = TypeVar("T")


@contextmanager
def opened(
    path: Path, context: RequestContext = UNBOUNDED, *, maximum_seconds: float | None = None
) -> Iterator[Recording]:
    """A recording for all engines of a chain: decoded once, kept for the length of the block.

    Args:
        path: a file in any container that holds audio.
        context: the request's.
        maximum_seconds: the longest recording that is taken; None for any.

    Raises:
        NotAudio: the file holds no audio.
        AudioTooShort: it holds less than `MINIMUM_SECONDS`.
        AudioTooLong: it holds more than ``maximum_seconds``.
        Cancelled, DeadlineExceeded: as the context says.
    """
    with open_recording(path, context, maximum_seconds=maximum_seconds) as recording:
        if recording.duration_seconds < MINIMUM_SECONDS:
            raise AudioTooShort(
                f"The audio is {recording.duration_seconds:.3f} s long; at least {MINIMUM_SECONDS} s count."
            )
        yield recording


def transcribe(
    chain: Chain[Transcriber],
    recording: Recording,
    options: TranscriptionOptions,
    *,
    listener: Listener | None = None,
    progress: Progress | None = None,
    context: RequestContext = UNBOUNDED,
) -> ChainResult[Transcript]:
    """Transcribe a recording with the first engine of a chain that can.

    Only the last engine of the chain passes its text on piece by piece, and its progress, because text that was passed
    on cannot be taken back when the engine fails. The text of an earlier engine is passed on when it is complete.

    Args:
        chain: the engines, in order.
        recording: opened once, for all of them.
        options: how to transcribe it; every engine gets them unchanged.
        listener: called with the text, in pieces.
        progress: called by the last engine with the seconds of audio that are done, and with all of them.
        context: the request's.

    Raises:
        SaysoError: as `Chain.run`.
    """
    chain = chain.able(options.task)
    last = chain.last.engine
    has_passed_on = False

    def with_engine(engine: Transcriber) -> Transcript:
        nonlocal has_passed_on
        with span("transcribe", engine=engine.name):
            if engine is last:
                has_passed_on = True
                return engine.transcribe(recording, options, listener=listener, progress=progress, context=context)
            return engine.transcribe(recording, options, context=context)

    made = chain.run(with_engine)
    if listener is not None and not has_passed_on and made.result.text:
        listener(made.result.text)
    return made


@dataclass(frozen=True, kw_only=True, slots=True)
class Position:
    """How far a transcription is.

    Attributes:
        seconds: of audio that are done.
        duration_seconds: of the recording.
    """

    seconds: float
    duration_seconds: float


class TextStream(Generic[T]):
    """Work that calls a listener with pieces of text, and with its progress, as an iterator of texts and positions.

    The work runs on a thread of its own; the iterator, used by one thread at a time, waits for it. Iteration ends when
    the work does; `result` is then what it returned. An error of the work is raised by the iterator.

    Args:
        work: is given the listener, and what to call with the progress.
    """

    def __init__(self, work: Callable[[Listener, Progress], T]) -> None:
        self._pieces: queue.SimpleQueue[str | Position | None] = queue.SimpleQueue()
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

    def __iter__(self) -> Iterator[str | Position]:
        while (piece := self._pieces.get()) is not None:
            yield piece
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            self._result.append(self._work(self._pieces.put, self._advance))
        except BaseException as error:  # noqa: BLE001 -- raised again by the iterator
            self._error = error
        finally:
            self._pieces.put(None)

    def _advance(self, seconds: float, duration_seconds: float) -> None:
        self._pieces.put(Position(seconds=seconds, duration_seconds=duration_seconds))
