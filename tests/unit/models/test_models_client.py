"""The progress of a registry's client is the size of what it has written."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING

from sayso.models.sources.client import size_below

if TYPE_CHECKING:
    from pathlib import Path


def test_directories_may_disappear_while_their_size_is_taken(tmp_path: Path) -> None:
    """A client unpacks into directories of its own and removes them again."""
    (tmp_path / "part").write_bytes(bytes(7))

    def unpack() -> None:
        for _ in range(1000):
            (tmp_path / "unpack" / "deeper").mkdir(parents=True)
            shutil.rmtree(tmp_path / "unpack")

    client = threading.Thread(target=unpack)
    client.start()
    sizes = {size_below(tmp_path)}
    while client.is_alive():
        sizes.add(size_below(tmp_path))
    client.join()

    assert sizes == {7}
