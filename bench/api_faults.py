"""What a client of ours sees while OpenAI fails: each fault, for speech and for transcription, and how long it took.

``sayso run api`` has ``python -m sayso.testing.openai_server`` for OpenAI: a real HTTP server of its protocol, failing
as it is told to. Limits are short, so that a run is: 2 s for an attempt, one repetition, a breaker that stays open for
3 s. Behind OpenAI stand Kokoro and whisper-base, or, in the second table, nobody (``FALLBACK_TO_LOCAL=false``). Before
each fault a request that succeeds closes the breaker. The reason is what ``/metrics`` counted.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx2

from bench.processes import ROOT, ProcessFailed, run
from bench.report import Figure, Result, Table
from bench.server import ServerProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

KEY = "sk-test-of-the-fault-server"
_ATTEMPT_SECONDS = 2.0
_OPEN_SECONDS = 3.0
_SETTINGS = {
    "OPENAI_API_KEY": KEY,
    "SAYSO_OPENAI_CHECK_SECONDS": "0",
    "SAYSO_OPENAI_TIMEOUT_SECONDS": f"{_ATTEMPT_SECONDS:g}",
    "SAYSO_OPENAI_RETRIES": "1",
    "SAYSO_BREAKER_OPEN_SECONDS": f"{_OPEN_SECONDS:g}",
}
_LONGEST_SECONDS = 120.0
_MOST_FAILURES = 20

FAULTS: Mapping[str, dict[str, Any] | None] = {
    "none": None,
    "429 with Retry-After: 1": {"kind": "rate_limited", "retry_after_seconds": 1},
    "429 with Retry-After: 20": {"kind": "rate_limited", "retry_after_seconds": 20},
    "429 without Retry-After": {"kind": "rate_limited"},
    "429, quota exhausted": {"kind": "quota"},
    "500": {"kind": "server_error"},
    "503": {"kind": "overloaded"},
    "hang before headers": {"kind": "hang"},
    "hang in mid-body": {"kind": "hang_in_body"},
    "cut in mid-body": {"kind": "cut"},
    "garbage": {"kind": "garbage"},
    "wrong content type": {"kind": "wrong_type"},
    "rejected key": {"kind": "rejected_key"},
    "slow drip": {"kind": "drip"},
}

_COUNTED = re.compile(r'^sayso_fallbacks_total\{engine="openai",reason="(\w+)"\} (\S+)$', re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What a client saw: the status, who made it, why not OpenAI, whether it held what was asked for, how long."""

    status: int
    engine: str
    reason: str
    is_whole: bool
    seconds: float


class FaultServer:
    """The server that stands for OpenAI, as a process that can be stopped and started on the same port."""

    def __init__(self) -> None:
        self._port = 0
        self.start()

    def start(self) -> None:
        """Listen."""
        command = [sys.executable, "-m", "sayso.testing.openai_server", "--port", str(self._port), "--key", KEY]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ProcessFailed(f"{command} did not start")
        self.base_url: str = json.loads(line)["base_url"]
        self._port = httpx2.URL(self.base_url).port or 0

    def stop(self) -> None:
        """Close the port."""
        self._process.terminate()
        self._process.communicate()

    def fail(self, fault: dict[str, Any] | None) -> None:
        """From now on every request has this fault; None for none."""
        self._control("PUT", "faults", json={"following": [], "always": fault})

    def request_count(self) -> int:
        """How many requests there have been."""
        return len(self._control("GET", "requests").json())

    def _control(self, method: str, what: str, **options: Any) -> httpx2.Response:
        address = f"{self.base_url.removesuffix('/v1')}/control/{what}"
        return httpx2.request(method, address, **options).raise_for_status()


class Caller:
    """A client of our server."""

    def __init__(self, server: ServerProcess, recording: Path) -> None:
        self._client = httpx2.Client(
            base_url=server.root_url, headers={"authorization": f"Bearer {server.key}"}, timeout=_LONGEST_SECONDS
        )
        self._recording = recording.read_bytes()
        self._texts = 0

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def speech(self) -> Seen:
        """Ask for speech that nobody has asked for."""
        self._texts += 1
        fields = {"model": "tts-1", "input": f"This is request number {self._texts}.", "voice": "alloy"}
        return self._seen(lambda: self._client.post("/v1/audio/speech", json=fields))

    def transcript(self) -> Seen:
        """Ask for a transcript."""
        files = {"file": ("recording.wav", self._recording)}
        return self._seen(
            lambda: self._client.post("/v1/audio/transcriptions", data={"model": "whisper-1"}, files=files)
        )

    def breaker(self) -> str:
        """The state of OpenAI's breaker."""
        engines = self._client.get("/health").json()["engines"]["speech"]
        return str(next(engine["breaker"] for engine in engines if engine["name"] == "openai"))

    def _seen(self, ask: Any) -> Seen:
        before = self._fallbacks()
        began = time.monotonic()
        answer: httpx2.Response = ask()
        seconds = time.monotonic() - began
        after = self._fallbacks()
        reasons = [reason for reason, count in after.items() if count > before.get(reason, 0.0)]
        return Seen(
            status=answer.status_code,
            engine=answer.headers.get("x-sayso-engine", ""),
            reason=", ".join(reasons) or _code(answer),
            is_whole=answer.is_success and len(answer.content) > 0,
            seconds=seconds,
        )

    def _fallbacks(self) -> dict[str, float]:
        return {reason: float(count) for reason, count in _COUNTED.findall(self._client.get("/metrics").text)}


