"""How Whisper decodes a chunk: beam size, temperatures, the checks of its text, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from sayso.stt.base import SegmentDetails
from sayso.stt.written_words import continues_word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sayso.stt.base import Task

BEAM_SIZE = 2
"""On our recordings, 5 makes the same errors as 2, and takes a quarter more time."""

# OpenAI's own limits and steps, from whisper/transcribe.py: text beyond a limit is decoded again, with more variation.
TEMPERATURES = (0.2, 0.4, 0.6, 0.8, 1.0)
BEST_OF = 5
HIGHEST_COMPRESSION_RATIO = 2.4
LOWEST_LOG_PROBABILITY = -1.0
LIKELY_NO_SPEECH = 0.6

PROMPT_TOKENS = 223  # half of Whisper's text window, less one
CONTEXT_TOKENS = 80
"""So many tokens of the text before a chunk are given to the model, which then keeps to its names and spelling."""

CONTEXT_TEMPERATURE = 0.5
"""Text that was sampled at a higher temperature is no context."""


class TimedWord(NamedTuple):
    """A word with the white space before it and its punctuation; times in seconds from the start of its chunk."""

    text: str
    start_seconds: float
    end_seconds: float
    tokens: tuple[int, ...]


def written_words(pieces: Iterable[TimedWord]) -> list[TimedWord]:
    """The words as they are written, of the pieces that Whisper's tokens part them into."""
    words: list[TimedWord] = []
    for piece in pieces:
        if words and continues_word(words[-1].text, piece.text):
            last = words[-1]
            words[-1] = TimedWord(
                last.text + piece.text, last.start_seconds, piece.end_seconds, last.tokens + piece.tokens
            )
        else:
            words.append(piece)
    return words


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodedChunk:
    """The text that the model decoded for a chunk.

    Attributes:
        tokens: of the text.
        temperature: at which they were sampled.
        average_log_probability: of the tokens.
        compression_ratio: of the text.
        no_speech_probability: 0 to 1.
        words: the text in words with times.
    """

    tokens: tuple[int, ...]
    temperature: float
    average_log_probability: float
    compression_ratio: float
    no_speech_probability: float
    words: tuple[TimedWord, ...] = ()

    @property
    def is_silence(self) -> bool:
        """Whether the model is unsure of the text and finds silence likely."""
        unsure = self.average_log_probability < LOWEST_LOG_PROBABILITY
        return unsure and self.no_speech_probability > LIKELY_NO_SPEECH

    @property
    def is_good(self) -> bool:
        """Whether it passes the checks; otherwise it is decoded again."""
        repeats = self.compression_ratio > HIGHEST_COMPRESSION_RATIO
        return self.is_silence or not (repeats or self.average_log_probability < LOWEST_LOG_PROBABILITY)

    @property
    def context_tokens(self) -> tuple[int, ...]:
        """The tokens that a later chunk may get as its context."""
        if not self.is_good or self.is_silence or self.temperature > CONTEXT_TEMPERATURE:
            return ()
        return self.tokens[-CONTEXT_TOKENS:]

    @property
    def details(self) -> SegmentDetails:
        """The figures of a transcript's segment, without the tokens."""
        return SegmentDetails(
            temperature=self.temperature,
            average_log_probability=self.average_log_probability,
            compression_ratio=self.compression_ratio,
            no_speech_probability=self.no_speech_probability,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class DecodingOptions:
    """How chunks are decoded: `TranscriptionOptions` in the model's terms.

    Attributes:
        language: Whisper's code.
        task: whether to translate.
        temperature: 0 for beam search.
        prompt: tokens of the caller's prompt.
    """

    language: str
    task: Task
    temperature: float
    prompt: tuple[int, ...] = ()
