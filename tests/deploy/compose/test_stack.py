"""The development stack for real: images without a mounted source, an emulator of AWS, a database, a proxy, Prometheus.

Each test is what a client of one of the services does, and sees.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import wave
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
import httpx2
import numpy as np
import psycopg
import pytest

from support.containers.compose import ROOT, Stack, engine, free_ports, running
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.containers

SERVICES = ("whisper-api", "stories", "cards", "sync", "postgres", "aws", "proxy", "prometheus")
PORTS = (
    "SAYSO_API_PORT",
    "SAYSO_STORIES_PORT",
    "SAYSO_CARDS_PORT",
    "SAYSO_SYNC_PORT",
    "SAYSO_PROXY_PORT",
    "POSTGRES_PORT",
    "PROXY_HTTPS_PORT",
    "AWS_EMULATOR_PORT",
    "PROMETHEUS_PORT",
)
SENTENCE = "The lamp is lit every evening."
WORK_SECONDS = 300.0
FETCH = "import sys, urllib.request; assert urllib.request.urlopen(sys.argv[1]).read()"
"""curl would not do: it takes every name under localhost for the container itself."""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Everything, started as `cp .env.sample .env` and `docker compose up` start it."""
    env_file: Path = tmp_path_factory.mktemp("stack") / "env"
    sample = (ROOT / ".env.sample").read_text(encoding="utf-8")
    env_file.write_text(f"{sample}\nSAYSO_SYNTHESIS_WORKERS=2\n", encoding="utf-8")  # no need to measure the machine
    stack = Stack(
        file="docker-compose.yml",
        name=f"sayso-stack-{os.getpid()}",
        env_file=env_file,
        profiles=("monitoring",),
        ports=dict(zip(PORTS, free_ports(len(PORTS)), strict=True)),
    )
    with running(stack, *SERVICES) as started:
        yield started


@pytest.fixture(scope="module")
def client() -> Iterator[httpx2.Client]:
    """An HTTP client that waits for slow machines."""
    with httpx2.Client(timeout=WORK_SECONDS, trust_env=False) as opened:
        yield opened


def aws(stack: Stack, service: str) -> Any:
    """A client of the stack's AWS, from outside of it."""
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=stack.url("AWS_EMULATOR_PORT"),
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 -- the emulator takes any
    )


def test_the_containers_run_images_with_no_more_than_they_need(stack: Stack) -> None:
    """No source is mounted; not root, a read-only root, no capabilities, no new privileges, and a limit of memory."""
    for service, facts in stack.inspected().items():
        mounted = {mount["Source"] for mount in facts["Mounts"] if mount["Type"] == "bind"}
        assert all(source.startswith(str(ROOT / "deploy")) for source in mounted), service
        assert not any(mount["RW"] for mount in facts["Mounts"] if mount["Type"] == "bind"), service
        host = facts["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["Memory"] > 0, service
        assert any("no-new-privileges" in option for option in host["SecurityOpt"]), service
        if facts["State"]["Running"]:
            uid, effective = stack.execute(service, "sh", "-c", "id -u; grep CapEff /proc/self/status").split()[::2]
            assert uid != "0", service
            assert int(effective, 16) == 0, service


def test_a_message_on_the_queue_becomes_a_story(stack: Stack) -> None:
    """Its audio and subtitles are in S3, and both tasks are completed in DynamoDB."""
    parent = uuid4().hex
    sqs, s3, dynamodb = (aws(stack, service) for service in ("sqs", "s3", "dynamodb"))
    url = sqs.get_queue_url(QueueName="stories")["QueueUrl"]
    message = {"text": SENTENCE, "parent_id": parent, "tts_task_id": "a", "srt_task_id": "b"}
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(message))

    def item(task: str) -> Any:
        key = {"id": {"S": parent}, "task_id": {"S": task}}
        return dynamodb.get_item(TableName="story-tasks", Key=key).get("Item", {})

    wait_until(lambda: [item(task).get("status") for task in "ab"] == [{"S": "COMPLETED"}] * 2, seconds=WORK_SECONDS)
    assert item("a")["media_url"] == {"S": f"s3://stories/{parent}/a.wav"}
    audio = s3.get_object(Bucket="stories", Key=f"{parent}/a.wav")["Body"].read()
    with wave.open(io.BytesIO(audio)) as opened:
        assert (opened.getframerate(), opened.getnchannels()) == (24_000, 1)
        assert opened.getnframes() > 24_000
    subtitles = s3.get_object(Bucket="stories", Key=f"{parent}/b.srt")["Body"].read().decode()
    assert SENTENCE in subtitles.replace("\n", " ")


