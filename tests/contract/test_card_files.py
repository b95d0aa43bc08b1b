"""What published cards promise, asked of a directory and of S3, with the record in PostgreSQL and in memory."""

from __future__ import annotations

import hashlib
import stat
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

import pytest

from sayso.aws.session import Aws
from sayso.bootstrap.card_storage import CACHE_CONTROL, local_card_storage
from sayso.cards.base import SpokenPhrase
from sayso.cards.file_names import FileName, file_names
from sayso.cards.files import StoredCardFiles
from sayso.cards.postgres.files import PostgresFileRecords
from sayso.cards.records import Phrase
from sayso.errors import LeaseLost
from sayso.jobs import Delivery
from sayso.postgres.pool import Database
from sayso.storage import Storages, open_s3_storage
from sayso.testing import InMemoryFileRecords, InMemoryStorage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from sayso.cards.base import FileRecords

    Open: TypeAlias = Callable[[pytest.FixtureRequest], AbstractAsyncContextManager["Place"]]

BASE_URL = "https://cards.example.com/tts"


@dataclass
class Place:
    """A storage and a record, and the files over them."""

    storages: Storages
    root: str
    records: FileRecords
    scratch: Path
    lost: set[str] = field(default_factory=set)
    confirmations: int = 0

    def files(self) -> StoredCardFiles:
        """As a worker that has just started has them."""
        return StoredCardFiles(
            self.storages,
            root=self.root,
            base_url=BASE_URL,
            records=self.records,
            confirm=self.confirm,
            scratch=self.scratch,
        )

    async def confirm(self, delivery: Delivery) -> None:
        self.confirmations += 1
        if delivery.lease in self.lost:
            raise LeaseLost("Another worker has it.")

    async def content(self, name: str) -> bytes | None:
        storage = self.storages.of(self.root)
        uri = f"{self.root}/{name}"
        if await storage.find(uri) is None:
            return None
        return b"".join([block async for block in storage.read(uri)])


