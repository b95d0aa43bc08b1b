"""A process that is killed at any moment: readers never see a partial file, and the next process ends the work."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from chaos.sync.stage import Stage
from chaos.sync.volumes import LimitedVolume, Volume


@pytest.mark.parametrize("volume", [Volume, LimitedVolume])
def test_no_kill_leaves_the_volume_wrong(volume: type[Volume]) -> None:
    """All faults, more runs and volumes, and other seeds: make chaos ARGS="--scene sync"."""
    with tempfile.TemporaryDirectory(prefix="sayso-kills-") as name:
        Path(name).chmod(0o755)  # the reader is another user, if this one may start it
        outcome = Stage("kills", volume, Path(name) / "stage", "20261130").run(20)
    if outcome.missing is not None:
        pytest.skip(outcome.missing)
    assert outcome.broken == []
    assert outcome.runs == 20
