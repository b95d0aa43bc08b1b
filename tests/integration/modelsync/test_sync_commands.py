"""``sayso sync`` against moto: one synchronisation, the plan, verification and waiting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from sayso.cli.app import app
from sayso.errors import InvalidInput, ServiceUnavailable
from support.aws.server import AwsPlace, aws_place
from support.modelsync.process import SyncPlace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Sync = Callable[..., Result]


@pytest.fixture(name="aws", scope="module")
def server() -> Iterator[AwsPlace]:
    with aws_place() as place:
        yield place


@pytest.fixture
def place(aws: AwsPlace) -> SyncPlace:
    return SyncPlace(aws)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def sync(place: SyncPlace, base: Path, monkeypatch: pytest.MonkeyPatch) -> Sync:
    """Runs a command of ``sayso sync``."""
    for name, value in place.environment(base).items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(app, ["sync", *arguments])


def document(result: Result) -> dict[str, object]:
    """The JSON of a command."""
    found: dict[str, object] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_one_synchronisation(place: SyncPlace, base: Path, sync: Sync) -> None:
    """It fetches, reports, and sends the notifications; again it does nothing."""
    place.put("essential/bert/模型.bin", b"one")
    place.put("../evil.bin", b"evil")
    result = sync("full", "--json")
    assert result.exit_code == 0, result.output
    assert document(result)["data"]["totalModels"] == 1  # type: ignore[index]
    assert (base / "essential/bert/模型.bin").read_bytes() == b"one"
    assert [json.loads(each["Body"])["path"] for each in place.notices()] == ["essential/bert/模型.bin"]
    again = sync("full")
    assert "1 models, 0 fetched" in again.output
    assert "refused" in again.output
    assert place.notices() == []


def test_the_plan_changes_nothing(place: SyncPlace, base: Path, sync: Sync) -> None:
    base.mkdir()
    place.put("a.bin", b"one")
    plan = document(sync("plan", "--json"))
    assert plan["actions"] == [{"kind": "download", "key": "a.bin", "bytes": 3, "reason": "it is not on the volume"}]
    assert not (base / "a.bin").exists()
    assert "download  'a.bin'" in sync("plan").output


def test_a_bucket_that_cannot_be_listed_is_no_plan(base: Path, sync: Sync, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command fails and says why, instead of reporting that there is nothing to do."""
    base.mkdir()
    monkeypatch.setenv("S3_BUCKET_NAME", "there-is-no-such-bucket")
    result = sync("plan")
    assert isinstance(result.exception, ServiceUnavailable)
    assert "There is no bucket" in str(result.exception)
    assert "unchanged" not in result.output


def test_a_damaged_file_is_found_and_mended(place: SyncPlace, base: Path, sync: Sync) -> None:
    place.put("a.bin", b"right")
    place.put("b.bin", b"good")
    sync("full")
    (base / "a.bin").write_bytes(b"wrong")
    result = sync("verify", "--json")
    assert (result.exit_code, document(result)["damaged"]) == (1, ["a.bin"])
    assert sync("full").exit_code == 0
    assert (base / "a.bin").read_bytes() == b"right"
    assert sync("verify").exit_code == 0


def test_files_of_another_service_are_adopted(place: SyncPlace, base: Path, sync: Sync) -> None:
    """They are compared, not fetched; what differs is replaced; what is not in the bucket stays."""
    place.put("same.bin", b"same")
    place.put("other.bin", b"right")
    base.mkdir()
    (base / "same.bin").write_bytes(b"same")
    (base / "other.bin").write_bytes(b"wrong")
    (base / "foreign.bin").write_bytes(b"foreign")
    inode = (base / "same.bin").stat().st_ino
    assert document(sync("full", "--json"))["data"]["syncedModels"] == 1  # type: ignore[index]
    assert (base / "same.bin").stat().st_ino == inode
    assert (base / "other.bin").read_bytes() == b"right"
    place.delete("other.bin")
    place.delete("same.bin")
    place.put("third.bin", b"third")
    withheld = sync("full", "--json")
    assert withheld.exit_code == 1  # two of two would be deleted, more than half
    assert (base / "foreign.bin").exists()
    assert (base / "same.bin").exists()


def test_deleted_files_are_in_the_quarantine(place: SyncPlace, base: Path, sync: Sync) -> None:
    for name in ("a", "b", "c"):
        place.put(f"{name}.bin", name.encode())
    sync("full")
    place.delete("b.bin")
    assert sync("full").exit_code == 0
    assert not (base / "b.bin").exists()
    (kept,) = (base / ".sayso/quarantine").rglob("b.bin")
    assert kept.read_bytes() == b"b"


def test_waiting_ends_when_everything_is_there(place: SyncPlace, sync: Sync) -> None:
    place.put("essential/a.bin", b"one")
    assert sync("wait", "essential/", "--timeout", "1s").exit_code == 1
    sync("full")
    result = sync("wait", "essential/", "--timeout", "1s")
    assert result.exit_code == 0, result.exception
    assert sync("wait", "optional/", "--timeout", "1s").exit_code == 1


def test_waiting_needs_nothing_but_the_volume(
    place: SyncPlace, base: Path, sync: Sync, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what is missing: here a set that is not complete in the bucket, and a prefix without a model."""
    place.put("essential/a.bin", b"one")
    files = [{"path": "b.bin", "size": 1, "sha256": "0" * 64}]
    place.put("optional/set/x.manifest.json", json.dumps({"manifest_version": 1, "files": files}).encode())
    for name in (*place.environment(base), "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MODELS_BASE_PATH", str(base))
    nothing = sync("wait", "essential/", "--timeout", "0s")
    assert (nothing.exit_code, "no directory" in str(nothing.exception)) == (1, True)
    for name, value in place.environment(base).items():
        monkeypatch.setenv(name, value)
    assert sync("full").exit_code == 0
    for name in place.environment(base):
        monkeypatch.delenv(name)
    monkeypatch.setenv("MODELS_BASE_PATH", str(base))
    (base / ".sayso/journal").chmod(0)
    try:
        for prefix in ("essential/", "essential", "/essential/a.bin"):
            assert sync("wait", prefix, "--timeout", "0s").exit_code == 0
        for prefix, missing in (("optional/", "manifest"), ("/", "optional/set/"), ("archive/", "no model")):
            result = sync("wait", prefix, "--timeout", "0s")
            assert result.exit_code == 1
            assert missing in str(result.exception)
    finally:
        (base / ".sayso/journal").chmod(0o700)
    assert (base / ".sayso/synchronised").stat().st_mode & 0o777 == 0o644
    assert isinstance(sync("wait", "essential/", "--timeout", "soon").exception, InvalidInput)  # exit code 2
