"""``POST /sync/full`` of a process: joined, refused, left, and answered with errors."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from support.aws.server import AwsPlace, aws_place
from support.modelsync.event_sources import send_raw_through_sns, send_through_eventbridge, send_through_sns
from support.modelsync.process import SyncPlace, SyncProcess
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLOW = {"SAYSO_SYNC_RATE_BYTES": "400000", "SAYSO_SYNC_INTERVAL_SECONDS": "0"}


@pytest.fixture(name="aws", scope="module")
def server() -> Iterator[AwsPlace]:
    with aws_place() as place:
        yield place


@pytest.fixture
def place(aws: AwsPlace) -> SyncPlace:
    return SyncPlace(aws)


def test_the_synchronisation_of_the_start_is_joined_once(place: SyncPlace, tmp_path: Path) -> None:
    """A request joins it; another one is refused meanwhile; the role is not ready before its end."""
    place.put("large.bin", bytes(2_000_000))
    with SyncProcess(tmp_path, place, base=tmp_path / "models", settings=SLOW) as sync:
        answers: list[tuple[int, Any]] = []
        joined = threading.Thread(target=lambda: answers.append(sync.request("POST", "/sync/full")))
        joined.start()
        wait_until(lambda: sync.request("GET", "/sync/status")[1]["progress"]["phase"] == "transferring")
        assert sync.request("GET", "/ready")[0] == 503
        wait_until(lambda: sync.request("POST", "/sync/full")[0] == 409)
        progress = sync.request("GET", "/sync/status")[1]["progress"]
        assert (progress["files"], progress["bytes"]) == (1, 2_000_000)
        joined.join()
        ((status, body),) = answers
        assert (status, body["data"]["syncedModels"], body["data"]["totalModels"]) == (200, 1, 1)
        assert sync.request("GET", "/ready")[0] == 200


def test_it_goes_on_when_the_caller_is_gone(place: SyncPlace, tmp_path: Path) -> None:
    settings = {**SLOW, "SQS_UPDATE_QUEUE_URL": place.place.make_queue()}  # without the bucket's events
    with SyncProcess(tmp_path, place, base=tmp_path / "models", settings=settings) as sync:
        sync.wait_until_ready()
        place.put("large.bin", bytes(1_500_000))
        with socket.create_connection(("127.0.0.1", sync.port)) as connection:
            connection.sendall(b"POST /sync/full HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
            wait_until(lambda: sync.request("GET", "/sync/status")[1]["progress"]["phase"] == "transferring")
        wait_until(lambda: sync.files() == {"large.bin": bytes(1_500_000)})


def test_what_fails_is_named_and_the_rest_is_done(place: SyncPlace, tmp_path: Path) -> None:
    """A file whose directory is taken by a file of another service: refused, not an error; too large a file: 207."""
    base = tmp_path / "models"
    base.mkdir()
    (base / "taken").write_bytes(b"of another service")
    place.put("taken/a.bin", b"one")
    place.put("good.bin", b"good")
    settings = {"SAYSO_SYNC_RESERVE_BYTES": str(2**60), "SAYSO_SYNC_INTERVAL_SECONDS": "0"}
    with SyncProcess(tmp_path, place, base=base, settings=settings) as sync:
        status, body = sync.request("POST", "/sync/full")
        assert (status, body["success"]) == (207, False)
        assert [error.partition(":")[0] for error in body["data"]["errors"]] == ["good.bin"]
        assert "space" in body["data"]["errors"][0]
        found = sync.request("GET", "/sync/status")[1]
        assert set(found["volume"]) == {"mode", "fileSystem", "limits"}
        last = found["lastSync"]
        assert [each["key"] for each in last["refused"]] == ["taken/a.bin"]
    with SyncProcess(tmp_path, place, base=base) as sync:
        sync.wait_until_ready()
        assert sync.files() == {"taken": b"of another service", "good.bin": b"good"}


@pytest.mark.parametrize("connect", [send_through_sns, send_raw_through_sns, send_through_eventbridge])
def test_events_arrive_in_every_envelope(place: SyncPlace, tmp_path: Path, connect: Any) -> None:
    key = "essential/voice/中文 模型 v2+ (a&b=100%).onnx"
    connect(place.place, place.bucket, place.queue)
    settings = {"SAYSO_SYNC_INTERVAL_SECONDS": "0"}
    with SyncProcess(tmp_path, place, base=tmp_path / "models", settings=settings) as sync:
        sync.wait_until_ready()
        place.put(key, b"one")
        wait_until(lambda: sync.files() == {key: b"one"})
        place.delete(key)
        wait_until(lambda: sync.files() == {})
        assert place.place.count(place.dead_letters) == (0, 0)


def test_versions_and_delete_markers(aws: AwsPlace, tmp_path: Path) -> None:
    """A delete marker hides the object; without it the older version is there again."""
    place = SyncPlace(aws, is_versioned=True)
    for key in ("a.bin", "b.bin", "c.bin"):
        place.put(key, b"first")
    place.put("a.bin", b"second")
    with SyncProcess(tmp_path, place, base=tmp_path / "models") as sync:
        sync.wait_until_ready()
        assert sync.files()["a.bin"] == b"second"
        marker = place.s3.delete_object(Bucket=place.bucket, Key="a.bin")["VersionId"]
        assert sync.request("POST", "/sync/full")[0] == 200  # moto sends no event for a marker
        assert set(sync.files()) == {"b.bin", "c.bin"}
        place.s3.delete_object(Bucket=place.bucket, Key="a.bin", VersionId=marker)
        assert sync.request("POST", "/sync/full")[0] == 200
        assert sync.files()["a.bin"] == b"second"


def test_a_stop_gives_the_event_in_hand_back_at_once(place: SyncPlace, tmp_path: Path) -> None:
    """The next process takes it, and resumes the large file; nothing is dead-lettered."""
    base = tmp_path / "models"
    with SyncProcess(tmp_path, place, base=base, settings=SLOW) as sync:
        sync.wait_until_ready()
        place.put("large.bin", bytes(40_000_000))
        wait_until(lambda: sync.request("GET", "/sync/status")[1]["progress"]["bytesDone"] > 0)
        assert sync.stop() == 0
    # Of a busy machine the process may be gone before its last call is answered; its lease would last for 30 s.
    wait_until(lambda: place.place.count(place.queue) == (1, 0), seconds=25)
    assert place.place.count(place.dead_letters) == (0, 0)
    with SyncProcess(tmp_path, place, base=base, settings={"SAYSO_SYNC_INTERVAL_SECONDS": "0"}) as sync:
        sync.wait_until_ready()
        assert sync.files() == {"large.bin": bytes(40_000_000)}
        wait_until(lambda: place.place.count(place.queue) == (0, 0))
