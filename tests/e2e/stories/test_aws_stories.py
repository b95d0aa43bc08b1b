"""The stories service on AWS: messages in SQS become objects in S3 and statuses in DynamoDB."""

from __future__ import annotations

import io
import json
import wave
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from sayso.audio import decode
from sayso.subtitles import parse_subtitles
from support.aws.server import AwsPlace, aws_place
from support.stories.process import StoriesProcess
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.engine

BUCKET = "stories"
WAIT_SECONDS = 240
TEXT = "It was late. The keeper lit the lamp."


class Deployment:
    """A worker with its queues, its table and its bucket."""

    def __init__(self, place: AwsPlace, directory: Path, *, fifo: bool = False) -> None:
        self.place = place
        self.queue = place.make_queue(fifo=fifo)
        self.dead_letters = place.make_queue(fifo=fifo)
        self.table = place.make_table()
        self.worker = StoriesProcess(
            directory,
            {
                "QUEUE_URL": self.queue,
                "DLQ_URL": self.dead_letters,
                "DYNAMODB_TABLE": self.table,
                "OUTPUT_BUCKET": BUCKET,
                "AWS_ENDPOINT_URL": place.url,
                "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "hush-hush",
            },
        )

    def status(self, parent_id: str, task_id: str) -> str | None:
        found: str | None = self.place.item(self.table, parent_id, task_id).get("status", {}).get("S")
        return found

    def content(self, key: str) -> bytes:
        content: bytes = self.place.boto("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return content

    def objects(self) -> list[str]:
        answer = self.place.boto("s3").list_objects_v2(Bucket=BUCKET)
        return [item["Key"] for item in answer.get("Contents", [])]

    def is_empty(self) -> bool:
        return self.place.count(self.queue) == (0, 0)


@pytest.fixture(scope="module")
def place() -> Iterator[AwsPlace]:
    with aws_place() as place:
        place.boto("s3").create_bucket(Bucket=BUCKET)
        yield place


@pytest.fixture(scope="module")
def told(place: AwsPlace, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    """A deployment that was sent every form of message, and has done with them."""
    deployment = Deployment(place, tmp_path_factory.mktemp("worker"))
    for parent_id in ("bare", "sns", "eventbridge"):
        for task_id in ("a", "b"):
            place.put_item(
                deployment.table,
                parent_id,
                task_id,
                status={"S": "PENDING"},
                sparse_gsi_hash_key={"S": "pending"},
                title={"S": "The Lamp"},
            )
    tasks = {"text": TEXT, "tts_task_id": "a", "srt_task_id": "b"}
    files = {
        "text": "Nobody came at noon.",
        "audio_out": f"s3://{BUCKET}/out/k.mp3",
        "subs_out": f"s3://{BUCKET}/out/k.vtt",
    }
    naive = {**files, "audio_out": f"s3://{BUCKET}/out/n.flac", "subs_out": f"s3://{BUCKET}/out/n.json"}
    messages = [
        {**tasks, "parent_id": "bare"},
        notification({**tasks, "parent_id": "sns", "voice": "bm_george", "speed": 1.25, "use_alignment": True}),
        event({**tasks, "parent_id": "eventbridge"}),
        {**tasks, "parent_id": "bare"},  # once more
        files,
        notification({**naive, "use_alignment": False}),
        {**tasks, "parent_id": "unknown-voice", "voice": "nobody"},
        {"text": TEXT, "parent_id": "incomplete"},
    ]
    with deployment.worker:
        for message in messages:
            place.send(deployment.queue, json.dumps(message))
        place.send(deployment.queue, "not json")
        wait_until(deployment.is_empty)
        assert deployment.worker.get("/healthz") == (200, {"ok": True})
        backlog = {"waiting": 0, "in_flight": 0, "oldest_age_seconds": None}
        assert deployment.worker.get("/backlog") == (200, backlog)
    return deployment


def notification(message: dict[str, Any]) -> dict[str, Any]:
    return {"Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:x", "Message": json.dumps(message)}


def event(detail: dict[str, Any]) -> dict[str, Any]:
    return {"version": "0", "id": "1", "detail-type": "StoryWritten", "source": "app.stories", "detail": detail}


@pytest.mark.parametrize("parent_id", ["bare", "sns", "eventbridge"])
def test_tasks_are_completed_as_others_read_them(told: Deployment, parent_id: str) -> None:
    """Status, time and place are written, the index key is gone, and other attributes are as they were."""
    for task_id, suffix in [("a", "wav"), ("b", "srt")]:
        item = told.place.item(told.table, parent_id, task_id)
        own = {name for name in item if name.startswith("sayso_")}
        assert set(item) - own == {"id", "task_id", "status", "date_updated", "media_url", "title"}
        assert item["status"] == {"S": "COMPLETED"}
        assert item["media_url"] == {"S": f"s3://{BUCKET}/{parent_id}/{task_id}.{suffix}"}
        assert item["title"] == {"S": "The Lamp"}
        assert item["date_updated"]["S"].endswith("Z")
        assert datetime.fromisoformat(item["date_updated"]["S"]).tzinfo is not None


def test_the_sound_is_what_the_contract_says(told: Deployment, tmp_path: Path) -> None:
    """Tasks have a WAV of 24 kHz, mono and 16 bits, and subtitles that end with it."""
    with wave.open(io.BytesIO(told.content("bare/a.wav"))) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (24_000, 1, 2)
        seconds = sound.getnframes() / sound.getframerate()
    cues = parse_subtitles(told.content("bare/b.srt").decode())
    assert " ".join(line for cue in cues for line in cue.lines) == TEXT
    assert cues[-1].end_ms <= 1000 * seconds
    for name in ("k.mp3", "n.flac"):
        (tmp_path / name).write_bytes(told.content(f"out/{name}"))
        assert decode(tmp_path / name, sample_rate_hz=24_000).duration_seconds > 1


def test_suffixes_and_alignment_are_heeded(told: Deployment) -> None:
    """A key's suffix chooses the format; without alignment the times are shared out, and say so."""
    assert told.content("out/k.vtt").startswith(b"WEBVTT")
    timeline = json.loads(told.content("out/n.json"))
    assert timeline["timing"] == "naive"
    assert [word["text"] for word in timeline["words"]] == ["Nobody", "came", "at", "noon"]


def test_speed_and_voice_are_heeded(told: Deployment) -> None:
    """The same text by another voice, faster, is another recording, and shorter."""
    assert len(told.content("sns/a.wav")) < len(told.content("bare/a.wav"))


def test_what_cannot_be_done_is_in_the_dead_letter_queue(told: Deployment) -> None:
    """Each poison message is there as it came, with its reason; whoever waits for its tasks sees that they failed."""
    letters = told.place.messages(told.dead_letters)
    reasons = sorted(letter["MessageAttributes"]["Reason"]["StringValue"] for letter in letters)
    assert len(reasons) == 3
    assert "not JSON" in reasons[0]
    assert "no tts_task_id and no srt_task_id" in reasons[1]
    assert "nobody" in reasons[2]
    assert "not json" in [letter["Body"] for letter in letters]
    assert told.status("unknown-voice", "a") == told.status("unknown-voice", "b") == "FAILED"
    assert "unknown-voice/a.wav" not in told.objects()


def test_the_exit_was_clean(told: Deployment) -> None:
    """Told to stop while it polls, the worker ends by itself, with 0, and its log holds no secret and no text."""
    assert told.worker.process.returncode == 0
    assert "hush-hush" not in told.worker.log
    assert "keeper" not in told.worker.log


def test_a_fifo_group_is_told_in_order(place: AwsPlace, tmp_path: Path) -> None:
    """Of the stories of one group, each is done when the next begins; other groups do not wait for them."""
    deployment = Deployment(place, tmp_path, fifo=True)
    for number in range(4):
        message = {
            "text": f"Number {number}.",
            "parent_id": "f",
            "tts_task_id": f"a{number}",
            "srt_task_id": f"b{number}",
        }
        place.send(deployment.queue, json.dumps(message), group="g")
    with deployment.worker:
        wait_until(deployment.is_empty)
        deployment.worker.process.kill()  # how it drains is seen above
    times = [place.item(deployment.table, "f", f"a{number}")["date_updated"]["S"] for number in range(4)]
    assert times == sorted(times)
    assert deployment.status("f", "b3") == "COMPLETED"
