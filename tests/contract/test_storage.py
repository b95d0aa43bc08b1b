"""What every storage promises, asked of a directory, of S3 over HTTP, and of the fake."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from sayso.errors import InvalidInput, OutputChanged, OutputFailed
from sayso.storage import Storages, uri_within
from support.storage.places import Place, local_place, memory_place, s3_place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine
    from pathlib import Path
    from typing import Any

    from sayso.storage import Stored

CONTENT = bytes(range(256)) * 3000
NAME = "Fünf + 5 #1? 100% – 你好.mp3"
"""What people call files, with everything in it that URIs or headers have a use for."""


@pytest.fixture(scope="module", params=[memory_place, local_place, s3_place])
async def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """A storage of each kind."""
    async with request.param(tmp_path_factory.mktemp("storage")) as opened:
        yield opened


_numbers = itertools.count()


@pytest.fixture
def uri(place: Place) -> str:
    """A place where there is nothing yet, in a directory that there is not."""
    return uri_within(place.base, f"story {next(_numbers)}", NAME)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where finished files wait to be published."""
    return tmp_path


def finished(directory: Path, content: bytes) -> Path:
    path = directory / f"{hashlib.sha256(content).hexdigest()}.mp3"
    path.write_bytes(content)
    return path


async def publish(place: Place, directory: Path, uri: str, content: bytes, *, over: str | None = None) -> Stored:
    path = finished(directory, content)
    return await place.storage.publish(path, uri, content_type="audio/mpeg", over=over)


async def content_of(place: Place, uri: str) -> bytes:
    return b"".join([block async for block in place.storage.read(uri)])


@asynccontextmanager
async def unchanged(place: Place, uri: str) -> AsyncIterator[None]:
    """The file is the same at the end."""
    before = await place.storage.find(uri)
    yield
    assert await place.storage.find(uri) == before


@pytest.mark.parametrize("content", [b"", b"x", CONTENT], ids=["empty", "one byte", "many blocks"])
async def test_what_was_published_is_there(place: Place, directory: Path, uri: str, content: bytes) -> None:
    """A file that was published is found with its size and checksum, and read as it was; the original stays."""
    assert await place.storage.find(uri) is None
    stored = await publish(place, directory, uri, content)
    assert await place.storage.find(uri) == stored
    assert (stored.uri, stored.size_bytes) == (uri, len(content))
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert await content_of(place, uri) == content
    assert finished(directory, content).read_bytes() == content


async def test_a_checksum_that_the_caller_has_computed_is_kept(place: Place, directory: Path, uri: str) -> None:
    """The file is not read a second time for it, and is found with it, and as it was."""
    path, sha256 = finished(directory, CONTENT), hashlib.sha256(CONTENT).hexdigest()
    stored = await place.storage.publish(path, uri, content_type="audio/mpeg", over=None, sha256=sha256)
    assert await place.storage.find(uri) == stored
    assert stored.sha256 == sha256
    assert await content_of(place, uri) == CONTENT


async def test_a_file_comes_in_blocks(place: Place, directory: Path, uri: str) -> None:
    """No block is larger than a MiB, however large the file, and a reader may leave before the end."""
    await publish(place, directory, uri, bytes(3 * 2**20))
    assert max([len(block) async for block in place.storage.read(uri)]) <= 2**20
    blocks = place.storage.read(uri)
    assert await anext(blocks)
    del blocks


async def test_the_right_version_is_replaced(place: Place, directory: Path, uri: str) -> None:
    """A file may take the place of the version that was found, and then has another version."""
    first = await publish(place, directory, uri, b"first")
    second = await publish(place, directory, uri, b"second", over=first.version)
    assert second.version != first.version
    assert await content_of(place, uri) == b"second"


async def test_a_wrong_version_is_not(place: Place, directory: Path, uri: str) -> None:
    """Where there is another version, or one although there should be none, nothing changes."""
    first = await publish(place, directory, uri, b"first")
    await publish(place, directory, uri, b"second", over=first.version)
    for over in (None, first.version):
        async with unchanged(place, uri):
            with pytest.raises(OutputChanged):
                await publish(place, directory, uri, b"third", over=over)
    assert await content_of(place, uri) == b"second"


async def test_what_is_gone_is_not_replaced(place: Place, directory: Path, uri: str) -> None:
    """A version that was deleted meanwhile is another version too."""
    first = await publish(place, directory, uri, b"first")
    await place.storage.delete(uri)
    with pytest.raises(OutputChanged):
        await publish(place, directory, uri, b"second", over=first.version)
    assert await place.storage.find(uri) is None


@pytest.mark.parametrize("exists", [False, True])
async def test_one_of_several_wins(place: Place, directory: Path, uri: str, exists: bool) -> None:
    """Of many that publish at the same moment over the same version, one does, and the others are told."""
    over = (await publish(place, directory, uri, b"before")).version if exists else None
    contents = [f"content {number}".encode() * 1000 for number in range(8)]
    results = await asyncio.gather(
        *(publish(place, directory, uri, content, over=over) for content in contents), return_exceptions=True
    )
    winners = [number for number, result in enumerate(results) if not isinstance(result, OutputChanged)]
    assert len(winners) == 1
    assert await content_of(place, uri) == contents[winners[0]]
    assert await place.storage.find(uri) == results[winners[0]]


