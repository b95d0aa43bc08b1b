"""The example of many texts: workers that are killed in the middle lose nothing and do nothing twice.

SAYSO_BULK_TEXTS and SAYSO_BULK_WORKERS make it larger than a test needs; it prints its figures.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.aws.server import AwsPlace, aws_place
from support.stories.process import StoriesProcess
from support.waiting import wait_until

pytestmark = pytest.mark.engine

EXAMPLE = Path(__file__).parents[3] / "examples" / "bulk" / "bulk.py"
TEXTS = int(os.environ.get("SAYSO_BULK_TEXTS", "8"))
WORKERS = int(os.environ.get("SAYSO_BULK_WORKERS", "2"))
BUCKET = "bulk"
WAIT_SECONDS = 3600.0


def text(number: int) -> str:
    """Of a story: three sentences, one of which all have."""
    return f"This is story number {number}. The keeper counted {number + 1} ships before midnight. Then it was late."


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLE), *arguments, "--batch", "spring"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)


def progress(environment: dict[str, str], manifest: Path) -> str:
    return run(environment, "progress", str(manifest)).stdout


def versions(place: AwsPlace) -> dict[str, int]:
    """How often each object below the batch was written."""
    counts: dict[str, int] = {}
    for page in place.boto("s3").get_paginator("list_object_versions").paginate(Bucket=BUCKET, Prefix="spring/"):
        for version in page.get("Versions", []):
            counts[version["Key"]] = counts.get(version["Key"], 0) + 1
    return counts


@pytest.mark.timeout(2 * WAIT_SECONDS)  # with many texts it takes longer than any other test may
def test_killed_workers_lose_nothing_and_do_nothing_twice(tmp_path: Path) -> None:
    """Half of the workers are killed with kill -9 in the middle: every text has its files, written once each."""
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text("".join(json.dumps({"id": f"story-{n}", "text": text(n)}) + "\n" for n in range(TEXTS)))
    with aws_place() as place:
        place.boto("s3").create_bucket(Bucket=BUCKET)
        place.boto("s3").put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        settings = {
            "QUEUE_URL": place.make_queue(VisibilityTimeout="30"),
            "DYNAMODB_TABLE": place.make_table(),
            "OUTPUT_BUCKET": BUCKET,
            "SAYSO_CACHE_S3": f"s3://{BUCKET}/speech-cache",
            "AWS_ENDPOINT_URL": place.url,
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "hush-hush",
            "SAYSO_SYNTHESIS_WORKERS": "1",
        }
        client = os.environ | settings | {"AWS_DEFAULT_REGION": "us-east-1"}
        assert run(client, "submit", str(manifest)).stdout.startswith(f"{TEXTS} texts submitted, 0 left out")

        began = time.monotonic()
        workers = [
            StoriesProcess(tmp_path / str(n), settings, command=("run", "stories", "--until-empty"))
            for n in range(WORKERS)
        ]
        for worker in workers:
            worker.log_path.parent.mkdir()
            worker.start()
        killed, spared = workers[: WORKERS // 2], workers[WORKERS // 2 :]
        wait_until(lambda: len(versions(place)) >= TEXTS // 2, seconds=WAIT_SECONDS)
        for worker in killed:
            worker.process.kill()
            worker.process.wait()
        wait_until(lambda: len(versions(place)) == 2 * TEXTS, seconds=WAIT_SECONDS)  # without a process each time
        wait_until(
            lambda: progress(client, manifest).startswith(f"{TEXTS}/{TEXTS} completed"),
            seconds=WAIT_SECONDS,
        )
        seconds = time.monotonic() - began
        assert [worker.process.wait(120) for worker in spared] == [0] * len(spared)
        written = versions(place)
        names = {f"spring/story-{n}.{suffix}" for n in range(TEXTS) for suffix in ("mp3", "srt")}
        assert set(written) == names
        assert set(written.values()) == {1}
        assert run(client, "failed", str(manifest)).stdout == "none failed\n"
        assert run(client, "submit", str(manifest)).stdout.startswith(f"0 texts submitted, {TEXTS} left out")
        print(f"{TEXTS} texts, {WORKERS} workers, {len(killed)} killed: {seconds:.0f} s, every file written once")  # noqa: T201


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("", "has no texts"),
        ("{", "line 1"),
        ('{"id": "a", "text": " "}', "have to be there"),
        ('{"id": "a", "file": "nowhere.md"}', "nowhere.md"),
        ('{"id": "a", "text": "b"}\n{"id": "a", "text": "c"}', "the id a is there twice"),
    ],
)
def test_a_manifest_that_is_wrong_is_refused_with_its_line(tmp_path: Path, lines: str, reason: str) -> None:
    """Before anything is sent."""
    manifest = tmp_path / "manifest.jsonl"
    manifest.write_text(lines)
    refused = run(dict(os.environ), "submit", str(manifest))
    assert refused.returncode == 1
    assert reason in refused.stderr
