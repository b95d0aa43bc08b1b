"""The files of `bench.sync`, and the directories where they come from and go to."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.processes import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

_KIBIBYTE = 2**10
MEBIBYTE = 2**20
GIBIBYTE = 2**30
_MEMORY = Path("/dev/shm")  # noqa: S108 -- it is a file system in memory that is wanted


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """Files of one size.

    Attributes:
        bucket: with these files.
        files: how many.
        size_bytes: of each.
    """

    bucket: str
    files: int
    size_bytes: int

    @property
    def gibibytes(self) -> float:
        """All of it."""
        return self.files * self.size_bytes / GIBIBYTE

    @property
    def title(self) -> str:
        """For people."""
        for unit, size in (("GiB", GIBIBYTE), ("MiB", MEBIBYTE)):
            if self.size_bytes >= size:
                return f"{self.files:,} × {self.size_bytes / size:,.3g} {unit}"
        return f"{self.files:,} × {self.size_bytes / _KIBIBYTE:,.0f} KiB"


SMALL = Load(bucket="small", files=2_000, size_bytes=64 * _KIBIBYTE)
MEDIUM = Load(bucket="medium", files=200, size_bytes=8 * MEBIBYTE)
LARGE = Load(bucket="large", files=2, size_bytes=GIBIBYTE)
UNCHANGED = Load(bucket="unchanged", files=10_000, size_bytes=_KIBIBYTE)


def scaled(load: Load, scale: float) -> Load:
    """A part of a load: fewer files, or smaller ones where there are only two."""
    if load is LARGE:
        return Load(bucket=load.bucket, files=load.files, size_bytes=int(load.size_bytes * scale))
    return Load(bucket=load.bucket, files=max(int(load.files * scale), 2), size_bytes=load.size_bytes)


def fill(data: Path, load: Load) -> None:
    """Make a bucket with random content."""
    directory = data / load.bucket
    directory.mkdir(parents=True)
    for number in range(load.files):
        with (directory / f"file-{number:05}.bin").open("wb") as stream:
            left = load.size_bytes
            while left:
                left -= stream.write(os.urandom(min(left, MEBIBYTE)))


def check(out: Path, load: Load) -> None:
    """Raise an error unless a directory has every file, in its size."""
    found = [path for path in out.rglob("*.bin") if path.is_file() and ".sayso" not in path.parts]
    if len(found) != load.files or sum(path.stat().st_size for path in found) != load.files * load.size_bytes:
        raise RuntimeError(f"{out} has {len(found)} of the {load.files} files of {load.bucket}")


def clear(out: Path) -> None:
    """Remove what was fetched, and let the disk settle: one tool's bytes are not written in the next one's time."""
    shutil.rmtree(out)
    os.sync()


def settled_seconds() -> float:
    """How long it takes until everything that was written is on the disk."""
    began = time.perf_counter()
    os.sync()
    return time.perf_counter() - began


@contextmanager
def memory_directory(needed_bytes: int) -> Iterator[Path | None]:
    """A directory in memory (tmpfs), which is removed again; None where there is none with so much space."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < needed_bytes:
        yield None
        return
    directory = _MEMORY / f"sayso-bench-{os.getpid()}"
    directory.mkdir()
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@contextmanager
def object_server(data: Path) -> Iterator[str]:
    """The endpoint of a server of these buckets."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.object_server", str(data)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.communicate()
