"""The command line of the benchmarks."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bench.alignment import measure_alignment
from bench.api_faults import measure_api_faults
from bench.api_load import measure_api_load
from bench.cards import measure_cards
from bench.conformance import measure_conformance
from bench.first_audio import measure_first_audio
from bench.job_queue import measure_job_queue
from bench.limits import measure_limits
from bench.listen import make_listening_page
from bench.long_recording import measure_long_recording
from bench.long_story import measure_long_story
from bench.machine import machine_facts
from bench.memory import measure_memory
from bench.profile import measure_profile
from bench.report import Table, final_table, render
from bench.resume import measure_resume
from bench.retention import measure_retention
from bench.roundtrip import measure_roundtrip
from bench.schemathesis_run import measure_schemathesis
from bench.speed import measure_speed
from bench.story_workers import measure_story_workers
from bench.sync import measure_sync
from bench.timing import measure_timing
from bench.transcription import measure_transcription

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.report import Result


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """What the command line says, for the benchmarks that it concerns."""

    runs: int
    minutes: float | None
    seconds: float
    rivals: tuple[str, ...]
    recordings: Path | None
    voice: str | None
    quick: bool
    out: Path
    seed: int | None

    def minutes_or(self, default: float) -> float:
        """The minutes that were asked for, or else a benchmark's own."""
        return default if self.minutes is None else self.minutes


BENCHMARKS: Mapping[str, Callable[[Path, Options], Result]] = {
    "speed": lambda work, options: measure_speed(work, runs=options.runs),
    "alignment": lambda work, options: measure_alignment(work, minutes=options.minutes_or(120), quick=options.quick),
    "timing": lambda _work, _options: measure_timing(),
    "roundtrip": lambda work, _options: measure_roundtrip(work),
    "profile": lambda _work, _options: measure_profile(),
    "limits": lambda _work, _options: measure_limits(),
    "listen": lambda work, options: make_listening_page(work, options.out, seed=options.seed, quick=options.quick),
    "resume": lambda work, _options: measure_resume(work),
    "memory": lambda work, options: measure_memory(work, minutes=options.minutes_or(60)),
    "conformance": lambda work, options: measure_conformance(work, rivals=options.rivals),
    "api-load": lambda work, options: measure_api_load(work, seconds=options.seconds),
    "first-audio": lambda work, options: measure_first_audio(work, runs=options.runs),
    "api-faults": lambda work, _options: measure_api_faults(work),
    "long-recording": lambda work, options: measure_long_recording(
        work, minutes=options.minutes_or(90), recordings=options.recordings
    ),
    "transcription": lambda work, options: measure_transcription(
        work, minutes=options.minutes_or(10), runs=options.runs, recordings=options.recordings
    ),
    "schemathesis": lambda work, options: measure_schemathesis(work, minutes=options.minutes_or(10)),
    "long-story": lambda work, options: measure_long_story(work, minutes=options.minutes_or(120), voice=options.voice),
    "job-queue": lambda work, options: measure_job_queue(work, runs=options.runs),
    "retention": lambda work, _options: measure_retention(work),
    "story-workers": lambda work, _options: measure_story_workers(work),
    "cards": lambda work, options: measure_cards(work, idle_minutes=options.minutes_or(10)),
    "sync": lambda work, options: measure_sync(work, runs=options.runs),
}
"""Every benchmark; each gets an empty directory of its own."""

BY_DEFAULT = ("speed", "timing", "roundtrip", "resume", "profile")
"""Those of narration; the API's are for a machine that does nothing else, and one takes most of an hour."""