def measure_api_faults(work: Path) -> Result:
    """Try each fault, with and without a local engine behind OpenAI, and the breaker."""
    recording = work / "recording.wav"
    run([sys.executable, "-m", "sayso", "say", "The lamp is lit.", "-o", str(recording)])
    with _servers(work, recording, {}) as (fault_server, caller):
        with_fallback = _each_fault(fault_server, caller)
        breaker, opened_and_closed = _breaker(fault_server, caller)
    with _servers(work, recording, {"FALLBACK_TO_LOCAL": "false"}) as (fault_server, caller):
        without_fallback = _each_fault(fault_server, caller)
    wrong = [row for row in with_fallback if not (row[2].status == httpx2.codes.OK and row[2].is_whole)]
    slowest = max(seen.seconds for _, _, seen in with_fallback)
    figures = (
        Figure(
            name="faults that a client noticed",
            value=len(wrong),
            unit="",
            compared_to=f"{len(with_fallback)} requests under {len(FAULTS)} faults, local engines behind OpenAI",
            at_most=0,
            decimals=0,
        ),
        Figure(
            name="longest answer under a fault",
            value=slowest,
            unit="s",
            compared_to=f"two attempts of {_ATTEMPT_SECONDS:g} s, a pause, and the local engine",
        ),
        Figure(
            name="breaker opened and recovered",
            value=opened_and_closed,
            unit="",
            compared_to="1 for yes",
            at_least=1,
            decimals=0,
        ),
    )
    tables = (
        _table("What a client sees, local engines behind OpenAI", with_fallback),
        _table("What a client sees, nobody behind OpenAI", without_fallback),
        breaker,
    )
    return Result(name="api-faults", figures=figures, tables=tables)


@contextmanager
def _servers(work: Path, recording: Path, settings: Mapping[str, str]) -> Iterator[tuple[FaultServer, Caller]]:
    fault_server = FaultServer()
    try:
        directory = work / f"server-{len(settings)}"
        directory.mkdir()
        with ServerProcess(directory, {**_SETTINGS, "OPENAI_BASE_URL": fault_server.base_url, **settings}) as server:
            caller = Caller(server, recording)
            try:
                yield fault_server, caller
            finally:
                caller.close()
    finally:
        fault_server.stop()


def _each_fault(fault_server: FaultServer, caller: Caller) -> list[tuple[str, str, Seen]]:
    rows = []
    for name, fault in FAULTS.items():
        for task, ask in (("speech", caller.speech), ("transcription", caller.transcript)):
            _recover(fault_server, caller)
            fault_server.fail(fault)
            rows.append((name, task, ask()))
    for task, ask in (("speech", caller.speech), ("transcription", caller.transcript)):
        _recover(fault_server, caller)
        fault_server.stop()
        rows.append(("stopped server", task, ask()))
        fault_server.start()
    return rows


def _recover(fault_server: FaultServer, caller: Caller) -> None:
    """Serve again, and wait until OpenAI is asked again."""
    fault_server.fail(None)
    give_up_at = time.monotonic() + _LONGEST_SECONDS
    while caller.speech().engine != "openai":
        if time.monotonic() > give_up_at:
            raise ProcessFailed("OpenAI was not asked again after it had recovered")
        time.sleep(_OPEN_SECONDS / 4)


def _breaker(fault_server: FaultServer, caller: Caller) -> tuple[Table, bool]:
    """Fail until the breaker opens, see that nobody is asked, recover."""
    _recover(fault_server, caller)
    fault_server.fail(FAULTS["500"])
    failures = 0
    while caller.breaker() != "open" and failures < _MOST_FAILURES:
        caller.speech()
        failures += 1
    rows = [("after so many failing requests", str(failures), caller.breaker())]
    asked = fault_server.request_count()
    seen = caller.speech()
    spared = fault_server.request_count() == asked
    rows.append(("a request while it is open", f"{seen.status} by {seen.engine} ({seen.reason})", caller.breaker()))
    rows.append(("OpenAI is asked meanwhile", "no" if spared else "yes", ""))
    time.sleep(_OPEN_SECONDS)
    caller.speech()
    rows.append((f"a probe after {_OPEN_SECONDS:g} s that fails", "", caller.breaker()))
    was_open = caller.breaker() == "open"
    fault_server.fail(None)
    time.sleep(_OPEN_SECONDS)
    rows.append((f"after {_OPEN_SECONDS:g} s more, before any request", "", caller.breaker()))
    seen = caller.speech()
    rows.append(("a probe that succeeds", f"{seen.status} by {seen.engine}", caller.breaker()))
    table = Table(title="The breaker", columns=("step", "seen", "state"), rows=rows)
    return table, spared and was_open and caller.breaker() == "closed" and seen.engine == "openai"


def _table(title: str, rows: Sequence[tuple[str, str, Seen]]) -> Table:
    cells = [
        (name, task, str(seen.status), seen.engine or "-", seen.reason or "-", f"{seen.seconds:.2f}")
        for name, task, seen in rows
    ]
    return Table(title=title, columns=("fault", "task", "status", "engine", "reason", "seconds"), rows=cells)


def _code(answer: httpx2.Response) -> str:
    """An error's code, and when to come again."""
    if answer.is_success:
        return ""
    code = answer.json()["error"]["code"]
    retry_after = answer.headers.get("retry-after")
    return f"{code}, Retry-After: {retry_after}" if retry_after else str(code)
