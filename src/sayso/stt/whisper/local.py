"""A local transcriber that is opened for the first request that needs it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sayso.errors import ModelMissing, ModelReplaced
from sayso.scheduling import UNBOUNDED
from sayso.stt.base import DEFAULT_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.scheduling import RequestContext
    from sayso.stt.base import Listener, Progress, Transcriber, Transcript, TranscriptionOptions
    from sayso.stt.recording import Recording


class LocalTranscriber:
    """A `Transcriber` whose model may be missing until it is pulled.

    Args:
        name: the model's name.
        open_transcriber: opens it, on the first thread that needs it; tried again for the next request when it raises.
        reopen: given the transcriber that was opened from files that are others now, returns the one in its place. With
            it, ``open_transcriber`` keeps the transcriber, and is called for each request: each one keeps to its end
            what it got at its beginning.
        obtain: gets a model that is missing, or raises `ModelMissing`; None to get none.
    """

    def __init__(
        self,
        name: str,
        open_transcriber: Callable[[], Transcriber],
        *,
        reopen: Callable[[Transcriber], Transcriber] | None = None,
        obtain: Callable[[], None] | None = None,
    ) -> None:
        self.name = name
        self._open = open_transcriber
        self._reopen = reopen
        self._obtain = obtain
        self._lock = threading.Lock()  # guards the transcriber
        self._transcriber: Transcriber | None = None

    @property
    def fingerprint(self) -> str:
        """See `Transcriber.fingerprint`."""
        return self._opened().fingerprint

    def transcribe(
        self,
        recording: Recording,
        options: TranscriptionOptions = DEFAULT_OPTIONS,
        *,
        listener: Listener | None = None,
        progress: Progress | None = None,
        context: RequestContext = UNBOUNDED,
    ) -> Transcript:
        """See `Transcriber.transcribe`.

        Raises:
            ModelMissing: the model has not been pulled.
        """
        transcriber = self._opened()
        try:
            return transcriber.transcribe(recording, options, listener=listener, progress=progress, context=context)
        except ModelReplaced:  # raised when the model is loaded, before any text was passed on
            if self._reopen is None:
                raise
        transcriber = self._reopen(transcriber)
        return transcriber.transcribe(recording, options, listener=listener, progress=progress, context=context)

    def _opened(self) -> Transcriber:
        if self._reopen is not None:
            return self._open()
        with self._lock:
            if self._transcriber is None:
                self._transcriber = self._open_or_obtain()
            return self._transcriber

    def _open_or_obtain(self) -> Transcriber:
        try:
            return self._open()
        except ModelMissing:
            if self._obtain is None:
                raise
            self._obtain()
            return self._open()
