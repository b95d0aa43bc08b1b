"""Any container is read, in time with what a player plays; what is no audio says so."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.audio import decode, decode_blocks, resample
from sayso.errors import AudioTooLong, NotAudio
from sayso.types import Audio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
from support.audio.sounds import FILES, encoded, pings, shift, video_with_late_sound

LENGTH = 24_000 * 3
PLACES = (6_000, 60_000)


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_every_container_is_read_in_time(kind: str, layout: str) -> None:
    """Sounds come out at their time and as loud as they went in, whatever they were packed in."""
    samples = pings(PLACES, length=LENGTH)

    audio = decode(io.BytesIO(encoded(samples, kind, layout=layout)), sample_rate_hz=24_000)

    assert audio.sample_rate_hz == 24_000
    assert audio.samples.dtype == np.float32
    assert [abs(shift(audio.samples, samples, place)) <= 24 for place in PLACES] == [True, True]
    assert np.abs(audio.samples).max() == pytest.approx(np.abs(samples).max(), rel=0.1)


def test_silence_before_the_sound_of_a_video_is_kept() -> None:
    """Sound that starts after the picture is timed from the picture's start, as a player shows subtitles."""
    samples = pings((6_000,), length=24_000)

    audio = decode(io.BytesIO(video_with_late_sound(samples, late_seconds=0.5)), sample_rate_hz=24_000)

    assert abs(shift(audio.samples, samples, 6_000, within=20_000) - 12_000) <= 24


def test_blocks_are_even_and_complete() -> None:
    """All blocks but the last have the size that was asked for, and together they are the whole."""
    samples = pings(PLACES, length=LENGTH)
    content = encoded(samples, "wav")

    blocks = list(decode_blocks(io.BytesIO(content), sample_rate_hz=16_000, block_seconds=0.3))

    assert {len(block) for block in blocks[:-1]} == {4_800}
    assert 0 < len(blocks[-1]) <= 4_800
    np.testing.assert_array_equal(np.concatenate(blocks), decode(io.BytesIO(content), sample_rate_hz=16_000).samples)


@pytest.mark.parametrize(
    "content", [b"", b"Once upon a time. " * 200, bytes(range(256)) * 400, bytes(100_000), b"RIFF\0\0\0\0WAVE"]
)
def test_what_is_no_audio_is_refused(tmp_path: Path, content: bytes) -> None:
    """Empty files, text, binary junk and cut-off headers are no audio, and the message names the file."""
    path = tmp_path / "junk.wav"
    path.write_bytes(content)
    with pytest.raises(NotAudio, match=r"junk\.wav"):
        decode(path, sample_rate_hz=16_000)


