"""What is written comes out of a player when the subtitles say it does."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from sayso.audio import AudioFormat, AudioTags, AudioWriter, decode
from sayso.errors import InvalidInput, OutputFailed
from sayso.types import Chapter

if TYPE_CHECKING:
    from sayso.types import FloatArray
from support.audio.sounds import pings, shift

LENGTH = 24_000 * 5 + 1234
PLACES = (100, 5_000, 60_001, LENGTH - 5_000)
FRAME_SAMPLES = {AudioFormat.MP3: 576, AudioFormat.AAC: 1024, AudioFormat.M4A: 1024}


class Pipe(io.RawIOBase):
    """A stream that can only be written, front to back."""

    def __init__(self) -> None:
        super().__init__()
        self.received = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        chunk = bytes(data)  # type: ignore[call-overload]  # any buffer
        self.received += chunk
        return len(chunk)


def written(
    samples: FloatArray,
    target: Path | io.BytesIO,
    audio_format: AudioFormat,
    *,
    sample_rate_hz: int = 24_000,
    block: int = 7_001,
    tags: AudioTags | None = None,
    interrupted: bool = False,
) -> None:
    with AudioWriter(target, audio_format, sample_rate_hz=sample_rate_hz, tags=tags) as writer:
        for start in range(0, len(samples), block):
            writer.write(samples[start : start + block])
        if interrupted:
            raise KeyboardInterrupt


@pytest.mark.parametrize("audio_format", AudioFormat)
@pytest.mark.parametrize("sample_rate_hz", [16_000, 22_050, 24_000, 48_000])
def test_every_format_plays_each_sound_at_its_time(
    tmp_path: Path, audio_format: AudioFormat, sample_rate_hz: int
) -> None:
    """The encoder's delay is compensated: no sound is off by more than a millisecond at any engine's rate."""
    samples = pings(PLACES, length=LENGTH, sample_rate_hz=sample_rate_hz)
    path = tmp_path / f"pings.{audio_format}"
    written(samples, path, audio_format, sample_rate_hz=sample_rate_hz)

    heard = decode(path, sample_rate_hz=sample_rate_hz).samples

    # A bare AAC stream has nothing before its first frame to blend it with, so the first ping is not held against it.
    places = PLACES[1:] if audio_format is AudioFormat.AAC else PLACES
    assert [abs(shift(heard, samples, place)) <= sample_rate_hz / 1000 for place in places] == [True] * len(places)


@pytest.mark.parametrize("audio_format", AudioFormat)
@pytest.mark.parametrize("length", [2_400, 24_000, LENGTH, 240_777])
def test_the_decoded_length_is_the_written_length(tmp_path: Path, audio_format: AudioFormat, length: int) -> None:
    """Nothing is cut off or added: to the sample, but for MP3 and AAC, whose last frame may play to its end."""
    samples = pings((0,), length=length)
    path = tmp_path / f"length.{audio_format}"
    written(samples, path, audio_format)

    extra = len(decode(path, sample_rate_hz=24_000).samples) - length

    assert 0 <= extra < FRAME_SAMPLES.get(audio_format, 1)


@pytest.mark.parametrize("audio_format", AudioFormat)
def test_a_stream_holds_the_same_sound_as_a_file(tmp_path: Path, audio_format: AudioFormat) -> None:
    """Writing into memory gives what writing to a path gives, and the stream stays open for its owner."""
    samples = pings(PLACES, length=LENGTH)
    stream = io.BytesIO()
    path = tmp_path / "sound"
    written(samples, stream, audio_format)
    written(samples, path, audio_format)

    stream.seek(0)

    np.testing.assert_array_equal(
        decode(stream, sample_rate_hz=24_000).samples, decode(path, sample_rate_hz=24_000).samples
    )


@pytest.mark.parametrize("audio_format", AudioFormat)
def test_the_same_sound_is_the_same_file(tmp_path: Path, audio_format: AudioFormat) -> None:
    """Written twice, a sound is the same bytes: whoever does a job again finds that its file is there already."""
    samples = pings(PLACES, length=LENGTH)
    for name in ("once", "again"):
        written(samples, tmp_path / name, audio_format)

    assert (tmp_path / "once").read_bytes() == (tmp_path / "again").read_bytes()


def bursts(*, sample_rate_hz: int) -> FloatArray:
    """Three quarters of a minute of a rising tone and swelling noise."""
    clock = np.arange(45 * sample_rate_hz + 777) / sample_rate_hz
    noise = np.random.default_rng(5).standard_normal(len(clock)) * np.sin(2 * np.pi * 1.3 * clock) ** 2
    samples: FloatArray = (0.1 * noise + 0.3 * np.sin(900 * clock**1.5)).astype(np.float32)
    return samples


def test_a_long_mp3_is_what_one_encoder_makes(tmp_path: Path) -> None:
    """A file that several encoders shared is, byte for byte, what one encoder makes of the whole."""
    samples = bursts(sample_rate_hz=24_000)
    stream, path = io.BytesIO(), tmp_path / "long.mp3"
    written(samples, stream, AudioFormat.MP3)
    written(samples, path, AudioFormat.MP3)

    assert path.read_bytes() == stream.getvalue()


@pytest.mark.parametrize("sample_rate_hz", [22_050, 44_100])
def test_a_long_mp3_shows_no_joins(tmp_path: Path, sample_rate_hz: int) -> None:
    """At rates whose frames differ in size by a byte, no stretch is further from the original than one encoder's."""
    samples = bursts(sample_rate_hz=sample_rate_hz)
    stream, path = io.BytesIO(), tmp_path / "long.mp3"
    written(samples, stream, AudioFormat.MP3, sample_rate_hz=sample_rate_hz)
    written(samples, path, AudioFormat.MP3, sample_rate_hz=sample_rate_hz)
    stream.seek(0)

    def worst_error(source: Path | io.BytesIO) -> float:
        whole = len(samples) - len(samples) % 1_000
        errors = decode(source, sample_rate_hz=sample_rate_hz).samples[:whole] - samples[:whole]
        stretches = errors.reshape(-1, 1_000)
        return float(np.sqrt(np.mean(stretches**2, axis=1)).max())

    assert worst_error(path) <= 1.01 * worst_error(stream)


