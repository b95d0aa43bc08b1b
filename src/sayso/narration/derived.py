"""Results that are computed from a recording's samples, cached so that an unchanged document is not computed again.

The keys are digests of the samples themselves, so no entry can be out of date.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from sayso.audio import AudioWriter, Loudness, LoudnessMeter, encoder_fingerprint
from sayso.files import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.audio import AudioFormat, AudioTags
    from sayso.cache import Cache
    from sayso.narration.spool import Spool

MOST_KEPT_BYTES = 64 * 2**20
"""A larger file is not cached: two hours of MP3."""


def measure_loudness(spool: Spool, sample_rate_hz: int, cache: Cache) -> Loudness:
    """The loudness of the audio on the spool, measured or cached."""
    key = _key("loudness 1", spool.digest, sample_rate_hz)
    if (known := cache.get(key)) is not None:
        return Loudness(**json.loads(known))
    meter = LoudnessMeter(sample_rate_hz)
    for block in spool.blocks():
        meter.add(block)
    loudness = meter.finish()
    cache.put(key, json.dumps(asdict(loudness)).encode())
    return loudness


def encode(
    spool: Spool, gain: float, path: Path, audio_format: AudioFormat, tags: AudioTags, sample_rate_hz: int, cache: Cache
) -> None:
    """Write the audio on the spool to a file, encoded or cached.

    Args:
        spool: the samples.
        gain: the linear gain applied to them.
        path: of the file, which is written atomically.
        audio_format: its format. Lossless ones are encoded faster than a cache is read, and are not cached.
        tags: the metadata of the file.
        sample_rate_hz: of the samples.
        cache: of encoded files.

    Raises:
        OutputFailed: the file cannot be written.
    """
    key = _key(encoder_fingerprint(audio_format), spool.digest, gain.hex(), repr(tags), sample_rate_hz)
    if not audio_format.is_lossless and (known := cache.get(key)) is not None:
        with replacing(path) as file:
            file.write(known)
        return
    with AudioWriter(path, audio_format, sample_rate_hz=sample_rate_hz, tags=tags) as writer:
        for block in spool.blocks():
            writer.write(block * np.float32(gain))
    if not audio_format.is_lossless and path.is_file() and path.stat().st_size <= MOST_KEPT_BYTES:
        cache.put(key, path.read_bytes())


def _key(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
