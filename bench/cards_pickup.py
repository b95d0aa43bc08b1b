"""How long a lone cards job waits for an idle worker: with the trigger, after idle time, and with polling only.

A job is inserted and committed; from then its row is read until it is no longer ``pending``, which adds a fraction of a
millisecond. Its one phrase was spoken before, so that nothing is bought. Jobs come one after the other, with random
pauses.
"""

from __future__ import annotations

import random
import statistics
import time
from typing import TYPE_CHECKING

from bench.cards_place import new_phrases, seconds_until, some_seconds
from bench.report import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.cards_place import CardsPlace, Deployment

JOBS = 200
JOBS_AFTER_IDLENESS = 20
JOBS_BY_POLLING = 20

_POLL_MS = 5000
_GOAL_MS = 20
_PAUSE_SECONDS = 0.1
_LOOK_SECONDS = 0.0005
_SLOW_LOOK_SECONDS = 0.005


def measure_pickup(place: CardsPlace, *, idle_minutes: float) -> Sequence[Figure]:
    """Measure all three; the worker is idle for so many minutes before the second."""
    chance = random.Random(20)  # noqa: S311 -- moments, no secrets
    with place.deployment("pickup", POLL_INTERVAL_MS=_POLL_MS, SAYSO_OPENAI_MIN_INTERVAL_MS=50) as deployed:
        deployed.worker()
        deployed.wait(deployed.insert(_phrase()))
        polled = _waits(deployed, JOBS_BY_POLLING, chance, pause_seconds=_POLL_MS / 1000)
        deployed.command("cards", "install")
        deployed.wait(deployed.insert(_phrase()))
        woken = _waits(deployed, JOBS, chance, pause_seconds=_PAUSE_SECONDS)
        time.sleep(60 * idle_minutes)
        after = _waits(deployed, JOBS_AFTER_IDLENESS, chance, pause_seconds=_PAUSE_SECONDS)
    idle = f"after {idle_minutes:g} idle minutes"
    return [
        *_quantiles("with the trigger", woken, at_most=_GOAL_MS),
        Figure(
            name=f"pick-up of the first job {idle}",
            value=1000 * after[0],
            unit="ms",
            compared_to="with the trigger",
            at_most=_GOAL_MS,
            decimals=1,
        ),
        *_quantiles(f"with the trigger, {idle}", after, at_most=_GOAL_MS),
        *_quantiles(f"with polling only, each {_POLL_MS} ms", polled, at_most=None),
    ]


def _waits(deployed: Deployment, jobs: int, chance: random.Random, *, pause_seconds: float) -> list[float]:
    """The seconds that each of so many jobs waited."""
    waited = []
    look_seconds = _LOOK_SECONDS if pause_seconds < 1 else _SLOW_LOOK_SECONDS
    for number in range(jobs):
        if number:
            some_seconds(chance, pause_seconds)
        job_id = deployed.insert(_phrase())
        waited.append(seconds_until(lambda: deployed.status(job_id) != "pending", poll_seconds=look_seconds))  # noqa: B023
        deployed.wait(job_id, poll_seconds=0.01)
    return waited


def _phrase() -> list[dict[str, str]]:
    return new_phrases(1, name="the only phrase")


def _quantiles(how: str, waited: Sequence[float], *, at_most: float | None) -> Sequence[Figure]:
    p99 = statistics.quantiles(waited, n=100, method="inclusive")[98]
    return [
        Figure(
            name=f"pick-up {name}, {how}",
            value=1000 * seconds,
            unit="ms",
            compared_to=f"{len(waited)} lone jobs",
            at_most=goal,
            decimals=1,
        )
        for name, seconds, goal in (("p50", statistics.median(waited), at_most), ("p99", p99, None))
    ]