@pytest.mark.parametrize("audio_format", [AudioFormat.WAV, AudioFormat.FLAC, AudioFormat.OPUS, AudioFormat.AAC])
def test_a_pipe_receives_sound_in_time(audio_format: AudioFormat) -> None:
    """A format that can be written front to back is in time there too."""
    samples = pings(PLACES, length=LENGTH)
    pipe = Pipe()
    with AudioWriter(pipe, audio_format, sample_rate_hz=24_000) as writer:  # type: ignore[arg-type]  # raw, not buffered
        writer.write(samples)

    heard = decode(io.BytesIO(bytes(pipe.received)), sample_rate_hz=24_000).samples

    assert abs(shift(heard, samples, PLACES[1])) <= 24


def test_m4a_refuses_a_pipe() -> None:
    """A format that needs to seek says so before anything is written."""
    with pytest.raises(InvalidInput, match="M4A"):
        AudioWriter(Pipe(), AudioFormat.M4A, sample_rate_hz=24_000)  # type: ignore[arg-type]  # raw, not buffered


def test_m4a_has_its_index_in_front(tmp_path: Path) -> None:
    """A browser can play an M4A before it has all of it."""
    path = tmp_path / "a.m4a"
    written(pings(PLACES, length=LENGTH), path, AudioFormat.M4A)

    content = path.read_bytes()

    assert 0 < content.find(b"moov") < content.find(b"mdat")


@pytest.mark.parametrize("audio_format", [AudioFormat.WAV, AudioFormat.FLAC])
def test_loud_samples_are_clipped(tmp_path: Path, audio_format: AudioFormat) -> None:
    """A sample beyond full scale becomes full scale, never its opposite."""
    path = tmp_path / "loud"
    written(np.array([1.5, -1.5, 1.0, -1.0, 0.5], np.float32), path, audio_format)

    np.testing.assert_allclose(decode(path, sample_rate_hz=24_000).samples, [1, -1, 1, -1, 0.5], atol=1e-4)