@given(st.binary(max_size=2_000))
def test_random_bytes_give_audio_or_not_audio(content: bytes) -> None:
    """No input whatsoever makes a vendor's exception come through."""
    for head in (b"", b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\0", b"OggS\0\x02", b"fLaC\0\0\0\x22"):
        with suppress(NotAudio):
            assert decode(io.BytesIO(head + content), sample_rate_hz=16_000).samples.size


@pytest.mark.parametrize("name", ["missing.wav", "."])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    """A missing file or a directory is named in the message."""
    with pytest.raises(NotAudio, match="cannot be read"):
        decode(tmp_path / name, sample_rate_hz=16_000)


def test_a_video_without_sound_is_refused() -> None:
    """A picture is not audio."""
    target = io.BytesIO()
    with av.open(target, "w", format="matroska") as container:
        picture = container.add_stream("mpeg4", rate=25, width=64, height=64, pix_fmt="yuv420p")
        container.mux(picture.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")))
        container.mux(picture.encode(None))
    target.seek(0)
    with pytest.raises(NotAudio, match="no audio stream"):
        decode(target, sample_rate_hz=16_000)


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    """A file that names other files cannot make Sayso read them."""
    secret = tmp_path / "secret.wav"
    secret.write_bytes(encoded(pings(PLACES, length=LENGTH), "wav"))
    for name, content in {
        "list.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{secret}\n#EXT-X-ENDLIST\n",
        "list.ffconcat": f"ffconcat version 1.0\nfile {secret.name}\n",
    }.items():
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        with pytest.raises(NotAudio):
            decode(path, sample_rate_hz=16_000)


def test_a_damaged_stretch_does_not_end_the_file() -> None:
    """What follows broken bytes is still heard, as players do it."""
    samples = pings(PLACES, length=LENGTH)
    content = bytearray(encoded(samples, "mp3"))
    middle = len(content) // 2
    content[middle : middle + 400] = b"\xaa" * 400

    audio = decode(io.BytesIO(bytes(content)), sample_rate_hz=24_000)

    assert abs(shift(audio.samples, samples, PLACES[1], within=6_000)) <= 3_000


def test_a_wav_with_a_wrong_length_is_read() -> None:
    """A header written before the length was known does not hide the sound."""
    samples = pings(PLACES, length=LENGTH)
    content = bytearray(encoded(samples, "wav"))
    place = content.find(b"data")
    content[place + 4 : place + 8] = struct.pack("<I", 0xFFFFFFFF)

    audio = decode(io.BytesIO(bytes(content)), sample_rate_hz=24_000)

    assert len(audio.samples) == LENGTH


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_silence_or_the_limit(value: float) -> None:
    """In a file of floating point they damage nothing beside them."""
    samples = np.full(16_000, 0.25, "<f4")
    samples[8_000] = value
    data = samples.tobytes()
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 3, 1, 16_000, 64_000, 4, 32)
    head = struct.pack("<4sI4s", b"RIFF", 36 + len(data), b"WAVE") + form + struct.pack("<4sI", b"data", len(data))
    decoded = decode(io.BytesIO(head + data), sample_rate_hz=16_000).samples
    assert np.isfinite(decoded).all()
    assert decoded[[0, 4_000, 12_000, -1]] == pytest.approx(0.25, abs=0.01)


def test_resampling_keeps_time_and_length() -> None:
    """At another rate each sound is at the same second."""
    samples = pings(PLACES, length=LENGTH)
    there = resample(Audio(samples=samples, sample_rate_hz=24_000), 16_000)
    back = resample(there, 24_000)

    assert len(there.samples) == LENGTH * 16_000 // 24_000
    assert [shift(back.samples, samples, place) for place in PLACES] == [0, 0]


def test_resampling_to_the_same_rate_changes_nothing() -> None:
    """The same rate gives the same audio back."""
    audio = Audio(samples=pings(PLACES, length=LENGTH), sample_rate_hz=24_000)
    assert resample(audio, 24_000) is audio


def jumping_clock(jumps: int, *, seconds: int) -> bytes:
    """A WebM file of short frames, each ``seconds`` after the one before by its time stamp."""
    target = io.BytesIO()
    with av.open(target, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono", format="flt")
        for number in range(jumps):
            frame = av.AudioFrame.from_ndarray(np.full((1, 960), 0.1, np.float32), format="flt", layout="mono")
            frame.sample_rate = 48_000
            for packet in stream.encode(frame):
                packet.pts = packet.dts = number * seconds * 48_000
                packet.time_base = Fraction(1, 48_000)
                container.mux(packet)
    return target.getvalue()


def hours_of_silence(hours: int) -> bytes:
    """A FLAC file in which every frame of 4 s takes a dozen bytes."""
    target = io.BytesIO()
    with av.open(target, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=8_000, layout="mono", format="s16")
        stream.codec_context.options = {"frame_size": "32768"}
        for _ in range(hours * 60):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 60 * 8_000), np.int16), format="s16", layout="mono")
            frame.sample_rate = 8_000
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target.getvalue()


