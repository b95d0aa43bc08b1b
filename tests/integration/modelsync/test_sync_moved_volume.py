"""A volume that is moved away, or replaced by an empty one, while the service runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.aws.object_server import object_server
from support.modelsync.services import files_of, options, running_sync
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path


def test_the_new_volume_is_filled_and_the_old_one_stays_as_it_was(tmp_path: Path) -> None:
    """Without an event, and the service is not ready before."""
    base, moved = tmp_path / "models", tmp_path / "moved"
    with object_server() as server:
        server.put("a.bin", b"a")
        with running_sync(server, options(base)) as running:
            running.wait_until_idle()
            base.rename(moved)
            base.mkdir()
            server.put("b.bin", b"b")
            wait_until((base / "b.bin").exists)
            wait_until(lambda: running.sync.state.has_reconciled)
            assert files_of(base) == {"a.bin": b"a", "b.bin": b"b"}
            assert files_of(moved) == {"a.bin": b"a"}