@pytest.mark.parametrize("audio_format", AudioFormat)
def test_tags_come_back(tmp_path: Path, audio_format: AudioFormat) -> None:
    """Title, language and chapters are read back by libav, as far as the format has a place for them."""
    chapters = (
        Chapter(title="Où l’on part", start_sample=0, end_sample=48_000),
        Chapter(title="Two", start_sample=48_000, end_sample=LENGTH),
    )
    path = tmp_path / "tagged"
    tags = AudioTags(title="Été “x”", language="fr-fr", chapters=chapters)
    written(pings((0,), length=LENGTH), path, audio_format, tags=tags)

    with av.open(str(path)) as container:
        found = {**container.metadata, **container.streams[0].metadata}
        marks = [(float(mark["start"] * mark["time_base"]), mark["metadata"]["title"]) for mark in container.chapters()]  # type: ignore[operator]  # never None for a file

    assert found["title"] == "Été “x”"
    assert found["language"] == ("fr-fr" if audio_format in {AudioFormat.OPUS, AudioFormat.FLAC} else "fra")
    assert marks == ([] if audio_format is AudioFormat.WAV else [(0.0, "Où l’on part"), (2.0, "Two")])


def test_an_unknown_language_is_left_out(tmp_path: Path) -> None:
    """A language that the format has no code for is not written as another one."""
    path = tmp_path / "klingon.mp3"
    written(pings((0,), length=2400), path, AudioFormat.MP3, tags=AudioTags(language="tlh"))

    with av.open(str(path)) as container:
        assert "language" not in container.metadata


def test_an_exception_leaves_no_file(tmp_path: Path) -> None:
    """A file that was not finished is gone, and what was at its name before is still there."""
    path = tmp_path / "kept.mp3"
    path.write_bytes(b"before")

    with pytest.raises(KeyboardInterrupt):
        written(pings((0,), length=LENGTH), path, AudioFormat.MP3, interrupted=True)

    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_at_the_name_before_the_end(tmp_path: Path) -> None:
    """Who looks for the file while it is being written does not find half of it."""
    path = tmp_path / "sound.wav"
    with AudioWriter(path, AudioFormat.WAV, sample_rate_hz=24_000) as writer:
        writer.write(pings((0,), length=LENGTH))
        assert not path.exists()
    assert path.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")
@pytest.mark.parametrize("audio_format", AudioFormat)
def test_a_full_disk_is_reported(audio_format: AudioFormat) -> None:
    """Bytes that found no place raise, with the path and the cause, even when only the last ones did not."""
    with (
        pytest.raises(OutputFailed, match=r"/dev/full.*[Nn]o space"),
        AudioWriter(Path("/dev/full"), audio_format, sample_rate_hz=24_000) as writer,
    ):
        writer.write(pings((0,), length=240))


def test_a_missing_directory_is_reported(tmp_path: Path) -> None:
    """A target that cannot be made is refused before any work is done."""
    with pytest.raises(OutputFailed, match="nowhere"):
        AudioWriter(tmp_path / "nowhere" / "a.mp3", AudioFormat.MP3, sample_rate_hz=24_000)


@pytest.mark.parametrize(("name", "expected"), [("a.mp3", "mp3"), ("b.OGG", "opus"), ("c.m4b", "m4a")])
def test_a_suffix_names_a_format(name: str, expected: str) -> None:
    """The suffix of an output file decides its format, in whatever case it is written."""
    assert AudioFormat.of(Path(name)) == AudioFormat(expected)


def test_an_unknown_suffix_is_refused() -> None:
    """A suffix that is no format of ours is wrong use, and the hint lists the formats."""
    with pytest.raises(InvalidInput) as caught:
        AudioFormat.of(Path("a.docx"))
    assert ".mp3" in (caught.value.hint or "")