def main(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]…", help="Which; those of narration but memory by default.")
    ] = None,
    *,
    runs: Annotated[
        int, typer.Option(min=1, help="speed, first-audio, transcription, job-queue, sync: how often each is run.")
    ] = 5,
    minutes: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            show_default="60, 90, 10, 120, 120, 10, 10",
            help="memory, long-recording, transcription, long-story, alignment: how much audio; schemathesis: for how "
            "long; cards: how long a worker is idle.",
        ),
    ] = None,
    seconds: Annotated[float, typer.Option(min=5, help="api-load: how long each level takes.")] = 60,
    rival: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="conformance: another server's address, with /v1.")
    ] = None,
    recordings: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="long-recording, transcription: where recordings are kept from run to run."),
    ] = None,
    voice: Annotated[str | None, typer.Option(metavar="NAME", help="long-story: who tells it.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="alignment: leave out what takes long; listen: one sentence for each voice.")
    ] = False,
    out: Annotated[Path, typer.Option(metavar="DIR", help="listen: where the page is written.")] = Path("out/listen"),
    seed: Annotated[
        int | None,
        typer.Option(
            min=0, show_default="a new one", help="listen: repeats the order and the names of an earlier page."
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures here too.")
    ] = None,
) -> None:
    """Measure Sayso against named peers and against its goals, and print one table.

    speed      sayso narrate and kokoro-onnx in turns, same model and text; a second narration from the cache

    timing     word starts after pauses against the sound, six voices

    alignment  known texts placed on readings by people and on voices, by Sayso and by others; transcripts, wrong texts,
    subtitles and two hours of audio; takes most of an hour, --quick some minutes

    roundtrip  the examples narrated and read back by whisper-base

    listen     a page on which a person compares native kernels, the ONNX graph and the published graph without knowing
    which is which: run this, open out/listen/index.html with headphones on, and choose in each pair the better one; the
    page shows at the end what was what, and how likely guesses would give as much. Nothing is sent or stored

    resume     a narration killed at random moments and started again

    profile    the operators that Kokoro's time goes to

    limits     what this machine could multiply, and the share of it that Kokoro and Whisper's encoder reach

    memory     the peak over an hour of audio; takes most of an hour, so only when named

    conformance     OpenAI's Python client against the API: tests passed by section

    api-load        health and metrics while 1, 8 and 32 clients ask for speech and transcripts

    first-audio     how soon one listener hears paragraphs of 5, 12 and 30 s, and kokoro-onnx's stream in turns

    api-faults      what a client sees under each of OpenAI's failures; the breaker

    long-recording  90 minutes transcribed in parts: words lost or doubled, memory

    transcription   ten minutes heard by sayso transcribe and by faster-whisper's plain call in turns

    schemathesis    ten minutes of requests made from the OpenAPI description

    long-story      two hours told by workers that are killed three times: the work that is done twice, memory

    job-queue       jobs that do nothing, through our queue and procrastinate, in turns; pick-up with and without NOTIFY

    story-workers   forty stories with one, two and four worker processes

    cards           decks against a sequential loop, the interval between requests, pick-up, purchases, a backlog

    sync            a bucket fetched into a directory, by Sayso, s5cmd, rclone and boto3 in turns

    Those above conformance, but for memory, take about half an hour on two processors. Give the machine nothing else to
    do meanwhile. What each figure means and how it is taken is told at the top of the benchmark's module in bench/.
    """
    chosen = names or list(BY_DEFAULT)
    unknown = [name for name in chosen if name not in BENCHMARKS]
    if unknown:
        raise typer.BadParameter(f"There is no {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}.")
    options = Options(
        runs=runs,
        minutes=minutes,
        seconds=seconds,
        rivals=tuple(rival or ()),
        recordings=recordings,
        voice=voice,
        quick=quick,
        out=out,
        seed=seed,
    )
    facts = machine_facts()
    results = []
    for name in chosen:
        typer.echo(f"{name} …", err=True)
        with tempfile.TemporaryDirectory(prefix="sayso-bench-") as work:
            result = BENCHMARKS[name](Path(work), options)
        results.append(result)
        for table in result.tables:
            typer.echo(f"\n{render(table)}")
        for note in result.notes:
            typer.echo(f"\n{note}")
    typer.echo(f"\n{render(Table(title='Machine', columns=('fact', 'value'), rows=facts))}")
    typer.echo(f"\n{render(final_table(results))}")
    if json_file is not None:
        content = {"machine": dict(facts), "results": [result.as_json() for result in results]}
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