def test_a_row_gets_its_urls_and_the_proxy_serves_the_files(stack: Stack, client: httpx2.Client) -> None:
    """With the type of MP3 and for a year; what is beside the files is not served."""
    card = uuid4().hex
    phrases = [{"textEn": "the lamp", "textFr": "la lampe", "cardId": card}]
    url = f"postgresql://sayso:sayso@127.0.0.1:{stack.ports['POSTGRES_PORT']}/sayso"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            'insert into "Card" ("id", "deckId", "question") values (%s, %s, %s)', (card, "deck", "the lamp")
        )
        connection.execute(
            'insert into "TtsJob" ("id", "deckId", "status", "phrases", "totalPhrases") '
            "values (%s, 'deck', 'pending', %s, 1)",
            (card, json.dumps(phrases)),
        )

        def row() -> Any:
            return connection.execute('select "status", "resultUrls" from "TtsJob" where "id" = %s', (card,)).fetchone()

        wait_until(lambda: row()[0] == "completed", seconds=WORK_SECONDS)
        (urls,) = row()[1]
        on_card = connection.execute(
            'select "audioUrlEn", "audioUrlFr" from "Card" where "id" = %s', (card,)
        ).fetchone()
    assert on_card == (urls["audioUrlEn"], urls["audioUrlFr"])
    for language, address in zip(("en", "fr"), on_card, strict=True):
        assert address == f"http://localhost:{stack.ports['SAYSO_PROXY_PORT']}/storage/tts/{card}_{language}.mp3"
        served = client.get(address)
        assert served.status_code == 200
        assert served.headers["content-type"] == "audio/mpeg"
        assert served.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert len(served.content) > 1000
        part = client.get(address, headers={"range": "bytes=0-99"})
        assert (part.status_code, part.content) == (206, served.content[:100])
    for hidden in (".sayso-speech/", ".sayso-staging/", "../sayso/signing-secret", "missing.mp3"):
        assert client.get(stack.url("SAYSO_PROXY_PORT", f"/storage/tts/{hidden}")).status_code in {403, 404}


def test_an_uploaded_model_arrives_by_its_event(stack: Stack, client: httpx2.Client) -> None:
    """With the bytes of the bucket, although its name is Chinese; and a deletion follows."""
    key = f"essential/voice/模型 {uuid4().hex[:8]}+1.onnx"
    content = os.urandom(300_000)
    s3 = aws(stack, "s3")
    s3.put_object(Bucket="models", Key=key, Body=content)

    def size() -> str:
        found = engine("exec", stack.containers()["sync"], "stat", "-c", "%s", f"/models/{key}", check=False)
        return found.stdout.strip()

    wait_until(lambda: size() == "300000", seconds=WORK_SECONDS)
    digest = stack.execute("sync", "sha256sum", f"/models/{key}").split()[0]
    assert digest == hashlib.sha256(content).hexdigest()
    assert client.get(stack.url("SAYSO_SYNC_PORT", "/sync/status")).status_code == 200


@pytest.fixture(scope="module")
def spoken(stack: Stack, client: httpx2.Client) -> bytes:
    """The sentence as WAV, by the API behind the proxy."""
    body = {"model": "tts-1", "voice": "alloy", "input": SENTENCE, "response_format": "wav"}
    made = client.post(stack.url("SAYSO_PROXY_PORT", "/v1/audio/speech"), json=body)
    assert made.status_code == 200, made.text
    return made.content


