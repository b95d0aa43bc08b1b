"""Cards: jobs of an application's table, by whole ``sayso run cards`` processes against a provider with a log.

The provider is a process of this machine that answers a phrase in 1.5 s. What is measured:

- Decks of 50 and 200 phrases in English and French, from the commit of the job until it is completed, against a loop as
  the replaced worker had it: one request after the other, and 500 ms of pause after each. The loop is run for a part of
  a deck, and its time for the whole is that of as many phrases at the same rate.
- The distance between the beginnings of requests, in the provider's log, with one worker and with three.
- How long a lone job waits for an idle worker (`bench.cards_pickup`).
- Ten decks that share 80 % of their phrases, on three workers at once: what is bought.
- Two hundred jobs of 200 phrases that wait: the worker's memory, and how long a job of one phrase takes that comes
  after them all.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from bench.cards_pickup import measure_pickup
from bench.cards_place import LATENCY_SECONDS, CardsPlace, new_phrases, smallest_distance_ms
from bench.report import Figure, Result, Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.cards_place import Request

DECKS = (50, 200)
INTERVALS_MS = (500, 50)
LANGUAGES = 2

_GOALS = {500: 3.5, 50: 10.0}
_LOOP_TEXTS = 12
_LOOP_PAUSE_SECONDS = 0.5

_WORKERS = 3
_JOBS_OF_WORKERS = {500: 6, 50: 12}
_PHRASES_OF_WORKERS = {500: 10, 50: 20}

_SHARING_DECKS, _PHRASES_PER_DECK, _SHARED_PHRASES = 10, 50, 40

_BACKLOG = 200
_BACKLOG_PHRASES = 200
_BACKLOG_SECONDS = 60.0
_SMALL_JOB_GOAL_SECONDS = 30.0


def measure_cards(work: Path, *, idle_minutes: float) -> Result:
    """Measure everything in an empty directory ``work``; before one job the worker is idle for so many minutes."""
    with CardsPlace(work) as place:
        decks, rows = _decks(place)
        figures = [*decks, *_intervals_of_workers(place), *measure_pickup(place, idle_minutes=idle_minutes)]
        figures += [*_sharing(place), *_backlog(place)]
    columns = ("interval", "phrases", "requests", "loop", "sayso", "ratio", "smallest distance")
    return Result(
        name="cards",
        figures=figures,
        tables=[Table(title="Decks in English and French", columns=columns, rows=rows)],
        notes=[f"The loop was run for {_LOOP_TEXTS} requests; its time for a deck is reckoned from their rate."],
    )


# Decks against a loop


def _decks(place: CardsPlace) -> tuple[list[Figure], list[tuple[str, ...]]]:
    loop_seconds = _loop_seconds(place)
    figures: list[Figure] = []
    rows: list[tuple[str, ...]] = []
    for interval_ms in INTERVALS_MS:
        distances = []
        for phrases in DECKS:
            seconds, requests = _deck(place, phrases, interval_ms)
            sequential_seconds = LANGUAGES * phrases * loop_seconds
            distances.append(smallest_distance_ms(requests))
            figures.append(
                Figure(
                    name=f"{phrases} phrases, one request per {interval_ms} ms",
                    value=sequential_seconds / seconds,
                    unit="×",
                    compared_to=f"the loop, {sequential_seconds:.0f} s; took {seconds:.1f} s",
                    at_least=_GOALS[interval_ms],
                )
            )
            rows.append(
                (
                    f"{interval_ms} ms",
                    str(phrases),
                    str(len(requests)),
                    f"{sequential_seconds:.1f} s",
                    f"{seconds:.1f} s",
                    f"{sequential_seconds / seconds:.2f} ×",
                    f"{distances[-1]:.1f} ms",
                )
            )
        figures.append(_distance_figure(interval_ms, min(distances), workers=1))
    return figures, rows


def _loop_seconds(place: CardsPlace) -> float:
    """What a request takes in the loop of the replaced worker, with the pause after it."""
    began = time.monotonic()
    for number in range(_LOOP_TEXTS):
        place.provider.speak(f"Phrase {number} of the loop.", "alloy")
        time.sleep(_LOOP_PAUSE_SECONDS)
    return (time.monotonic() - began) / _LOOP_TEXTS


def _deck(place: CardsPlace, phrases: int, interval_ms: int) -> tuple[float, Sequence[Request]]:
    """The seconds that a deck takes, and the requests for it."""
    name = f"deck-{phrases}-{interval_ms}"
    with place.deployment(name, SAYSO_OPENAI_MIN_INTERVAL_MS=interval_ms, POLL_INTERVAL_MS=500) as deployed:
        deployed.worker()
        place.provider.forget()
        began = time.monotonic()
        deployed.wait(deployed.insert(new_phrases(phrases, name=name)))
        seconds = time.monotonic() - began
        requests = place.provider.requests()
    if len(requests) != LANGUAGES * phrases:
        raise RuntimeError(f"{len(requests)} requests were sent for {phrases} phrases.")
    return seconds, requests


def _distance_figure(interval_ms: int, distance_ms: float, *, workers: int) -> Figure:
    plural = "one worker" if workers == 1 else f"{workers} workers"
    return Figure(
        name=f"smallest distance between requests, {plural}, {interval_ms} ms",
        value=distance_ms,
        unit="ms",
        compared_to="the provider's log",
        at_least=interval_ms,
        decimals=1,
    )


def _intervals_of_workers(place: CardsPlace) -> Sequence[Figure]:
    """The distances with three workers, which have the same key."""
    figures = []
    for interval_ms in INTERVALS_MS:
        name = f"workers-{interval_ms}"
        with place.deployment(name, SAYSO_OPENAI_MIN_INTERVAL_MS=interval_ms, POLL_INTERVAL_MS=500) as deployed:
            for _ in range(_WORKERS):
                deployed.worker()
            jobs = [
                deployed.insert(new_phrases(_PHRASES_OF_WORKERS[interval_ms], name=f"{name}-{number}"))
                for number in range(_JOBS_OF_WORKERS[interval_ms])
            ]
            deployed.wait(*jobs)
            requests = place.provider.requests()
        figures.append(_distance_figure(interval_ms, smallest_distance_ms(requests), workers=_WORKERS))
    return figures


# Purchases


def _sharing(place: CardsPlace) -> Sequence[Figure]:
    """What is bought for decks that have most of their phrases in common."""
    shared = new_phrases(_SHARED_PHRASES, name="all decks")
    with place.deployment("sharing", SAYSO_OPENAI_MIN_INTERVAL_MS=50, POLL_INTERVAL_MS=500) as deployed:
        for _ in range(_WORKERS):
            deployed.worker()
        own = _PHRASES_PER_DECK - _SHARED_PHRASES
        jobs = [
            deployed.insert([*shared, *new_phrases(own, name=f"deck {number}")]) for number in range(_SHARING_DECKS)
        ]
        deployed.wait(*jobs)
        bought = len(place.provider.requests())
    distinct = LANGUAGES * (_SHARED_PHRASES + _SHARING_DECKS * own)
    texts = LANGUAGES * _SHARING_DECKS * _PHRASES_PER_DECK
    return [
        Figure(
            name="purchases for ten decks that share 80 % of their phrases",
            value=bought,
            unit="",
            compared_to=f"{distinct} different texts among {texts:,}, {_WORKERS} workers",
            at_most=distinct,
            decimals=0,
        )
    ]


# A backlog


def _backlog(place: CardsPlace) -> Sequence[Figure]:
    """A worker's memory beside a large backlog, and how long a job of one phrase takes that comes after it."""
    with place.deployment("backlog", POLL_INTERVAL_MS=5000) as deployed:
        worker = deployed.worker()
        deployed.wait(deployed.insert(new_phrases(1, name="the first job")))
        before_bytes = worker.usage().peak_bytes
        for number in range(_BACKLOG):
            deployed.insert(new_phrases(_BACKLOG_PHRASES, name=f"job {number}"))
        time.sleep(_BACKLOG_SECONDS)
        began = time.monotonic()
        deployed.wait(deployed.insert(new_phrases(1, name="the last job")))
        seconds = time.monotonic() - began
        peak_bytes = worker.usage().peak_bytes
        worker.kill()  # the rest of the backlog is not of interest
    waiting = f"{_BACKLOG} jobs of {_BACKLOG_PHRASES} phrases"
    return [
        Figure(
            name=f"peak memory of a worker beside {waiting}",
            value=peak_bytes / 2**20,
            unit="MiB",
            compared_to=f"{before_bytes / 2**20:.0f} MiB before them",
            decimals=0,
        ),
        Figure(
            name="a job of one phrase after them",
            value=seconds,
            unit="s",
            compared_to=f"{LATENCY_SECONDS} s a request; one request per 500 ms; polling each 5 s",
            at_most=_SMALL_JOB_GOAL_SECONDS,
            decimals=1,
        ),
    ]
