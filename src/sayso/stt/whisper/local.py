"""A local transcriber that is opened for the first request that needs it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

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
    """

    def __init__(self, name: str, open_transcriber: Callable[[], Transcriber]) -> None:
        self.name = name
        self._open = open_transcriber
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
        return self._opened().transcribe(recording, options, listener=listener, progress=progress, context=context)

    def _opened(self) -> Transcriber:
        with self._lock:
            if self._transcriber is None:
                self._transcriber = self._open()
            return self._transcriber
