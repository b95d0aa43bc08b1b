"""The MP3 files of cards, which this server serves where no web server does."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sayso.cards.files import CARD_FILES_PATH
from support.api.app_contexts import client_of, fake_served
from support.narrations.client import refused

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.testclient import TestClient

    from sayso.api.context import CardsContext

NAME = "card-1_en.mp3"
MP3 = bytes(range(256)) * 40


@pytest.fixture
def file(context: CardsContext) -> Path:
    """A file, and others that are none of cards, within the directory and outside of it."""
    assert context.directory is not None
    context.directory.mkdir()
    (context.directory / ".sayso-speech").mkdir()
    for name in (NAME, ".hidden_en.mp3", "notes.txt", "card_en.mp3.part", ".sayso-speech/x_en.mp3"):
        (context.directory / name).write_bytes(MP3)
    (context.directory.parent / "secret_en.mp3").write_bytes(b"secret")
    (context.directory / "link_en.mp3").symlink_to(context.directory.parent / "secret_en.mp3")
    (context.directory / "folder_en.mp3").mkdir()
    return context.directory / NAME


@pytest.mark.usefixtures("file")
def test_a_file_is_served_to_anyone(guarded: TestClient) -> None:
    """Without a key, as MP3, to be kept by caches for a year; whatever its version is."""
    for query in ("", "?v=0123456789"):
        answer = guarded.get(f"{CARD_FILES_PATH}/{NAME}{query}")
        assert (answer.status_code, answer.content) == (200, MP3)
        assert answer.headers["content-type"] == "audio/mpeg"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["x-content-type-options"] == "nosniff"
    head = guarded.head(f"{CARD_FILES_PATH}/{NAME}")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(MP3)))


@pytest.mark.usefixtures("file")
def test_a_range_is_served(client: TestClient) -> None:
    """As players ask for it; a range behind the end is 416."""
    part = client.get(f"{CARD_FILES_PATH}/{NAME}", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, MP3[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(MP3)}"
    assert client.get(f"{CARD_FILES_PATH}/{NAME}", headers={"range": "bytes=999999-"}).status_code == 416


def test_a_known_file_is_not_sent_again(client: TestClient, file: Path) -> None:
    """304 for its ETag, until it is replaced."""
    etag = client.get(f"{CARD_FILES_PATH}/{NAME}").headers["etag"]
    again = client.get(f"{CARD_FILES_PATH}/{NAME}", headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    file.write_bytes(MP3 + b"more")
    assert client.get(f"{CARD_FILES_PATH}/{NAME}", headers={"if-none-match": etag}).status_code == 200


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize(
    "name",
    [
        "none_en.mp3",
        ".hidden_en.mp3",
        "notes.txt",
        "card_en.mp3.part",
        "link_en.mp3",
        "folder_en.mp3",
        ".sayso-speech/x_en.mp3",
        "%2e%2e/secret_en.mp3",
        "..%2fsecret_en.mp3",
        "..%5csecret_en.mp3",
        "%00_en.mp3",
        "x" * 300 + "_en.mp3",
        "",
    ],
)
def test_nothing_else_is_served(client: TestClient, name: str) -> None:
    """No other file, none outside of the directory, and no link to one."""
    refused(client.get(f"{CARD_FILES_PATH}/{name}"), status=404)


@pytest.mark.usefixtures("file")
def test_nothing_is_served_in_place_of_a_web_server(context: CardsContext) -> None:
    """404 where another server has the files."""
    elsewhere = replace(context, files_url="https://cdn.example.com/tts", directory=None)
    with client_of(fake_served(), open_cards=lambda: nullcontext(elsewhere)) as client:
        refused(client.get(f"{CARD_FILES_PATH}/{NAME}"), status=404)