@pytest.mark.parametrize("make", [lambda: jumping_clock(20, seconds=500), lambda: hours_of_silence(1)])
def test_a_small_file_of_hours_of_audio_is_refused_at_the_bound(make: Callable[[], bytes]) -> None:
    """A few kilobytes that decode to hours are refused when the bound is passed, and not decoded further."""
    content = make()
    assert len(content) < 20_000
    taken: list[int] = []
    with pytest.raises(AudioTooLong, match="60 s"):
        taken.extend(map(len, decode_blocks(io.BytesIO(content), sample_rate_hz=16_000, maximum_seconds=60)))
    assert sum(taken) <= 60 * 16_000


def test_audio_as_long_as_the_bound_is_taken() -> None:
    """The bound itself is within bounds, and the sound comes out whole."""
    content = encoded(pings(PLACES, length=LENGTH), "wav")
    assert decode(io.BytesIO(content), sample_rate_hz=16_000, maximum_seconds=3.0).duration_seconds == 3.0
    with pytest.raises(AudioTooLong):
        decode(io.BytesIO(content), sample_rate_hz=16_000, maximum_seconds=2.99)


def recording_of(rate_hz: int, *, seconds: float = 1.0) -> bytes:
    """A WAV file that says it has so many samples a second, and holds as many as that makes."""
    samples = bytes([128]) * round(rate_hz * seconds)
    header = struct.pack("<4sIHHIIHH4sI", b"fmt ", 16, 1, 1, rate_hz, rate_hz, 1, 8, b"data", len(samples))
    return b"RIFF" + struct.pack("<I", 4 + len(header) + len(samples)) + b"WAVE" + header + samples


@pytest.mark.parametrize("rate_hz", [1, 10, 999, 1_000_000])
def test_what_no_microphone_records_is_no_audio(rate_hz: int) -> None:
    """A few bytes that claim to be hours, by a rate that no recording has, are refused before they are made so long."""
    with pytest.raises(NotAudio, match=f"{rate_hz} samples a second"):
        next(decode_blocks(io.BytesIO(recording_of(rate_hz, seconds=max(1, 8000 / rate_hz))), sample_rate_hz=16_000))


@pytest.mark.parametrize("rate_hz", [1000, 4000, 8000, 192_000])
def test_toys_and_studios_are_heard(rate_hz: int) -> None:
    """Every rate that is used is taken, and the length is that of the recording."""
    audio = decode(io.BytesIO(recording_of(rate_hz, seconds=3)), sample_rate_hz=16_000)
    assert audio.duration_seconds == pytest.approx(3, abs=0.01)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of one process")
def test_the_pictures_of_a_film_take_no_memory(tmp_path: Path) -> None:
    """Sound beside pictures of any size is read without one of them being decoded."""
    film = tmp_path / "film.mkv"
    with av.open(str(film), "w") as container:
        video = container.add_stream("mpeg4", rate=1, options={})
        video.width = video.height = 8000
        video.pix_fmt = "yuv420p"
        audio = container.add_stream("aac", rate=24_000)
        picture = av.VideoFrame(8000, 8000, "yuv420p")
        picture.pts = 0
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 24_000), np.float32), format="flt", layout="mono")
        sound.sample_rate = 24_000
        container.mux([*video.encode(picture), *audio.encode(sound), *video.encode(None), *audio.encode(None)])
    grown_kib = subprocess.run(
        [sys.executable, "-c", _GROWTH, str(film)], check=True, capture_output=True, text=True
    ).stdout
    assert int(grown_kib) < 20_000


_GROWTH = """
import re, sys
from pathlib import Path
from sayso.audio import decode_blocks

def peak_kib():
    return int(re.search("VmHWM:\\s*([0-9]+)", Path("/proc/self/status").read_text())[1])

before = peak_kib()
assert sum(map(len, decode_blocks(Path(sys.argv[1]), sample_rate_hz=24_000))) >= 24_000
print(peak_kib() - before)
"""
