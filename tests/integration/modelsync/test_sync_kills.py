"""A process that is killed at any moment: readers never see a partial file, and the next process ends the work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.aws.s3_server import s3_server
from support.modelsync.kills import storm

if TYPE_CHECKING:
    from pathlib import Path


def test_no_kill_leaves_the_volume_wrong(tmp_path: Path) -> None:
    """More rounds, and other seeds: make chaos ARGS="--scene sync"."""
    with s3_server() as server:
        assert storm(server, tmp_path / "models", seed=20261130, rounds=20) == []
