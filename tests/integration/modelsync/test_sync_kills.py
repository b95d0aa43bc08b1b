"""A process that is killed at any moment: readers never see a partial file, and the next process ends the work."""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from support.aws.s3_server import Fault, S3Server, s3_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BUCKET = "models-kills"
SEED = 20261130
ROUNDS = 20

CHILD = """
import json, sys, threading
from pathlib import Path
from sayso.aws.access import AwsAccess
from sayso.aws.s3_reader import BucketReader, locate_bucket
from sayso.modelsync.opened import SyncOptions
from sayso.modelsync.plan import PlanRules
from sayso.modelsync.service import ModelSync
url, base = sys.argv[1:]
access = AwsAccess(endpoint_url=url, access_key_id="key", secret_access_key="hush-hush")
options = SyncOptions(base_path=Path(base), is_announced=True, rules=PlanRules(max_delete_ratio=1.0))
with BucketReader(locate_bucket("models-kills", access)) as reader:
    sync = ModelSync(options, reader)
    print("BEGIN", flush=True)
    sync.start()
    result = sync.full_sync().result()
    print("RESULT", json.dumps({"errors": [each.error for each in result.errors]}), flush=True)
    state = sync.journal.copied_state()
    ready = [entry for entry in state.outbox.values() if entry.is_ready]
    print("RESULT", json.dumps(sorted(each["path"] for entry in ready for each in entry.payload["messages"])))
    sync.stop()
    sync.join()
"""


@pytest.fixture(name="server", scope="module")
def s3() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


class Bucket:
    """Objects whose content says what it must be: its own SHA-256, then as many bytes as it likes."""

    def __init__(self, server: S3Server) -> None:
        access = server.access()
        self.client: Any = boto3.client(
            "s3",
            region_name=access.region,
            endpoint_url=access.endpoint_url,
            aws_access_key_id=access.access_key_id,
            aws_secret_access_key=access.secret_access_key,
        )
        self.client.create_bucket(Bucket=BUCKET)
        self.contents: dict[str, bytes] = {}

    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=BUCKET, Key=key, Body=body)
        self.contents[key] = body

    def put_signed(self, key: str, random_bytes: bytes) -> None:
        self.put(key, hashlib.sha256(random_bytes).digest() + random_bytes)

    def put_set(self, version: bytes) -> None:
        names = ("one.bin", "two.bin")
        for name in names:
            self.put(f"set/{name}", hashlib.sha256(version).digest() + version)
        body = self.contents["set/one.bin"]
        files = [{"path": name, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()} for name in names]
        self.put("set/set.manifest.json", json.dumps({"manifest_version": 1, "files": files}).encode())

    def delete(self, key: str) -> None:
        self.client.delete_object(Bucket=BUCKET, Key=key)
        del self.contents[key]


class Reader(threading.Thread):
    """Reads every file all the time, as an application does."""

    def __init__(self, base: Path) -> None:
        super().__init__(daemon=True)
        self.base = base
        self.over = threading.Event()
        self.wrong: list[str] = []
        self.reads = 0

    def run(self) -> None:
        while not self.over.is_set():
            for path in [*self.base.glob("files/*.bin"), *self.base.glob("set/*.bin")]:
                try:
                    content = path.read_bytes()
                except FileNotFoundError:
                    continue  # it was deleted
                self.reads += 1
                if hashlib.sha256(content[32:]).digest() != content[:32]:
                    self.wrong.append(path.name)
            link = self.base / "set"
            if link.exists():
                behind = link.resolve()
                both = {(behind / name).read_bytes() for name in ("one.bin", "two.bin")}
                if len(both) != 1:
                    self.wrong.append("mixed set")
            time.sleep(0.001)


def files_of(base: Path) -> dict[str, bytes]:
    found = [*base.glob("files/*"), *base.glob("set/*")]
    return {str(path.relative_to(base)): path.read_bytes() for path in found}


def run_child(server: S3Server, base: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, server.url, str(base)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def test_no_kill_leaves_the_volume_wrong(server: S3Server, tmp_path: Path) -> None:
    """The bucket changes in each round, also meanwhile, and S3 fails; the process is killed; one goes to the end."""
    chance = random.Random(SEED)  # noqa: S311 -- a fixed seed
    bucket, base = Bucket(server), tmp_path / "models"
    base.mkdir()
    for number in range(40):
        bucket.put_signed(f"files/{number}.bin", chance.randbytes(30_000))
    bucket.put_set(b"0")
    reader = Reader(base)
    reader.start()
    announced: set[str] = set()
    for round_number in range(ROUNDS):
        child = run_child(server, base)
        assert child.stdout is not None
        child.stdout.readline()
        for kind in chance.choices(["cut", "refuse", "lose"], k=chance.randrange(4)):
            server.faults.append(Fault(kind=kind, method=chance.choice(["GET", "HEAD"])))  # type: ignore[arg-type]
        for number in chance.sample(range(40), chance.randrange(3)):  # while they may be fetched
            bucket.put_signed(f"files/{number}.bin", chance.randbytes(300_000))
        time.sleep(chance.uniform(0.0, 0.4))
        child.kill()
        child.communicate()
        for number in chance.sample(range(40), 8):
            bucket.put_signed(f"files/{number}.bin", chance.randbytes(chance.choice([10, 30_000, 300_000])))
        bucket.delete(chance.choice([key for key in bucket.contents if key.startswith("files/")]))
        bucket.put_set(str(round_number + 1).encode())
    server.faults.clear()
    child = run_child(server, base)
    output, _ = child.communicate(timeout=120)
    errors, paths = (json.loads(line[7:]) for line in output.splitlines() if line.startswith("RESULT "))
    reader.over.set()
    reader.join()
    assert errors == {"errors": []}
    assert files_of(base) == bucket.contents
    assert reader.wrong == []
    assert reader.reads > 100
    announced.update(paths)
    assert announced >= set(bucket.contents)  # nothing was sent meanwhile: every change waits in the outbox
    assert not [path for path in base.rglob("*") if ".sayso-" in path.name]
