"""A chain of transcribers reads one recording, which is decoded once, with the options that the caller gave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sayso.errors import AudioTooLong, AudioTooShort, Cancelled, EngineFailed, EngineUnavailable, NotAudio
from sayso.resilience import Breaker, Chain, Link
from sayso.resilience.breaker_limits import PROVIDER
from sayso.scheduling import Scheduler
from sayso.stt import DEFAULT_OPTIONS, TranscriptionOptions
from sayso.testing import FakeTranscriber
from sayso.transcription import opened, transcribe
from support.audio.sounds import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sayso.stt import Recording, Transcriber, Transcript

Fault: TypeAlias = Literal["before", "halfway", "after"]


class Failing(FakeTranscriber):
    """Fails before it reads the recording, in the middle of it, or after it."""

    def __init__(self, fault: Fault, seen: list[TranscriptionOptions]) -> None:
        super().__init__()
        self._fault = fault
        self._seen = seen

    def transcribe(
        self, recording: Recording, options: TranscriptionOptions = DEFAULT_OPTIONS, **rest: Any
    ) -> Transcript:
        self._seen.append(options)
        if self._fault == "halfway":
            next(recording.blocks(0, recording.duration_samples // 2))
        if self._fault == "after":
            super().transcribe(recording, options, **rest)
        if self._fault == "before":
            raise EngineUnavailable("It broke off.", reason="connection")
        raise EngineFailed("It broke.")


class Seeing(FakeTranscriber):
    """Keeps the options that it is given."""

    def __init__(self, seen: list[TranscriptionOptions]) -> None:
        super().__init__()
        self._seen = seen

    def transcribe(
        self, recording: Recording, options: TranscriptionOptions = DEFAULT_OPTIONS, **rest: Any
    ) -> Transcript:
        self._seen.append(options)
        return super().transcribe(recording, options, **rest)


@pytest.fixture(scope="module")
def hum(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small enough to be opened without a trial by another process."""
    path = tmp_path_factory.mktemp("hum") / "hum.flac"
    samples = np.random.default_rng(1).standard_normal(36_000).astype(np.float32) * 0.1
    path.write_bytes(encoded(samples, "flac"))
    return path


@pytest.fixture(scope="module")
def decoded() -> Iterator[list[str]]:
    """The mode of every file that is opened for decoding."""
    modes = []
    av_open: Any = av.open

    def counting(file: Any, mode: str = "r", *args: Any, **options: Any) -> Any:
        modes.append(mode)
        return av_open(file, mode, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(av, "open", counting)
        yield modes


def chain_of(*engines: Transcriber) -> Chain[Transcriber]:
    return Chain(
        [Link(name=f"engine {place}", engine=each, breaker=Breaker(PROVIDER)) for place, each in enumerate(engines)]
    )


@given(faults=st.lists(st.sampled_from(["before", "halfway", "after"]), max_size=4), told=st.booleans())
def test_whatever_fails_the_file_is_decoded_once(
    hum: Path, decoded: list[str], faults: list[Fault], told: bool
) -> None:
    """The engine after one that failed reads the same recording from its start, with the same options."""
    options = TranscriptionOptions(language="en", prompt="Keeper", temperature=0.2)
    decoded.clear()
    seen: list[TranscriptionOptions] = []
    pieces: list[str] = []
    chain = chain_of(*(Failing(fault, seen) for fault in faults), Seeing(seen))
    with opened(hum) as recording:
        made = transcribe(chain, recording, options, listener=pieces.append if told else None)
        alone = FakeTranscriber().transcribe(recording, options)
    assert decoded == ["r"]
    assert made.result == alone
    assert made.engine == f"engine {len(faults)}"
    assert len(made.failures) == len(faults)
    assert all(each is options for each in seen)
    assert len(seen) == len(faults) + 1
    assert "".join(pieces) == (alone.text if told else "")


def test_an_early_engine_passes_its_text_on_when_it_is_complete(hum: Path) -> None:
    """Only the last engine of a chain passes it on piece by piece."""
    pieces: list[str] = []
    with opened(hum) as recording:
        made = transcribe(
            chain_of(FakeTranscriber(), FakeTranscriber()), recording, DEFAULT_OPTIONS, listener=pieces.append
        )
        assert pieces == [made.result.text]
        pieces.clear()
        transcribe(chain_of(FakeTranscriber()), recording, DEFAULT_OPTIONS, listener=pieces.append)
        assert len(pieces) > 1


@pytest.mark.parametrize(("seconds", "error"), [(0.09, AudioTooShort), (3.1, AudioTooLong)])
def test_recordings_of_other_lengths_are_refused(tmp_path: Path, seconds: float, error: type[Exception]) -> None:
    """Before any engine is asked."""
    path = tmp_path / "hum.wav"
    path.write_bytes(encoded(np.full(round(24_000 * seconds), 0.1, np.float32), "wav"))
    with pytest.raises(error), opened(path, maximum_seconds=3):
        pytest.fail("It was opened.")


def test_what_is_no_audio_is_refused(tmp_path: Path) -> None:
    """Before any engine is asked, too."""
    path = tmp_path / "letter.txt"
    path.write_text("Dear all")
    with pytest.raises(NotAudio), opened(path):
        pytest.fail("It was opened.")


def test_cancelled_work_is_not_decoded(hum: Path) -> None:
    """Decoding takes compute permits of the request."""
    context = Scheduler(permits=1, slots=1).admit("a")
    context.close()
    with pytest.raises(Cancelled), opened(hum, context):
        pytest.fail("It was opened.")
