"""Sounds at known positions, and files of every kind that contain them."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
import numpy as np

if TYPE_CHECKING:
    from av.audio.stream import AudioStream

    from sayso.types import FloatArray

# Container, codec, sample format and rate of common files; all of them mono except the video's.
FILES = {
    "wav": ("wav", "pcm_s16le", "s16", 24_000),
    "mp3": ("mp3", "libmp3lame", "fltp", 44_100),
    "ogg": ("ogg", "libopus", "flt", 48_000),
    "opus": ("opus", "libopus", "flt", 24_000),
    "flac": ("flac", "flac", "s16", 48_000),
    "m4a": ("ipod", "aac", "fltp", 44_100),
    "webm": ("webm", "libopus", "flt", 48_000),
    "mkv": ("matroska", "flac", "s16", 16_000),
    "mp4": ("mp4", "aac", "fltp", 48_000),
    "aiff": ("aiff", "pcm_s16be", "s16", 22_050),
}


def pings(places: tuple[int, ...], *, length: int, sample_rate_hz: int = 24_000) -> FloatArray:
    """Silence with a ping of 1 kHz, which starts suddenly and decays within 0.2 s, at each of the positions."""
    samples = np.zeros(length, np.float32)
    clock = np.arange(sample_rate_hz // 5)
    ping = 0.5 * np.sin(2 * np.pi * 1000 * clock / sample_rate_hz) * np.exp(-16 * clock / sample_rate_hz)
    for place in places:
        room = min(len(ping), length - place)
        samples[place : place + room] += ping[:room].astype(np.float32)
    return samples


def shift(heard: FloatArray, played: FloatArray, place: int, *, within: int = 4000) -> int:
    """How many samples late (negative: early) the sound is that was played at ``place``."""
    pattern = played[place : place + 2400]
    start = max(0, place - within)
    match = np.correlate(heard[start : place + len(pattern) + within], pattern, "valid")
    return int(match.argmax()) + start - place


def encoded(
    samples: FloatArray, kind: str, *, sample_rate_hz: int = 24_000, layout: str = "mono", start_seconds: float = 0.0
) -> bytes:
    """A file of one of `FILES`, made by libav without any of Sayso's code; every channel has the same sound."""
    container_format, codec, sample_format, rate_hz = FILES[kind]
    target = io.BytesIO()
    with av.open(target, "w", format=container_format) as container:
        stream = cast(
            "AudioStream",
            container.add_stream(codec, rate=rate_hz, layout=layout, format=sample_format, bit_rate=96_000),
        )
        channels = len(av.AudioLayout(layout).channels)
        frame = av.AudioFrame.from_ndarray(np.tile(samples, (channels, 1)), format="fltp", layout=layout)
        frame.sample_rate = sample_rate_hz
        frame.time_base = Fraction(1, sample_rate_hz)
        frame.pts = round(start_seconds * sample_rate_hz)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()


def video_with_late_sound(samples: FloatArray, *, late_seconds: float, sample_rate_hz: int = 24_000) -> bytes:
    """A Matroska video whose picture starts at once and whose stereo sound starts ``late_seconds`` after it."""
    target = io.BytesIO()
    with av.open(target, "w", format="matroska") as container:
        picture = container.add_stream("mpeg4", rate=25, width=64, height=64, pix_fmt="yuv420p")
        sound = container.add_stream("flac", rate=sample_rate_hz, layout="stereo", format="s16")
        for number in range(25):
            image = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
            image.pts, image.time_base = number, Fraction(1, 25)
            container.mux(picture.encode(image))
        frame = av.AudioFrame.from_ndarray(np.tile(samples, (2, 1)), format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base = sample_rate_hz, Fraction(1, sample_rate_hz)
        frame.pts = round(late_seconds * sample_rate_hz)
        container.mux(sound.encode(frame))
        container.mux(picture.encode(None))
        container.mux(sound.encode(None))
    return target.getvalue()
