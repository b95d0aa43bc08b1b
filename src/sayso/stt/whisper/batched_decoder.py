"""One recording heard by Whisper: its chunks in batches, on a thread for each processor, and the words in order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sayso.errors import EngineFailed, SaysoError
from sayso.stt.base import SAMPLE_RATE_HZ
from sayso.stt.segments import PlacedWord
from sayso.stt.transcript import EngineWord
from sayso.stt.whisper.repetition_filter import without_repetitions

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from concurrent.futures import Future
    from typing import Any

    from sayso.scheduling import RequestContext
    from sayso.stt.recording import Recording
    from sayso.stt.vad import Chunk
    from sayso.stt.whisper.model import DecodedChunk, DecodingOptions, LoadedWhisper
    from sayso.types import FloatArray

_LARGEST_BATCH = 4
"""Chunks in a batch: on one thread they are heard in a few seconds, and more gain little."""

_MISSED_SECONDS = 2.5
"""No word is spoken for so long: where there is more speech than that for a word, the model has left something out."""

_HEARD_AGAIN_AT_MOST = 4

_EARLY_SECONDS = 0.08
"""How much too early whisper-base's alignment is, on readings by Kokoro, whose times are known."""

_SHORTEST_WORD_SECONDS = 0.02


class ChunkResult(NamedTuple):
    """What was heard in a chunk."""

    chunk: Chunk
    words: list[PlacedWord]
    context_tokens: tuple[int, ...]


class Gap(NamedTuple):
    """A stretch of a chunk in which the model has left something out.

    Attributes:
        start: a sample of the recording.
        end: likewise.
        word: the number of the word that has this stretch to itself; the same as ``following`` before the first.
        following: the number of the word after it.
    """

    start: int
    end: int
    word: int
    following: int


class BatchedDecoder:
    """One recording; made, and used, on one thread.

    Args:
        model: the model.
        recording: what it hears.
        context: takes a turn for each step.
        workers: how many batches are heard at once.
    """

    def __init__(self, model: LoadedWhisper, recording: Recording, context: RequestContext, *, workers: int) -> None:
        self._model = model
        self._recording = recording
        self._context = context
        self._workers = workers

    def encoded(self, chunk: Chunk) -> Any:
        """A chunk as the model sees it.

        Raises:
            EngineFailed: the model broke.
        """
        sound = self._sound(chunk)
        with errors_translated():
            return self._model.encode([sound], self._context)

    def words(self, chunks: Sequence[Chunk], first_encoded: Any, wish: DecodingOptions) -> Generator[ChunkResult]:
        """What is heard in each chunk, in order.

        A batch is told what was said a little before it, in the latest batch that is complete by then however the
        threads are scheduled. So the same recording gives the same text on the same machine.

        Args:
            chunks: at least one.
            first_encoded: the first of them.
            wish: how they are to be heard.

        Raises:
            EngineFailed: the model broke.
            Cancelled, DeadlineExceeded: as the context says.
        """
        latest = self._hear(chunks[:1], [self._sound(chunks[0])], first_encoded, wish, ())
        yield from latest
        waiting: list[Future[list[ChunkResult]]] = []
        pool = ThreadPoolExecutor(self._workers, thread_name_prefix="whisper")
        try:
            for batch in batches(chunks[1:], self._workers):
                if len(waiting) == self._workers:
                    latest = waiting.pop(0).result()
                    yield from latest
                sounds = [self._sound(chunk) for chunk in batch]
                waiting.append(pool.submit(self._hear, batch, sounds, None, wish, latest[-1].context_tokens))
            for future in waiting:
                yield from future.result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _sound(self, chunk: Chunk) -> FloatArray:
        blocks = [block for piece in chunk.pieces for block in self._recording.blocks(piece.start, piece.end)]
        return np.concatenate(blocks)

    def _hear(
        self,
        chunks: Sequence[Chunk],
        sounds: Sequence[FloatArray],
        encoded: Any,
        wish: DecodingOptions,
        context_tokens: tuple[int, ...],
    ) -> list[ChunkResult]:
        """A batch, on any thread."""
        with errors_translated():
            if encoded is None:
                encoded = self._model.encode(sounds, self._context)
            taken = self._model.hear(encoded, [len(sound) for sound in sounds], wish, context_tokens, self._context)
            return [
                self._settled(chunk, sound, one, wish) for chunk, sound, one in zip(chunks, sounds, taken, strict=True)
            ]

    def _settled(self, chunk: Chunk, sound: FloatArray, taken: DecodedChunk, wish: DecodingOptions) -> ChunkResult:
        """What a chunk has when nothing is missing any more."""
        words = placed(chunk, taken)
        if not is_cut_short(chunk, words):
            return ChunkResult(chunk, self._completed(chunk, sound, words, wish), taken.context_tokens)
        in_halves = self._in_halves(chunk, sound, wish)
        words = in_halves if len(in_halves) > len(words) else words
        return ChunkResult(chunk, self._completed(chunk, sound, words, wish), ())

    def _in_halves(self, chunk: Chunk, sound: FloatArray, wish: DecodingOptions) -> list[PlacedWord]:
        """What is heard in each half of a chunk by itself; in halves again of one that is cut short too."""
        words = []
        for half in chunk.halves():
            found = self._again(chunk, half, sound, wish)
            if half != chunk and is_cut_short(half, found):
                found = self._in_halves(half, sound[chunk.offset(half.start) : chunk.offset(half.end)], wish)
            words += found
        return words

    def _completed(
        self, chunk: Chunk, sound: FloatArray, words: list[PlacedWord], wish: DecodingOptions
    ) -> list[PlacedWord]:
        """The words, and those that the model had left out: each stretch without words is heard alone."""
        looked_until = chunk.start
        for _ in range(_HEARD_AGAIN_AT_MOST):
            gap = first_missed(chunk, words, looked_until)
            if gap is None:
                break
            found = self._again(chunk, chunk.between(gap.start, gap.end), sound, wish)
            if len(found) > gap.following - gap.word:
                words = [*words[: gap.word], *found, *words[gap.following :]]
            else:
                looked_until = gap.end
        return words

    def _again(self, chunk: Chunk, part: Chunk, sound: FloatArray, wish: DecodingOptions) -> list[PlacedWord]:
        """What is heard in a part of a chunk by itself."""
        part_sound = sound[chunk.offset(part.start) : chunk.offset(part.end)]
        encoded = self._model.encode([part_sound], self._context)
        return placed(part, self._model.hear(encoded, [len(part_sound)], wish, (), self._context)[0])