@asynccontextmanager
async def in_memory(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    scratch = request.getfixturevalue("tmp_path")
    yield Place(Storages({"s3": InMemoryStorage()}), "s3://cards", InMemoryFileRecords(), scratch)


@asynccontextmanager
async def in_a_directory(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    path = request.getfixturevalue("tmp_path")
    (path / "scratch").mkdir()
    async with Database(request.getfixturevalue("database_url"), listen=False) as database:
        storages = Storages({"file": local_card_storage(path / "tts")})
        yield Place(storages, (path / "tts").as_uri(), PostgresFileRecords(database), path / "scratch")


@asynccontextmanager
async def in_s3(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with AsyncExitStack() as stack:
        aws = await stack.enter_async_context(Aws(request.getfixturevalue("aws_place").access()))
        bucket = f"cards-{uuid4().hex}"
        await (await aws.client("s3")).call("create_bucket", Bucket=bucket)
        database = await stack.enter_async_context(Database(request.getfixturevalue("database_url"), listen=False))
        storages = Storages({"s3": await open_s3_storage(aws, own_bucket=bucket, cache_control=CACHE_CONTROL)})
        yield Place(storages, f"s3://{bucket}", PostgresFileRecords(database), request.getfixturevalue("tmp_path"))


PLACES: dict[str, Open] = {"memory": in_memory, "directory": in_a_directory, "s3": in_s3}


@pytest.fixture(params=PLACES)
async def place(request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    async with PLACES[request.param](request) as opened:
        yield opened


def delivery(job_id: str = "job", lease: str = "1") -> Delivery:
    return Delivery(job_id=job_id, lease=lease, body="", attempt=1, age_seconds=0.0)


def spoken(text: bytes) -> SpokenPhrase:
    return SpokenPhrase(mp3=text, speech_key=hashlib.sha256(text).hexdigest(), engine="fake", is_cached=False)


def name_of(card_id: str | None, job_id: str = "job") -> FileName:
    phrase = Phrase(index=0, card_id=card_id, texts={"en": "Hello."}, problems={})
    return file_names(job_id, [phrase])[0, "en"]


@pytest.fixture
def card() -> FileName:
    """A card that no other test has."""
    return name_of(f"card-{uuid4().hex}")


async def test_a_file_has_its_url(place: Place, card: FileName) -> None:
    """It is there under the name of the contract, and nothing is left on the way."""
    url = await place.files().publish(delivery(), card, spoken(b"hello"))
    assert url == f"{BASE_URL}/{card.name}"
    assert await place.content(card.name) == b"hello"
    assert [*place.scratch.glob("*.mp3")] == []


async def test_a_content_that_changed_has_another_url(place: Place, card: FileName) -> None:
    """Caches keep the first one for a year; when it comes back, its URL does, too."""
    files = place.files()
    first = await files.publish(delivery(), card, spoken(b"hello"))
    second = await files.publish(delivery(), card, spoken(b"good morning"))
    assert second == f"{first}?v={hashlib.sha256(b'good morning').hexdigest()[:10]}"
    assert await place.content(card.name) == b"good morning"
    assert await place.files().publish(delivery(), card, spoken(b"good morning")) == second
    assert await place.files().publish(delivery(), card, spoken(b"hello")) == first


async def test_a_file_that_another_program_published_counts_as_the_first(place: Place, card: FileName) -> None:
    """The worker that Sayso replaces has published under the same names."""
    earlier = place.scratch / "earlier"
    earlier.write_bytes(b"of another program")
    uri = f"{place.root}/{card.name}"
    await place.storages.of(place.root).publish(earlier, uri, content_type="audio/mpeg", over=None)
    assert "?v=" in await place.files().publish(delivery(), card, spoken(b"hello"))
    assert await place.content(card.name) == b"hello"


async def test_a_file_that_was_removed_is_still_on_record(place: Place, card: FileName) -> None:
    """Caches have it still."""
    await place.files().publish(delivery(), card, spoken(b"hello"))
    await place.storages.delete(f"{place.root}/{card.name}")
    assert "?v=" in await place.files().publish(delivery(), card, spoken(b"good morning"))
    assert "?v=" not in await place.files().publish(delivery(), card, spoken(b"hello"))
    assert await place.content(card.name) == b"hello"


async def test_what_is_there_is_not_written_again(place: Place, card: FileName) -> None:
    """A job that is begun again writes only what is missing."""
    await place.files().publish(delivery(), card, spoken(b"hello"))
    storage = place.storages.of(place.root)
    before = await storage.find(f"{place.root}/{card.name}")
    await place.files().publish(delivery(lease="2"), card, spoken(b"hello"))
    assert await storage.find(f"{place.root}/{card.name}") == before


async def test_nothing_is_written_without_the_lease(place: Place, card: FileName) -> None:
    """It is confirmed right before."""
    place.lost.add("1")
    with pytest.raises(LeaseLost):
        await place.files().publish(delivery(), card, spoken(b"hello"))
    assert await place.content(card.name) is None


async def test_a_lease_is_not_confirmed_for_every_file(place: Place) -> None:
    """Once a second is often enough for the many files of a job."""
    files = place.files()
    for _ in range(5):
        await files.publish(delivery(), name_of(f"card-{uuid4().hex}"), spoken(b"hello"))
    assert place.confirmations < 5


async def test_two_files_never_share_a_name(place: Place) -> None:
    """A card that is called like a phrase of another job gets another name, and keeps it."""
    job_id = uuid4().hex
    phrase, card = name_of(None, job_id), name_of(f"{job_id}_0")
    assert phrase.name == card.name
    urls = [
        await place.files().publish(delivery(job_id), phrase, spoken(b"a phrase")),
        await place.files().publish(delivery(), card, spoken(b"a card")),
    ]
    assert urls == [f"{BASE_URL}/{phrase.name}", f"{BASE_URL}/{card.other_name}"]
    assert await place.files().publish(delivery(), card, spoken(b"a card")) == urls[1]
    assert await place.content(phrase.name) == b"a phrase"
    assert await place.content(card.other_name) == b"a card"


async def test_a_web_server_may_read_a_directory(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Whatever the umask is; files on their way are private, and nothing else is there."""
    async with in_a_directory(request) as place:
        card = name_of(f"card-{uuid4().hex}")
        await place.files().publish(delivery(), card, spoken(b"hello"))
        root = tmp_path / "tts"
        assert stat.S_IMODE(root.stat().st_mode) == 0o755
        assert stat.S_IMODE((root / card.name).stat().st_mode) == 0o644
        assert {path.name for path in root.iterdir() if not path.name.startswith(".sayso-")} == {card.name}


async def test_what_a_killed_worker_left_is_swept(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """With the next file; what is not of Sayso stays."""
    async with in_a_directory(request) as place:
        staging = tmp_path / "tts" / ".sayso-staging"
        staging.mkdir(parents=True)
        (staging / ".sayso-0123456789abcdef.part").write_bytes(b"half")
        (tmp_path / "tts" / "notes.txt").write_text("of the operator")
        await place.files().publish(delivery(), name_of(f"card-{uuid4().hex}"), spoken(b"hello"))
        assert [path.name for path in staging.iterdir() if path.name != ".sayso-lock"] == []
        assert (tmp_path / "tts" / "notes.txt").exists()


async def test_s3_serves_files_as_the_contract_says(request: pytest.FixtureRequest) -> None:
    """As MP3, which caches keep for a year."""
    async with in_s3(request) as place, Aws(request.getfixturevalue("aws_place").access()) as aws:
        card = name_of(f"card-{uuid4().hex}")
        await place.files().publish(delivery(), card, spoken(b"hello"))
        client = await aws.client("s3")
        head = await client.call("head_object", Bucket=place.root.removeprefix("s3://"), Key=card.name)
        assert head["ContentType"] == "audio/mpeg"
        assert head["CacheControl"] == "public, max-age=31536000, immutable"
