"""A speaker in a process of its own: ``python -m support.cards.speaking_process``.

It reads a line of JSON (`Task`), speaks the texts at once, and prints a line of JSON: the SHA-256 of each MP3, and
whether it was cached.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from support.cards.speakers import Options, Provider, speaking

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PATH = os.pathsep.join(str(Path(__file__).parents[3] / folder) for folder in ("src", "tests"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """What a process speaks.

    Attributes:
        database_url: of our own tables.
        base_url: of the provider.
        key: that it accepts.
        store: the directory of speech.
        texts: in English.
        job_id: that needs them.
        options: of the speaker.
    """

    database_url: str
    base_url: str
    key: str
    store: str
    texts: Sequence[str]
    job_id: str
    options: dict[str, Any] = field(default_factory=dict)


@contextmanager
def process(task: Task) -> Iterator[subprocess.Popen[str]]:
    """A process that speaks; it is killed at the end if it has not ended."""
    with subprocess.Popen(
        [sys.executable, "-m", "support.cards.speaking_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": _PATH},
    ) as started:
        try:
            stdin = cast("IO[str]", started.stdin)
            stdin.write(json.dumps(asdict(task)) + "\n")
            stdin.close()
            yield started
        finally:
            started.kill()


def results(started: subprocess.Popen[str]) -> list[tuple[str, bool]]:
    """Wait for a process: the digest of each text's MP3, and whether it was cached."""
    output = cast("IO[str]", started.stdout).read()
    assert started.wait() == 0
    return [(digest, is_cached) for digest, is_cached in json.loads(output)]


async def _speak(task: Task) -> list[tuple[str, bool]]:
    provider = Provider(base_url=task.base_url, key=task.key)
    async with speaking(task.database_url, provider, Path(task.store), Options(**task.options)) as one:
        spoken = await asyncio.gather(*(one.speaker.speak(text, "en", job_id=task.job_id) for text in task.texts))
    return [(hashlib.sha256(each.mp3).hexdigest(), each.is_cached) for each in spoken]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(_speak(Task(**json.loads(sys.stdin.readline()))))))
