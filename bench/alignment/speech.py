"""Speech by engines with exact times, and what recordings go through: noise, rooms, telephones, MP3, other speeds."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bench.readings import Reading
from bench.texts import ENGLISH_EXAMPLE, FRENCH_EXAMPLE, visible_paragraphs
from sayso.audio import decode, resample, stretch
from sayso.narration import Document, to_script
from sayso.tts.selection import select
from sayso.types import Audio

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from sayso.settings import Settings
    from sayso.types import FloatArray, Span

RATE = 16_000
NUMBERS = {
    "en": "It cost £3.50 in 1984, and 1,250 people paid on March 3rd. By 10:45 there were 62 left, or 5% of them.",
    "fr": "Il coûtait 3,50 € en 1984, et 1250 personnes ont payé le 3 mars. À 10 h 45, il en restait 62, soit 5 %.",
}
VOICES: Mapping[str, tuple[Path, str]] = {
    "bm_fable": (ENGLISH_EXAMPLE, "en"),
    "af_nova": (ENGLISH_EXAMPLE, "en"),
    "en_US-joe-medium": (ENGLISH_EXAMPLE, "en"),
    "ff_siwis": (FRENCH_EXAMPLE, "fr"),
}
"""The voices and what each reads; none of the aligner's constants were tuned on any synthetic voice."""

SILENCES = "two silences of 35 s"

_PARAGRAPHS = 4
_SILENCE_COUNT, _SILENCE_SECONDS = 2, 35
_PAUSE_SECONDS = 0.4


def spoken(voice: str, settings: Settings) -> Reading:
    """A voice's reading of the first paragraphs of an example, and of numbers."""
    path, language = VOICES[voice]
    paragraphs = visible_paragraphs(path.read_text(encoding="utf-8"))[:_PARAGRAPHS]
    return spoken_text("\n\n".join([*paragraphs, NUMBERS[language]]), voice, settings)


def spoken_text(text: str, voice: str, settings: Settings) -> Reading:
    """A voice's reading of a text, with the engine's own times of its words."""
    from sayso.bootstrap import speech_sources

    engine, own_name = select(speech_sources(settings).values(), voice)
    script = to_script(Document(text=text, name=voice, markdown=False, directives="off"), engine, voice=own_name)
    pause = np.zeros(round(_PAUSE_SECONDS * engine.sample_rate_hz), np.float32)
    pieces: list[FloatArray] = [pause]
    times: dict[Span, tuple[float, float]] = {}
    position = len(pause)
    for line in script.lines:
        speech = engine.synthesise(line.utterance, voice=own_name, speed=1.0)
        assert speech.times is not None
        for token, time in zip(line.utterance.tokens, speech.times, strict=True):
            start, end = ((position + edge) / engine.sample_rate_hz for edge in (time.start_sample, time.end_sample))
            times[token.span] = (times.get(token.span, (start, end))[0], end)
        pieces += [speech.audio.samples, pause]
        position += speech.audio.samples.size + len(pause)
    audio = Audio(samples=np.concatenate(pieces), sample_rate_hz=engine.sample_rate_hz)
    return Reading(
        name=voice,
        samples=resample(audio, RATE).samples,
        text=text,
        times=np.array(list(times.values())),
        language=script.language,
    )


def changed(reading: Reading, condition: str) -> Reading:
    """The same reading after a condition of `CONDITIONS`, or with `SILENCES`."""
    if condition == SILENCES:
        return _with_silences(reading)
    samples, factor = CONDITIONS[condition](reading.samples)
    return replace(reading, samples=samples, times=reading.times / factor)


def _with_silences(reading: Reading) -> Reading:
    """The reading with a long silence in each of its longest pauses."""
    gaps = reading.times[1:, 0] - reading.times[:-1, 1]
    samples, times = reading.samples, reading.times.copy()
    silence = np.zeros(_SILENCE_SECONDS * RATE, np.float32)
    for index in sorted(np.argsort(gaps)[-_SILENCE_COUNT:].tolist(), reverse=True):
        at = round((reading.times[index, 1] + reading.times[index + 1, 0]) / 2 * RATE)
        samples = np.concatenate([samples[:at], silence, samples[at:]])
        times[index + 1 :] += _SILENCE_SECONDS
    return replace(reading, samples=samples, times=times)


def _noise(decibels: float) -> Callable[[FloatArray], tuple[FloatArray, float]]:
    def add(samples: FloatArray) -> tuple[FloatArray, float]:
        speech = samples[np.abs(samples) > 0.01 * np.abs(samples).max()]
        level = np.sqrt(np.mean(speech**2)) * 10 ** (-decibels / 20)
        noise = np.random.default_rng(17).normal(0, level, samples.size)
        return (samples + noise).astype(np.float32), 1.0

    return add


def _music(samples: FloatArray) -> tuple[FloatArray, float]:
    """Chords under the speech, 15 dB below it."""
    seconds = np.arange(samples.size) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * seconds) for pitch in (220.0, 277.2, 329.6))
    level = np.sqrt(np.mean(samples**2)) * 10 ** (-15 / 20)
    return (samples + level * chord * (0.6 + 0.4 * np.sin(2 * np.pi * 2 * seconds))).astype(np.float32), 1.0


def _room(samples: FloatArray) -> tuple[FloatArray, float]:
    """A reverberation that decays by 60 dB in 0.4 s."""
    length = int(0.4 * RATE)
    tail = np.random.default_rng(17).normal(0, 1, length) * 10 ** (-3 * np.arange(length) / length)
    tail[: RATE // 500] = 0
    impulse = np.append([1.0], 0.3 * tail / np.sqrt(np.sum(tail**2)))
    size = 1 << (samples.size + impulse.size).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(impulse, size), size)[: samples.size]
    return (wet * np.abs(samples).max() / np.abs(wet).max()).astype(np.float32), 1.0


def _telephone(samples: FloatArray) -> tuple[FloatArray, float]:
    narrow = resample(Audio(samples=samples, sample_rate_hz=RATE), 8000)
    return resample(narrow, RATE).samples[: samples.size], 1.0


def _mp3(samples: FloatArray) -> tuple[FloatArray, float]:
    import av

    target = io.BytesIO()
    with av.open(target, "w", format="mp3") as container:
        stream = container.add_stream("libmp3lame", rate=RATE, layout="mono", format="fltp", bit_rate=32_000)
        frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
        frame.sample_rate = RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    target.seek(0)
    return decode(target, sample_rate_hz=RATE).samples, 1.0


def _speed(factor: float) -> Callable[[FloatArray], tuple[FloatArray, float]]:
    def play(samples: FloatArray) -> tuple[FloatArray, float]:
        return stretch(Audio(samples=samples, sample_rate_hz=RATE), factor).samples, factor

    return play


CONDITIONS: Mapping[str, Callable[[FloatArray], tuple[FloatArray, float]]] = {
    "clean": lambda samples: (samples, 1.0),
    "noise, 20 dB": _noise(20),
    "noise, 10 dB": _noise(10),
    "music, 15 dB": _music,
    "reverberation": _room,
    "telephone, 8 kHz": _telephone,
    "MP3, 32 kbit/s": _mp3,
    "speed 0.8": _speed(0.8),
    "speed 1.25": _speed(1.25),
}
"""What a recording goes through, and by which factor it is faster afterwards."""
