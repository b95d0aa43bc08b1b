"""How soon a listener hears something, and whether the sound goes on: one client of ``/v1/audio/speech``.

``sayso run api`` runs as a process of its own with an empty speech cache, and kokoro-onnx's `create_stream`
(`bench.peer_kokoro_stream`) as another; they take turns, each with a paragraph of about 5, 12 or 30 seconds that
neither has spoken before. The client asks for bare samples, so that a header is no sound. First audio is the time until
a sample louder than -50 dBFS has arrived, and half a second after it; its share is of the time until the last byte.
What arrives is played as a player would, from then on in real time: a starvation is a moment at which the next sample
is not there.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Self

import httpx2
import numpy as np

from bench.processes import ROOT
from bench.report import Figure, Result, Table
from bench.server import ServerProcess
from bench.speed import VOICE, packed_voices
from sayso.models import open_store
from sayso.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

GOAL_SHARE = 0.12
_GOAL_FROM_SECONDS = 12
_RATE_HZ = 24_000
_AUDIBLE = 32768 * 10 ** (-50 / 20)
_ENOUGH_SECONDS = 0.5
_TIMEOUT_SECONDS = 300.0

_SENTENCES = (
    "The harbour master wrote {0} names in the ledger before the boats returned at noon.",
    "Nobody had expected so many, since the storm had closed the channel for days.",
    "He lit the lamp, and counted {0} of them again.",
    "Later, when the fog came in from the west, the bell on the pier rang {0} times, and the children ran down to see.",
    "It was only the mail boat, late as always, with letters for everyone in the village and a parcel for the doctor.",
    "She had waited {0} weeks for it.",
)
PARAGRAPHS: Mapping[int, str] = {
    5: _SENTENCES[0],
    12: " ".join(_SENTENCES[:3]),
    30: " ".join(_SENTENCES),
}
"""By about how many seconds it takes to say them; the number makes each a text that was never spoken before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hearing:
    """One paragraph as a listener heard it.

    Attributes:
        first_seconds: until sound was there, and half a second of it.
        whole_seconds: until the last byte.
        audio_seconds: the length of the audio.
        starvations: how often the next sample was not there in time.
    """

    first_seconds: float
    whole_seconds: float
    audio_seconds: float
    starvations: int

    @property
    def share(self) -> float:
        """The first audio as a share of the whole time."""
        return self.first_seconds / self.whole_seconds


def measure_first_audio(work: Path, *, runs: int) -> Result:
    """Take turns for ``runs`` rounds, in an empty directory ``work``."""
    numbers = count(int(time.time()) % 9000 + 100)
    heard: dict[str, dict[int, list[Hearing]]] = {}
    with ServerProcess(work) as server, _Peer(work) as peer, httpx2.Client(timeout=_TIMEOUT_SECONDS) as client:
        programs: Mapping[str, Callable[[str], Iterable[tuple[float, bytes]]]] = {
            "sayso": lambda text: _streamed(client, server, text),
            "kokoro-onnx": peer.speak,
        }
        for speak in programs.values():
            hear(speak(PARAGRAPHS[5].format(next(numbers))))  # loads the model
        for _ in range(runs):
            for seconds, paragraph in PARAGRAPHS.items():
                for name, speak in programs.items():
                    hearing = hear(speak(paragraph.format(next(numbers))))
                    heard.setdefault(name, {}).setdefault(seconds, []).append(hearing)
    return _result(heard, runs)


def hear(arrivals: Iterable[tuple[float, bytes]]) -> Hearing:
    """Play what arrives: seconds since the request, and 16-bit samples."""
    heard_at = enough_at = 0.0
    samples = audible = starvations = 0
    played_until = at = 0.0
    for at, data in arrivals:
        block = np.frombuffer(data, "<i2")
        if not heard_at and np.abs(block.astype(np.int32)).max(initial=0) > _AUDIBLE:
            heard_at, audible = at, samples
        if heard_at and not enough_at and samples + block.size - audible >= _ENOUGH_SECONDS * _RATE_HZ:
            enough_at = played_until = at
            played_until += (samples - audible) / _RATE_HZ
        if enough_at:
            starvations += at > played_until
            played_until = max(played_until, at) + block.size / _RATE_HZ
        samples += block.size
    return Hearing(
        first_seconds=enough_at or at,
        whole_seconds=at,
        audio_seconds=samples / _RATE_HZ,
        starvations=starvations,
    )


def _streamed(client: httpx2.Client, server: ServerProcess, text: str) -> Iterator[tuple[float, bytes]]:
    fields = {"model": "kokoro", "input": text, "voice": VOICE, "response_format": "pcm"}
    began, rest = time.monotonic(), b""
    headers = {"authorization": f"Bearer {server.key}"}
    with client.stream("POST", f"{server.base_url}/audio/speech", json=fields, headers=headers) as answer:
        answer.raise_for_status()
        for chunk in answer.iter_raw():
            at, data = time.monotonic() - began, rest + chunk
            whole = len(data) // 2 * 2
            data, rest = data[:whole], data[whole:]
            yield at, data


class _Peer:
    """A process that streams with kokoro-onnx, one paragraph after the other."""

    def __init__(self, work: Path) -> None:
        model = open_store(load_settings()).path("kokoro-82m-int8") / "model.onnx"
        self._command = [sys.executable, "-m", "bench.peer_kokoro_stream", str(model), str(packed_voices(work)), VOICE]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def speak(self, text: str) -> Iterator[tuple[float, bytes]]:
        """What it gives for a text, and when."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        began = time.monotonic()
        self._process.stdin.write(json.dumps(text).encode() + b"\n")
        self._process.stdin.flush()
        while size := int(self._process.stdout.readline()):
            data = self._process.stdout.read(size)
            yield time.monotonic() - began, data


def _result(heard: Mapping[str, Mapping[int, Sequence[Hearing]]], runs: int) -> Result:
    rows, figures = [], []
    for name, paragraphs in heard.items():
        for seconds, hearings in paragraphs.items():
            shares = [each.share for each in hearings]
            starved = sum(each.starvations for each in hearings)
            rows.append(
                (
                    name,
                    f"{median(each.audio_seconds for each in hearings):.1f}",
                    f"{median(each.first_seconds for each in hearings):.2f}",
                    f"{np.percentile([each.first_seconds for each in hearings], 95):.2f}",
                    f"{median(each.whole_seconds for each in hearings):.2f}",
                    f"{median(shares):.2f}",
                    f"{np.percentile(shares, 95):.2f}",
                    str(starved),
                )
            )
            if name == "sayso":
                is_long = seconds >= _GOAL_FROM_SECONDS
                goal = GOAL_SHARE if is_long else None
                about = f"of the whole time, median of {runs}, p95 {np.percentile(shares, 95):.2f}"
                title = f"first audio of {seconds} s"
                figures += [
                    Figure(name=title, value=median(shares), unit="", compared_to=about, at_most=goal),
                    Figure(
                        name=f"starvations, {seconds} s", value=starved, unit="", compared_to="", at_most=0, decimals=0
                    ),
                ]
    columns = ("program", "audio, s", "first audio, s", "p95, s", "whole, s", "share", "p95", "starvations")
    return Result(
        name="first-audio", figures=figures, tables=(Table(title="One listener", columns=columns, rows=rows),)
    )
