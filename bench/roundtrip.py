"""How well it is understood: the examples narrated, and read back by whisper-base.

The MP3 files that ``sayso narrate`` writes are transcribed by Sayso, which is told the language and nothing
of the text. Both sides are normalised as `bench.words` tells; the reference is what the reader sees, headings included.
The words that differ are printed: some are the reader's slips, some the listener's.

The narrations themselves are checked as well: every letter and digit that the reader sees is in a word with a time,
times are ordered, and the last word ends within the audio as a player decodes it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.faults import find_faults
from bench.processes import narrate_command, run
from bench.report import Figure, Result, Table
from bench.texts import ENGLISH_EXAMPLE, FRENCH_EXAMPLE, visible_paragraphs
from bench.wer import compare
from bench.words import spoken_words
from sayso.audio import decode
from sayso.models import open_store
from sayso.settings import load_settings
from sayso.stt import TranscriptionOptions, WhisperTranscriber, open_recording

if TYPE_CHECKING:
    from pathlib import Path

    from bench.wer import Comparison

_PLAYER_RATE_HZ = 48_000

_READINGS = (
    ("English", ENGLISH_EXAMPLE, "af_heart", "en-us", 3.0),
    ("French", FRENCH_EXAMPLE, "ff_siwis", "fr-fr", 10.0),
)


def measure_roundtrip(work: Path) -> Result:
    """Narrate both examples into ``work``, from the user's speech cache if they are there, and listen to them."""
    transcriber = WhisperTranscriber(open_store(load_settings()).path("whisper-base"))
    figures, tables = [], []
    for name, document, voice, language, percent in _READINGS:
        run(narrate_command(document, work, "--voice", voice))
        audio = work / f"{document.stem}.mp3"
        with open_recording(audio) as recording:
            transcript = transcriber.transcribe(recording, TranscriptionOptions(language=language))
        heard = spoken_words(transcript.text, language)
        seen = visible_paragraphs(document.read_text(encoding="utf-8"))
        read = [word for paragraph in seen for word in spoken_words(paragraph, language)]
        comparison = compare(read, heard)
        errors = f"{comparison.errors} errors in {comparison.words} words ({voice})"
        rate = 100 * comparison.word_error_rate
        figures.append(
            Figure(name=f"word error rate, {name}", value=rate, unit="%", compared_to=errors, at_most=percent)
        )
        figures.append(_faults(name, document, audio))
        tables.append(_differences(name, comparison))
    return Result(name="roundtrip", figures=figures, tables=tables, notes=_NOTES)


def _differences(name: str, comparison: Comparison) -> Table:
    rows = [(difference.read or "(nothing)", difference.heard or "(nothing)") for difference in comparison.differences]
    return Table(title=f"What was heard otherwise, {name}", columns=("read", "heard"), rows=rows)


def _faults(name: str, document: Path, audio: Path) -> Figure:
    narration = json.loads(audio.with_suffix(".json").read_text(encoding="utf-8"))
    decoded_seconds = decode(audio, sample_rate_hz=_PLAYER_RATE_HZ).duration_seconds
    faults = find_faults(document.read_text(encoding="utf-8"), narration, decoded_seconds)
    checked = f"{len(narration['words'])} words: a time for each, in order, within the {decoded_seconds:.1f} s of MP3"
    if faults:
        checked = f"{checked}; first: {faults[0]}"
    return Figure(
        name=f"faults in word times, {name}", value=len(faults), unit="", compared_to=checked, at_most=0, decimals=0
    )


_NOTES = ("Whisper-base is told the language, not the text; spelling of numbers, case and punctuation do not count.",)
