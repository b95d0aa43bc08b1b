"""Reconciliations and events on one volume, against moto: sets, directories in the place of files, refused keys."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import pytest

from sayso.aws.s3_reader import BucketReader, locate_bucket
from sayso.modelsync.errors import FullSyncRunning
from sayso.modelsync.plan.plan import PlanRules
from sayso.modelsync.reconciliation.opened import SyncOptions
from sayso.modelsync.records import EventKind, ObjectEvent
from sayso.modelsync.service.service import ModelSync
from sayso.modelsync.volume.capabilities import probe_volume
from support.aws.s3_server import S3Server, s3_server
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sayso.modelsync.reconciliation.reconciled import Reconciled


@pytest.fixture(name="server", scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


class Models:
    """A bucket, and the service that copies it."""

    def __init__(self, server: S3Server, base: Path, rules: PlanRules | None = None) -> None:
        access = server.access()
        self.name = f"models-{uuid4().hex[:12]}"
        self.base = base
        self.client: Any = boto3.client(
            "s3",
            region_name=access.region,
            endpoint_url=access.endpoint_url,
            aws_access_key_id=access.access_key_id,
            aws_secret_access_key=access.secret_access_key,
        )
        self.client.create_bucket(Bucket=self.name)
        self.reader = BucketReader(locate_bucket(self.name, access))
        options = SyncOptions(base_path=base, rules=rules or PlanRules(max_delete_ratio=1.0))
        self.sync = ModelSync(options, self.reader)

    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def put_set(self, prefix: str, **files: bytes) -> None:
        for name, body in files.items():
            self.put(f"{prefix}{name}.bin", body)
        listed = [
            {"path": f"{name}.bin", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
            for name, body in files.items()
        ]
        self.put(f"{prefix}x.manifest.json", json.dumps({"manifest_version": 1, "files": listed}).encode())

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=self.name, Key=key)

    def full(self) -> Reconciled:
        """Reconcile; one that was asked for a moment ago may not have ended yet."""
        wait_until(lambda: not self.sync._requests.is_posted)
        try:
            return self.sync.full_sync().result(60)
        except FullSyncRunning:
            raise AssertionError("it runs already") from None

    def event(self, key: str, kind: EventKind = EventKind.CREATED, *, sequencer: str | None = None) -> dict[str, Any]:
        event = ObjectEvent(kind=kind, bucket=self.name, key=key, name="Test", sequencer=sequencer)
        return dict(self.sync.apply([event]).result(60).failed)

    def files(self) -> dict[str, bytes]:
        found = [path for path in self.base.rglob("*") if ".sayso" not in path.parts and path.is_file()]
        found += [path for link in self.base.iterdir() if link.is_symlink() for path in link.iterdir()]
        return {str(path.relative_to(self.base)): path.read_bytes() for path in found}


@contextmanager
def running(server: S3Server, base: Path, rules: PlanRules | None = None) -> Iterator[Models]:
    models = Models(server, base, rules)
    models.sync.start()
    try:
        wait_until(lambda: models.sync.state.has_reconciled)  # a later one is not joined to that of the start
        wait_until(lambda: models.sync.state.status == "running")
        yield models
    finally:
        models.sync.stop()
        models.sync.join()
        models.reader.close()


@pytest.fixture
def models(server: S3Server, tmp_path: Path) -> Iterator[Models]:
    with running(server, tmp_path / "models") as service:
        yield service


def test_a_file_becomes_a_directory_and_a_directory_a_file(models: Models) -> None:
    models.put("a.bin", b"file")
    models.put("b.bin/c.bin", b"below")
    assert models.full().is_successful
    for key in ("a.bin", "b.bin/c.bin"):
        models.delete(key)
    models.put("a.bin/c.bin", b"below")
    models.put("b.bin", b"file")
    result = models.full()
    assert result.errors == ()
    assert models.files() == {"a.bin/c.bin": b"below", "b.bin": b"file"}


def test_a_removal_is_checked_and_an_earlier_event_ignored(models: Models) -> None:
    """A removal of an object that is there changes nothing; after a later event an earlier one costs no request."""
    models.put("a.bin", b"one")
    assert models.event("a.bin", EventKind.REMOVED, sequencer="05") == {}
    assert models.files() == {"a.bin": b"one"}
    models.put("a.bin", b"another")
    assert models.event("a.bin", sequencer="04") == {}
    assert models.files() == {"a.bin": b"one"}
    assert models.event("a.bin", sequencer="06") == {}
    assert models.files() == {"a.bin": b"another"}


def test_a_key_that_collides_is_refused_and_the_first_one_stays(models: Models) -> None:
    models.put("Model.bin", b"first")
    assert models.event("Model.bin") == {}
    models.put("model.bin", b"second")
    assert models.event("model.bin") == {}
    assert models.files() == {"Model.bin": b"first"}
    assert [each.key for each in models.full().refused] == ["model.bin"]


def test_a_file_of_another_service_is_never_replaced_by_a_directory(models: Models) -> None:
    models.base.mkdir(exist_ok=True)
    (models.base / "taken.bin").write_bytes(b"of another service")
    models.put("taken.bin/a.bin", b"one")
    assert models.event("taken.bin/a.bin") == {}
    assert models.files() == {"taken.bin": b"of another service"}


def test_a_set_grows_shrinks_and_goes(models: Models) -> None:
    models.put_set("set/", one=b"1", two=b"2")
    assert models.full().is_successful
    assert (models.base / "set").is_symlink()
    models.delete("set/two.bin")
    models.put_set("set/", one=b"1", three=b"3")
    assert models.event("set/x.manifest.json") == {}
    assert set(models.files()) == {"set/one.bin", "set/three.bin", "set/x.manifest.json"}
    for key in ("set/one.bin", "set/three.bin", "set/x.manifest.json"):
        models.delete(key)
    assert models.event("set/x.manifest.json", EventKind.REMOVED) == {}
    assert models.files() == {}
    assert not (models.base / "set").is_symlink()


def test_a_directory_of_single_files_becomes_a_set(models: Models) -> None:
    """Its files are taken over; a damaged file of the current version is mended."""
    models.put("set/one.bin", b"one")
    assert models.full().is_successful
    models.put_set("set/", one=b"one", two=b"two")
    assert models.full().is_successful
    assert (models.base / "set").is_symlink()
    (models.base / "set/one.bin").write_bytes(b"bad")
    assert models.full().is_successful
    assert models.files()["set/one.bin"] == b"one"


def test_a_set_waits_until_all_of_it_is_there(models: Models) -> None:
    """Single files of it are not published meanwhile."""
    body = b"two"
    files = [{"path": "two.bin", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}]
    models.put("set/x.manifest.json", json.dumps({"manifest_version": 1, "files": files}).encode())
    assert models.event("set/x.manifest.json") == {}
    assert models.files() == {}
    models.put("set/two.bin", body)
    assert models.event("set/two.bin") == {}
    assert set(models.files()) == {"set/two.bin", "set/x.manifest.json"}


def test_without_symbolic_links_a_set_is_published_file_by_file(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "sayso.modelsync.reconciliation.opened.probe_volume", lambda root: replace(probe_volume(root), symlinks=False)
    )
    with running(server, tmp_path / "models") as models:
        models.put_set("set/", one=b"1", two=b"2")
        assert models.full().errors == ()
        assert not (models.base / "set").is_symlink()
        models.delete("set/two.bin")
        models.put_set("set/", one=b"one")
        assert models.full().errors == ()
        assert set(models.files()) == {"set/one.bin", "set/x.manifest.json"}
        assert (models.base / "set/one.bin").read_bytes() == b"one"


def test_too_many_deletions_are_withheld(server: S3Server, tmp_path: Path) -> None:
    with running(server, tmp_path / "models", PlanRules(max_delete_ratio=0.5)) as models:
        for name in "abc":
            models.put(f"{name}.bin", b"x")
        assert models.full().is_successful
        models.delete("a.bin")
        models.delete("b.bin")
        result = models.full()
        assert result.withheld_reason is not None
        assert not result.is_successful
        assert set(models.files()) == {"a.bin", "b.bin", "c.bin"}
