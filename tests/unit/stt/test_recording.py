"""A recording on disk is the sound that it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from sayso.audio import AudioFormat, AudioWriter
from sayso.errors import AudioTooLong, Cancelled, NotAudio
from sayso.scheduling import UNBOUNDED, Scheduler
from sayso.stt import SAMPLE_RATE_HZ
from sayso.stt.recording import open_recording
from sayso.types import Audio
from support.audio.sounds import encoded

if TYPE_CHECKING:
    from pathlib import Path


def noise(seconds: float, level: float = 0.1) -> Audio:
    samples = np.random.default_rng(1).uniform(-level, level, round(seconds * SAMPLE_RATE_HZ)).astype(np.float32)
    return Audio(samples=samples, sample_rate_hz=SAMPLE_RATE_HZ)


def test_it_gives_back_what_went_in() -> None:
    """Any stretch of it is the same stretch of the sound, to 16 bits, over the borders of its blocks too."""
    audio = noise(150)
    with open_recording(audio, UNBOUNDED) as recording:
        assert recording.duration_samples == len(audio.samples)
        assert recording.duration_seconds == 150
        for start, end in ((0, 10), (59 * SAMPLE_RATE_HZ, 61 * SAMPLE_RATE_HZ + 7), (0, len(audio.samples))):
            stretch = np.concatenate(list(recording.blocks(start, end)))
            np.testing.assert_allclose(stretch, audio.samples[start:end], rtol=0, atol=1e-4)


def test_a_file_is_as_its_sound(tmp_path: Path) -> None:
    """A file is decoded to the same samples and levels."""
    audio = noise(65)
    path = tmp_path / "noise.flac"
    with AudioWriter(path, AudioFormat.FLAC, sample_rate_hz=SAMPLE_RATE_HZ) as writer:
        writer.write(audio.samples)

    with open_recording(path, UNBOUNDED) as file, open_recording(audio, UNBOUNDED) as sound:
        assert file.duration_samples == sound.duration_samples
        assert file.levels_db == pytest.approx(sound.levels_db, abs=0.1)


def test_levels_are_those_of_the_frames() -> None:
    """Half a second at half of full scale, then silence: -6 dB of a square wave, then the floor."""
    samples = np.concatenate([np.full(SAMPLE_RATE_HZ // 2, 0.5), np.zeros(SAMPLE_RATE_HZ // 2)]).astype(np.float32)
    with open_recording(Audio(samples=samples, sample_rate_hz=SAMPLE_RATE_HZ), UNBOUNDED) as recording:
        assert recording.levels_db[:50] == pytest.approx(-6.02, abs=0.01)
        assert recording.levels_db[50:] == pytest.approx(-100)
        assert not recording.is_silent


@pytest.mark.parametrize("seconds", [0.0, 0.003, 2.0])
def test_silence_is_known(seconds: float) -> None:
    """Nothing, too little for a frame, and a whisper below the noise of any room are silent."""
    with open_recording(noise(seconds, level=1e-4), UNBOUNDED) as recording:
        assert recording.is_silent


def test_what_is_no_audio_is_named(tmp_path: Path) -> None:
    """The error says which file it was."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear all", encoding="utf-8")
    with pytest.raises(NotAudio, match=r"letter\.txt"), open_recording(path, UNBOUNDED):
        pytest.fail("It was opened.")


def test_longer_recordings_than_are_taken_are_refused(tmp_path: Path) -> None:
    """A file beyond the bound is the caller's mistake."""
    path = tmp_path / "long.flac"
    path.write_bytes(encoded(np.zeros(24_000 * 5, np.float32), "flac"))
    with pytest.raises(AudioTooLong, match="3 s"), open_recording(path, maximum_seconds=3):
        pytest.fail("It was opened.")


def test_the_file_is_known(tmp_path: Path) -> None:
    """A recording knows the file that it was decoded from; samples have none."""
    path = tmp_path / "noise.flac"
    path.write_bytes(encoded(noise(1).samples, "flac"))
    with open_recording(path) as file, open_recording(noise(1)) as sound:
        assert (file.source, sound.source) == (path, None)


def test_decoding_stops_when_nobody_waits() -> None:
    """A slot that is closed computes nothing more."""
    slot = Scheduler(permits=1, slots=1).admit("someone")
    slot.close()
    with pytest.raises(Cancelled), open_recording(noise(1), slot):
        pytest.fail("It was opened.")
