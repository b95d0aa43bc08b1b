"""What those who wait for a prefix learn of a volume on which foreign entries are in the places of models."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sayso.modelsync.volume.synchronised import why_incomplete
from support.aws.object_server import object_server
from support.modelsync.services import options, put_set, reconciler

if TYPE_CHECKING:
    from pathlib import Path


def test_a_foreign_entry_in_the_place_of_a_model_is_missing(tmp_path: Path) -> None:
    """Also where a link of others is in the place of a whole directory; sets and other directories are complete."""
    base, elsewhere = tmp_path / "models", tmp_path / "elsewhere"
    for made in (base / "optional/a", elsewhere):
        made.mkdir(parents=True)
    (base / "essential").symlink_to(elsewhere)
    (base / "optional/a/1.bin").symlink_to("/dev/null")
    (elsewhere / "mine.bin").write_bytes(b"mine")
    with object_server() as server:
        for key in ("essential/a/1.bin", "optional/a/1.bin", "optional/b/1.bin"):
            server.put(key, b"1")
        put_set(server, "set/", one=b"1")
        with reconciler(server, options(base), threading.Event(), clock=lambda: 0.0) as (reconciling, _):
            reconciling.run()
    assert "symlink" in (why_incomplete(base, "essential/") or "")
    assert "symlink" in (why_incomplete(base, "optional/a/1.bin") or "")
    assert why_incomplete(base, "optional/b/") is None
    assert why_incomplete(base, "set/") is None
    assert [each.name for each in elsewhere.iterdir()] == ["mine.bin"]
