"""Kokoro's voices, their languages, and blends of voices."""

from __future__ import annotations

import functools
import hashlib
import math
import re
from typing import TYPE_CHECKING

import numpy as np

from sayso.errors import MalformedVoice, ModelCorrupt, ModelMissing
from sayso.tts.errors import shown_name, unknown_voice

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from sayso.types import FloatArray

STYLE_ROWS = 510
STYLE_WIDTH = 256

_PULL_HINT = "Fetch it: sayso models pull kokoro-voices"

# The first letter of a voice's name is its language, the second its gender (hexgrad/Kokoro-82M, VOICES.md).
_LANGUAGES: Mapping[str, str] = {
    "a": "en-us",
    "b": "en-gb",
    "e": "es",
    "f": "fr-fr",
    "h": "hi",
    "i": "it",
    "j": "ja",
    "p": "pt-br",
    "z": "cmn",
}
_WEIGHT = r"[0-9]{1,6}(?:\.[0-9]{1,20})?|\.[0-9]{1,20}"
_BLEND_PART = re.compile(
    rf"(?P<name>[a-z]{{2}}_[a-z0-9]{{1,40}})(?::(?P<weight>{_WEIGHT})|\s*\(\s*(?P<share>{_WEIGHT})\s*\))?"
)
_BLEND_SIGNS = frozenset("+:(")
_MOST_PARTS = 16


def language_of_voice(name: str) -> str:
    """The language of a published voice, by its name."""
    return _LANGUAGES[name[0]]


class VoiceBook:
    """The voice files of a directory, each read when it is first needed.

    Threads share it; a loaded voice never changes.

    Args:
        directory: of the files.
        may_change: whether another process replaces the files. Then all are read now, half a megabyte each.

    Raises:
        ModelMissing, ModelCorrupt: as `style`, for any of the voices that are read now.
    """

    def __init__(self, directory: Path, *, may_change: bool = False) -> None:
        self._directory = directory
        self.names = tuple(sorted(path.stem for path in directory.glob("*.bin") if path.stem[0] in _LANGUAGES))
        self._held = {name: self._read(name) for name in self.names} if may_change else {}
        self.style = functools.lru_cache(maxsize=64)(self._style)
        """See `_style`; the latest ones are kept."""

    @property
    def digest(self) -> str:
        """The SHA-256 of all voices in hexadecimal; empty for files that do not change."""
        if not self._held:
            return ""
        digest = hashlib.sha256()
        for name, content in self._held.items():
            digest.update(name.encode() + b"\0")
            digest.update(content.tobytes())
        return digest.hexdigest()

    def language_of(self, voice: str) -> str:
        """The language of a voice or of the heaviest part of a blend."""
        parts = self._parts(voice)
        heaviest = max(parts, key=lambda name: parts[name])
        return _LANGUAGES[heaviest[0]]

    def _style(self, voice: str) -> FloatArray:
        """The style vectors of a voice or blend: float32 of shape (510, 256), row n for n + 1 phonemes.

        A blend such as ``af_heart:0.6+bm_george:0.4``, or ``af_heart(3)+bm_george(2)``, is the weighted mean; weights
        are taken relative to their sum.

        Raises:
            UnknownVoice: there is no such voice.
            MalformedVoice: the blend is not written as above.
            ModelMissing: the voice's file is gone.
            ModelCorrupt: it does not have a voice's size.
        """
        parts = self._parts(voice)
        total = math.fsum(parts.values())
        mixed = sum((self._content(name) * (weight / total) for name, weight in parts.items()), start=np.float32(0))
        return np.asarray(mixed, np.float32)

    def _parts(self, voice: str) -> dict[str, float]:
        weights: dict[str, float] = {}
        parts = voice.split("+", _MOST_PARTS)
        if len(parts) > _MOST_PARTS:
            raise MalformedVoice(f"The blend {shown_name(voice)} has more than {_MOST_PARTS} voices")
        for part in parts:
            match = _BLEND_PART.fullmatch(part.strip())
            if match is None and _BLEND_SIGNS.isdisjoint(voice):
                raise unknown_voice(voice, self.names, engine="Kokoro")
            if match is None:
                raise MalformedVoice(
                    f"The blend {shown_name(voice)} cannot be read",
                    hint="Write it like af_heart:0.6+bm_george:0.4, with weights below a million.",
                )
            name = match["name"]
            if name not in self.names:
                raise unknown_voice(name, self.names, engine="Kokoro")
            weights[name] = weights.get(name, 0.0) + float(match["weight"] or match["share"] or 1.0)
        if not any(weights.values()):
            raise MalformedVoice(f"The weights of the blend {shown_name(voice)} are all zero")
        return weights

    def _content(self, name: str) -> FloatArray:
        held = self._held.get(name)
        return self._read(name) if held is None else held

    def _read(self, name: str) -> FloatArray:
        path = self._directory / f"{name}.bin"
        try:
            content = path.read_bytes()
        except OSError as error:
            raise ModelMissing(f"Cannot read {path}: {error.strerror}", hint=_PULL_HINT) from error
        if len(content) != STYLE_ROWS * STYLE_WIDTH * 4:
            raise ModelCorrupt(f"{path} is not a Kokoro voice", hint=_PULL_HINT)
        return np.frombuffer(content, "<f4").reshape(STYLE_ROWS, STYLE_WIDTH)
