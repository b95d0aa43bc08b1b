"""Model sync in the process of a test, with a server whose answers the test decides: quick, and without AWS."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sayso.modelsync.keys import is_temporary
from sayso.modelsync.plan.plan import PlanRules
from sayso.modelsync.reconciliation.opened import SyncOptions, open_volume
from sayso.modelsync.reconciliation.progress import Progress
from sayso.modelsync.reconciliation.reconcile import Reconciler
from sayso.modelsync.records import EventKind, ObjectEvent
from sayso.modelsync.service.service import ModelSync
from sayso.modelsync.volume.directories import VolumeRoot
from sayso.modelsync.volume.lease import VolumeLease
from support.aws.object_server import BUCKET
from support.modelsync.transfers import OPTIONS
from support.waiting import wait_until

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from sayso.errors import SaysoError
    from sayso.modelsync.reconciliation.opened import OpenVolume
    from sayso.modelsync.service.requests import Applied
    from support.aws.object_server import ObjectServer


def options(base: Path, **changes: Any) -> SyncOptions:
    """Options with the quick transfers of tests, and no limit of deletions."""
    made = SyncOptions(base_path=base, rules=PlanRules(max_delete_ratio=1.0), transfers=OPTIONS)
    return replace(made, **changes)


def put_set(server: ObjectServer, prefix: str, **files: bytes) -> None:
    """Put the files of a set, and then its manifest."""
    for name, body in files.items():
        server.put(f"{prefix}{name}.bin", body)
    listed = [
        {"path": f"{name}.bin", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        for name, body in files.items()
    ]
    server.put(f"{prefix}x.manifest.json", json.dumps({"manifest_version": 1, "files": listed}).encode())


def files_of(base: Path) -> dict[str, bytes]:
    """The files that readers see, also behind the links of sets at the top; without temporary ones."""
    found = [path for path in base.rglob("*") if ".sayso" not in path.parts and path.is_file()]
    found = [path for path in found if not is_temporary(path.name)]
    found += [path for link in base.iterdir() if link.is_symlink() for path in link.rglob("*") if path.is_file()]
    return {str(path.relative_to(base)): path.read_bytes() for path in found}


@contextmanager
def reconciler(
    server: ObjectServer, made: SyncOptions, stopped: threading.Event, *, clock: Callable[[], float]
) -> Iterator[tuple[Reconciler, OpenVolume]]:
    """A reconciler without a service, and its volume."""
    made.base_path.mkdir(exist_ok=True)
    with ExitStack() as stack:
        reader = stack.enter_context(server.reader())
        root = stack.enter_context(VolumeRoot(made.base_path))
        lease = VolumeLease.take(root)
        assert lease is not None
        stack.callback(lease.close)
        volume = stack.enter_context(open_volume(made, reader, root, lease, clock=clock))
        yield Reconciler(volume, Progress(), stopped, clock=clock), volume


class RunningSync:
    """A service that runs."""

    def __init__(self, server: ObjectServer, made: SyncOptions, **service: Any) -> None:
        self.server = server
        self.base = made.base_path
        self.reader = server.reader()
        self.sync = ModelSync(made, self.reader, **service)

    def event(self, *keys: str, kind: EventKind = EventKind.CREATED) -> Mapping[str, SaysoError]:
        """What failed of the events of some keys, once they were acted on."""
        return self.send(*keys, kind=kind).result(60).failed

    def send(self, *keys: str, kind: EventKind = EventKind.CREATED) -> Future[Applied]:
        """Ask to act on the events of some keys."""
        return self.sync.apply([ObjectEvent(kind=kind, bucket=BUCKET, key=key, name="Test") for key in keys])

    def wait_until_idle(self) -> None:
        """Wait for the end of the reconciliation of the start."""
        wait_until(lambda: self.sync.state.has_reconciled and self.sync.state.status == "running")


@contextmanager
def running_sync(server: ObjectServer, made: SyncOptions, **service: Any) -> Iterator[RunningSync]:
    """A service; it may not have reconciled yet."""
    running = RunningSync(server, made, **service)
    running.sync.start()
    try:
        yield running
    finally:
        running.sync.stop()
        server.released.set()
        assert running.sync.join(60)
        running.reader.close()
