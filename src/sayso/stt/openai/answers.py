"""Parses and checks the answers of OpenAI's transcription models."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from sayso.providers.openai.errors import bad_response
from sayso.providers.openai.languages import code_of_language
from sayso.stt.base import SegmentDetails
from sayso.stt.openai.word_alignment import TimedText
from sayso.stt.transcript import EngineWord
from sayso.text.sentences import sentence_ends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sayso.providers.openai.calls import Answer


class _Segment(BaseModel):
    text: str
    start: float | None = None
    end: float | None = None
    tokens: tuple[int, ...] | None = None
    temperature: float | None = None
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    no_speech_prob: float | None = None
    speaker: str | None = None


class _Word(BaseModel):
    word: str
    start: float | None = None
    end: float | None = None


class _Language(BaseModel):
    code: str


class _Body(BaseModel):
    """The fields that are used of ``json``, ``verbose_json`` and ``diarized_json``."""

    text: str
    language: str | None = None
    languages: tuple[_Language, ...] | None = None
    segments: tuple[_Segment, ...] | None = None
    words: tuple[_Word, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ProviderTranscript:
    """OpenAI's transcript of one file; times in seconds from its start.

    Attributes:
        segments: the text in segments, each with its time.
        words: without punctuation; empty where the model gives none.
        language: ISO 639-1; None where the model gives none.
        languages: every language that it detected, ISO 639-1; None where the model gives no list.
    """

    segments: tuple[TimedText, ...]
    words: tuple[EngineWord, ...]
    language: str | None
    languages: tuple[str, ...] | None = None


def read_answer(answer: Answer, *, duration_seconds: float) -> ProviderTranscript:
    """Parse the answer for a file of the given length.

    A text without segments that have times is split into sentences, which get their characters' share of the time.
    Words without times are left out.

    Raises:
        EngineUnavailable: with the reason ``bad_response``, for anything but a transcription.
    """
    if not answer.content_type.endswith("json"):
        raise bad_response(f"{answer.content_type or 'something without a type'} is no JSON")
    try:
        body = _Body.model_validate_json(answer.body)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        raise bad_response(f"it is no transcription ({problem['type']})") from None
    listed = None if body.languages is None else tuple(dict.fromkeys(each.code for each in body.languages))
    named = body.language or (listed[0] if listed else None)
    language = code_of_language(named) if named else None
    timed = [_timed_text(segment) for segment in body.segments or ()]
    segments = tuple(segment for segment in timed if segment is not None)
    if not segments or len(segments) < len(timed):
        segments = _timed_sentences(body.text, language, duration_seconds)
    words = tuple(_words(body.words or ()))
    return ProviderTranscript(segments=segments, words=words, language=language, languages=listed)


def _timed_text(segment: _Segment) -> TimedText | None:
    """The segment's text; None if it has no times."""
    if segment.start is None or segment.end is None:
        return None
    details = SegmentDetails(
        tokens=segment.tokens or (),
        temperature=segment.temperature,
        average_log_probability=segment.avg_logprob,
        compression_ratio=segment.compression_ratio,
        no_speech_probability=segment.no_speech_prob,
        speaker=segment.speaker,
    )
    return TimedText(segment.text, segment.start, segment.end, details)


def _words(words: Iterable[_Word]) -> Iterator[EngineWord]:
    """The words that have times."""
    for word in words:
        if word.start is not None and word.end is not None:
            yield EngineWord(word.word, word.start, word.end)


def _timed_sentences(text: str, language: str | None, duration_seconds: float) -> tuple[TimedText, ...]:
    """The sentences of a text, each with its characters' share of the time."""
    seconds_each = duration_seconds / max(len(text), 1)
    ends = sentence_ends(text, language or "en") if text.strip() else []
    return tuple(
        TimedText(text[start:end], start * seconds_each, end * seconds_each) for start, end in pairwise([0, *ends])
    )
