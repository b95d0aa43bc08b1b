"""A long recording through ``/v1/audio/transcriptions``: is a word lost or doubled where it was cut?

Kokoro reads a document in which every sentence begins with its number (`bench.longtext`), so that no two are alike. The
recording goes through a server of its own twice:

- model ``hybrid``: OpenAI first, for which `sayso.testing.openai_server` stands with whisper-base behind it; a file
  over OpenAI's limit, from about ten minutes on, is cut at silences and its parts are heard at the same time;
- model ``whisper-base``: this machine alone.

Sentence numbers that were read and not heard, or heard more often than read, are counted, and the word error rate is
taken over the whole text. A number that was misheard counts as missing too: the table of differences tells which were.
Peak memory is Linux's ``VmHWM`` of the server's process, which with ``hybrid`` does not hear by itself.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING

import httpx2

from bench.api_faults import KEY
from bench.longtext import write_document
from bench.processes import ROOT, ProcessFailed, narrate_command, peak_bytes_of, run
from bench.report import Figure, Result, Table
from bench.server import ServerProcess
from bench.texts import visible_paragraphs
from bench.words import spoken_words
from sayso.audio import decode_blocks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.wer import Comparison

MODELS = ("hybrid", "whisper-base")

_MIB = 2**20
_LONGEST_SECONDS = 6 * 3600.0
_SHOWN_DIFFERENCES = 40
_LANGUAGE = "en-us"
_LONGEST_NUMBER = 6
_IN_PAIRS = re.compile(r"(?<=[Ss]entence \d\d)\.(?=\d\d\b)")
_NUMBER_WORDS = frozenset({
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty", "thirty", "forty",
    "fifty", "sixty", "seventy", "eighty", "ninety", "hundred", "thousand",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What came back: the text, how long it took, and the server's peak memory."""

    text: str
    wall_seconds: float
    peak_bytes: int


def measure_long_recording(work: Path, *, minutes: float, recordings: Path | None = None) -> Result:
    """Send a recording of so many minutes.

    Args:
        work: an empty directory.
        minutes: of audio, about.
        recordings: where recordings are kept from run to run, since making them takes long; ``work`` by default.
    """
    from bench.wer import compare  # its library is installed for the benchmarks only, this module's tests for all

    document, recording = make_recording(recordings or work, minutes)
    paragraphs = visible_paragraphs(document.read_text(encoding="utf-8"))
    read_words = [word for paragraph in paragraphs for word in spoken_words(paragraph, _LANGUAGE)]
    seconds = sum(block.size for block in decode_blocks(recording, sample_rate_hz=8000)) / 8000
    figures, tables = [], []
    for model in MODELS:
        directory = work / model
        directory.mkdir()
        heard = _heard(directory, recording, model)
        words = heard_words(heard.text)
        comparison = compare(read_words, words)
        figures += [
            *_numbers(model, sentence_numbers(read_words), sentence_numbers(words)),
            *_figures(model, heard, comparison, seconds),
        ]
        tables.append(_differences(model, comparison))
    return Result(name="long-recording", figures=figures, tables=tables)


def make_recording(directory: Path, minutes: float) -> tuple[Path, Path]:
    """The document and its recording, from an earlier run where there was one."""
    name = f"long-{minutes:g}"
    document, recording = directory / f"{name}.md", directory / f"{name}.wav"
    if not recording.exists():
        directory.mkdir(parents=True, exist_ok=True)
        write_document(document, minutes=minutes)
        run(narrate_command(document, directory, "--audio", "wav", "--subtitles", "json"), cache=directory / "cache")
    return document, recording


