"""The source of an older version, for workers of it beside those of today."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def older_source(version: str, directory: Path) -> Path:
    """A directory with ``src`` and ``tests`` of a version.

    Args:
        version: a directory that has them, or a revision of this repository.
        directory: where a revision's are put.

    Raises:
        ValueError: it is neither.
    """
    if (Path(version) / "src" / "sayso").is_dir():
        return Path(version).absolute()
    directory.mkdir(parents=True)
    archive = directory / "archive.tar"
    command = ["git", "-C", str(_ROOT), "archive", "--output", str(archive), version, "src", "tests/chaos"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ValueError(f"{version} is neither a directory with src/sayso nor a revision: {done.stderr.strip()}")
    with tarfile.open(archive) as content:
        content.extractall(directory, filter="data")
    return directory
