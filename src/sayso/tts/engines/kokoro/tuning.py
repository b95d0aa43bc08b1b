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
    file: Path, key: str, open_speaker: Callable[[int], Callable[[], object]], *, count: int | None = None
) -> Tuning:
    """The fastest tuning: from the file if it was measured before, else measured now.

    Args:
        file: stores the results, by key.
        key: what the result depends on: the model, the software.
        open_speaker: given a number of threads, loads the model and returns a function that synthesises a fixed
            utterance and may be called from several threads at once.
        count: the processors to share out; None for all that this process may use.
    """
    count = count or processors()
    key = f"{key} on {count} processors"
    known = _read(file)
    if key not in known:
        options = candidates(count)
        if len(options) > 1:
            _log.info("measuring once how this machine speaks fastest", seconds="about 10")
        known[key] = options[0] if len(options) == 1 else max(options, key=_rates(options, open_speaker).__getitem__)
        _write(file, known)
    return known[key]


def _rates(options: Sequence[Tuning], open_speaker: Callable[[int], Callable[[], object]]) -> dict[Tuning, float]:
    """Utterances a second for each option; the rounds are interleaved, and the best of each counts."""
    speakers = {option: open_speaker(option.threads) for option in options}
    rates = dict.fromkeys(options, 0.0)
    for _ in range(_ROUNDS):
        for option, speaker in speakers.items():
            rates[option] = max(rates[option], _rate(option.workers, speaker))
    return rates


def _rate(workers: int, speaker: Callable[[], object]) -> float:
    with ThreadPoolExecutor(workers) as pool:
        began = time.perf_counter()
        for future in [pool.submit(speaker) for _ in range(2 * workers)]:
            future.result()
        return 2 * workers / (time.perf_counter() - began)


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
