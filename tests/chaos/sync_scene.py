"""The scene of model sync: a bucket changes, and what copies it to a volume is killed, round by round.

It has no queue and no workers, as the others have: what is asked of it is that no reader of the volume ever sees a
partial file or a mixed set, and that the volume is equal to the bucket at the end.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import typer

from support.aws.s3_server import s3_server
from support.modelsync.kills import storm

SYNC = "sync"


def sync_scene(seed: int, rounds: int) -> list[str]:
    """Run it; the promises that were broken, in sentences."""
    with tempfile.TemporaryDirectory(prefix="sayso-chaos-sync-") as directory, s3_server() as server:
        broken = storm(
            server,
            Path(directory) / "models",
            seed=seed,
            rounds=rounds,
            say=lambda line: typer.echo(f"{SYNC}: {line}", err=True),
        )
    typer.echo(f"{SYNC}: {rounds} kills; {len(broken)} complaints", err=True)
    return [f"{SYNC}: {line}" for line in broken]
