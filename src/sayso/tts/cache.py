"""The speech cache: what was spoken once is never spoken again.

It is content-addressed: the key is everything that decides how an utterance sounds, the value is the sound and its
times. That makes it the recovery log as well: a narration that was interrupted finds the segments it had made, and an
edited sentence costs one sentence.

An entry is one file, complete or absent (written under another name and renamed), with a checksum: processes share a
directory without locks, and a damaged entry is a miss. The directory is bounded in size; what has not been used for
longest goes first.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import struct
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import structlog

from sayso.types import Audio, Speech, TokenTime

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.types import Utterance

_log = structlog.get_logger(__name__)

_MAGIC = b"sayso speech 1\n"
_HEADER = struct.Struct("<I")  # the length of the JSON that describes the samples
_DIGEST_BYTES = 16
_SUFFIX = ".speech"

# A clean-up leaves this share of the bound, so that not every further entry starts another.
_KEPT_SHARE = 0.9


class SpeechCache(Protocol):
    """Where speech is kept between calls, by key; may be used from many threads."""

    def get(self, key: str) -> Speech | None:
        """What was kept under this key, or None."""
        ...

    def put(self, key: str, speech: Speech) -> Speech:
        """Keep an utterance's speech, and return it just as `get` will: rounded to 16 bits."""
        ...


class NoSpeechCache:
    """The cache that keeps nothing."""

    def get(self, key: str) -> Speech | None:  # noqa: ARG002 - nothing is kept
        """Nothing is ever there."""
        return None

    def put(self, key: str, speech: Speech) -> Speech:  # noqa: ARG002 - nothing is kept
        """Rounds as every cache does, so that the result is the same with and without one."""
        return _unpack(_pack(speech))


def speech_key(utterance: Utterance, *, voice: str, speed: float, fingerprint: str) -> str:
    """The key of an utterance: 64 hexadecimal digits over everything that decides how it sounds.

    Where the words stand in the source does not: the same sentence elsewhere is the same speech. That several tokens
    share one written word does, since a spelled word is pronounced letter by letter.
    """
    previous = None
    tokens = []
    for token in utterance.tokens:
        shared = previous is not None and token.span == previous.span
        tokens.append([token.spoken, token.lead, token.trail, token.joined, token.boundary, token.ipa, shared])
        previous = token
    what = [tokens, utterance.language, voice, round(speed, 4), fingerprint]
    return hashlib.sha256(json.dumps(what, ensure_ascii=True).encode()).hexdigest()


class DirectorySpeechCache:
    """A speech cache in a directory, which any number of threads and processes may share.

    The count of bytes is this process's estimate: exact when it starts, then its own additions. The clean-up counts
    anew, so that what other processes added is bounded too.
    """

    def __init__(self, directory: Path, *, maximum_bytes: int) -> None:
        """Use a directory, which is made when the first entry is."""
        self._directory = directory
        self._maximum_bytes = maximum_bytes
        self._lock = threading.Lock()  # guards the estimate, and lets one thread at a time clean up
        self._bytes: int | None = None
        self._has_failed = False

    def get(self, key: str) -> Speech | None:
        """See `SpeechCache.get`; an entry that is damaged is removed, and a miss."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        try:
            speech = _unpack(data)
        except ValueError:
            path.unlink(missing_ok=True)
            return None
        with contextlib.suppress(OSError):  # evicted by another process meanwhile: we have it all the same
            os.utime(path)
        return speech

    def put(self, key: str, speech: Speech) -> Speech:
        """See `SpeechCache.put`.

        A cache that cannot be written (no space, no permission) costs time later, never this narration: it is
        logged, once.
        """
        data = _pack(speech)
        try:
            self._write(self._path(key), data)
            self._make_room(len(data))
        except OSError as error:
            if not self._has_failed:
                self._has_failed = True
                _log.warning("speech cache not written", directory=str(self._directory), reason=error.strerror)
        return _unpack(data)

    def _path(self, key: str) -> Path:
        return self._directory / key[:2] / f"{key}{_SUFFIX}"

    def _write(self, path: Path, data: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not fsynced: after a power cut the checksum tells, and the entry is made again.
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _make_room(self, added_bytes: int) -> None:
        with self._lock:
            if self._bytes is None:
                self._bytes = sum(size for _, size, _ in self._entries())
            else:
                self._bytes += added_bytes
            if self._bytes <= self._maximum_bytes:
                return
            entries = sorted(self._entries())
            self._bytes = sum(size for _, size, _ in entries)
            for _, size, path in entries:
                if self._bytes <= self._maximum_bytes * _KEPT_SHARE:
                    break
                path.unlink(missing_ok=True)
                self._bytes -= size

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        """Every file under the directory: when it was last used, its size in bytes, its path."""
        for path in self._directory.glob("*/*"):
            with contextlib.suppress(OSError):  # another process removed it
                facts = path.stat()
                yield facts.st_mtime, facts.st_size, path


def _pack(speech: Speech) -> bytes:
    """Speech as bytes: magic, checksum of the rest, length of the description, description, 16-bit samples.

    The samples are scaled to use all 16 bits, so that rounding is inaudible at any level and nothing clips.
    """
    samples = speech.audio.samples
    peak = float(np.abs(samples).max(initial=0.0))
    scale = peak / 32767 or 1.0
    times = None if speech.times is None else [[time.start_sample, time.end_sample] for time in speech.times]
    description = json.dumps(
        {"sample_rate_hz": speech.audio.sample_rate_hz, "scale": scale, "samples": samples.size, "times": times}
    ).encode()
    rounded = np.round(samples / np.float32(scale)).astype("<i2")
    body = _HEADER.pack(len(description)) + description + rounded.tobytes()
    return _MAGIC + _digest(body) + body


def _unpack(data: bytes) -> Speech:
    """The inverse of `_pack`, but for rounding.

    Raises:
        ValueError: these are not the bytes that were packed.
    """
    start = len(_MAGIC) + _DIGEST_BYTES
    body = memoryview(data)[start:]
    if not data.startswith(_MAGIC) or data[len(_MAGIC) : start] != _digest(body):
        raise ValueError("damaged")
    (length,) = _HEADER.unpack_from(body)
    description = json.loads(bytes(body[_HEADER.size : _HEADER.size + length]))
    rounded = np.frombuffer(body[_HEADER.size + length :], "<i2")
    samples = rounded.astype(np.float32) * np.float32(description["scale"])
    times = description["times"]
    return Speech(
        audio=Audio(samples=samples, sample_rate_hz=description["sample_rate_hz"]),
        times=None if times is None else tuple(TokenTime(start_sample=start, end_sample=end) for start, end in times),
    )


def _digest(body: bytes | memoryview) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()