def batches(chunks: Sequence[Chunk], workers: int) -> Iterator[Sequence[Chunk]]:
    """The chunks in batches that are small at first, for a text soon, and at last, so that all threads end together."""
    start, size = 0, 1
    while start < len(chunks):
        size = min(size + 1, _LARGEST_BATCH, max(1, (len(chunks) - start) // (2 * workers)))
        yield chunks[start : start + size]
        start += size


def placed(chunk: Chunk, taken: DecodedChunk) -> list[PlacedWord]:
    """The words of a chunk in the time of the recording; none for what is silence or was never said."""
    if taken.is_silence:
        return []
    details = taken.details
    words = []
    for word in without_repetitions(taken.words):
        start = chunk.place(word.start_seconds + _EARLY_SECONDS)
        sounding = chunk.sounding(start, chunk.place(word.end_seconds + _EARLY_SECONDS, is_end=True))
        start_seconds, end_seconds = sounding.start / SAMPLE_RATE_HZ, sounding.end / SAMPLE_RATE_HZ
        heard = EngineWord(word.text, start_seconds, max(end_seconds, start_seconds + _SHORTEST_WORD_SECONDS))
        words.append(PlacedWord(heard, word.tokens, details))
    return words


def is_cut_short(chunk: Chunk, words: Sequence[PlacedWord]) -> bool:
    """Whether the model ended long before the speech did, as whisper-base sometimes does after a heading.

    The times of the few words that there are tell nothing then: they are spread over the whole chunk.
    """
    fewest_seconds = _MISSED_SECONDS * (max(len(words), 1) + 1)
    return chunk.speech_between(chunk.start, chunk.end) > fewest_seconds * SAMPLE_RATE_HZ


def first_missed(chunk: Chunk, words: Sequence[PlacedWord], since: int) -> Gap | None:
    """The first stretch with more speech than a word can have, before the first word too; None when there is none.

    Args:
        chunk: what was heard.
        words: in it.
        since: a sample; stretches that end before it do not count.
    """
    starts = [_sample(word.word.start_seconds) for word in words]
    for following, (start, end) in enumerate(pairwise([chunk.start, *starts, chunk.end])):
        if end > since and chunk.speech_between(start, end) > _MISSED_SECONDS * SAMPLE_RATE_HZ:
            return Gap(start, end, word=max(following - 1, 0), following=following)
    return None


def _sample(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE_HZ)


@contextmanager
def errors_translated() -> Iterator[None]:
    """Whatever the libraries below raise, they document none of it, as an error of ours.

    Raises:
        EngineFailed: instead of theirs.
    """
    try:
        yield
    except SaysoError:
        raise
    except Exception as error:
        raise EngineFailed(f"Whisper broke: {error}.") from error