def test_a_recording_is_transcribed(stack: Stack, client: httpx2.Client, spoken: bytes) -> None:
    """By OpenAI's endpoint and by the hybrid one, through the proxy, without any key."""
    for path, form in {
        "/v1/audio/transcriptions": ("file", {"model": "whisper-1"}),
        "/api/v1/hybrid/stt": ("audio_file", {}),
    }.items():
        field, data = form
        answer = client.post(
            stack.url("SAYSO_PROXY_PORT", path), files={field: ("lamp.wav", spoken, "audio/wav")}, data=data
        )
        assert answer.status_code == 200, answer.text
        assert "lamp is lit every evening" in answer.json()["text"]


def test_a_large_upload_passes_the_proxy(stack: Stack, client: httpx2.Client, spoken: bytes) -> None:
    """More than 25 MiB: the sentence, and silence up to that size."""
    with wave.open(io.BytesIO(spoken)) as opened:
        speech = np.frombuffer(opened.readframes(opened.getnframes()), np.int16)
    stereo = np.zeros((27 * 2**20 // 4, 2), np.int16)
    stereo[: 2 * len(speech)] = np.repeat(speech, 2)[:, None]  # 48 kHz
    large = io.BytesIO()
    with wave.open(large, "wb") as written:
        written.setnchannels(2)
        written.setsampwidth(2)
        written.setframerate(48_000)
        written.writeframes(stereo.tobytes())
    answer = client.post(
        stack.url("SAYSO_PROXY_PORT", "/v1/audio/transcriptions"),
        files={"file": ("long.wav", large.getvalue(), "audio/wav")},
        data={"model": "whisper-base"},
    )
    assert answer.status_code == 200, answer.text
    assert "lamp" in answer.json()["text"]


def test_server_sent_events_pass_the_proxy_as_they_come(stack: Stack, client: httpx2.Client) -> None:
    """The first event of a job is there before the job is completed."""
    phrases = [{"textEn": f"Sentence number {number} {uuid4().hex[:6]}."} for number in range(20)]
    made = client.post(stack.url("SAYSO_PROXY_PORT", "/api/tts/generate"), json={"deckId": "deck", "phrases": phrases})
    assert made.status_code == 202, made.text
    with client.stream("GET", stack.url("SAYSO_PROXY_PORT", f"/api/tts/stream/{made.json()['jobId']}")) as events:
        states = [
            json.loads(line.removeprefix("data:"))["job"]["status"]
            for line in events.iter_lines()
            if line.startswith("data:")
        ]
    assert states[0] in {"pending", "processing"}
    assert states[-1] == "completed"


def test_the_links_of_a_narration_lead_to_its_files(stack: Stack, client: httpx2.Client) -> None:
    """The service of stories makes a narration of the API, and its links work where the stack's names are known."""
    made = client.post(stack.url("SAYSO_PROXY_PORT", "/v1/narrations"), json={"text": SENTENCE, "audio": ["mp3"]})
    assert made.status_code in {200, 201, 202}, made.text
    address = stack.url("SAYSO_PROXY_PORT", f"/v1/narrations/{made.json()['id']}")
    wait_until(lambda: client.get(address).json()["status"] in {"completed", "failed"}, seconds=WORK_SECONDS)
    narration = client.get(address).json()
    assert narration["status"] == "completed", narration
    links = [value for value in _strings(narration) if value.startswith("http")]
    assert links
    for link in links:
        stack.execute("whisper-api", "python3", "-c", FETCH, link)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)


def test_prometheus_scrapes_all_and_knows_the_rules(stack: Stack, client: httpx2.Client) -> None:
    """Every service is up, by the name that the rules use; each rule was evaluated without an error."""
    jobs = {"sayso-api", "sayso-stories", "sayso-cards", "sayso-sync"}

    def up() -> set[str]:
        answer = client.get(stack.url("PROMETHEUS_PORT", "/api/v1/query"), params={"query": "up == 1"}).json()
        return {found["metric"]["job"] for found in answer["data"]["result"]}

    wait_until(lambda: up() >= jobs)
    groups = client.get(stack.url("PROMETHEUS_PORT", "/api/v1/rules")).json()["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 10
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}
    assert client.get(stack.url("SAYSO_PROXY_PORT", "/metrics")).status_code == 404
