"""``/v1/narrations`` over a store in memory."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from narrating import fake_narrations
from sayso.api.keys import Scope, new_key
from sayso.errors import ServiceUnavailable
from sayso.jobs import Claim, TaskProgress
from sayso.settings import Settings
from sayso.testing import InMemoryNarrationStore
from served import client_of, fake_served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

URL = "/v1/narrations"
TEXT = {"text": "The lamp is lit.", "voice": "fake_en"}
KEYS = {name: new_key(name, scopes) for name, scopes in {"ann": [Scope.JOBS], "bob": [Scope.JOBS]}.items()}
ADMIN, OTHER = new_key("ops", [Scope.ADMIN]), new_key("eve", [Scope.SPEECH])


@pytest.fixture
def store() -> InMemoryNarrationStore:
    return InMemoryNarrationStore()


@pytest.fixture
def client(store: InMemoryNarrationStore) -> Iterator[TestClient]:
    served = fake_served(settings=Settings(synthesis_workers=2, kokoro_voice="fake_en"))
    with client_of(replace(served, narrations=fake_narrations(store))) as client:
        yield client


@pytest.fixture
def guarded(store: InMemoryNarrationStore) -> Iterator[TestClient]:
    """A server with keys."""
    entries = tuple(key.entry for key in (*KEYS.values(), ADMIN, OTHER))
    served = fake_served(settings=Settings(synthesis_workers=2, kokoro_voice="fake_en", api_keys=entries))
    with client_of(replace(served, narrations=fake_narrations(store))) as client:
        yield client


def showing(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def accepted(client: TestClient, **fields: Any) -> dict[str, Any]:
    answer = client.post(URL, json=TEXT | fields)
    assert answer.status_code == 202, answer.text
    narration: dict[str, Any] = answer.json()
    return narration


def refused(answer: Any, *, status: int = 400, param: str | None = None, code: str | None = None) -> str:
    """The message of an error in the envelope."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert param is None or error["param"] == param, error
    assert code is None or error["code"] == code, error
    return str(error["message"])


def claimed(client: TestClient, store: InMemoryNarrationStore, narration: dict[str, Any]) -> Claim:
    """The narration's tasks, as a worker has them."""
    assert client.portal is not None
    claim = client.portal.call(store.tasks.claim, narration["id"], (*narration["audio"], *narration["subtitles"]))
    assert isinstance(claim, Claim)
    return claim


def complete(client: TestClient, store: InMemoryNarrationStore, narration: dict[str, Any]) -> None:
    claim = claimed(client, store, narration)
    urls = {name: f"file:///data/{narration['id']}/narration.{name}" for name in claim.lease_ids}
    assert client.portal is not None
    client.portal.call(store.tasks.complete, claim, urls)


def events(answer: Any) -> list[tuple[int, dict[str, Any]]]:
    """The ids and the data of an answer's events."""
    found = []
    for block in answer.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((int(lines["id"]), json.loads(lines["data"])))
    return found


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


# Who sees what


def test_a_key_sees_its_own_narrations_alone(guarded: TestClient) -> None:
    """To others they are not there, in no list and under no method; an idempotency key is its owner's too."""
    ann, bob = showing(KEYS["ann"].key), showing(KEYS["bob"].key)
    mine = guarded.post(URL, json=TEXT, headers=ann | {"idempotency-key": "k1"}).json()
    theirs = guarded.post(URL, json=TEXT, headers=bob | {"idempotency-key": "k1"}).json()
    assert mine["id"] != theirs["id"]
    assert [found["id"] for found in guarded.get(URL, headers=ann).json()["data"]] == [mine["id"]]
    for answer in (
        guarded.get(f"{URL}/{theirs['id']}", headers=ann),
        guarded.get(f"{URL}/{theirs['id']}/events", headers=ann),
        guarded.delete(f"{URL}/{theirs['id']}", headers=ann),
        guarded.get(URL, params={"after": theirs["id"]}, headers=ann),
    ):
        refused(answer, status=404, code="not_found")
    assert guarded.get(f"{URL}/{theirs['id']}", headers=bob).json()["status"] == "queued"


def test_admin_sees_and_cancels_everybodys(guarded: TestClient) -> None:
    """What it submits is its own."""
    mine = guarded.post(URL, json=TEXT, headers=showing(KEYS["ann"].key)).json()
    ops = showing(ADMIN.key)
    assert [found["id"] for found in guarded.get(URL, headers=ops).json()["data"]] == [mine["id"]]
    assert guarded.delete(f"{URL}/{mine['id']}", headers=ops).json()["status"] == "cancelled"
    own = guarded.post(URL, json=TEXT, headers=ops).json()
    refused(guarded.get(f"{URL}/{own['id']}", headers=showing(KEYS["ann"].key)), status=404)


def test_a_key_without_the_scope_is_refused(guarded: TestClient) -> None:
    """401, before anything is read."""
    refused(guarded.post(URL, json=TEXT, headers=showing(OTHER.key)), status=401, code="invalid_api_key")
    refused(guarded.get(URL), status=401, code="invalid_api_key")


# Listing


