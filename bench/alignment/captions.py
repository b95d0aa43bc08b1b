"""Captions of a cloud engine, with and without the aligner: the server of faults speaks with a voice of its own.

The voice is Piper's Joe, which nothing of the aligner was tuned on. The server keeps the times that its engine gave,
and sends the sound alone, as a provider does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bench.texts import ENGLISH_EXAMPLE, visible_paragraphs
from sayso.narration import Document, to_script
from sayso.providers.openai import OpenAIConnection
from sayso.scheduling import UNBOUNDED
from sayso.subtitles import naive_times
from sayso.testing.openai_server import OpenAIServer
from sayso.tts.aligned import AligningEngine
from sayso.tts.decorators import EngineDecorator
from sayso.tts.engines.openai import OpenAISpeechEngine
from sayso.tts.selection import select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.alignment.judging import Times
    from sayso.alignment import Aligner
    from sayso.settings import Settings
    from sayso.types import Speech, TokenTime, Utterance

VOICE = "en_US-joe-medium"

_PARAGRAPHS = 8
_QUICK_PARAGRAPHS = 3


class _Noting(EngineDecorator):
    """Keeps the times of what it speaks, in seconds from the start of the response."""

    def __init__(self, engine: object) -> None:
        super().__init__(engine)  # type: ignore[arg-type]  # a SpeechEngine
        self.starts: list[float] = []
        self.seconds = 0.0

    def synthesise(self, utterance: Utterance, *, voice: str, speed: float) -> Speech:
        """See `SpeechEngine.synthesise`."""
        speech = self._engine.synthesise(utterance, voice=voice, speed=speed)
        assert speech.times is not None
        rate = speech.audio.sample_rate_hz
        self.starts += [self.seconds + time.start_sample / rate for time in speech.times]
        self.seconds += speech.audio.samples.size / rate
        return speech

    def forget(self) -> None:
        """Begin another response."""
        self.starts, self.seconds = [], 0.0


def captions(settings: Settings, aligner: Aligner, *, quick: bool) -> tuple[Times, Times, int]:
    """The errors of words' starts in milliseconds by characters and by the aligner, and how many utterances differed.

    An utterance differs if the server's engine divides it into other words than we do: it has no truth.
    """
    from sayso.bootstrap import speech_sources

    engine, _ = select(speech_sources(settings).values(), VOICE)
    noting = _Noting(engine)
    paragraphs = visible_paragraphs(ENGLISH_EXAMPLE.read_text(encoding="utf-8"))
    text = "\n\n".join(paragraphs[: _QUICK_PARAGRAPHS if quick else _PARAGRAPHS])
    before: list[float] = []
    after: list[float] = []
    differed = 0
    with OpenAIServer(speech=noting) as server:
        connection = OpenAIConnection(server.key, base_url=server.base_url)
        cloud = OpenAISpeechEngine(connection)
        aligning = AligningEngine(cloud, aligner, UNBOUNDED)
        script = to_script(Document(text=text, name="captions", markdown=False), cloud, voice="alloy")
        for line in script.lines:
            noting.forget()
            speech = aligning.synthesise(line.utterance, voice="alloy", speed=1.0)
            if len(noting.starts) != len(line.utterance.tokens):
                differed += 1
                continue
            naive = naive_times(line.utterance.tokens, speech.audio.samples.size)
            before += _errors(naive, noting.starts, speech)
            after += _errors(speech.times, noting.starts, speech)
        connection.close()
    return np.array(before), np.array(after), differed


def _errors(times: Sequence[TokenTime] | None, truth: Sequence[float], speech: Speech) -> list[float]:
    if times is None:
        return [float("nan")] * len(truth)
    rate = speech.audio.sample_rate_hz
    return [1000 * (time.start_sample / rate - start) for time, start in zip(times, truth, strict=True)]
