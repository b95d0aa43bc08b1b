"""A story of two hours, killed three times on the way: how much of the work is done twice, and what memory it takes.

The story is told once undisturbed and once by workers that are killed with SIGKILL at a quarter, a half and three
quarters of it, each of them replaced at once by another one. Work is counted as utterances spoken (looked for in
the speech cache and not found), and as processor time of all the workers together.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench.longtext import write_document
from bench.report import Figure, Result, Table
from bench.story_service import StoryService, Usage

if TYPE_CHECKING:
    from pathlib import Path

KILLS_AT = (0.25, 0.5, 0.75)
_MIB = 2**20
_POLL_SECONDS = 0.5


def measure_long_story(work: Path, *, minutes: float, voice: str | None) -> Result:
    """Tell a story of so many minutes twice, in an empty directory ``work``.

    Args:
        work: the directory.
        minutes: of audio, about.
        voice: who tells it; None for the default.
    """
    document = work / "story.md"
    write_document(document, minutes=minutes)
    text = document.read_text(encoding="utf-8")
    calm = _told(work / "calm", text, voice, kills_at=())
    killed = _told(work / "killed", text, voice, kills_at=KILLS_AT)
    rows = [
        (
            name,
            f"{run.audio_seconds / 60:.1f} min",
            f"{run.wall_seconds:.0f} s",
            str(run.total.spoken),
            f"{run.total.cpu_seconds:.0f} s",
            f"{run.total.peak_bytes / _MIB:,.0f} MiB",
        )
        for name, run in (("undisturbed", calm), ("killed three times", killed))
    ]
    columns = ("run", "audio", "wall", "utterances spoken", "CPU", "peak memory")
    return Result(
        name="long-story",
        figures=[
            Figure(
                name="utterances spoken, killed three times",
                value=killed.total.spoken / calm.total.spoken,
                unit="×",
                compared_to=f"undisturbed: {killed.total.spoken} against {calm.total.spoken}",
                at_most=1.05,
                decimals=3,
            ),
            Figure(
                name="processor time, killed three times",
                value=killed.total.cpu_seconds / calm.total.cpu_seconds,
                unit="×",
                compared_to="undisturbed, the starts of three more processes included",
                at_most=1.05,
                decimals=3,
            ),
            Figure(
                name="peak memory of a worker",
                value=max(calm.total.peak_bytes, killed.total.peak_bytes) / _MIB,
                unit="MiB",
                compared_to=f"{calm.audio_seconds / 60:.0f} minutes of audio",
                decimals=0,
            ),
        ],
        tables=[Table(title="A long story", columns=columns, rows=rows)],
    )


class _Run:
    """A story that was told."""

    def __init__(self) -> None:
        self.audio_seconds = 0.0
        self.wall_seconds = 0.0
        self.total = Usage(cpu_seconds=0.0, peak_bytes=0, spoken=0)

    def add(self, usage: Usage) -> None:
        """Count what another worker used."""
        self.total = Usage(
            cpu_seconds=self.total.cpu_seconds + usage.cpu_seconds,
            peak_bytes=max(self.total.peak_bytes, usage.peak_bytes),
            spoken=self.total.spoken + usage.spoken,
        )


def _told(directory: Path, text: str, voice: str | None, *, kills_at: tuple[float, ...]) -> _Run:
    directory.mkdir()
    run = _Run()
    with StoryService(directory) as service:
        worker = service.worker()
        began = time.monotonic()
        fields = {} if voice is None else {"voice": voice}
        narration_id = service.submit(text, name="story", markdown=True, audio=["mp3"], subtitles=["srt"], **fields)
        waiting = list(kills_at)
        while (narration := service.narration(narration_id))["status"] in {"queued", "running"}:
            if waiting and narration["progress"] >= waiting[0]:
                waiting.pop(0)
                run.add(worker.usage())
                worker.kill()
                worker = service.worker()
            time.sleep(_POLL_SECONDS)
        if narration["status"] != "completed" or waiting:
            raise RuntimeError(f"The story was not told as it should: {narration['error']}")
        run.wall_seconds = time.monotonic() - began
        run.audio_seconds = narration["audio_seconds"]
        run.add(worker.usage())
    return run
