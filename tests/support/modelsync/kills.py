"""Processes that synchronise a changing bucket and are killed at any moment, and a reader that looks all the time."""

from __future__ import annotations

import hashlib
import json
import random
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import boto3

from support.aws.s3_server import Fault, S3Server

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BUCKET = "models-kills"
_FILES = 40

CHILD = """
import json, sys, time
from pathlib import Path
from sayso.aws.access import AwsAccess
from sayso.aws.s3_reader import BucketReader, locate_bucket
from sayso.modelsync.reconciliation.opened import SyncOptions
from sayso.modelsync.plan.plan import PlanRules
from sayso.modelsync.service.service import ModelSync
url, base = sys.argv[1:]
access = AwsAccess(endpoint_url=url, access_key_id="key", secret_access_key="hush-hush")
options = SyncOptions(base_path=Path(base), is_announced=True, rules=PlanRules(max_delete_ratio=1.0))
with BucketReader(locate_bucket("models-kills", access)) as reader:
    sync = ModelSync(options, reader)
    print("BEGIN", flush=True)
    sync.start()
    while sync.state.is_standby or sync.journal is None:
        time.sleep(0.05)
    result = sync.full_sync().result()
    print("RESULT", json.dumps({"errors": [each.error for each in result.errors]}), flush=True)
    state = sync.journal.copied_state()
    ready = [entry for entry in state.outbox.values() if entry.is_ready]
    print("RESULT", json.dumps(sorted(each["path"] for entry in ready for each in entry.payload["messages"])))
    sync.stop()
    sync.join()
"""


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
                try:
                    both = {(behind / name).read_bytes() for name in ("one.bin", "two.bin")}
                except FileNotFoundError:
                    self.wrong.append("a version that a reader has open vanished")
                    continue
                if len(both) != 1:
                    self.wrong.append("mixed set")
            time.sleep(0.001)


def files_of(base: Path) -> dict[str, bytes]:
    found = [*base.glob("files/*"), *base.glob("set/*")]
    return {str(path.relative_to(base)): path.read_bytes() for path in found}


def run_child(server: S3Server, base: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", CHILD, server.url, str(base)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def storm(
    server: S3Server, base: Path, *, seed: int, rounds: int, say: Callable[[str], None] = lambda _: None
) -> list[str]:
    """Change a bucket and kill what synchronises it, round by round; then let one process end the work.

    In each round S3 fails now and then, objects change while they may be fetched, a second process waits for the
    volume, and the first one is frozen or killed.

    Returns:
        The promises that were broken, in sentences.
    """
    chance = random.Random(seed)  # noqa: S311 -- a fixed seed
    bucket = Bucket(server)
    base.mkdir()
    for number in range(_FILES):
        bucket.put_signed(f"files/{number}.bin", chance.randbytes(30_000))
    bucket.put_set(b"0")
    reader = Reader(base)
    reader.start()
    second: subprocess.Popen[str] | None = None
    for number in range(rounds):
        first = second or _begun(server, base)
        second = _begun(server, base) if chance.random() < 0.3 else None
        _trouble(server, bucket, chance)
        time.sleep(chance.uniform(0.0, 0.4))
        if chance.random() < 0.2:
            first.send_signal(signal.SIGSTOP)
            time.sleep(chance.uniform(0.0, 0.2))
            first.send_signal(signal.SIGCONT)
        first.kill()
        first.communicate()
        _change(bucket, chance, number)
        say(f"{number + 1} of {rounds} rounds, {reader.reads:,} reads")
    if second is not None:
        second.kill()
        second.communicate()
    server.faults.clear()
    output, _ = run_child(server, base).communicate(timeout=240)
    reader.over.set()
    reader.join()
    return _broken(bucket, base, reader, output)


def _trouble(server: S3Server, bucket: Bucket, chance: random.Random) -> None:
    for kind in chance.choices(["cut", "refuse", "lose"], k=chance.randrange(4)):
        server.faults.append(Fault(kind=kind, method=chance.choice(["GET", "HEAD"])))  # type: ignore[arg-type]
    for number in chance.sample(range(_FILES), chance.randrange(3)):  # while they may be fetched
        bucket.put_signed(f"files/{number}.bin", chance.randbytes(300_000))


def _change(bucket: Bucket, chance: random.Random, round_number: int) -> None:
    for number in chance.sample(range(_FILES), 8):
        bucket.put_signed(f"files/{number}.bin", chance.randbytes(chance.choice([10, 30_000, 300_000])))
    bucket.delete(chance.choice([key for key in bucket.contents if key.startswith("files/")]))
    bucket.put_set(str(round_number + 1).encode())


def _begun(server: S3Server, base: Path) -> subprocess.Popen[str]:
    """A process that has begun."""
    child = run_child(server, base)
    if child.stdout is not None:
        child.stdout.readline()
    return child


def _broken(bucket: Bucket, base: Path, reader: Reader, output: str) -> list[str]:
    lines = [json.loads(line[7:]) for line in output.splitlines() if line.startswith("RESULT ")]
    if len(lines) != 2:
        return [f"The last process ended before its work: {output[-500:]}"]
    result, announced = lines
    broken = [f"The last process had an error: {error}" for error in result["errors"]]
    broken += [f"A reader saw what it must not see: {what}" for what in reader.wrong]
    found = files_of(base)
    broken += [
        f"The volume differs from the bucket: {key}"
        for key in sorted(found.keys() | bucket.contents.keys())
        if found.get(key) != bucket.contents.get(key)
    ]
    broken += [f"It was never announced: {key}" for key in sorted(bucket.contents.keys() - set(announced))]
    broken += [f"A temporary file is left: {path.name}" for path in base.rglob("*") if ".sayso-" in path.name]
    if not reader.reads:
        broken.append("The reader has read nothing.")
    return broken
