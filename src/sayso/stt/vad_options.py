"""The options of voice activity detection: its threshold, and what it keeps of silences."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class VadOptions:
    """Voice activity detection: which parts of a recording are speech.

    Attributes:
        threshold: the probability of speech, 0 to 1, from which on a window counts as speech; higher for noisy audio.
        silence_seconds: a silence of at least this length is left out.
        padding_seconds: the audio that is kept before and after speech; at most half of ``silence_seconds``.
    """

    threshold: float = 0.5
    silence_seconds: float = 2.0
    padding_seconds: float = 0.4
