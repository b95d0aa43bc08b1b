"""The methods that place a known text on a reading: ours, each of its witnesses alone, and others."""

from __future__ import annotations

import time
from importlib.util import find_spec
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from bench.alignment.judging import Judged, written
from sayso.alignment import SAMPLE_RATE_HZ, Aligner, InMemory, tokens_of
from sayso.alignment.matching import letters_of, match
from sayso.alignment.placing import pronounce
from sayso.alignment.sphinx import SphinxAligner
from sayso.bootstrap.alignment import open_aligner, open_phoneme_model
from sayso.subtitles import naive_times
from sayso.tts.phonemes.espeak import espeak

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.alignment.judging import Times
    from bench.readings import Reading
    from sayso.settings import Settings

    Method = Callable[[Reading], Times]

_LOUD = 0.05


def methods_of(settings: Settings) -> dict[str, Method]:
    """Every method by its name, those that are installed."""
    full = open_aligner(settings)
    alone = Aligner(open_phoneme_model(settings), espeak())
    found: dict[str, Method] = {"sayso": aligned_by(full), "phonemes": aligned_by(alone)}
    if find_spec("pocketsphinx") is not None:
        found["pocketsphinx"] = _sphinx
    found["whisper"] = _whisper(settings)
    found["characters"] = _characters
    return found


def judge(method: Method, reading: Reading) -> Judged:
    """A method's times of a reading, and the processor time that they took."""
    began = time.process_time()
    given = method(reading)
    spent = time.process_time() - began
    assert len(given) == len(reading.times), (reading.name, len(given), len(reading.times))
    return Judged(reading=reading, given=given, cpu_share=spent / (len(reading.samples) / SAMPLE_RATE_HZ))


def aligned_by(aligner: Aligner) -> Method:
    """An aligner as a method."""

    def method(reading: Reading) -> Times:
        result = aligner.align(InMemory(samples=reading.samples), reading.text, reading.language)
        found = {
            word.span: (word.start_sample / SAMPLE_RATE_HZ, word.end_sample / SAMPLE_RATE_HZ, word.confidence)
            for word in result.words
        }
        return np.array([found.get(span, (np.nan, np.nan, np.nan)) for span, _ in written(reading)])

    return method


def _sphinx(reading: Reading) -> Times:
    words = pronounce(tokens_of(reading.text, reading.language), reading.language, espeak())
    times = None
    if reading.language.startswith("en"):
        times = SphinxAligner().align(
            reading.samples, [word.token.spoken for word in words], [word.ipa for word in words]
        )
    if times is None:
        return np.full((len(reading.times), 3), np.nan)
    rows = []
    for _, group in groupby(zip(words, times, strict=True), key=lambda pair: pair[0].token.span):
        found = [time for _, time in group]
        rows.append((found[0][0], found[-1][1], 1.0))
    return np.array(rows)


def _whisper(settings: Settings) -> Method:
    from faster_whisper import WhisperModel

    from sayso.models import installed_models

    model = WhisperModel(str(installed_models(settings).path("whisper-base")), device="cpu", compute_type="int8")

    def method(reading: Reading) -> Times:
        segments, _ = model.transcribe(reading.samples, language=reading.language[:2], word_timestamps=True)
        words = [word for segment in segments for word in segment.words or ()]
        text = [letters_of("".join(said)) for _, said in written(reading)]
        hits = match(text, [letters_of(word.word) for word in words])
        rows = [(np.nan, np.nan, np.nan) if hit is None else (words[hit].start, words[hit].end, 1.0) for hit in hits]
        return np.array(rows)

    return method


def _characters(reading: Reading) -> Times:
    loud = np.flatnonzero(np.abs(reading.samples) > _LOUD * np.abs(reading.samples).max())
    begin, end = int(loud[0]), int(loud[-1])
    tokens = tokens_of(reading.text, reading.language)
    times = naive_times(tokens, end - begin)
    rows = []
    for _, group in groupby(zip(tokens, times, strict=True), key=lambda pair: pair[0].span):
        found = [time for _, time in group]
        edges = (begin + found[0].start_sample, begin + found[-1].end_sample)
        rows.append((edges[0] / SAMPLE_RATE_HZ, edges[1] / SAMPLE_RATE_HZ, 1.0))
    return np.array(rows)
