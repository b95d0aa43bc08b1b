"""Clients of the API in a process of their own: ``python -m bench.api_clients load`` and ``probe``; they print JSON.

They are few, their time is bounded, and they speak to this machine alone.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

import httpx2

_LOOPBACK = "http://127.0.0.1:"
_PROBED = ("/health", "/metrics")
_PROBE_EVERY_SECONDS = 0.05
_PROBE_TIMEOUT_SECONDS = 10.0
_REQUEST_TIMEOUT_SECONDS = 240.0
_TRANSCRIPT_EVERY = 4
_TOO_MANY = 429
_NO_ANSWER = 0
"""Counted in place of a status where no answer came, or not to its end."""
_SENTENCES = (
    "Keeper number {0} counted {1} gulls and one very large cloud.",
    "After that he wrote {1} lines in book {0}, and slept.",
    "In the morning, boat number {1} came with {0} letters.",
)


class Load:
    """Clients that ask, one request after another each, until the time is over; one loop owns it.

    Args:
        options: url, key, clients, seconds, recording.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._recording = Path(options.recording).read_bytes()
        self._texts = count(int(time.time()) % 100_000 * 1000)  # no text of an earlier level
        self._statuses: Counter[int] = Counter()
        self._first_audio_seconds: list[float] = []
        self._transcript_seconds: list[float] = []
        self._without_retry_after = 0
        self._ended = 0
        self._over_at = 0.0

    async def run(self) -> dict[str, Any]:
        """What was seen."""
        began = time.monotonic()
        self._over_at = began + self._options.seconds
        limits = httpx2.Limits(max_connections=self._options.clients + 4)
        async with httpx2.AsyncClient(
            base_url=self._options.url,
            headers={"authorization": f"Bearer {self._options.key}"},
            timeout=_REQUEST_TIMEOUT_SECONDS,
            limits=limits,
        ) as client:
            await asyncio.gather(*(self._client(client, number) for number in range(self._options.clients)))
        return {
            "statuses": dict(self._statuses),
            "first_audio_seconds": self._first_audio_seconds,
            "transcript_seconds": self._transcript_seconds,
            "without_retry_after": self._without_retry_after,
            "ended": self._ended,
            "seconds": time.monotonic() - began,
        }

    async def _client(self, client: httpx2.AsyncClient, number: int) -> None:
        for request in count(number):
            if time.monotonic() >= self._over_at:
                return
            ask = self._transcript if request % _TRANSCRIPT_EVERY == _TRANSCRIPT_EVERY - 1 else self._speech
            try:
                retry_after_seconds = await ask(client)
            except httpx2.TransportError:
                self._statuses[_NO_ANSWER] += 1
                continue
            await asyncio.sleep(min(retry_after_seconds, max(0.0, self._over_at - time.monotonic())))

    async def _speech(self, client: httpx2.AsyncClient) -> float:
        """Ask for speech; how long to wait before the next request."""
        number = next(self._texts)
        text = " ".join(sentence.format(number, number * 7 % 9973) for sentence in _SENTENCES)
        fields = {"model": "kokoro", "input": text, "voice": "af_heart", "response_format": "mp3"}
        began = time.monotonic()
        async with client.stream("POST", "/v1/audio/speech", json=fields) as answer:
            is_first = answer.is_success
            async for _ in answer.aiter_raw():
                if is_first:
                    self._first_audio_seconds.append(time.monotonic() - began)
                is_first = False
        return self._counted(answer)

    async def _transcript(self, client: httpx2.AsyncClient) -> float:
        """Ask for a transcript; how long to wait before the next request."""
        began = time.monotonic()
        files = {"file": ("recording.wav", self._recording)}
        answer = await client.post("/v1/audio/transcriptions", data={"model": "whisper-base"}, files=files)
        if answer.is_success:
            self._transcript_seconds.append(time.monotonic() - began)
        return self._counted(answer)

    def _counted(self, answer: httpx2.Response) -> float:
        self._statuses[answer.status_code] += 1
        self._ended += answer.is_success
        if answer.status_code != _TOO_MANY:
            return 0.0
        if "retry-after" not in answer.headers:
            self._without_retry_after += 1
            return 1.0
        return float(answer.headers["retry-after"])


def probe(options: argparse.Namespace) -> dict[str, Any]:
    """How long each probe took, in milliseconds, and how many were not answered with 200."""
    times: dict[str, list[float]] = {path: [] for path in _PROBED}
    failed = 0
    over_at = time.monotonic() + options.seconds
    with httpx2.Client(base_url=options.url, timeout=_PROBE_TIMEOUT_SECONDS) as client:
        for number in count():
            began = time.monotonic()
            if began >= over_at:
                break
            path = _PROBED[number % len(_PROBED)]
            try:
                failed += client.get(path).status_code != httpx2.codes.OK
            except httpx2.TransportError:
                failed += 1
            times[path].append((time.monotonic() - began) * 1000)
            time.sleep(max(0.0, _PROBE_EVERY_SECONDS - (time.monotonic() - began)))
    return {"milliseconds": times, "failed": failed}


def main() -> None:
    """Read the options, work, and print what was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["load", "probe"])
    parser.add_argument("--url", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--recording")
    options = parser.parse_args()
    if not options.url.startswith(_LOOPBACK):
        parser.error("the load is for a server on this machine alone")
    found = asyncio.run(Load(options).run()) if options.what == "load" else probe(options)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
