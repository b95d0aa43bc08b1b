"""What is in the bucket: files, a set with a manifest, and keys that must never become paths."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from typing import TYPE_CHECKING

from chaos.sync.bucket import signed

if TYPE_CHECKING:
    from chaos.sync.bucket import ChaoticBucket

FILES = 24
SET_NAMES = ("one.bin", "two.bin", "three.bin")
KEPT = "files/kept.bin"
"""A file that is never deleted, so that no key can use its name as a directory."""

MANIFEST = "set/set.manifest.json"
SIZES = (10, 3_000, 30_000, 30_000, 300_000)
RANGE_BYTES = 100_000

_SHARED_BYTES = 8_000


def hostile_keys(token: str) -> tuple[str, ...]:
    """Keys that are no paths below the root; the token is in all file names."""
    return (
        f"../{token}-up.bin",
        f"files/../../{token}-up.bin",
        f"files/../../../../../../tmp/{token}-far.bin",
        f"/{token}-absolute.bin",
        f"files//{token}-empty.bin",
        f"files/./{token}-dot.bin",
        f"files/back\\..\\{token}.bin",
        f".sayso/journal/{token}.bin",
        f"planted/{token}-through-a-link.bin",
        f"files/{token}-{'x' * 300}.bin",
    )


class Objects:
    """Changes the objects of a bucket, at random; any thread may use it.

    Attributes:
        changed_at: when each key was changed last, as Unix time.
        version: of the set.
    """

    def __init__(self, bucket: ChaoticBucket, seed: str, token: str) -> None:
        self.changed_at: dict[str, float] = {}
        self.version = 0
        self.hostile = hostile_keys(token)
        self._colliding = f"{KEPT}/{token}-below.bin"
        self._bucket = bucket
        self._lock = threading.RLock()
        self._chance = random.Random(seed)  # noqa: S311 -- moments, not secrets
        bucket.overwrite = self.overwrite

    def fill(self) -> None:
        """The first content."""
        for number in range(FILES):
            self._put(f"files/{number}.bin")
        self._put(KEPT)
        self.put_set()
        for key in self.hostile:
            self._bucket.put(key, b"must not be written")

    def collide(self) -> None:
        """Put a key that needs a directory in the place of a file that is on the volume already: that one stays."""
        if self._colliding not in self.hostile:
            self.hostile = (*self.hostile, self._colliding)
        self._bucket.put(self._colliding, b"must not be written")

    def change(self, count: int) -> None:
        """Put some files again, delete one or none, and put a new version of the set now and then."""
        with self._lock:
            self._change(count)

    def _change(self, count: int) -> None:
        for number in self._chance.sample(range(FILES), count):
            self._put(f"files/{number}.bin")
        if self._chance.random() < 0.5:
            key = f"files/{self._chance.randrange(FILES)}.bin"
            if key in self._bucket.contents:
                self._bucket.delete(key)
                self.changed_at[key] = time.time()
        if self._chance.random() < 0.5:
            self.put_set()

    def put_set(self) -> None:
        """A new version of the set, its manifest last."""
        with self._lock:
            self._put_set()

    def _put_set(self) -> None:
        self.version += 1
        number = self.version.to_bytes(8, "big")
        shared = self._chance.randbytes(_SHARED_BYTES)
        contents = {name: signed(number + name.encode() + shared) for name in SET_NAMES}
        for name, content in contents.items():
            self._bucket.put(f"set/{name}", content)
            self.changed_at[f"set/{name}"] = time.time()
        files = [
            {"path": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in contents.items()
        ]
        self._bucket.put(MANIFEST, json.dumps({"manifest_version": 1, "files": files}).encode())
        self.changed_at[MANIFEST] = time.time()

    def overwrite(self, key: str) -> bool:
        """Put a file, or its whole set, again while it is fetched; whether it is one that may be."""
        with self._lock:
            return self._overwrite(key)

    def _overwrite(self, key: str) -> bool:
        if key.startswith("set/"):
            self._put_set()
            return True
        if not key.startswith("files/") or key not in self._bucket.contents or key in self.hostile:
            return False
        self._put(key)
        return True

    def wanted(self) -> dict[str, bytes]:
        """What must be on the volume."""
        return {key: content for key, content in self._bucket.contents.items() if key not in self.hostile}

    def _put(self, key: str) -> None:
        self._bucket.put(key, signed(self._chance.randbytes(self._chance.choice(SIZES))))
        self.changed_at[key] = time.time()
