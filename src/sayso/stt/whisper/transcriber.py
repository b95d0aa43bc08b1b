"""Transcription by a local Whisper model."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sayso.errors import UnsupportedLanguage
from sayso.lazy import LazyModel
from sayso.machine import processors
from sayso.scheduling import UNBOUNDED
from sayso.stt.base import DEFAULT_OPTIONS
from sayso.stt.recording import SAMPLE_RATE_HZ
from sayso.stt.segments import Segmenter
from sayso.stt.transcript import TranscriptBuilder
from sayso.stt.vad import SpeechDetector, chunks_of, prepared
from sayso.stt.vad_options import VadOptions
from sayso.stt.whisper.abilities import translates
from sayso.stt.whisper.batched_decoder import BatchedDecoder, engine_errors
from sayso.stt.whisper.decoding import DecodingOptions
from sayso.stt.whisper.files import WhisperFiles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from sayso.scheduling import RequestContext
    from sayso.stt.base import Listener, Progress, Transcript, TranscriptionOptions
    from sayso.stt.recording import Recording
    from sayso.stt.transcript import EngineSegment
    from sayso.stt.vad import Chunk
    from sayso.stt.whisper.model import LoadedWhisper

_DIGEST_DIGITS = 16
_SHOWN_DIGITS = 12

REVISION = 5
"""Raised whenever the code around the model gives other texts or times for the same recording."""

_SURE = 0.5
_CHUNKS_TO_BE_SURE = 3
"""At most so many chunks are used to detect a language that the first ones leave unsure."""

_DETECTION_SECONDS = 300
"""A language that is detected alone is that of so much of the beginning."""

_UNKNOWN_LANGUAGE = "und"  # BCP 47's own


class _Found(NamedTuple):
    """A language, its probability, and the first chunk as the encoder gives it."""

    code: str
    probability: float
    encoded: Any


class WhisperTranscriber:
    """A Whisper model in CTranslate2's format, quantised to 8 bits as it is loaded.

    It is loaded when it is first needed, which takes less than a second, and shared by all threads. Each recording is
    cut into chunks at pauses; as many threads as there are processors decode them, each under compute permits.

    Args:
        model_directory: the folder with ``model.bin``, ``config.json`` and ``tokenizer.json``.
        threads: how many threads compute; None for one on each processor.
        idle_unload_seconds: after how long without work the model leaves the memory; 0 for never.
        model_name: that of the directory by default.
        model_version: of a model whose files another process replaces, as its manifest has it, or empty; None for a
            model of the catalogue. With one, the model is loaded only from the files that were there when this was
            made, and its transcripts name it.

    Raises:
        ModelMissing: a file is not there.
    """

    def __init__(
        self,
        model_directory: Path,
        *,
        threads: int | None = None,
        idle_unload_seconds: float = 0,
        model_name: str | None = None,
        model_version: str | None = None,
    ) -> None:
        self.directory = model_directory
        self._files = WhisperFiles(model_directory, may_change=model_version is not None)
        self._workers = threads or processors()
        self._model = LazyModel(self._load, idle_unload_seconds=idle_unload_seconds)
        self.model_name = model_name or model_directory.name
        self.model_version = model_version
        self.name = f"faster-whisper:{self.model_name}"

    @cached_property
    def fingerprint(self) -> str:
        """The library's version, ours, and the digest of the model's weights.

        Raises:
            ModelReplaced: the files are others than those that this was made from.
        """
        return f"faster-whisper {version('faster-whisper')} r{REVISION} {self._files.digest()[:_DIGEST_DIGITS]}"

    @property
    def known_fingerprint(self) -> str | None:
        """The fingerprint, if it is known without reading the weights."""
        return None if self._files.known_digest is None else self.fingerprint

    @property
    def is_loaded(self) -> bool:
        """Whether the model is in memory."""
        return self._model.is_loaded

    def languages(self) -> frozenset[str]:
        """The codes of the languages that it knows; loads the model.

        Raises:
            ModelCorrupt, ModelReplaced: as `transcribe`.
        """
        with self._model.use() as model:
            return frozenset(model.languages)

    def try_out(self) -> None:
        """Load the model, and decode a second of silence with it.

        Raises:
            ModelCorrupt, ModelReplaced: as `transcribe`.
            EngineFailed: it does not compute.
        """
        options = DecodingOptions(language="en", task="transcribe", temperature=0.0)
        with self._model.use() as model, engine_errors():
            encoded = model.encode([np.zeros(SAMPLE_RATE_HZ, np.float32)], UNBOUNDED)
            model.decode(encoded, [SAMPLE_RATE_HZ], options, (), UNBOUNDED)

    def retire(self) -> None:
        """Let the model leave the memory with its last user, whatever the idle time is."""
        self._model.retire()

    def transcribe(
        self,
        recording: Recording,
        options: TranscriptionOptions = DEFAULT_OPTIONS,
        *,
        listener: Listener | None = None,
        progress: Progress | None = None,
        context: RequestContext = UNBOUNDED,
    ) -> Transcript:
        """See `Transcriber.transcribe`.

        Segments are sentences, or the clauses of long ones. The language of silence is "und" unless it is named.

        Raises:
            ModelCorrupt: the model cannot be loaded.
            ModelReplaced: its files were replaced while it was not in memory; nothing was passed on.
        """
        with self._model.use() as model:
            return self._named(self._transcript(model, recording, options, listener, progress, context))

    def detect_language(self, recording: Recording, *, context: RequestContext = UNBOUNDED) -> tuple[str, float] | None:
        """The code of the language that is spoken in the first minutes, and its probability, 0 to 1.

        Returns:
            None for silence, and of a model that knows one language only.

        Raises:
            EngineFailed, ModelCorrupt, ModelReplaced: as `transcribe`.
            Cancelled, DeadlineExceeded: as the context says.
        """
        with self._model.use() as model:
            if len(model.languages) == 1:
                return None
            end_sample = min(recording.duration_samples, _DETECTION_SECONDS * SAMPLE_RATE_HZ)
            chunks = _speech_chunks(recording, VadOptions(), context, end_sample=end_sample)
            if not chunks:
                return None
            decoder = BatchedDecoder(model, recording, context, workers=self._workers)
            found = _detect_language(model, decoder, chunks, None, frozenset(), context)
            return found.code, found.probability

    def _transcript(
        self,
        model: LoadedWhisper,
        recording: Recording,
        options: TranscriptionOptions,
        listener: Listener | None,
        progress: Progress | None,
        context: RequestContext,
    ) -> Transcript:
        code = self._language(model, options)
        growing = _GrowingTranscript(recording, listener, progress)
        vad = options.vad or VadOptions()
        chunks = _speech_chunks(recording, vad, context, end_sample=recording.duration_samples)
        if not chunks:
            return growing.transcript(code or _UNKNOWN_LANGUAGE, 1.0 if code else 0.0)
        decoder = BatchedDecoder(model, recording, context, workers=self._workers)
        found = _detect_language(model, decoder, chunks, code, self._candidates(model, options), context)
        language = "en" if options.task == "translate" else found.code
        prompt = ", ".join([*([options.prompt] if options.prompt else []), *options.keywords])
        decoding = DecodingOptions(
            language=found.code,
            task=options.task,
            temperature=options.temperature,
            prompt=model.prompt_tokens(prompt) if prompt else (),
        )
        segmenter = Segmenter(language)
        with closing(decoder.decode(chunks, found.encoded, decoding)) as results:  # its threads end before we do
            for result in results:
                growing.add(segmenter.add(result.words), result.chunk.end)
        growing.add(segmenter.finish(), recording.duration_samples)
        return growing.transcript(language, found.probability)

    def _named(self, transcript: Transcript) -> Transcript:
        """The transcript with the model that made it, where the model's name does not say which files it was."""
        if self.model_version is None:
            return transcript
        edition = self.model_version or self._files.digest()[:_SHOWN_DIGITS]
        return replace(transcript, model=f"{self.model_name}@{edition}", fingerprint=self.fingerprint)

    def _load(self) -> LoadedWhisper:
        return self._files.load(workers=self._workers)

    def _language(self, model: LoadedWhisper, options: TranscriptionOptions) -> str | None:
        """Whisper's code for the language, None to detect it; faster-whisper would silently take another one."""
        known = model.languages
        if options.task == "translate" and len(known) == 1:
            raise UnsupportedLanguage(
                f"{self.name} knows English only and cannot translate.", hint="Use a model without “.en” in its name."
            )
        if options.task == "translate" and not translates(self.model_name):
            raise UnsupportedLanguage(f"{self.name} was not trained to translate.", hint="whisper-base can.")
        if options.language is None:
            return known[0] if len(known) == 1 else None
        code = options.language.lower().split("-")[0]
        if code not in known:
            raise UnsupportedLanguage(
                f"{self.name} does not know the language “{options.language}”.", hint=f"It knows: {', '.join(known)}."
            )
        return code

    def _candidates(self, model: LoadedWhisper, options: TranscriptionOptions) -> frozenset[str]:
        """The codes among which a language is detected; those that the model does not know are left out."""
        codes = frozenset(language.lower().split("-")[0] for language in options.languages)
        known = codes.intersection(model.languages)
        if codes and not known:
            names = ", ".join(sorted(codes))
            raise UnsupportedLanguage(f"{self.name} knows none of the languages {names}.")
        return known


