"""What the machine, or its container, gives this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sayso.machine import available_memory_bytes

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal:  8000 kB\nMemFree:  10 kB\nMemAvailable:    4000 kB\n")
    (tmp_path / "sys/fs/cgroup").mkdir(parents=True)
    return tmp_path


def contained(root: Path, *, limit: str, used: int, cached: int) -> None:
    for name, text in {"max": limit, "current": str(used), "stat": f"anon 1\ninactive_file {cached}"}.items():
        (root / f"sys/fs/cgroup/memory.{name}").write_text(f"{text}\n")


def test_memory_is_what_the_machine_has_left(root: Path) -> None:
    """Where nothing bounds the process."""
    assert available_memory_bytes(root) == 4000 * 1024
    contained(root, limit="max", used=5, cached=0)
    assert available_memory_bytes(root) == 4000 * 1024


def test_a_container_may_have_less(root: Path) -> None:
    """What its files take in the page cache is given back when it is needed."""
    contained(root, limit="3000000", used=2000000, cached=500000)
    assert available_memory_bytes(root) == 1500000


def test_somewhere_else_it_is_what_there_is(tmp_path: Path) -> None:
    """A system without Linux's files."""
    assert available_memory_bytes(tmp_path) > 2**20


def test_this_machine_has_some() -> None:
    """Really."""
    assert available_memory_bytes() > 2**20
