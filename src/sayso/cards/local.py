"""Phrases that an engine of this machine speaks."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from sayso.cards.engines import SPEED, EngineVoice
from sayso.cards.mp3 import encode_mp3
from sayso.cards.turns import Turns
from sayso.errors import Busy
from sayso.narration import Document, Stream, to_script
from sayso.scheduling import UNBOUNDED, Priority
from sayso.threads import on_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sayso.cards.engines import SpeechRequest
    from sayso.cards.voices import VoiceChoice
    from sayso.scheduling import AdmissionSlot, Scheduler
    from sayso.tts.cache import SpeechCache
    from sayso.tts.selection import SpeechSource
    from sayso.types import FloatArray

REVISION = 1
"""Raised when the same text is to be spoken again, because its pronunciation or its encoding is better."""

_LONGEST_WAIT_SECONDS = 1.0


class LocalEngine:
    """See `PhraseEngine`: a local engine, on threads, at the lower priority of the process's scheduler.

    The jobs share the processors evenly, and at most one phrase more than there are compute permits is in hand, so
    that requests of other roles find admission slots.

    Args:
        source: the engine.
        voices: of each language.
        cache: of its utterances.
        scheduler: grants the compute permits.
        on_synthesised: called with the seconds of audio that were made and the seconds that it took.
    """

    def __init__(
        self,
        source: SpeechSource,
        *,
        voices: VoiceChoice,
        cache: SpeechCache,
        scheduler: Scheduler,
        on_synthesised: Callable[[float, float], None] = lambda _seconds, _elapsed: None,
    ) -> None:
        self._source = source
        self._voices = voices
        self._cache = cache
        self._scheduler = scheduler
        self._on_synthesised = on_synthesised
        self._turns = Turns(scheduler.load.permits + 1)

    async def voice(self, language: str) -> EngineVoice | None:
        """See `PhraseEngine.voice`; a model that was replaced has another fingerprint."""
        return await on_thread(lambda: self._find(language))

    def check(self) -> None:
        """See `PhraseEngine.check`: it is always worth a try."""

    async def speak(self, request: SpeechRequest) -> bytes:
        """See `PhraseEngine.speak`."""
        async with request.turn(self._turns):
            slot = await self._admitted(request.job_id)
            began = time.monotonic()
            with slot:
                mp3, audio_seconds = await on_thread(lambda: self._spoken(request, slot))
        self._on_synthesised(audio_seconds, time.monotonic() - began)
        return mp3

    async def _admitted(self, job_id: str) -> AdmissionSlot:
        while True:
            try:
                return self._scheduler.admit(f"cards {job_id}", priority=Priority.BATCH)
            except Busy as busy:
                await asyncio.sleep(min(busy.retry_after_seconds, _LONGEST_WAIT_SECONDS))

    def _find(self, language: str) -> EngineVoice | None:
        source = self._source.pinned()  # what is found is spoken by the model of this fingerprint
        name = self._voices.of_source(source, language)
        if name is None:
            return None
        fingerprint = source.open(UNBOUNDED).fingerprint
        return EngineVoice(name=name, fingerprint=f"r{REVISION} {fingerprint}", source=source)

    def _spoken(self, request: SpeechRequest, slot: AdmissionSlot) -> tuple[bytes, float]:
        """The MP3 file, and the length of its audio in seconds."""
        with slot.working():
            engine = (request.voice.source or self._source).open(slot)
            document = Document(text=request.text, name="card", markdown=False, directives="off")
            script = to_script(document, engine, voice=request.voice.name, context=slot)
            samples = 0

            def blocks() -> Iterator[FloatArray]:
                nonlocal samples
                for piece in Stream(script, engine, self._cache, speed=SPEED, is_awaited=False):
                    slot.check()
                    samples += piece.samples.size
                    yield piece.samples

            mp3 = encode_mp3(blocks(), sample_rate_hz=engine.sample_rate_hz)
            return mp3, samples / engine.sample_rate_hz
