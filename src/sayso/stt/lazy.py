"""A transcriber of this machine that is opened when somebody needs it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sayso.scheduling import FREE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sayso.scheduling import RequestContext
    from sayso.stt.base import Listener, Progress, Task, Transcriber, Transcript, VadOptions
    from sayso.types import Audio


class LocalTranscriber:
    """A `Transcriber` whose model may be missing until it is pulled.

    Args:
        name: the model's name.
        open_transcriber: opens it, on the thread that asks first; tried again for the next request when it raises.
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
        source: Path | Audio,
        *,
        language: str | None = None,
        prompt: str | None = None,
        task: Task = "transcribe",
        temperature: float = 0.0,
        progress: Progress | None = None,
        listener: Listener | None = None,
        ticket: RequestContext = FREE,
        voice_activity: VadOptions | None = None,
    ) -> Transcript:
        """See `Transcriber.transcribe`.

        Raises:
            ModelMissing: the model has not been pulled.
        """
        return self._opened().transcribe(
            source,
            language=language,
            prompt=prompt,
            task=task,
            temperature=temperature,
            progress=progress,
            listener=listener,
            ticket=ticket,
            voice_activity=voice_activity,
        )

    def _opened(self) -> Transcriber:
        with self._lock:
            if self._transcriber is None:
                self._transcriber = self._open()
            return self._transcriber
