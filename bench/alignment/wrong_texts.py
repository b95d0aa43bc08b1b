"""Texts that are not what is read: sentences missing, inserted, repeated, and another chapter; what is reported."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.alignment.judging import error_row, written
from bench.alignment.speech import RATE, spoken_text
from bench.readings import Reading
from bench.texts import ENGLISH_EXAMPLE, visible_paragraphs
from sayso.alignment import SAMPLE_RATE_HZ, InMemory
from sayso.text.sentences import sentence_ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.alignment.judging import Times
    from sayso.alignment import Aligner
    from sayso.settings import Settings
    from sayso.types import Span

VOICE = "en_US-joe-medium"
COLUMNS = ("text", "words read", "placed", "words not read", "placed", "gaps", "insertions", "bias", "mean", "≤ 50")

_BETWEEN = "\n\n"
_SHARE = 10
_PAUSE_SECONDS = 0.6


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Part:
    """A sentence of a text.

    Attributes:
        text: of the sentence.
        times: of its words in the recording, in seconds; None for a sentence that is not read.
    """

    text: str
    times: Times | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Chapter:
    """A recording, what is read in it, and sentences that are not."""

    samples: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
    read: Sequence[Part]
    other: Sequence[Part]
    language: str


def chapter_of(settings: Settings) -> Chapter:
    """The first half of the example, by a voice that nothing was tuned on; the second half is not read."""
    paragraphs = visible_paragraphs(ENGLISH_EXAMPLE.read_text(encoding="utf-8"))
    sentences = [sentence for paragraph in paragraphs for sentence in _sentences(paragraph)]
    half = len(sentences) // 2
    reading = spoken_text(_BETWEEN.join(sentences[:half]), VOICE, settings)
    other = [Part(text=sentence) for sentence in sentences[half:]]
    return Chapter(samples=reading.samples, read=_parts(reading), other=other, language=reading.language)


def rows_of_wrong_texts(chapter: Chapter, aligner: Aligner) -> list[tuple[str, ...]]:
    """What is placed of each text, and how far off."""
    read, other = list(chapter.read), list(chapter.other)
    dice = random.Random(17)  # noqa: S311 -- the same texts in every run
    missing = set(dice.sample(range(1, len(read) - 1), max(1, len(read) // _SHARE)))
    fewer = [part for number, part in enumerate(read) if number not in missing]
    texts = {
        "what is read": read,
        "a tenth of the sentences missing": fewer,
        "a tenth inserted": _inserted(read, other, dice),
        "both": _inserted(fewer, other, dice),
        "another chapter": other,
        "twice the text": [*read, *(Part(text=part.text) for part in read)],
    }
    rows = [_row(name, parts, chapter, aligner) for name, parts in texts.items()]
    pause = np.zeros(round(_PAUSE_SECONDS * RATE), np.float32)
    later = (len(chapter.samples) + len(pause)) / RATE
    doubled = Chapter(
        samples=np.concatenate([chapter.samples, pause, chapter.samples]),
        read=[*read, *(_moved(part, later) for part in read)],
        other=other,
        language=chapter.language,
    )
    return [
        *rows,
        _row("read twice, the text twice", doubled.read, doubled, aligner),
        _row("read twice, the text once", read, doubled, aligner, or_later=later),
    ]


def _sentences(paragraph: str) -> list[str]:
    ends = sentence_ends(paragraph, "en-us")
    starts = [0, *ends]
    return [part for start, end in zip(starts, ends, strict=False) if (part := paragraph[start:end].strip())]


def _parts(reading: Reading) -> list[Part]:
    """The sentences of a reading whose text has them divided by `_BETWEEN`."""
    parts, offset, words = [], 0, list(zip(written(reading), reading.times, strict=True))
    for text in reading.text.split(_BETWEEN):
        times = [time for (span, _), time in words if offset <= span.start < offset + len(text)]
        parts.append(Part(text=text, times=np.array(times)))
        offset += len(text) + len(_BETWEEN)
    return parts


def _inserted(parts: Sequence[Part], other: Sequence[Part], dice: random.Random) -> list[Part]:
    inserted = list(parts)
    for part in dice.sample(list(other), max(1, len(parts) // _SHARE)):
        inserted.insert(dice.randrange(1, len(inserted)), part)
    return inserted


def _moved(part: Part, seconds: float) -> Part:
    return Part(text=part.text, times=None if part.times is None else part.times + seconds)


def _row(
    name: str, parts: Sequence[Part], chapter: Chapter, aligner: Aligner, *, or_later: float | None = None
) -> tuple[str, ...]:
    """A text on the recording; with ``or_later``, it may also be placed so much later, as a whole."""
    text = _BETWEEN.join(part.text for part in parts)
    found = aligner.align(InMemory(samples=chapter.samples), text, chapter.language)
    starts = {word.span: word.start_sample / SAMPLE_RATE_HZ for word in found.words}
    truth = _truth(text, parts, chapter.language)
    errors = np.array([1000 * (starts.get(span, np.nan) - start) for span, start in truth if start is not None])
    if or_later is not None and np.nanmedian(errors) > 500 * or_later:
        errors -= 1000 * or_later
    others = [span for span, start in truth if start is None]
    cells = error_row("", "", errors)
    placed = (str(int(np.sum(~np.isnan(errors)))), str(len(others)), str(sum(span in starts for span in others)))
    counts = (str(len(found.gaps)), str(len(found.insertions)))
    return (name, str(errors.size), *placed, *counts, cells[4], cells[6], cells[9])


def _truth(text: str, parts: Sequence[Part], language: str) -> list[tuple[Span, float | None]]:
    """Each word's span, and when it is read; None if it is not."""
    whole = Reading(name="", samples=np.zeros(0, np.float32), text=text, times=np.zeros((0, 2)), language=language)
    spans = [span for span, _ in written(whole)]
    truth: list[tuple[Span, float | None]] = []
    offset = 0
    for part in parts:
        own = [span for span in spans if offset <= span.start < offset + len(part.text)]
        if part.times is None:
            truth += [(span, None) for span in own]
        else:
            truth += [(span, float(time[0])) for span, time in zip(own, part.times, strict=True)]
        offset += len(part.text) + len(_BETWEEN)
    return truth