class _GrowingTranscript:
    """The transcript of the segments so far; each addition is reported to the listener and as progress."""

    def __init__(self, recording: Recording, listener: Listener | None, progress: Progress | None) -> None:
        self._builder = TranscriptBuilder(recording.duration_samples)
        self._duration_seconds = recording.duration_seconds
        self._listener = listener
        self._progress = progress

    def add(self, segments: Sequence[EngineSegment], done_samples: int) -> None:
        """Add complete segments, and report how much of the recording is done."""
        for segment in segments:
            piece = self._builder.add(segment)
            if self._listener is not None and piece:
                self._listener(piece)
        self._report(done_samples / SAMPLE_RATE_HZ)

    def transcript(self, language: str, probability: float) -> Transcript:
        """The whole."""
        self._report(self._duration_seconds)
        return self._builder.build(language=language, language_probability=probability)

    def _report(self, done_seconds: float) -> None:
        if self._progress is not None:
            self._progress(min(done_seconds, self._duration_seconds), self._duration_seconds)


def _speech_chunks(recording: Recording, vad: VadOptions, context: RequestContext, *, end_sample: int) -> list[Chunk]:
    """The chunks up to a sample that hold speech, detected a minute at a time."""
    probabilities = [np.empty(0, np.float32)]
    if not recording.is_silent:
        detector = SpeechDetector()
        for block in recording.blocks(0, end_sample):
            with engine_errors(), context.permit():
                probabilities.append(detector.probabilities(prepared(recording, block)))
    return chunks_of(np.concatenate(probabilities), end_sample, vad)


def _detect_language(
    model: LoadedWhisper,
    decoder: BatchedDecoder,
    chunks: Sequence[Chunk],
    code: str | None,
    candidates: frozenset[str],
    context: RequestContext,
) -> _Found:
    """The language: the caller's, or the likeliest candidate in the first chunks; without candidates, of all."""
    first = decoder.encode(chunks[0])
    if code is not None:
        return _Found(code, 1.0, first)
    sums: dict[str, float] = {}
    for number, chunk in enumerate(chunks[:_CHUNKS_TO_BE_SURE], start=1):
        encoded = first if number == 1 else decoder.encode(chunk)
        with engine_errors(), context.permit():
            likely = model.language_probabilities(encoded)
        likely = {language: likely[language] for language in candidates & likely.keys()} or likely
        sums = {language: sums.get(language, 0.0) + probability for language, probability in likely.items()}
        best = max(sums, key=lambda language: sums[language])
        if sums[best] / number >= _SURE:
            break
    return _Found(best, sums[best] / number, first)
