"""The directory of the listening test: one page and its sound files."""

from __future__ import annotations

import base64
import html
import json
import re
import shutil
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import typer

from bench.listen.pairs import NAME_LENGTH
from sayso.tts.engines.kokoro.vocabulary import SAMPLE_RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.listen.pairs import Pair, Reading
    from sayso.types import FloatArray

PAGE: Final = "index.html"
MARK: Final = '<meta name="generator" content="python -m bench listen">'

_SOUND = re.compile(rf"[a-z0-9]{{{NAME_LENGTH}}}\.wav")
_HERE = Path(__file__).parent
_HIGHEST_PEAK = 0.98
_FULL_SCALE = 32767


def require_own_directory(directory: Path) -> None:
    """Make the directory, or make sure that nothing is lost when an earlier page in it is replaced.

    Raises:
        typer.BadParameter: it cannot be made or read, or it holds something other than a listening page.
    """
    page = directory / PAGE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        found = list(directory.iterdir())
        is_ours = not found or (page.is_file() and MARK.encode() in page.read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"{directory} cannot be used: {error.strerror}.", param_hint="--out") from error
    strange = [path.name for path in found if path != page and not (path.is_file() and _SOUND.fullmatch(path.name))]
    if strange or not is_ours:
        what = f"has {min(strange)!r} in it" if strange else "has files in it and no listening page"
        raise typer.BadParameter(f"{directory} {what}; give a new or an empty directory.", param_hint="--out")


def write_page(directory: Path, pairs: Sequence[Pair], *, seed: int, work: Path) -> Path:
    """Write the page and its sound files, in place of those of an earlier run.

    Args:
        directory: passed `require_own_directory`.
        pairs: in the order in which they are heard.
        seed: what made the order; it is a part of the key.
        work: an empty directory, where everything is made before anything is replaced.

    Returns:
        The page's path.
    """
    sounds = {name: _pcm(samples, _gain(pair.reading)) for pair in pairs for name, samples in pair.files()}
    for name in sorted(sounds):  # so that the times of the files say nothing either
        _write_wav(work / name, sounds[name])
    (work / PAGE).write_text(page_of(pairs, seed=seed), encoding="utf-8")
    for earlier in directory.iterdir():
        earlier.unlink()
    for name in (*sorted(sounds), PAGE):
        shutil.move(work / name, directory / name)
    return directory / PAGE


def page_of(pairs: Sequence[Pair], *, seed: int) -> str:
    """The page as HTML: its style, its script, the pairs, and the key in base64."""
    shown = [
        {"a": pair.names[0], "b": pair.names[1], "x": pair.names[2]}
        | {"text": pair.reading.text, "language": pair.reading.language}
        for pair in pairs
    ]
    parts = {
        "MARK": MARK,
        "STYLE": (_HERE / "page.css").read_text(encoding="utf-8"),
        "SCRIPT": (_HERE / "page.js").read_text(encoding="utf-8"),
        "PAIRS": json.dumps(shown, ensure_ascii=False).replace("<", "\\u003c"),
        "KEY": base64.b64encode(json.dumps(key_of(pairs, seed=seed)).encode()).decode(),
        "COUNT": html.escape(str(len(pairs))),
    }
    template = (_HERE / "page.html").read_text(encoding="utf-8")
    return re.sub(r"@@([A-Z]+)@@", lambda found: parts[found[1]], template)


def key_of(pairs: Sequence[Pair], *, seed: int) -> Mapping[str, Any]:
    """What is revealed at the end: the seed, and for each pair its voice, its versions, and which of them X is."""
    return {
        "seed": seed,
        "pairs": [
            {"voice": pair.reading.voice, "a": pair.a, "b": pair.b, "x": "a" if pair.x_is_a else "b"} for pair in pairs
        ],
    }


def _gain(reading: Reading) -> float:
    """One for all versions of a reading, at most 1, so that none is clipped and none is louder than it was made."""
    peak = max(float(np.abs(samples).max(initial=0)) for samples in reading.versions.values())
    return min(1.0, _HIGHEST_PEAK / peak) if peak else 1.0


def _pcm(samples: FloatArray, gain: float) -> bytes:
    content: bytes = np.rint(samples * (gain * _FULL_SCALE)).astype("<i2").tobytes()
    return content


def _write_wav(path: Path, content: bytes) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes(content)
