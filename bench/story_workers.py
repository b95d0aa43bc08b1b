"""A batch of forty stories with one, two and four worker processes: what more processes gain, and what bounds them.

Every story is another short text, so that nothing is found in the cache, which each run has anew. The
workers are ready before the first story is sent; a run takes from then until the last story is completed. It is done
as shipped, where one process uses every processor already, and with one thread for each process, which shows what a
machine of its own for each would gain, as far as this machine has processors.
"""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING

from bench.longtext import numbered
from bench.report import Figure, Result, Table
from bench.story_service import StoryService
from bench.texts import ENGLISH_EXAMPLE, visible_paragraphs
from sayso.machine import processors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

STORIES = 40
PROCESSES = (1, 2, 4)
_LETTERS = 100
_POLL_SECONDS = 1.0
_WAIT_SECONDS = 3600.0


def measure_story_workers(work: Path) -> Result:
    """Run the batch with each number of processes, both ways, in an empty directory ``work``."""
    stories = _stories()
    tables, figures = [], []
    for name, settings in (("as shipped", {}), ("one thread each", {"SAYSO_SYNTHESIS_WORKERS": "1"})):
        seconds = {}
        for number in PROCESSES:
            directory = work / f"{name.replace(' ', '-')}-{number}"
            directory.mkdir()
            seconds[number] = _batch(directory, stories, number, settings)
        rows = [
            (str(number), f"{wall:.1f} s", f"{seconds[1] / wall:.2f} ×") for number, wall in sorted(seconds.items())
        ]
        tables.append(Table(title=f"{STORIES} stories, {name}", columns=("processes", "wall", "speed"), rows=rows))
        figures += [
            Figure(
                name=f"speed of {number} processes, {name}",
                value=seconds[1] / seconds[number],
                unit="×",
                compared_to=f"one process; {processors()} processors",
            )
            for number in PROCESSES[1:]
        ]
    return Result(name="story-workers", figures=figures, tables=tables)


def _stories() -> Sequence[str]:
    paragraphs = [
        paragraph[:_LETTERS].rpartition(" ")[0] + "."
        for paragraph in visible_paragraphs(ENGLISH_EXAMPLE.read_text(encoding="utf-8"))
        if len(paragraph) > _LETTERS
    ]
    numbers = count(1)
    return [numbered(paragraphs[index % len(paragraphs)], numbers) for index in range(STORIES)]


def _batch(directory: Path, stories: Sequence[str], processes: int, settings: dict[str, str]) -> float:
    """The seconds that a batch takes."""
    with StoryService(directory, settings) as service:
        for _ in range(processes):
            service.worker()
        began = time.monotonic()
        for story in stories:
            service.submit(story, audio=["mp3"], subtitles=["srt"])
        while service.count("completed") < len(stories):
            if service.count("failed") or time.monotonic() - began > _WAIT_SECONDS:
                raise RuntimeError("A story was not told.")
            time.sleep(_POLL_SECONDS)
        return time.monotonic() - began
