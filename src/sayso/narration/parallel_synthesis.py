"""Synthesise the lines of a script in parallel, and return them in order, in bounded memory."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from sayso.tts.cache import speech_key
from sayso.tts.synthesis import speak

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from sayso.tts.base import SpeechEngine
    from sayso.tts.cache import SpeechCache
    from sayso.tts.synthesis import Spoken
    from sayso.types import Script, ScriptLine

LINES_AHEAD_PER_WORKER = 4
"""How many lines may be in progress or waiting, per worker: enough that a long line does not block the others."""


def render(
    script: Script, engine: SpeechEngine, cache: SpeechCache, *, speeds: Sequence[float], workers: int
) -> Generator[tuple[ScriptLine, tuple[Spoken, ...]], None, None]:
    """Synthesise a script, up to ``workers`` lines at once, and yield each line with its speech, in order.

    The caller's thread waits; this generator owns the pool of threads that compute. A line that is identical to one
    in progress waits for that one, and finds it in the cache. When the caller stops early or a line fails, no further
    line is started, those in progress are waited for (and cached), and the first line's error is raised.

    Args:
        script: the script.
        engine: the engine.
        cache: of speech.
        speeds: the speed of each line.
        workers: how many lines to synthesise at once.

    Raises:
        SaysoError: as for `speak`.
    """
    window: deque[tuple[ScriptLine, str, Future[tuple[Spoken, ...]]]] = deque()
    lines = iter(zip(script.lines, speeds, strict=True))
    pool = ThreadPoolExecutor(workers, thread_name_prefix="speak")

    def speak_line(
        line: ScriptLine, speed: float, key: str, twin: Future[tuple[Spoken, ...]] | None
    ) -> tuple[Spoken, ...]:
        if twin is not None:
            wait([twin])  # it was started before this one, so it cannot be waiting for this thread
        return speak(line.utterance, engine, cache, voice=line.voice, speed=speed, key=key)

    try:
        while True:
            while len(window) < workers * LINES_AHEAD_PER_WORKER and (following := next(lines, None)) is not None:
                line, speed = following
                key = speech_key(line.utterance, voice=line.voice, speed=speed, fingerprint=engine.fingerprint)
                twin = next((future for _, other, future in window if other == key), None)
                window.append((line, key, pool.submit(speak_line, line, speed, key, twin)))
            if not window:
                return
            line, _, future = window.popleft()
            yield line, future.result()
    finally:
        pool.shutdown(cancel_futures=True)
