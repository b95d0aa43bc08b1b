"""Decodes the chunks of one recording with Whisper: in batches, on several threads, and gives the words in order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import structlog

from sayso.errors import EngineFailed, SaysoError
from sayso.stt.invented import is_invented
from sayso.stt.recording import SAMPLE_RATE_HZ
from sayso.stt.segments import DecodedWord
from sayso.stt.transcript import EngineWord
from sayso.stt.whisper.repetition_filter import without_repetitions

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from concurrent.futures import Future
    from typing import Any

    from sayso.scheduling import RequestContext
    from sayso.stt.recording import Recording
    from sayso.stt.vad import Chunk
    from sayso.stt.whisper.decoding import DecodedChunk, DecodingOptions, TimedWord
    from sayso.stt.whisper.model import LoadedWhisper
    from sayso.types import FloatArray

_LARGEST_BATCH = 4
"""Chunks in a batch: one thread decodes them in a few seconds, and larger batches gain little."""

_LONGEST_WORD_SECONDS = 2.5
"""No word takes longer: where a word has more speech than that, the model has omitted words."""

_MAXIMUM_RETRIES = 4
"""So many gaps of a chunk are decoded again."""

_EARLY_SECONDS = 0.08
"""How much too early whisper-base's alignment is, on speech by Kokoro, whose times are known."""

_SHORTEST_WORD_SECONDS = 0.02

_SENTENCE_ENDS = tuple(".!?。！？")

_log = structlog.get_logger(__name__)


class ChunkResult(NamedTuple):
    """The words of a chunk, and the tokens that a later chunk gets as its context."""

    chunk: Chunk
    words: list[DecodedWord]
    context_tokens: tuple[int, ...]


class Gap(NamedTuple):
    """A part of a chunk with speech for which the model gave too few words.

    Attributes:
        start: a sample of the recording.
        end: likewise.
        word: the number of the only word in this part; the same as ``following`` before the first word.
        following: the number of the word after it.
    """

    start: int
    end: int
    word: int
    following: int


class BatchedDecoder:
    """Decodes one recording; one thread makes it and uses it.

    Args:
        model: the model.
        recording: whose chunks are decoded.
        context: the request's; each step holds a permit.
        workers: how many batches are decoded at once.
    """

    def __init__(self, model: LoadedWhisper, recording: Recording, context: RequestContext, *, workers: int) -> None:
        self._model = model
        self._recording = recording
        self._context = context
        self._workers = workers

    def encode(self, chunk: Chunk) -> Any:
        """The encoder's output for a chunk.

        Raises:
            EngineFailed: the model broke.
        """
        samples = self._samples(chunk)
        with engine_errors():
            return self._model.encode([samples], self._context)

    def decode(self, chunks: Sequence[Chunk], first_encoded: Any, options: DecodingOptions) -> Generator[ChunkResult]:
        """The words of each chunk, in order.

        A batch gets context tokens of the latest batch that is certainly complete before it starts, however the threads
        are scheduled. So the same recording gives the same text on the same machine.

        Args:
            chunks: at least one.
            first_encoded: the encoder's output for the first of them.
            options: how to decode them.

        Raises:
            EngineFailed: the model broke.
            Cancelled, DeadlineExceeded: as the context says.
        """
        latest = self._decode_batch(chunks[:1], [self._samples(chunks[0])], first_encoded, options, ())
        yield from latest
        waiting: list[Future[list[ChunkResult]]] = []
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="whisper")
        try:
            for batch in batches(chunks[1:], self._workers):
                if len(waiting) == self._workers:
                    latest = waiting.pop(0).result()
                    yield from latest
                samples = [self._samples(chunk) for chunk in batch]
                waiting.append(
                    pool.submit(self._decode_batch, batch, samples, None, options, latest[-1].context_tokens)
                )
            for future in waiting:
                yield from future.result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _samples(self, chunk: Chunk) -> FloatArray:
        blocks = [block for piece in chunk.pieces for block in self._recording.blocks(piece.start, piece.end)]
        return np.concatenate(blocks)

    def _decode_batch(
        self,
        chunks: Sequence[Chunk],
        samples: Sequence[FloatArray],
        encoded: Any,
        options: DecodingOptions,
        context_tokens: tuple[int, ...],
    ) -> list[ChunkResult]:
        """Decode a batch, on any thread."""
        with engine_errors():
            if encoded is None:
                encoded = self._model.encode(samples, self._context)
            decoded = self._model.decode(encoded, list(map(len, samples)), options, context_tokens, self._context)
            return [
                self._complete(chunk, each, one, options)
                for chunk, each, one in zip(chunks, samples, decoded, strict=True)
            ]

    def _complete(
        self, chunk: Chunk, samples: FloatArray, decoded: DecodedChunk, options: DecodingOptions
    ) -> ChunkResult:
        """The words of a chunk, after its parts that lack words were decoded again."""
        words = words_in_recording(chunk, decoded)
        if not ends_early(chunk, words):
            return ChunkResult(chunk, self._fill_gaps(chunk, samples, words, options), decoded.context_tokens)
        in_halves = self._decode_halves(chunk, samples, options)
        words = in_halves if len(in_halves) > len(words) else words
        return ChunkResult(chunk, self._fill_gaps(chunk, samples, words, options), ())

    def _decode_halves(self, chunk: Chunk, samples: FloatArray, options: DecodingOptions) -> list[DecodedWord]:
        """The words of each half of a chunk, decoded alone; of its halves where it ends early too."""
        words = []
        for half in chunk.halves():
            found = self._decode_part(chunk, half, samples, options)
            if half != chunk and ends_early(half, found):
                half_samples = samples[chunk.offset_of(half.start) : chunk.offset_of(half.end)]
                found = self._decode_halves(half, half_samples, options)
            words += found
        return words

    def _fill_gaps(
        self, chunk: Chunk, samples: FloatArray, words: list[DecodedWord], options: DecodingOptions
    ) -> list[DecodedWord]:
        """The words, and those that the model had omitted: each gap is decoded alone."""
        checked_until = chunk.start
        for _ in range(_MAXIMUM_RETRIES):
            gap = first_gap(chunk, words, checked_until)
            if gap is None:
                break
            found = self._decode_part(chunk, chunk.between(gap.start, gap.end), samples, options)
            if len(found) > gap.following - gap.word:
                words = [*words[: gap.word], *found, *words[gap.following :]]
            else:
                checked_until = gap.end
        return words

    def _decode_part(
        self, chunk: Chunk, part: Chunk, samples: FloatArray, options: DecodingOptions
    ) -> list[DecodedWord]:
        """The words of a part of a chunk, decoded alone."""
        part_samples = samples[chunk.offset_of(part.start) : chunk.offset_of(part.end)]
        encoded = self._model.encode([part_samples], self._context)
        decoded = self._model.decode(encoded, [len(part_samples)], options, (), self._context)
        return words_in_recording(part, decoded[0])


