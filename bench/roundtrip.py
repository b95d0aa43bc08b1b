"""How well it is understood: the examples and ten sentences in each of five languages, read back by whisper-base.

The MP3 files that ``sayso narrate`` writes are transcribed by Sayso, which is told the language and nothing
of the text. Both sides are normalised as `bench.words` tells; the reference is what the reader sees, headings included.
The words that differ are printed: some are the reader's slips, some the listener's. In Japanese and Chinese, sounds are
compared, since one word has several spellings.

The narrations themselves are checked as well: every letter and digit that the reader sees is in a word with a time,
times are ordered, and the last word ends within the audio as a player decodes it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from bench.faults import find_faults
from bench.processes import narrate_command, run
from bench.report import Figure, Result, Table
from bench.texts import ENGLISH_EXAMPLE, FRENCH_EXAMPLE, roundtrip_text, visible_paragraphs
from bench.wer import compare
from bench.words import sounds, spoken_words
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
    ("Spanish", roundtrip_text("es"), "ef_dora", "es", 10.0),
    ("Spanish", roundtrip_text("es"), "em_alex", "es", 10.0),
    ("Italian", roundtrip_text("it"), "if_sara", "it", 15.0),
    ("Italian", roundtrip_text("it"), "im_nicola", "it", 15.0),
    ("Portuguese", roundtrip_text("pt"), "pf_dora", "pt-br", 15.0),
    ("Portuguese", roundtrip_text("pt"), "pm_alex", "pt-br", 15.0),
    ("Japanese", roundtrip_text("ja"), "jf_alpha", "ja", 10.0),
    ("Japanese", roundtrip_text("ja"), "jm_kumo", "ja", 10.0),
    ("Chinese", roundtrip_text("zh"), "zf_xiaoxiao", "cmn", 10.0),
    ("Chinese", roundtrip_text("zh"), "zm_yunxi", "cmn", 15.0),
)
_BY_SOUND = frozenset({"ja", "cmn"})


def measure_roundtrip(work: Path) -> Result:
    """Narrate the texts into ``work``, from the user's speech cache if they are there, and listen to them."""
    transcriber = WhisperTranscriber(open_store(load_settings()).path("whisper-base"))
    figures, tables = [], []
    for language_name, document, voice, language, percent in _READINGS:
        name = f"{language_name}, {voice}"
        run(narrate_command(document, work / voice, "--voice", voice))
        audio = work / voice / f"{document.stem}.mp3"
        with open_recording(audio) as recording:
            transcript = transcriber.transcribe(recording, TranscriptionOptions(language=language.replace("cmn", "zh")))
        parted, kind = (sounds, "sounds") if language in _BY_SOUND else (spoken_words, "words")
        seen = visible_paragraphs(document.read_text(encoding="utf-8"))
        read = [word for paragraph in seen for word in parted(paragraph, language)]
        comparison = compare(read, parted(transcript.text, language))
        errors = f"{comparison.errors} errors in {comparison.words} {kind}"
        rate = 100 * comparison.word_error_rate
        figures.append(
            Figure(name=f"{kind[:-1]} error rate, {name}", value=rate, unit="%", compared_to=errors, at_most=percent)
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
