"""The aligner with its real model: speech whose times are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.alignment import SAMPLE_RATE_HZ, InMemory
from sayso.audio import resample
from sayso.narration import Document, to_script
from sayso.types import Audio, Span

if TYPE_CHECKING:
    from sayso.alignment import Aligner
    from sayso.settings import Settings
    from sayso.tts.engines.kokoro import KokoroEngine

pytestmark = pytest.mark.engine

TEXTS = {
    "af_heart": "The keeper paid £3.50 for a ticket, and 1,250 people waited in the rain. Nobody spoke before noon.",
    "ff_siwis": "Le gardien a payé 3,50 € pour son billet, et deux cents personnes attendaient sous la pluie.",
}


@pytest.fixture(scope="module")
def aligner(real_settings: Settings) -> Aligner:
    from sayso.bootstrap.alignment import open_aligner

    return open_aligner(real_settings)


@pytest.mark.parametrize("voice", TEXTS)
def test_every_word_is_placed_where_the_engine_spoke_it(
    aligner: Aligner, kokoro_engine: KokoroEngine, voice: str
) -> None:
    """Numbers and money too; by another path than the engine's own durations."""
    text = TEXTS[voice]
    script = to_script(Document(text=text, name="text", markdown=False), kokoro_engine, voice=voice)
    pieces, known, position = [], dict[Span, float](), 0
    pause = np.zeros(kokoro_engine.sample_rate_hz // 2, np.float32)
    for line in script.lines:
        speech = kokoro_engine.synthesise(line.utterance, voice=voice, speed=1.0)
        assert speech.times is not None
        for token, time in zip(line.utterance.tokens, speech.times, strict=True):
            known.setdefault(token.span, (position + time.start_sample) / kokoro_engine.sample_rate_hz)
        pieces += [speech.audio.samples, pause]
        position += len(speech.audio.samples) + len(pause)
    audio = Audio(samples=np.concatenate(pieces), sample_rate_hz=kokoro_engine.sample_rate_hz)
    recording = InMemory(samples=resample(audio, SAMPLE_RATE_HZ).samples)
    result = aligner.align(recording, text, script.language)
    assert [word.span for word in result.words] == list(known)
    assert (result.gaps, result.insertions) == ((), ())
    errors = [abs(word.start_sample / SAMPLE_RATE_HZ - known[word.span]) for word in result.words]
    assert np.mean(np.array(errors) <= 0.1) >= 0.95
    assert np.median(errors) <= 0.05