def _heard(directory: Path, recording: Path, model: str) -> Heard:
    """Have it transcribed by a server that does nothing else."""
    command = [sys.executable, "-m", "sayso.testing.openai_server", "--key", KEY, "--whisper", "base"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as cloud:
        try:
            assert cloud.stdout is not None
            base_url = json.loads(cloud.stdout.readline())["base_url"]
            settings = {
                "OPENAI_API_KEY": KEY,
                "OPENAI_BASE_URL": base_url,
                "SAYSO_OPENAI_CHECK_SECONDS": "0",
                # Whisper on this machine takes longer for a part than OpenAI does.
                "SAYSO_OPENAI_TIMEOUT_SECONDS": "1200",
                "SAYSO_REQUEST_SECONDS": f"{_LONGEST_SECONDS:g}",
                "SAYSO_MAX_UPLOAD_BYTES": str(2 * 1024 * _MIB),
            }
            with ServerProcess(directory, settings) as server:
                return _asked(server, recording, model)
        finally:
            cloud.terminate()


def _asked(server: ServerProcess, recording: Path, model: str) -> Heard:
    fields = {"model": model, "language": "en", "response_format": "verbose_json"}
    began = time.monotonic()
    with recording.open("rb") as file:
        answer = httpx2.post(
            f"{server.base_url}/audio/transcriptions",
            headers={"authorization": f"Bearer {server.key}"},
            data=fields,
            files={"file": (recording.name, file)},
            timeout=_LONGEST_SECONDS,
        )
    wall_seconds = time.monotonic() - began
    if not answer.is_success:
        raise ProcessFailed(f"{model}: {answer.status_code} {answer.text}\n{server.log[-2000:]}")
    engine = answer.headers["x-sayso-engine"]
    if (engine == "openai") != (model == "hybrid"):
        raise ProcessFailed(f"{model} was heard by {engine}:\n{server.log[-2000:]}")
    return Heard(text=answer.json()["text"], wall_seconds=wall_seconds, peak_bytes=peak_bytes_of(server.pid))


def _numbers(model: str, read: Counter[str], heard: Counter[str]) -> list[Figure]:
    missing, added = list((read - heard).elements()), list((heard - read).elements())
    return [
        Figure(
            name=f"sentence numbers missing, {model}",
            value=len(missing),
            unit="",
            compared_to=f"of {read.total()}{_first(missing)}",
            at_most=0,
            decimals=0,
        ),
        Figure(
            name=f"sentence numbers too many, {model}",
            value=len(added),
            unit="",
            compared_to=f"of {heard.total()} heard{_first(added)}",
            at_most=0,
            decimals=0,
        ),
    ]


def _figures(model: str, heard: Heard, comparison: Comparison, seconds: float) -> list[Figure]:
    return [
        Figure(
            name=f"word error rate, {model}",
            value=100 * comparison.word_error_rate,
            unit="%",
            compared_to=f"{comparison.errors} errors in {comparison.words} words",
        ),
        Figure(
            name=f"peak memory of the server, {model}",
            value=heard.peak_bytes / _MIB,
            unit="MiB",
            compared_to=f"{seconds / 60:.1f} min of audio; as float32 at 16 kHz {seconds * 16_000 * 4 / _MIB:.0f} MiB",
            decimals=0,
        ),
        Figure(
            name=f"wall time, {model}",
            value=heard.wall_seconds,
            unit="s",
            compared_to=f"{seconds / heard.wall_seconds:.1f} times as fast as real time",
            decimals=0,
        ),
    ]


def heard_words(text: str) -> list[str]:
    """The words of a transcript as they are spoken; of "Sentence 11.05", which was read "eleven oh five", the same."""
    return spoken_words(_IN_PAIRS.sub("", text), _LANGUAGE)


def sentence_numbers(words: Sequence[str]) -> Counter[str]:
    """The numbers that are said after the word "sentence", in words, and how often each is."""
    found: Counter[str] = Counter()
    for place, word in enumerate(words, start=1):
        if word == "sentence":
            number = " ".join(takewhile(_NUMBER_WORDS.__contains__, words[place : place + _LONGEST_NUMBER]))
            found.update([number] if number else [])
    return found


def _first(numbers: Sequence[str]) -> str:
    return f"; first: {', '.join(numbers[:10])}" if numbers else ""


def _differences(model: str, comparison: Comparison) -> Table:
    rows = [(each.read or "(nothing)", each.heard or "(nothing)") for each in comparison.differences]
    title = f"What was heard otherwise, {model}: {min(len(rows), _SHOWN_DIFFERENCES)} of {len(rows)}"
    return Table(title=title, columns=("read", "heard"), rows=rows[:_SHOWN_DIFFERENCES])
