"""Transcription by faster-whisper, on this machine."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sayso.audio import decode, resample
from sayso.errors import EngineFailed, ModelCorrupt, ModelMissing, SaysoError, UnsupportedLanguage
from sayso.scheduling import FREE
from sayso.stt.base import SAMPLE_RATE_HZ, Listener, Progress, SegmentDetails, Task, Transcript
from sayso.stt.words import HeardSegment, HeardWord, TranscriptBuilder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.scheduling import Ticket
    from sayso.types import Audio

_FILES = ("model.bin", "config.json", "tokenizer.json")  # without the last, faster-whisper would ask a model hub
_BEAM_SIZE = 5
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)

# The detector's own 160 ms leaves out the pauses between sentences, and the windows that Whisper then reads end within
# one: on our English example it lost a sentence of twelve words at such an edge.
_MINIMUM_SILENCE_MS = 500


class WhisperTranscriber:
    """A Whisper model in CTranslate2's format, quantised to 8 bits as it is loaded.

    Loading takes about a second. Calls from several threads are served one after another. The whole recording is in
    memory while it is transcribed: about 350 MB for each hour.

    Args:
        model_directory: the folder with ``model.bin``, ``config.json`` and ``tokenizer.json``.
        threads: how many threads compute; None for the number that CTranslate2 chooses.

    Raises:
        ModelMissing: a file is not there.
        ModelCorrupt: a file cannot be loaded.
    """

    def __init__(self, model_directory: Path, *, threads: int | None = None) -> None:
        missing = [name for name in _FILES if not (model_directory / name).is_file()]
        if missing:
            raise ModelMissing(
                f"{model_directory} is no Whisper model: it lacks {', '.join(missing)}.",
                hint=f"Run: sayso models pull {model_directory.name}",
            )
        from faster_whisper import WhisperModel

        try:
            self._model = WhisperModel(str(model_directory), compute_type="int8", cpu_threads=threads or 0)
        except Exception as error:  # the libraries below document none of theirs
            raise ModelCorrupt(
                f"The Whisper model in {model_directory} cannot be loaded: {error}.", hint="Run: sayso models verify"
            ) from error
        self._directory = model_directory
        self.name = f"faster-whisper:{model_directory.name}"

    @cached_property
    def fingerprint(self) -> str:
        """The library's version and the digest of the model's weights."""
        with (self._directory / "model.bin").open("rb") as weights:
            digest = hashlib.file_digest(weights, "sha256").hexdigest()
        return f"faster-whisper {version('faster-whisper')} {digest[:16]}"

    def transcribe(
        self,
        source: Path | Audio,
        *,
        language: str | None = None,
        prompt: str | None = None,
        task: Task = "transcribe",
        temperature: float = 0.0,
        progress: Progress | None = None,
        listener: Listener | None = None,
        ticket: Ticket = FREE,
    ) -> Transcript:
        """Write down what is said; see `Transcriber.transcribe`."""
        spoken = self._language(language, task)
        audio = decode(source, sample_rate_hz=SAMPLE_RATE_HZ) if isinstance(source, Path) else source
        samples = resample(audio, SAMPLE_RATE_HZ).samples
        total_seconds = len(samples) / SAMPLE_RATE_HZ
        report = progress or _ignore
        builder = TranscriptBuilder(len(samples))
        with _errors_translated(), ticket.turn():
            heard, info = self._model.transcribe(
                samples,
                language=spoken,
                task=task,
                initial_prompt=prompt,
                beam_size=_BEAM_SIZE,
                word_timestamps=True,
                vad_filter=True,  # without it Whisper invents sentences for silence
                vad_parameters={"min_silence_duration_ms": _MINIMUM_SILENCE_MS},
                temperature=[temperature] if temperature else list(_TEMPERATURES),
                condition_on_previous_text=False,  # a window that is shown a wrong one repeats its mistake
            )
            for segment in heard:
                ticket.check()
                piece = builder.add(_heard(segment))
                if listener is not None and piece:
                    listener(piece)
                report(min(segment.end, total_seconds), total_seconds)
        report(total_seconds, total_seconds)
        return builder.build(
            language="en" if task == "translate" else info.language,
            language_probability=float(info.language_probability),
        )

    def _language(self, language: str | None, task: Task) -> str | None:
        """Whisper's code for a language, None to detect it; faster-whisper would take another one and go on."""
        if task == "translate" and not self._model.model.is_multilingual:
            raise UnsupportedLanguage(
                f"{self.name} knows English only and cannot translate.", hint="Use a model without “.en” in its name."
            )
        if language is None:
            return None
        code = language.lower().split("-")[0]
        known = self._model.supported_languages
        if code not in known:
            raise UnsupportedLanguage(
                f"{self.name} does not know the language “{language}”.", hint=f"It knows: {', '.join(known)}."
            )
        return code


def _heard(segment: Any) -> HeardSegment:
    words = tuple(HeardWord(word.word, word.start, word.end) for word in segment.words or ())
    details = SegmentDetails(
        tokens=tuple(segment.tokens),
        temperature=segment.temperature,
        average_log_probability=segment.avg_logprob,
        compression_ratio=segment.compression_ratio,
        no_speech_probability=segment.no_speech_prob,
    )
    return HeardSegment(words, details)


def _ignore(_done_seconds: float, _total_seconds: float) -> None:
    pass


@contextmanager
def _errors_translated() -> Iterator[None]:
    try:
        yield
    except SaysoError:
        raise
    except Exception as error:
        raise EngineFailed(f"Whisper broke: {error}.") from error
