"""Asking for a narration: ``/v1/narrations`` over a store in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from sayso.errors import ServiceUnavailable
from support.api.app_contexts import client_of, fake_served
from support.narrations.client import TEXT, URL, accepted, refused

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from sayso.testing import InMemoryNarrationStore


# Accepting


def test_an_accepted_narration_is_told_of_where_location_says(client: TestClient) -> None:
    """202, its address, and everything that was asked for, with what was not filled in."""
    answer = client.post(URL, json=TEXT)
    narration = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"{URL}/{narration['id']}"
    assert client.get(answer.headers["location"]).json() == narration
    assert narration == {
        "id": narration["id"],
        "object": "narration",
        "status": "queued",
        "name": "the-lamp-is-lit",
        "voice": "fake_en",
        "speed": 1.0,
        "language": None,
        "style": "netflix",
        "audio": ["mp3"],
        "subtitles": ["srt", "vtt", "json"],
        "created_at": narration["created_at"],
        "started_at": None,
        "finished_at": None,
        "progress": 0.0,
        "audio_seconds": 0.0,
        "error": None,
        "files": [],
        "callback": None,
    }
    assert narration["created_at"].endswith("Z")


def test_the_job_says_all_that_the_worker_needs(client: TestClient, store: InMemoryNarrationStore) -> None:
    """Its message holds the text and how it is to be narrated."""
    fields = {"name": "Evening", "speed": 0.5, "audio": "wav, flac", "subtitles": "none", "style": "kids"}
    narration = accepted(client, **fields, language="en-us", markdown=True)
    (job,) = store.stories.jobs.values()
    assert json.loads(job.body) == {
        "narration_id": narration["id"],
        "owner": "",
        "name": "Evening",
        "text": "The lamp is lit.",
        "markdown": True,
        "voice": "fake_en",
        "speed": 0.5,
        "language": "en-us",
        "style": "kids",
        "audio": ["wav", "flac"],
        "subtitles": [],
    }


def test_an_address_in_place_of_a_text_is_left_to_the_worker(client: TestClient, store: InMemoryNarrationStore) -> None:
    """It gives the narration its name; whether it is Markdown its suffix will say."""
    answer = client.post(URL, json={"url": "https://example.com/books/le-phare.md?version=2"})
    assert answer.json()["name"] == "le-phare"
    assert answer.json()["voice"] == "fake_en"
    (job,) = store.stories.jobs.values()
    assert json.loads(job.body)["url"] == "https://example.com/books/le-phare.md?version=2"
    assert "markdown" not in json.loads(job.body)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/%C3%9Cber%20uns.md", "Über uns"),
        ("/a%2F..%2F%2Fb.md", "b"),
        ("/%0D%0Aa%00.txt", "a"),
        ("/%20.txt", "narration"),
        ("/%", "%"),
        ("/", "example"),
        ("", "example"),
    ],
)
def test_a_narration_is_called_as_people_read_its_address(client: TestClient, path: str, name: str) -> None:
    """And not as URLs quote it."""
    assert client.post(URL, json={"url": f"https://example.com{path}"}).json()["name"] == name


@pytest.mark.parametrize(("file_name", "markdown"), [("The Lamp Room.md", True), ("vol.1.txt", False)])
def test_a_file_is_narrated_under_its_name(
    client: TestClient, store: InMemoryNarrationStore, file_name: str, markdown: bool
) -> None:
    """Its suffix says whether it is Markdown, and a byte order mark is no character."""
    fields = {"voice": "fake_en", "speed": "1.5", "audio[]": ["mp3", "wav"], "subtitles": "srt,vtt"}
    content = b"\xef\xbb\xbfIt is late."
    answer = client.post(URL, data=fields, files={"file": (file_name, content, "application/octet-stream")})
    assert answer.status_code == 202, answer.text
    (job,) = store.stories.jobs.values()
    message = json.loads(job.body)
    assert (message["name"], message["markdown"]) == (file_name.rpartition(".")[0], markdown)
    assert (message["text"], message["speed"]) == ("It is late.", 1.5)
    assert (message["audio"], message["subtitles"]) == (["mp3", "wav"], ["srt", "vtt"])


def test_a_form_may_hold_the_text_itself(client: TestClient) -> None:
    """Where no file is sent."""
    answer = client.post(URL, data=TEXT, files={"name": (None, "evening")})
    assert answer.status_code == 202
    assert answer.json()["name"] == "evening"


# Refusing


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"voice": "nobody"}, "voice"),
        ({"voice": {"id": ""}}, "voice"),
        ({"speed": 0.2}, "speed"),
        ({"speed": 4.1}, "speed"),
        ({"speed": "1"}, "speed"),
        ({"audio": ["mp4"]}, "audio"),
        ({"audio": "mp3,midi"}, "audio"),
        ({"audio": 7}, "audio"),
        ({"subtitles": "sub"}, "subtitles"),
        ({"audio": "none", "subtitles": []}, "audio"),
        ({"style": "bbc2"}, "style"),
        ({"language": "tlh"}, "language"),
        ({"language": "../"}, "language"),
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a" * 121}, "name"),
        ({"text": ""}, "text"),
        ({"text": "* * *"}, "text"),
        ({"text": "\x00"}, "text"),
        ({"text": "[pause 5 years] It is late."}, "text"),
        ({"text": "[voice:nobody]\nIt is late."}, "voice"),
        ({"text": None}, "text"),
        ({"url": "https://example.com/a.md"}, "text"),
        ({"text": None, "url": "ftp://example.com/a.md"}, "url"),
        ({"text": None, "url": "http://10.0.0.1/a.md"}, "url"),
        ({"callback_url": "example.com"}, "callback_url"),
        ({"callback_url": "https://user:secret@example.com/"}, "callback_url"),
        ({"callback_url": "http://localhost:8000/"}, "callback_url"),
        ({"callback_url": "http://2130706433/"}, "callback_url"),
        ({"callback_url": "http://[::1]/"}, "callback_url"),
        ({"colour": "blue"}, "colour"),
    ],
    ids=str,
)
def test_what_could_only_fail_is_refused_at_once(
    client: TestClient, store: InMemoryNarrationStore, fields: dict[str, Any], param: str
) -> None:
    """400 that names the field, and no job is made."""
    message = refused(client.post(URL, json=TEXT | fields), param=param)
    assert "secret" not in message
    assert store.stories.jobs == {}


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("a.pdf", b"It is late.", "unsupported_file"),
        ("late", b"It is late.", "unsupported_file"),
        ("a.txt", b"", "empty_file"),
        ("a.txt", b" \n", "empty_file"),
        ("a.txt", "Où est le phare ?".encode("latin-1"), "not_text"),
        ("a.md", b"PK\x03\x04\x00\x00", "not_text"),
    ],
)
def test_a_file_that_is_no_text_is_refused(client: TestClient, name: str, content: bytes, code: str) -> None:
    """The answer says what is wrong with it, and calls it by the name that the client gave it."""
    message = refused(client.post(URL, files={"file": (name, content)}), param="file", code=code)
    assert "/tmp" not in message  # noqa: S108 -- a path that nobody should see


def test_a_file_beside_a_text_is_refused(client: TestClient) -> None:
    """Nobody could say which of them is meant; nor is a file taken from another field."""
    refused(client.post(URL, data=TEXT, files={"file": ("a.txt", b"It is late.")}), param="file")
    refused(client.post(URL, files={"document": ("a.txt", b"It is late.")}), param="document")


def test_a_mistake_at_the_end_of_a_long_text_is_found(client: TestClient) -> None:
    """Directives and voices are looked at to the end, although no script is made of all of it."""
    long = "The lamp is lit. It is late.\n\n" * 2000
    accepted(client, text=long, markdown=True)
    refused(client.post(URL, json=TEXT | {"text": f"{long}[pause soon]"}), param="text")
    refused(client.post(URL, json=TEXT | {"text": f"{long}[voice:nobody]\nYes."}), param="voice")
    refused(client.post(URL, json=TEXT | {"text": "* * *\n\n" * 4000}), param="text")
    accepted(client, text="* * *\n\n" * 4000 + "It is late.")


def test_a_server_without_jobs_says_what_it_needs() -> None:
    """404, which no client asks again, on every route."""
    with client_of(fake_served()) as client:
        for answer in (
            client.post(URL, json=TEXT),
            client.get(URL),
            client.get(f"{URL}/nar_1"),
            client.get(f"{URL}/nar_1/events"),
            client.delete(f"{URL}/nar_1"),
        ):
            assert "DATABASE_URL" in refused(answer, status=404, code="narrations_not_served")


def test_a_store_that_does_not_answer_is_no_mistake_of_the_caller(
    store: InMemoryNarrationStore, monkeypatch: pytest.MonkeyPatch, client: TestClient
) -> None:
    """503, with the time after which to come again."""

    async def fail(*_: Any, **__: Any) -> Any:
        raise ServiceUnavailable("The database does not answer.")

    monkeypatch.setattr(store, "get", fail)
    answer = client.get(f"{URL}/nar_1")
    refused(answer, status=503, code="service_unavailable")
    assert int(answer.headers["retry-after"]) > 0


# Idempotency


def test_the_same_request_with_the_same_key_is_one_narration(client: TestClient, store: InMemoryNarrationStore) -> None:
    """The second answer is the first's narration as it stands by then, and says that it is."""
    first = client.post(URL, json=TEXT, headers={"idempotency-key": "k1"})
    client.delete(f"{URL}/{first.json()['id']}")
    second = client.post(URL, json=TEXT | {"speed": 1.0}, headers={"idempotency-key": "k1"})
    assert second.status_code == 202
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["location"] == first.headers["location"]
    assert second.json()["status"] == "cancelled"
    assert len(store.stories.jobs) == 1


@pytest.mark.parametrize("fields", [{"text": "It is early."}, {"callback_url": "https://example.com/"}], ids=str)
def test_another_request_with_the_same_key_is_refused(client: TestClient, fields: dict[str, Any]) -> None:
    """As a mistake that no client asks again with: neither 409 nor 5xx."""
    client.post(URL, json=TEXT, headers={"idempotency-key": "k1"})
    answer = client.post(URL, json=TEXT | fields, headers={"idempotency-key": "k1"})
    refused(answer, param="Idempotency-Key", code="idempotency_key_reused")


@pytest.mark.parametrize("key", ["", "a b", "k" * 256])
def test_an_odd_key_is_refused(client: TestClient, key: str) -> None:
    """It has 1 to 255 characters, and no spaces."""
    refused(client.post(URL, json=TEXT, headers={"idempotency-key": key}), param="Idempotency-Key")