async def test_the_files_of_a_directory_are_listed(place: Place, directory: Path) -> None:
    """Those directly in it, with their sizes and times; not those below it, nor what the storage keeps there."""
    base = f"{place.base}/{uuid4().hex}"
    assert [file async for file in place.storage.files_in(base)] == []
    for names in ([NAME], ["b.mp3"], ["below", "c.mp3"]):
        await publish(place, directory, uri_within(base, *names), b"content")
    found = {file.name: file async for file in place.storage.files_in(base)}
    assert set(found) == {NAME, "b.mp3"}
    assert {file.size_bytes for file in found.values()} == {7}
    assert all(abs((datetime.now(UTC) - file.modified_at).total_seconds()) < 3600 for file in found.values())


async def test_what_is_deleted_is_gone(place: Place, directory: Path, uri: str) -> None:
    """A deleted file is not found or read any more; deleting it again, or where nothing ever was, is no error."""
    await place.storage.delete(uri)
    await publish(place, directory, uri, CONTENT)
    await place.storage.delete(uri)
    await place.storage.delete(uri)
    assert await place.storage.find(uri) is None
    with pytest.raises(InvalidInput):
        await content_of(place, uri)
    await publish(place, directory, uri, CONTENT)


async def test_many_are_deleted_together(place: Place, directory: Path, uri: str) -> None:
    """Those that are there go, those that are not are no error, and others stay."""
    uris = [f"{uri}.{number}" for number in range(40)]
    for each in uris[:20:2]:
        await publish(place, directory, each, CONTENT)
    await publish(place, directory, uri, CONTENT)
    assert await place.storage.delete(*uris) >= 10
    assert [each for each in uris if await place.storage.find(each) is not None] == []
    assert await content_of(place, uri) == CONTENT
    assert await place.storage.delete() == 0


async def test_a_file_that_cannot_be_read_is_not_published(place: Place, directory: Path, uri: str) -> None:
    """When the file to be published is missing, that is said, and nothing is there."""
    with pytest.raises(OutputFailed):
        await place.storage.publish(directory / "none", uri, content_type="audio/mpeg", over=None)
    assert await place.storage.find(uri) is None


HOSTILE = ["", "/", "/a/", "/../a", "/a/../../b", "/a/..", "/.", "/a\0b", "/a\nb", "/\ud800", f"/{'n' * 1100}"]
FOREIGN = ["gopher://bucket/a", "bucket/a", "/etc/passwd", "", "s3:/bucket/a", "s3:///a", "s3://b", "https://bucket/a"]


@pytest.mark.parametrize("tail", HOSTILE, ids=ascii)
async def test_a_uri_leads_nowhere_else(place: Place, directory: Path, tail: str) -> None:
    """A URI that climbs, names nothing, or has what no name can have is refused by every call."""
    base = "s3://bucket" if place.base.startswith("s3:") else place.base
    await refused(place, directory, base + tail)


@pytest.mark.parametrize("uri", FOREIGN)
async def test_a_uri_of_another_kind_is_refused(place: Place, directory: Path, uri: str) -> None:
    """A URI of another scheme, or none at all, is refused by every call."""
    await refused(place, directory, uri)


async def refused(place: Place, directory: Path, uri: str) -> None:
    storage = place.storage
    path = finished(directory, CONTENT)
    calls: list[Coroutine[Any, Any, object]] = [
        storage.find(uri),
        storage.publish(path, uri, content_type="audio/mpeg", over=None),
        content_of(place, uri),
        storage.delete(uri),
        storage.link(uri, seconds=60, file_name="a.mp3"),
    ]
    for call in calls:
        with pytest.raises(InvalidInput):
            await call


@pytest.mark.parametrize("place", [local_place, s3_place], indirect=True)
async def test_a_link_gives_the_file_to_anybody(place: Place, directory: Path, uri: str) -> None:
    """Whoever follows a link has the file, its media type, and the name to save it under."""

    async def scenario() -> str:
        await publish(place, directory, uri, CONTENT)
        return await place.storage.link(uri, seconds=60, file_name=NAME)

    answer = place.fetch(await scenario())
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="F_nf + 5 #1? 100_ _ __.mp3"; '
        "filename*=UTF-8''F%C3%BCnf%20%2B%205%20%231%3F%20100%25%20%E2%80%93%20%E4%BD%A0%E5%A5%BD.mp3"
    )


def test_storages_are_found_by_their_scheme(place: Place, uri: str) -> None:
    """Among several, the storage of a URI is the one of its scheme, and there is none for another."""
    storages = Storages({place.base.partition("://")[0]: place.storage})
    assert storages.of(uri) is place.storage
    with pytest.raises(InvalidInput):
        storages.of("gopher://bucket/a")