def batches(chunks: Sequence[Chunk], workers: int) -> Iterator[Sequence[Chunk]]:
    """The chunks in batches: small ones first, so that text comes soon, and last, so that all threads end together."""
    start, size = 0, 1
    while start < len(chunks):
        size = min(size + 1, _LARGEST_BATCH, max(1, (len(chunks) - start) // (2 * workers)))
        yield chunks[start : start + size]
        start += size


def words_in_recording(chunk: Chunk, decoded: DecodedChunk) -> list[DecodedWord]:
    """The words of a chunk in the time of the recording; none for silence, and no invented repetitions."""
    if decoded.is_silence:
        return []
    details = decoded.details
    words = []
    for word in _believed(chunk, decoded, without_repetitions(decoded.words)):
        start = chunk.sample_at(word.start_seconds + _EARLY_SECONDS)
        speech = chunk.clipped_to_speech(start, chunk.sample_at(word.end_seconds + _EARLY_SECONDS, is_end=True))
        start_seconds, end_seconds = speech.start / SAMPLE_RATE_HZ, speech.end / SAMPLE_RATE_HZ
        end_seconds = max(end_seconds, start_seconds + _SHORTEST_WORD_SECONDS)
        words.append(DecodedWord(EngineWord(word.text, start_seconds, end_seconds), word.tokens, details))
    return words


def _believed(chunk: Chunk, decoded: DecodedChunk, words: Sequence[TimedWord]) -> Iterator[TimedWord]:
    """The words without sentences that were invented for what is no speech, which are logged."""
    sentences = list(_sentences(words))
    for sentence in sentences:
        text = "".join(word.text for word in sentence).strip()
        start, end = chunk.sample_at(sentence[0].start_seconds), chunk.sample_at(sentence[-1].end_seconds, is_end=True)
        no_speech = decoded.no_speech_probability if len(sentences) == 1 else None  # it is that of the whole chunk
        share = chunk.speech_between(start, end) / max(end - start, 1) if end > start else None
        if is_invented(text, no_speech_probability=no_speech, speech_share=share):
            _log.info("an invented sentence is left out", text=text, start_seconds=round(start / SAMPLE_RATE_HZ, 2))
            continue
        yield from sentence


def _sentences(words: Sequence[TimedWord]) -> Iterator[list[TimedWord]]:
    sentence: list[TimedWord] = []
    for word in words:
        sentence.append(word)
        if word.text.rstrip().endswith(_SENTENCE_ENDS):
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def ends_early(chunk: Chunk, words: Sequence[DecodedWord]) -> bool:
    """Whether the model ended long before the speech did, as whisper-base sometimes does after a heading.

    The times of the few words are of no use then: they are spread over the whole chunk.
    """
    fewest_seconds = _LONGEST_WORD_SECONDS * (max(len(words), 1) + 1)
    return chunk.speech_between(chunk.start, chunk.end) > fewest_seconds * SAMPLE_RATE_HZ


def first_gap(chunk: Chunk, words: Sequence[DecodedWord], since: int) -> Gap | None:
    """The first part with more speech than a word can have, before the first word too; None when there is none.

    Args:
        chunk: that was decoded.
        words: of the chunk.
        since: a sample; parts that end before it do not count.
    """
    starts = [_sample(word.word.start_seconds) for word in words]
    for following, (start, end) in enumerate(pairwise([chunk.start, *starts, chunk.end])):
        if end > since and chunk.speech_between(start, end) > _LONGEST_WORD_SECONDS * SAMPLE_RATE_HZ:
            return Gap(start, end, word=max(following - 1, 0), following=following)
    return None


def _sample(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)


@contextmanager
def engine_errors() -> Iterator[None]:
    """Turn every error of the libraries, which document none, into `EngineFailed`.

    Raises:
        EngineFailed: in place of theirs.
    """
    try:
        yield
    except SaysoError:
        raise
    except Exception as error:
        raise EngineFailed(f"Whisper broke: {error}.") from error
