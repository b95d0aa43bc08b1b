"""``sayso run sync`` as a process, against moto's S3 and SQS: the contract of the service that it replaces."""

from __future__ import annotations

import hashlib
import json
import re
import signal
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from support.aws.server import AwsPlace, aws_place
from support.modelsync.process import SyncPlace, SyncProcess
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEYS = {
    "essential/bert/model.bin": b"essential" * 1000,
    "essential/voice/中文 模型 v2+ (a&b=100%).onnx": b"chinese" * 1000,
    "optional/g2p/with space.json": b"{}",
    "archive/wavlm/a+b.safetensors": b"plus" * 10,
    "flat.txt": b"flat",
}
SKIPPED = {"essential/bert/readme.md": b"not a model"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture(name="aws", scope="module")
def server() -> Iterator[AwsPlace]:
    with aws_place() as place:
        yield place


@pytest.fixture
def place(aws: AwsPlace) -> SyncPlace:
    return SyncPlace(aws)


def fill(place: SyncPlace) -> None:
    for key, body in {**KEYS, **SKIPPED}.items():
        place.put(key, body)


def test_the_first_synchronisation_and_its_notifications(place: SyncPlace, tmp_path: Path) -> None:
    """Every model is on the volume before the role is ready, and a message of the contract has been sent for each."""
    fill(place)
    base = tmp_path / "models"
    with SyncProcess(tmp_path, place, base=base) as sync:
        sync.wait_until_ready()
        assert sync.files() == KEYS
        wait_until(lambda: place.place.count(place.notifications)[0] >= len(KEYS))
        notices = place.notices()
        bodies = [json.loads(each["Body"]) for each in notices]
        assert {body["path"] for body in bodies} == set(KEYS)
        for body in bodies:
            assert list(body) == ["type", "path", "localPath", "size", "timestamp", "downloadDuration"]
            assert body["type"] == "model_updated"
            assert body["localPath"] == f"{base}/{body['path']}"
            assert body["size"] == len(KEYS[body["path"]])
            assert TIME.fullmatch(body["timestamp"])
            assert isinstance(body["downloadDuration"], int)
        attributes = {
            json.loads(each["Body"])["path"]: {
                name: (value["DataType"], value["StringValue"]) for name, value in each["MessageAttributes"].items()
            }
            for each in notices
        }
        assert attributes["essential/bert/model.bin"]["ModelType"] == ("String", "bert")
        assert attributes["essential/bert/model.bin"]["Category"] == ("String", "essential")
        assert attributes["flat.txt"]["ModelType"] == ("String", "unknown")
        assert sync.stop() == 0


def test_events_create_overwrite_and_delete(place: SyncPlace, tmp_path: Path) -> None:
    """Each change in the bucket arrives by its event, with its notification."""
    base = tmp_path / "models"
    with SyncProcess(tmp_path, place, base=base, settings={"SAYSO_SYNC_INTERVAL_SECONDS": "0"}) as sync:
        sync.wait_until_ready()
        fill(place)
        wait_until(lambda: sync.files() == KEYS)
        changed = "essential/voice/中文 模型 v2+ (a&b=100%).onnx"
        place.put(changed, b"another")
        wait_until(lambda: sync.files()[changed] == b"another")
        place.delete("archive/wavlm/a+b.safetensors")
        wait_until(lambda: "archive/wavlm/a+b.safetensors" not in sync.files())
        assert sync.files() == {key: body for key, body in place.contents().items() if key not in SKIPPED}
        wait_until(lambda: place.place.count(place.notifications)[0] >= len(KEYS) + 2)
        types = [(json.loads(each["Body"])["type"], json.loads(each["Body"])["path"]) for each in place.notices()]
        assert types[-2:] == [("model_updated", changed), ("model_deleted", "archive/wavlm/a+b.safetensors")]
        wait_until(lambda: place.place.count(place.queue) == (0, 0))
        status, body = sync.request("GET", "/sync/status")
        assert (status, body["service"]["status"]) == (200, "running")
        assert TIME.fullmatch(body["service"]["lastProcessed"])


def test_the_http_of_the_contract(place: SyncPlace, tmp_path: Path) -> None:
    fill(place)
    settings = {"SAYSO_SYNC_INTERVAL_SECONDS": "0"}
    with SyncProcess(tmp_path, place, base=tmp_path / "models", settings=settings) as sync:
        sync.wait_until_ready()
        status, body = sync.request("POST", "/sync/full")
        duration = body["data"].pop("duration")
        assert isinstance(duration, int)
        assert (status, body) == (
            200,
            {
                "success": True,
                "message": "Full sync completed successfully",
                "data": {"totalModels": len(KEYS), "syncedModels": 0, "errors": []},
            },
        )
        status, body = sync.request("POST", "/sync/full", {"Prefer": "respond-async"})
        assert (status, body["success"]) == (202, True)
        status, body = sync.request("GET", "/health")
        assert status == 200
        assert list(body) == ["status", "uptime", "timestamp", "memory", "lastProcessed"]
        assert body["status"] == "healthy"
        assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None
        assert sync.request("GET", "/live")[0] == 200
        status, body = sync.request("GET", "/metrics", {"Accept": "application/json"})
        assert status == 200
        assert {"timestamp", "uptime", "memory", "cpu", "processCount", "healthStatus"} <= set(body)
        assert body["healthStatus"] == "healthy"
        status, text = sync.request("GET", "/metrics")
        for name in ("sayso_sync_messages", "sayso_sync_lag_seconds", "sayso_sync_verified_bytes_total"):
            assert name in text
        status, _ = sync.request("GET", "/sync/status")
        assert status == 200
        status, body = sync.request("POST", "/sync/verify")
        assert (status, body["success"], body["data"]["files"]) == (200, True, len(KEYS))


def test_a_message_that_cannot_be_understood_is_dead_lettered_and_blocks_nothing(
    place: SyncPlace, tmp_path: Path
) -> None:
    with SyncProcess(tmp_path, place, base=tmp_path / "models") as sync:
        sync.wait_until_ready()
        place.place.send(place.queue, "this is no event")
        place.put("good.bin", b"good")
        wait_until(lambda: sync.files() == {"good.bin": b"good"})
        wait_until(lambda: place.place.count(place.dead_letters)[0] == 1)
        (dead,) = place.place.messages(place.dead_letters)
        assert dead["Body"] == "this is no event"
        assert "cannot be understood" in dead["MessageAttributes"]["Reason"]["StringValue"]


def test_a_set_is_swapped_at_once_when_its_manifest_arrives(place: SyncPlace, tmp_path: Path) -> None:
    def put_set(weights: bytes) -> None:
        place.put("optional/set/weights.bin", weights)
        files = [{"path": "weights.bin", "size": len(weights), "sha256": hashlib.sha256(weights).hexdigest()}]
        place.put("optional/set/set.manifest.json", json.dumps({"manifest_version": 1, "files": files}).encode())

    put_set(b"first")
    base = tmp_path / "models"
    with SyncProcess(tmp_path, place, base=base) as sync:
        sync.wait_until_ready()
        assert (base / "optional/set").is_symlink()
        before = (base / "optional/set").resolve()
        put_set(b"second")
        wait_until(lambda: (base / "optional/set/weights.bin").read_bytes() == b"second")
        assert (before / "weights.bin").read_bytes() == b"first"


def test_a_process_that_is_killed_loses_nothing(place: SyncPlace, tmp_path: Path) -> None:
    """The next one goes on: the volume is equal to the bucket, and each change was announced at least once."""
    base = tmp_path / "models"
    bodies = {f"essential/bert/{n}.bin": bytes([n]) * 50_000 for n in range(60)}
    for key, body in bodies.items():
        place.put(key, body)
    with SyncProcess(tmp_path, place, base=base) as sync:
        wait_until(lambda: len(sync.files()) >= 1)
        sync.kill()
    with SyncProcess(tmp_path, place, base=base) as sync:
        sync.wait_until_ready()
        assert sync.files() == bodies
        announced: set[str] = set()

        def is_announced() -> bool:
            announced.update(json.loads(each["Body"])["path"] for each in place.notices())
            return announced == set(bodies)

        wait_until(is_announced)


def test_a_second_replica_waits_and_takes_over(place: SyncPlace, tmp_path: Path) -> None:
    base = tmp_path / "models"
    place.put("one.bin", b"one")
    with SyncProcess(tmp_path, place, base=base) as first:
        first.wait_until_ready()
        with SyncProcess(tmp_path, place, base=base) as second:
            second.wait_until_ready()
            assert second.request("GET", "/sync/status")[1]["service"]["status"] == "standby"
            assert second.request("POST", "/sync/full")[0] == 503
            first.process.send_signal(signal.SIGKILL)
            place.put("two.bin", b"two")
            wait_until(lambda: second.files() == {"one.bin": b"one", "two.bin": b"two"})
            assert second.request("GET", "/health")[1]["status"] == "healthy"


def test_a_queue_that_is_gone_is_waited_for_and_said(place: SyncPlace, tmp_path: Path) -> None:
    with SyncProcess(tmp_path, place, base=tmp_path / "models") as sync:
        sync.wait_until_ready()
        place.place.boto("sqs").delete_queue(QueueUrl=place.queue)
        wait_until(lambda: sync.request("GET", "/health")[0] == 503)
        assert "There is no SQS queue" in sync.request("GET", "/health")[1]["reason"]
        place.place.boto("sqs").create_queue(QueueName=place.queue.rpartition("/")[2])
        place.send_events_to(place.queue)
        place.put("late.bin", b"late")
        wait_until(lambda: sync.files() == {"late.bin": b"late"})
        wait_until(lambda: sync.request("GET", "/health")[0] == 200)