def test_a_list_is_read_page_by_page(client: TestClient) -> None:
    """The newest first, each once, until there are no more."""
    ids = [accepted(client)["id"] for _ in range(5)]
    found: list[str] = []
    after: dict[str, int | str] = {}
    for _ in range(3):
        page = client.get(URL, params={**after, "limit": 2}).json()
        found += [narration["id"] for narration in page["data"]]
        assert (page["object"], page["first_id"], page["last_id"]) == ("list", found[-len(page["data"])], found[-1])
        assert page["has_more"] is (len(found) < 5)
        after = {"after": page["last_id"]}
    assert found == ids[::-1]


def test_a_list_is_filtered_by_status(client: TestClient, store: InMemoryNarrationStore) -> None:
    """Only those that are so far; an empty page has neither a first nor a last."""
    accepted(client)
    done = accepted(client)
    complete(client, store, done)
    page = client.get(URL, params={"status": "completed"}).json()
    assert [narration["id"] for narration in page["data"]] == [done["id"]]
    empty = client.get(URL, params={"status": "failed"}).json()
    assert empty == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"status": "lost"}, "status"),
        ({"before": "nar_1"}, "before"),
    ],
    ids=str,
)
def test_an_odd_query_is_refused(client: TestClient, query: dict[str, Any], param: str) -> None:
    """400 that names the field."""
    refused(client.get(URL, params=query), param=param)


def test_what_is_not_there_is_404(client: TestClient) -> None:
    """Whatever it is called."""
    for name in ("nar_1", "nar_" + "0" * 32, "%00", "..%2f", "é"):
        refused(client.get(f"{URL}/{name}"), status=404)


# Going on and ending


def test_a_narration_tells_how_far_it_is(client: TestClient, store: InMemoryNarrationStore) -> None:
    """It runs from the first claim on, and says how much audio there is."""
    narration = accepted(client)
    claim = claimed(client, store, narration)
    assert client.portal is not None
    client.portal.call(store.tasks.beat, claim, TaskProgress(share=0.25, audio_seconds=12.3456))
    told = client.get(f"{URL}/{narration['id']}").json()
    assert (told["status"], told["progress"], told["audio_seconds"]) == ("running", 0.25, 12.346)
    assert told["started_at"] >= told["created_at"]
    assert told["finished_at"] is None


def test_a_completed_narration_links_to_its_files(client: TestClient, store: InMemoryNarrationStore) -> None:
    """One for each format, at this server's address, under the narration's name as a file can have it."""
    narration = accepted(client, name='Tom/Jerry: "1"', audio="wav", subtitles="srt")
    complete(client, store, narration)
    told = client.get(f"{URL}/{narration['id']}").json()
    assert (told["status"], told["progress"]) == ("completed", 1.0)
    assert told["finished_at"] is not None
    assert [(file["format"], file["file_name"]) for file in told["files"]] == [
        ("wav", "Tom-Jerry- -1.wav"),
        ("srt", "Tom-Jerry- -1.srt"),
    ]
    assert all(file["url"].startswith("http://testserver/files/") for file in told["files"])


def test_a_failed_narration_says_why(client: TestClient, store: InMemoryNarrationStore) -> None:
    """In the sentence that it was given up with."""
    narration = accepted(client)
    assert client.portal is not None
    client.portal.call(
        lambda claim: store.tasks.fail(claim, error="It was too long."), claimed(client, store, narration)
    )
    told = client.get(f"{URL}/{narration['id']}").json()
    assert (told["status"], told["error"], told["files"]) == ("failed", "It was too long.", [])


def test_a_cancelled_narration_is_over_at_once(client: TestClient, store: InMemoryNarrationStore) -> None:
    """Its job is nobody's any more; to cancel it again changes nothing."""
    narration = accepted(client)
    cancelled = client.delete(f"{URL}/{narration['id']}").json()
    assert cancelled["status"] == "cancelled"
    assert cancelled["finished_at"] is not None
    assert [job.state for job in store.stories.jobs.values()] == ["cancelled"]
    again = client.delete(f"{URL}/{narration['id']}")
    assert (again.status_code, again.json()) == (200, cancelled)


def test_a_completed_narration_cannot_be_cancelled(client: TestClient, store: InMemoryNarrationStore) -> None:
    """It is answered as it is."""
    narration = accepted(client)
    complete(client, store, narration)
    answer = client.delete(f"{URL}/{narration['id']}")
    assert (answer.status_code, answer.json()["status"]) == (200, "completed")


# Events of what has ended; following is tested over sockets


def test_what_has_ended_is_told_in_one_event(client: TestClient, store: InMemoryNarrationStore) -> None:
    """The narration object, with an id by which a client says what it knows."""
    narration = accepted(client)
    complete(client, store, narration)
    answer = client.get(f"{URL}/{narration['id']}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    ((event_id, told),) = events(answer)
    assert told == client.get(f"{URL}/{narration['id']}").json()
    known = client.get(f"{URL}/{narration['id']}/events", headers={"last-event-id": str(event_id)})
    assert (known.status_code, known.content) == (204, b"")


@pytest.mark.parametrize("last_event_id", ["0", "1", "-1", "much", "9" * 30, "999999"])
def test_an_odd_last_event_is_none(client: TestClient, store: InMemoryNarrationStore, last_event_id: str) -> None:
    """Whoever knows less than all, or something that cannot be, is told how it stands."""
    narration = accepted(client)
    complete(client, store, narration)
    answer = client.get(f"{URL}/{narration['id']}/events", headers={"last-event-id": last_event_id})
    assert [told["status"] for _, told in events(answer)] == ["completed"]
