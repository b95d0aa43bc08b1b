"""Draw a sentence of a narration: its sound, and the words where they are heard.

    .venv/bin/python docs/pictures/draw_timing.py out/the-lamp-room docs/pictures/timing.svg "By three"

reads out/the-lamp-room.wav and .json, as `make run` makes them, and draws the sentence that begins with these words.
"""

from __future__ import annotations

import json
import sys
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from sayso.audio import decode

WIDTH, HEIGHT, MIDDLE = 1200, 230, 105
MARGIN_SECONDS = 0.25
COLOURS = ("#3b6ea5", "#c2571a")


def main(stem: Path, target: Path, beginning: str) -> None:
    """Draw the first segment that begins with these words."""
    timeline = json.loads(stem.with_suffix(".json").read_text())
    text = timeline["text"]
    segment = next(
        s for s in timeline["segments"] if " ".join(text[s["char_start"] : s["char_end"]].split()).startswith(beginning)
    )
    words = [word for word in timeline["words"] if segment["char_start"] <= word["char_start"] < segment["char_end"]]
    audio = decode(stem.with_suffix(".wav"), sample_rate_hz=timeline["sample_rate"])
    begin, end = words[0]["start"] - MARGIN_SECONDS, words[-1]["end"] + MARGIN_SECONDS
    samples = audio.samples[max(0, round(begin * audio.sample_rate_hz)) : round(end * audio.sample_rate_hz)]
    shapes = [*_waveform(samples), *_words(words, begin, end), *_seconds(begin, end)]
    target.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="14">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff" rx="8"/>\n' + "\n".join(shapes) + "\n</svg>\n"
    )


def _waveform(samples: np.ndarray[Any, np.dtype[np.float32]]) -> list[str]:
    columns = np.array_split(samples, WIDTH // 2)
    scale = 80 / max(float(np.abs(samples).max()), 1e-6)
    bars = " ".join(
        f"M{2 * x + 1} {MIDDLE - scale * c.max():.0f}V{MIDDLE - scale * c.min() + 1:.0f}" for x, c in enumerate(columns)
    )
    return [f'<path d="{bars}" stroke="#b8c4d0" stroke-width="1.6"/>']


def _words(words: list[dict[str, Any]], begin: float, end: float) -> list[str]:
    shapes = []
    scale = WIDTH / (end - begin)
    for number, word in enumerate(words):
        left, right = (word["start"] - begin) * scale, (word["end"] - begin) * scale
        colour = COLOURS[number % 2]
        middle, line = (left + right) / 2, 208 - 12 * (number % 2)
        shapes += [
            f'<rect x="{left:.1f}" y="20" width="{right - left:.1f}" height="170" fill="{colour}" opacity=".10"/>',
            f'<path d="M{left:.1f} 20V190" stroke="{colour}" stroke-width="1"/>',
            f'<text x="{middle:.1f}" y="{line}" text-anchor="middle" fill="{colour}">{escape(word["text"])}</text>',
        ]
    return shapes


def _seconds(begin: float, end: float) -> list[str]:
    scale = WIDTH / (end - begin)
    return [
        f'<text x="{(second - begin) * scale:.0f}" y="14" font-size="11" fill="#8a94a0">{second} s</text>'
        for second in range(int(begin) + 1, int(end) + 1)
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
