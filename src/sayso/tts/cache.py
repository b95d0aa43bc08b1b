"""The speech cache: an utterance is synthesised once.

It is content-addressed: the key covers everything that decides the audio of an utterance, the value is the audio and
its word times. So it is the recovery log as well: an interrupted narration finds the utterances that it had made, and
an edited sentence costs one sentence.
"""

from __future__ import annotations

import hashlib
import json
import struct
from typing import TYPE_CHECKING, Self

import numpy as np

from sayso.cache import OwnedCache
from sayso.types import Audio, Speech, TokenTime

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sayso.cache import Cache
    from sayso.types import Utterance

_CLOSE_SECONDS = 5.0

_HEADER = struct.Struct("<I")  # the length of the JSON header


def speech_key(utterance: Utterance, *, voice: str, speed: float, fingerprint: str) -> str:
    """The key of an utterance: 64 hexadecimal digits over everything that decides its audio.

    The position in the source is not part of it: the same sentence elsewhere has the same audio. That several tokens
    share one written word is, since a spelled word is pronounced letter by letter.
    """
    previous = None
    tokens = []
    for token in utterance.tokens:
        shared = previous is not None and token.span == previous.span
        tokens.append([token.spoken, token.lead, token.trail, token.joined, token.boundary, token.ipa, shared])
        previous = token
    what = [tokens, utterance.language, voice, round(speed, 4), fingerprint]
    return hashlib.sha256(json.dumps(what, ensure_ascii=True).encode()).hexdigest()


def pieces_key(key: str) -> str:
    """The key of the same utterance as it is made in pieces for a listener: its sound differs a little."""
    return hashlib.sha256(f"{key} in pieces".encode()).hexdigest()


class SpeechCache:
    """Speech in a cache of bytes; as safe for threads and processes as the cache of bytes is.

    Args:
        store: the cache of bytes.
        on_look_up: called after each look-up with whether it was a hit.
        is_per_owner: whether each owner has a separate part, which `of` gives.

    It may be used as a context manager, which closes it.
    """

    def __init__(
        self, store: Cache, *, on_look_up: Callable[[bool], None] = lambda _: None, is_per_owner: bool = False
    ) -> None:
        self.store = store
        self._on_look_up = on_look_up
        self._is_per_owner = is_per_owner

    def of(self, owner: str | None) -> SpeechCache:
        """An owner's part of the cache, or all of it where owners share it.

        Args:
            owner: the name of an API key; None or empty for work that belongs to no key.
        """
        if not self._is_per_owner or not owner:
            return self
        return SpeechCache(OwnedCache(self.store, owner), on_look_up=self._on_look_up)

    def get(self, key: str) -> Speech | None:
        """The speech of this key, or None."""
        data = self.store.get(key)
        self._on_look_up(data is not None)
        return None if data is None else _unpack(data)

    def put(self, key: str, speech: Speech) -> Speech:
        """Store an utterance's speech, and return it as `get` will: rounded to 16 bits.

        It is rounded even where nothing is stored, so that the result is the same with and without a cache.
        """
        data = _pack(speech)
        if not speech.is_substitute:
            self.store.put(key, data)
        return _unpack(data)

    def close(self) -> None:
        """Finish writes that are in progress."""
        self.store.close(_CLOSE_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _pack(speech: Speech) -> bytes:
    """Speech as bytes: length of the JSON header, JSON header, 16-bit samples.

    The samples are scaled to use all 16 bits, so that rounding is inaudible at any level and nothing clips.
    """
    samples = speech.audio.samples
    peak = float(np.abs(samples).max(initial=0.0))
    scale = peak / 32767 or 1.0
    times = None if speech.times is None else [[time.start_sample, time.end_sample] for time in speech.times]
    header = {"sample_rate_hz": speech.audio.sample_rate_hz, "scale": scale, "times": times}
    if speech.is_aligned:
        header["is_aligned"] = True
    description = json.dumps(header).encode()
    rounded = np.round(samples / np.float32(scale)).astype("<i2")
    return _HEADER.pack(len(description)) + description + rounded.tobytes()


def _unpack(data: bytes) -> Speech:
    """The inverse of `_pack`, but for rounding."""
    (length,) = _HEADER.unpack_from(data)
    start = _HEADER.size + length
    description = json.loads(data[_HEADER.size : start])
    rounded = np.frombuffer(memoryview(data)[start:], "<i2")
    samples = rounded.astype(np.float32) * np.float32(description["scale"])
    times = description["times"]
    return Speech(
        audio=Audio(samples=samples, sample_rate_hz=description["sample_rate_hz"]),
        times=None if times is None else tuple(TokenTime(start_sample=start, end_sample=end) for start, end in times),
        is_aligned=description.get("is_aligned", False),
    )
