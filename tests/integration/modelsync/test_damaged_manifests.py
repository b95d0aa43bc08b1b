"""A manifest that is damaged on its way is read again; the set is not judged by it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from sayso.modelsync.plan.plan import PlanRules
from sayso.modelsync.reconciliation.opened import SyncOptions
from sayso.modelsync.service.service import ModelSync
from support.aws.object_server import Reply, SeenRequest, object_server
from support.modelsync.transfers import OPTIONS

if TYPE_CHECKING:
    from pathlib import Path


def test_a_bit_that_is_flipped_in_a_manifest_holds_no_set_up(tmp_path: Path) -> None:
    body = b"content"
    files = [{"path": "a.bin", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}]
    manifest = json.dumps({"manifest_version": 1, "files": files}).encode()
    place = manifest.index(b'"sha256": "') + 15
    damaged: list[str] = []

    def choose(request: SeenRequest) -> Reply | None:
        if request.method == "GET" and request.key.endswith(".manifest.json") and not damaged:
            damaged.append(request.key)
            return Reply(flipped=place)
        return None

    with object_server() as server, server.reader() as reader:
        server.put("set/a.bin", body)
        server.put("set/x.manifest.json", manifest)
        server.choose = choose
        options = SyncOptions(base_path=tmp_path, rules=PlanRules(max_delete_ratio=1.0), transfers=OPTIONS)
        sync = ModelSync(options, reader)
        future = sync.full_sync()
        sync.start()
        try:
            assert future.result(60).errors == ()
        finally:
            sync.stop()
            sync.join()
    assert damaged == ["set/x.manifest.json"]
    assert (tmp_path / "set" / "a.bin").read_bytes() == body
