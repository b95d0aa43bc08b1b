"""A recording of two hours through ``sayso align``: time, memory, and whether its times drift."""

from __future__ import annotations

import json
import sys
import wave
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.alignment.judging import written
from bench.alignment.speech import RATE, spoken_text
from bench.longtext import write_document
from bench.processes import run
from bench.texts import visible_paragraphs

if TYPE_CHECKING:
    from pathlib import Path

    from bench.alignment.judging import Times
    from bench.processes import Run
    from sayso.settings import Settings

VOICE = "en_US-joe-medium"

_MOST_MINUTES_OF_SPEECH = 15.0
_SILENCE_SECONDS, _MUSIC_SECONDS = 40, 20
_MUSIC_LEVEL = 0.05


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Placed:
    """What the command made of it.

    Attributes:
        errors_ms: of each word's start; NaN where it is not placed.
        seconds: of audio.
        run: of the command.
    """

    errors_ms: Times
    seconds: float
    run: Run

    def drift_ms(self) -> tuple[float, float]:
        """The median error in the first and in the last twentieth."""
        size = max(1, self.errors_ms.size // 20)
        return float(np.nanmedian(self.errors_ms[:size])), float(np.nanmedian(self.errors_ms[-size:]))


def placed_on_two_hours(work: Path, settings: Settings, *, minutes: float) -> Placed:
    """Some minutes of speech, again and again with silence and music between, in one recording and one text."""
    document = work / "long.md"
    write_document(document, minutes=min(minutes, _MOST_MINUTES_OF_SPEECH))
    text = "\n\n".join(visible_paragraphs(document.read_text(encoding="utf-8")))
    part = spoken_text(text, VOICE, settings)
    between = _between()
    step = (len(part.samples) + len(between)) / RATE
    count = max(1, round(minutes * 60 / step))
    audio, source = work / "long.wav", work / "long.txt"
    with wave.open(str(audio), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for _ in range(count):
            for samples in (part.samples, between):
                file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    source.write_text("\n\n".join([text] * count), encoding="utf-8")
    command = [sys.executable, "-m", "sayso", "align", str(audio), str(source), "--language", part.language]
    finished = run([*command, "--subtitles", "json", "--out", str(work), "--json"], watch_memory=True)
    content = json.loads((work / "long.json").read_text(encoding="utf-8"))
    starts = {word["char_start"]: word["start"] for word in content["words"]}
    errors = [
        1000 * (starts.get(number * (len(text) + 2) + span.start, np.nan) - (number * step + time[0]))
        for number in range(count)
        for (span, _), time in zip(written(part), part.times, strict=True)
    ]
    return Placed(errors_ms=np.array(errors), seconds=count * step, run=finished)


def _between() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """A silence, and chords."""
    seconds = np.arange(_MUSIC_SECONDS * RATE) / RATE
    chord = sum(np.sin(2 * np.pi * pitch * seconds) for pitch in (220.0, 277.2, 329.6))
    music = _MUSIC_LEVEL * chord * (0.6 + 0.4 * np.sin(2 * np.pi * 2 * seconds))
    return np.concatenate([np.zeros(_SILENCE_SECONDS * RATE), music]).astype(np.float32)
