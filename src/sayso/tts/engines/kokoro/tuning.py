"""Measures how this machine synthesises fastest: how many utterances at once, with how many threads each.

Two utterances with a thread each are up to 1.5 times as fast as one with two threads on most machines, because the
model's many small operators leave threads waiting for one another. But memory bandwidth, hyper-threads and container
limits decide, so it is measured once and the result is stored.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import structlog

from sayso.errors import OutputFailed
from sayso.files import make_private_directory, replacing
from sayso.machine import processors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_log = structlog.get_logger(__name__)

_ROUNDS = 2

_BUDGET_SECONDS = 8.0
"""How long measuring takes at most: nothing begins that would end later, if it takes as long as the longest before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tuning:
    """How many utterances are synthesised at once, and how many threads the engine uses for each."""

    workers: int
    threads: int


def candidates(count: int) -> Sequence[Tuning]:
    """The ways to use ``count`` processors that are worth measuring: 1, 2 or all of them for each utterance."""
    threads = sorted({1, 2, count})
    return [Tuning(workers=count // each, threads=each) for each in threads if each <= count]


def tuning(
    file: Path,
    key: str,
    open_speaker: Callable[[int], Callable[[], object]],
    *,
    count: int | None = None,
    clock: Callable[[], float] = time.perf_counter,
    is_busy: Callable[[], bool] = lambda: False,
) -> Tuning:
    """The fastest tuning: from the file if it was measured before, else measured now, in a few seconds.

    What could not be measured in the time is not chosen; the first candidate, a thread for each utterance, is measured
    first. On a machine that is busy nothing is measured: the first candidate is used, and a later start measures.

    Args:
        file: stores the results, by key.
        key: what the result depends on: the model, the software.
        open_speaker: given a number of threads, loads the model and returns a function that synthesises a fixed
            utterance and may be called from several threads at once.
        count: the processors to share out; None for all that this process may use.
        clock: monotonic seconds.
        is_busy: whether the machine is.
    """
    count = count or processors()
    key = f"{key} on {count} processors"
    known = _read(file)
    if key not in known:
        options = candidates(count)
        if len(options) > 1 and is_busy():
            _log.info("the machine is busy, and is measured at a later start", utterances_at_once=options[0].workers)
            return options[0]
        if len(options) > 1:
            _log.info("measuring once how this machine speaks fastest", seconds=f"about {_BUDGET_SECONDS:g}")
        rates = {} if len(options) == 1 else _rates(options, open_speaker, clock)
        known[key] = max(options, key=lambda option: rates.get(option, 0.0))
        _write(file, known)
    return known[key]


def _rates(
    options: Sequence[Tuning], open_speaker: Callable[[int], Callable[[], object]], clock: Callable[[], float]
) -> dict[Tuning, float]:
    """Utterances a second for each option that was measured in time; rounds are interleaved, and the best counts."""
    give_up_at = clock() + _BUDGET_SECONDS
    speakers: dict[Tuning, Callable[[], object]] = {}
    rates: dict[Tuning, float] = {}
    longest_seconds = {True: 0.0, False: 0.0}  # of a step that loads, and of one that does not
    for option in [*options] * _ROUNDS:
        began, loads = clock(), option not in speakers
        if began + longest_seconds[loads] >= give_up_at:
            continue
        if loads:
            speakers[option] = open_speaker(option.threads)
        loaded_seconds = clock() - began
        rates[option] = max(rates.get(option, 0.0), _rate(option.workers, speakers[option], give_up_at, clock))
        longest_seconds[loads] = max(longest_seconds[loads], clock() - began)
        longest_seconds[False] = max(longest_seconds[False], clock() - began - loaded_seconds)
    return rates


def _rate(workers: int, speaker: Callable[[], object], give_up_at: float, clock: Callable[[], float]) -> float:
    """Utterances a second, of two for each worker; after the time none is begun, except the first of each."""
    with ThreadPoolExecutor(workers) as pool:
        began = clock()
        futures = [pool.submit(speaker) for _ in range(2 * workers)]
        done = 0
        for number, future in enumerate(futures):
            if number >= workers and clock() >= give_up_at and future.cancel():
                continue
            future.result()
            done += 1
        return done / max(clock() - began, 1e-9)


def _read(file: Path) -> dict[str, Tuning]:
    """The stored results; none if the file is missing or damaged."""
    try:
        return {key: Tuning(**values) for key, values in json.loads(file.read_bytes()).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(file: Path, known: dict[str, Tuning]) -> None:
    content = json.dumps({key: asdict(value) for key, value in known.items()}, indent=2)
    try:
        make_private_directory(file.parent)
        with replacing(file, private=True) as stream:
            stream.write(content.encode())
    except (OSError, OutputFailed) as error:
        _log.warning("the measurement is not kept", file=str(file), reason=str(error))
