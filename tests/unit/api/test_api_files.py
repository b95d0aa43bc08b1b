"""``/files``: a good link gives the file, in parts too; any other gives nothing, and says so as OpenAI does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from sayso.api.http.errors import Problem, on_problem, on_sayso_error
from sayso.api.routes import files
from sayso.errors import SaysoError
from sayso.storage import LinkSigner, Root, SignedFiles
from support.api.app_contexts import fake_served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONTENT = bytes(range(256)) * 1000
NAMES = "nar_1/the lamp + room.mp3"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def signed(tmp_path: Path, clock: Clock) -> SignedFiles:
    """A root with one file, beside one that is none of its own."""
    root = tmp_path / "root"
    (root / NAMES).parent.mkdir(parents=True)
    (root / NAMES).write_bytes(CONTENT)
    (tmp_path / "private.txt").write_text("private")
    return SignedFiles(root=Root(root), signer=LinkSigner([b"secret"], clock=clock))


@pytest.fixture
def client(signed: SignedFiles) -> Iterator[TestClient]:
    yield from client_of(signed)


def client_of(signed: SignedFiles | None) -> Iterator[TestClient]:
    app = FastAPI()
    app.include_router(files.router)
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(SaysoError, on_sayso_error)
    app.state.served = replace(fake_served(), files=signed)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def url(signed: SignedFiles) -> str:
    return link(signed, NAMES)


def link(signed: SignedFiles, names: str, file_name: str = "lamp.mp3") -> str:
    return signed.url(signed.root.of_names(names), seconds=60, file_name=file_name)


def test_a_good_link_gives_the_file(client: TestClient, url: str) -> None:
    """The file comes whole, with its type, the link's name for it, and nothing for a browser to guess."""
    answer = client.get(url)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    headers = {
        "content-type": "audio/mpeg",
        "content-length": str(len(CONTENT)),
        "content-disposition": 'attachment; filename="lamp.mp3"',
        "x-content-type-options": "nosniff",
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
    }
    assert headers.items() <= answer.headers.items()


def test_a_range_is_served(client: TestClient, url: str) -> None:
    """A player that seeks gets the range that it asks for, and one past the end is refused."""
    answer = client.get(url, headers={"range": "bytes=100-299"})
    assert (answer.status_code, answer.content) == (206, CONTENT[100:300])
    assert answer.headers["content-range"] == f"bytes 100-299/{len(CONTENT)}"
    assert client.get(url, headers={"range": "bytes=-10"}).content == CONTENT[-10:]
    assert client.get(url, headers={"range": f"bytes={len(CONTENT)}-"}).status_code == 416


def test_the_headers_can_be_had_alone(client: TestClient, url: str) -> None:
    """HEAD says what GET would."""
    answer = client.head(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(CONTENT))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("signature=", "signature=0"),
        ("signature=", "sign="),
        ("signature=", "signature=%E4%BD%A0"),
        ("expires=1", "expires=2"),
        ("expires=", "expires=x"),
        ("expires=", "ends="),
        ("name=lamp", "name=virus"),
        ("/nar_1/", "/nar_2/"),
        ("/nar_1/", "/nar_1%2F..%2Fnar_1/"),
    ],
)
def test_any_other_link_is_refused(client: TestClient, url: str, old: str, new: str) -> None:
    """A link that was altered in any part, or lacks one, is refused in OpenAI's envelope."""
    assert old in url
    answer = client.get(url.replace(old, new))
    assert answer.status_code == 403
    assert answer.json()["error"]["code"] == "bad_link"
    assert answer.json()["error"].keys() == {"message", "type", "param", "code"}


def test_an_expired_link_is_refused(client: TestClient, url: str, clock: Clock) -> None:
    """After its time a link opens nothing."""
    clock.now += 60
    assert client.get(url).status_code == 403


def test_a_file_that_is_gone_is_missing(client: TestClient, signed: SignedFiles, url: str) -> None:
    """A good link to a file that was deleted, or to a directory, is answered with 404."""
    signed.root.of_names(NAMES).unlink()
    for gone in (url, link(signed, "nar_1")):
        answer = client.get(gone)
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("names", ["../private.txt", "nar_1/../../private.txt", "out", ".sayso-lock", "a//b", "a\0b"])
def test_nothing_outside_is_given(client: TestClient, signed: SignedFiles, tmp_path: Path, names: str) -> None:
    """Even a signed path does not lead out of the root, by steps or by a link, nor to the storage's own files."""
    (signed.root.of_names("x").parent / "out").symlink_to(tmp_path / "private.txt")
    url = signed.signer.signed_path(names, seconds=60, file_name="a.txt").replace("../", "..%2F")
    answer = client.get(url)
    assert answer.status_code in {400, 403}
    assert "private" not in answer.text.replace("private.txt", "")


def test_links_name_the_service_where_its_address_is_set(signed: SignedFiles) -> None:
    """With a public address a link is absolute, without one it begins at the service's own root."""
    public = replace(signed, base_url="https://speech.example/sayso/")
    path = signed.root.of_names(NAMES)
    relative = signed.url(path, seconds=60, file_name="a.mp3")
    assert relative.startswith("/files/nar_1/the%20lamp%20%2B%20room.mp3?expires=1060&name=a.mp3&signature=")
    assert public.url(path, seconds=60, file_name="a.mp3") == f"https://speech.example/sayso{relative}"


def test_a_service_without_files_has_none() -> None:
    """Where narrations are in S3, or there are none, every link is answered with 404."""
    for client in client_of(None):
        assert client.get("/files/a?expires=1&name=a&signature=a").status_code == 404
