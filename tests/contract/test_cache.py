"""What every cache of bytes promises, asked of a directory, of S3 over HTTP, and of the one before the other."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

import pytest
from pydantic import SecretStr

from sayso.cache import DirectoryCache
from sayso.settings import Settings
from sayso.shared_cache import TieredCache, open_s3_cache
from support.aws.server import AwsPlace, aws_place
from support.waiting import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sayso.cache import Cache

GIB = 2**30


class Place(Protocol):
    """Where caches of one kind keep what they keep."""

    def cache(self) -> Cache:
        """A cache as another process would open it: what it finds, an earlier one has finished keeping."""

    def damage(self, change: Callable[[bytes], bytes]) -> None:
        """Change every stored entry."""


class DirectoryPlace:
    def __init__(self, path: Path, _server: AwsPlace) -> None:
        self._path = path / "cache"

    def cache(self) -> Cache:
        return DirectoryCache(self._path, maximum_bytes=GIB)

    def damage(self, change: Callable[[bytes], bytes]) -> None:
        for path in self._path.glob("*/*"):
            path.write_bytes(change(path.read_bytes()))


class S3Place:
    def __init__(self, _path: Path, server: AwsPlace) -> None:
        access = server.access()
        self._settings = Settings(
            aws_endpoint_url=access.endpoint_url,
            aws_access_key_id=access.access_key_id,
            aws_secret_access_key=SecretStr(access.secret_access_key or ""),
        )
        self._bucket = f"bucket-{uuid4().hex}"
        self._client = server.boto("s3")
        self._client.create_bucket(Bucket=self._bucket)

    def cache(self) -> Cache:
        return open_s3_cache(f"s3://{self._bucket}/some/prefix", self._settings)

    def damage(self, change: Callable[[bytes], bytes]) -> None:
        for found in self._client.list_objects_v2(Bucket=self._bucket, Prefix="some/prefix/").get("Contents", []):
            body = self._client.get_object(Bucket=self._bucket, Key=found["Key"])["Body"].read()
            self._client.put_object(Bucket=self._bucket, Key=found["Key"], Body=change(body))


class TieredPlace:
    """Caches near by that share the one far away: each machine has a new directory."""

    def __init__(self, path: Path, server: AwsPlace) -> None:
        self._path = path
        self._far = S3Place(path, server)
        self._opened: list[TieredCache] = []

    def close(self) -> None:
        for cache in self._opened:
            cache.close(WAIT_SECONDS)

    def cache(self) -> Cache:
        self.close()
        near = DirectoryCache(self._path / f"machine-{len(self._opened)}", maximum_bytes=GIB)
        self._opened.append(TieredCache(near, self._far.cache()))
        return self._opened[-1]

    def damage(self, change: Callable[[bytes], bytes]) -> None:
        self._far.damage(change)


@pytest.fixture(scope="module")
def server() -> Iterator[AwsPlace]:
    """S3 without a bucket."""
    with aws_place() as server:
        yield server


@pytest.fixture(params=[DirectoryPlace, S3Place, TieredPlace])
def place(request: pytest.FixtureRequest, tmp_path: Path, server: AwsPlace) -> Iterator[Place]:
    """A place of each kind, with nothing in it."""
    made: Place = request.param(tmp_path, server)
    yield made
    if isinstance(made, TieredPlace):
        made.close()


def key(number: int) -> str:
    return f"{number:064x}"


@pytest.mark.parametrize("data", [b"", b"x", bytes(3 * 2**20)], ids=["empty", "one byte", "3 MiB"])
def test_what_was_put_comes_back(place: Place, data: bytes) -> None:
    """What was put is what the same process gets, and another."""
    cache = place.cache()
    cache.put(key(1), data)
    assert place.cache().get(key(1)) == data
    assert cache.get(key(1)) == data


def test_what_was_not_put_is_not_there(place: Place) -> None:
    """A key that nobody put gives None, before and after another one has been put."""
    cache = place.cache()
    assert cache.get(key(1)) is None
    cache.put(key(2), b"x")
    assert place.cache().get(key(1)) is None


def test_what_is_put_again_is_replaced(place: Place) -> None:
    """Of two values under one key, the later is there."""
    for data in (b"first", b"second"):
        place.cache().put(key(1), data)
    assert place.cache().get(key(1)) == b"second"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda entry: entry[:-7], id="truncate"),
        pytest.param(lambda entry: entry[:-5] + b"?" + entry[-4:], id="flip"),
        pytest.param(lambda _entry: b"", id="empty"),
        pytest.param(lambda _entry: os.urandom(200), id="garbage"),
        pytest.param(lambda entry: entry + b"\0", id="append"),
    ],
)
def test_a_damaged_entry_is_a_miss(place: Place, change: Callable[[bytes], bytes]) -> None:
    """An entry that is cut short, altered, emptied, replaced or lengthened is a miss, and can be put again."""
    place.cache().put(key(1), b"content" * 1000)
    place.cache()
    place.damage(change)
    assert place.cache().get(key(1)) is None
    place.cache().put(key(1), b"again")
    assert place.cache().get(key(1)) == b"again"


def test_threads_share_a_cache(place: Place) -> None:
    """Many threads that write and read the same few entries see whole ones or none."""
    cache = place.cache()
    contents = [number.to_bytes(2, "big") * 2500 for number in range(4)]
    wrong: list[int] = []

    def use(seed: int) -> None:
        for number in range(8):
            which = (number + seed) % len(contents)
            cache.put(key(which), contents[which])
            if cache.get(key(which)) not in {None, contents[which]}:
                wrong.append(which)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
