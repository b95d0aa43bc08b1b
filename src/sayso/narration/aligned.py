"""A document placed on a recording of it: the timeline, subtitles and word times of a narration, for any audio."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sayso.alignment import SAMPLE_RATE_HZ
from sayso.scheduling import compute_permits
from sayso.subtitles import compile_cues, render, timeline_document
from sayso.text import ScriptOptions, write_script
from sayso.types import Chapter, Segment, Span, Timeline, Word

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sayso.alignment import AlignableRecording, AlignedWord, Aligner, Progress, Stretch
    from sayso.narration.document import Document
    from sayso.narration.files import SubtitleFormat
    from sayso.scheduling import RequestContext
    from sayso.subtitles import Style
    from sayso.types import Script, ScriptLine, Token

_DECIMALS = 6


@dataclass(frozen=True, kw_only=True, slots=True)
class AlignedDocument:
    """A document with its times on a recording.

    Attributes:
        script: of the document.
        timeline: of the recording, at `SAMPLE_RATE_HZ`: the words that were found, and the segments and chapters that
            have some.
        confidences: of each word of the timeline, 0 to 1.
        gaps: runs of the document that are not spoken in the recording.
        insertions: speech in the recording that is not in the document.
        model: the phoneme model's name.
    """

    script: Script
    timeline: Timeline
    confidences: tuple[float, ...]
    gaps: tuple[Span, ...]
    insertions: tuple[Stretch, ...]
    model: str


def align_document(
    document: Document,
    recording: AlignableRecording,
    aligner: Aligner,
    *,
    language: str,
    progress: Progress = lambda _done, _total: None,
    context: RequestContext,
) -> AlignedDocument:
    """Find when each word of a document is spoken in a recording.

    Args:
        document: its directives are not spoken; valid ones are left out, others are text.
        recording: of the document, by any voice.
        aligner: finds the words.
        language: of the document (BCP 47).
        progress: as `Aligner.align` calls it.
        context: of the request.

    Raises:
        NothingToSay: the document holds nothing that can be spoken.
        SaysoError: as `Aligner.align`.
    """
    options = ScriptOptions(
        voice="",
        language=language,
        language_of_voice=lambda _: language,
        markdown=document.markdown,
        directives=document.directives,
    )
    with compute_permits(context) as next_permit:
        script = write_script(document.text, options, next_permit)
    tokens = [token for line in script.lines for token in line.utterance.tokens]
    aligned = aligner.align_tokens(recording, tokens, language, progress=progress, context=context)
    times = {word.span: word for word in aligned.words}
    timeline = _timeline(script, times, aligned.duration_samples)
    return AlignedDocument(
        script=script,
        timeline=timeline,
        confidences=tuple(times[word.span].confidence for word in timeline.words),
        gaps=aligned.gaps,
        insertions=aligned.insertions,
        model=aligned.model,
    )


def aligned_content(aligned: AlignedDocument) -> dict[str, Any]:
    """The JSON object of a narration, with ``confidence`` in each word, ``gaps`` and ``insertions``."""
    content: dict[str, Any] = timeline_document(
        aligned.timeline,
        text=aligned.script.text,
        language=aligned.script.language,
        voice="",
        engine=aligned.model,
        timing="aligned",
    )
    for word, confidence in zip(content["words"], aligned.confidences, strict=True):
        word["confidence"] = confidence
    content["gaps"] = [{"char_start": gap.start, "char_end": gap.end} for gap in aligned.gaps]
    content["insertions"] = [
        {"start": _seconds(stretch.start_sample), "end": _seconds(stretch.end_sample)} for stretch in aligned.insertions
    ]
    return content


def aligned_files(
    aligned: AlignedDocument, formats: Sequence[SubtitleFormat], style: Style
) -> Mapping[SubtitleFormat, str]:
    """The content of each subtitle file."""
    cues = compile_cues(aligned.timeline, style, language=aligned.script.language) if set(formats) - {"json"} else ()
    return {
        each: json.dumps(aligned_content(aligned), ensure_ascii=False) + "\n"
        if each == "json"
        else render(cues, each, style=style, language=aligned.script.language)
        for each in formats
    }


def _timeline(script: Script, times: Mapping[Span, AlignedWord], duration_samples: int) -> Timeline:
    words: list[Word] = []
    segments: list[Segment] = []
    chapters: list[tuple[str, int]] = []
    for line in script.lines:
        found = list(_words(script.text, line, times))
        if line.chapter_title is not None and found:
            chapters.append((line.chapter_title, found[0].start_sample))
        if found:
            segments.append(_segment(line.utterance.tokens, found))
        # A word that two utterances share is that of the first.
        words += [word for word in found if not words or words[-1].span != word.span]
    ends = [start for _, start in chapters[1:]] + [duration_samples]
    return Timeline(
        sample_rate_hz=SAMPLE_RATE_HZ,
        duration_samples=duration_samples,
        words=tuple(words),
        segments=tuple(segments),
        chapters=tuple(
            Chapter(title=title, start_sample=start, end_sample=end)
            for (title, start), end in zip(chapters, ends, strict=False)
        ),
    )


def _words(text: str, line: ScriptLine, times: Mapping[Span, AlignedWord]) -> Iterator[Word]:
    """The words of an utterance that were found; several tokens with one span are one."""
    for span, group in groupby(line.utterance.tokens, key=lambda token: token.span):
        tokens = list(group)
        time = times.get(span)
        if time is not None:
            yield Word(
                text=span.of(text),
                span=span,
                start_sample=time.start_sample,
                end_sample=time.end_sample,
                lead=tokens[0].lead,
                trail=tokens[-1].trail,
                joined=tokens[0].joined,
                boundary=tokens[-1].boundary,
            )


def _segment(tokens: Sequence[Token], found: Sequence[Word]) -> Segment:
    return Segment(
        span=Span(start=tokens[0].span.start, end=tokens[-1].span.end),
        start_sample=found[0].start_sample,
        end_sample=found[-1].end_sample,
    )


def _seconds(sample: int) -> float:
    return round(sample / SAMPLE_RATE_HZ, _DECIMALS)
