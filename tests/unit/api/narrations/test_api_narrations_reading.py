"""Listing, reading and cancelling narrations, each by whoever may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sayso.jobs import TaskProgress
from support.narrations.client import (
    ADMIN,
    KEYS,
    OTHER,
    TEXT,
    URL,
    accepted,
    claimed,
    complete,
    events,
    refused,
    showing,
)

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from sayso.testing import InMemoryNarrationStore


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
    """403 for a key of another scope and 401 without one, before anything is read."""
    refused(guarded.post(URL, json=TEXT, headers=showing(OTHER.key)), status=403, code="missing_scope")
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
    client.portal.call(store.tasks.heartbeat, claim, TaskProgress(share=0.25, audio_seconds=12.3456))
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


# Retrying and deleting


def test_a_failed_narration_is_retried(client: TestClient, store: InMemoryNarrationStore) -> None:
    """It is accepted once more, under its name; what is completed is not."""
    narration = accepted(client)
    assert client.portal is not None
    client.portal.call(
        lambda claim: store.tasks.fail(claim, error="It was too long."), claimed(client, store, narration)
    )
    retried = client.post(f"{URL}/{narration['id']}/retry")
    assert (retried.status_code, retried.json()["status"], retried.json()["error"]) == (202, "queued", None)
    complete(client, store, narration)
    refused(client.post(f"{URL}/{narration['id']}/retry"))


@pytest.mark.parametrize("is_completed", [True, False])
def test_a_narration_is_deleted(client: TestClient, store: InMemoryNarrationStore, *, is_completed: bool) -> None:
    """Whatever its state it is there no more afterwards; a query that is wrong deletes nothing."""
    narration = accepted(client)
    if is_completed:
        complete(client, store, narration)
    place = f"{URL}/{narration['id']}"
    refused(client.delete(place, params={"permanently": "perhaps"}), param="permanently")
    refused(client.delete(place, params={"permanent": "true"}), param="permanent")
    answer = client.delete(place, params={"permanently": "true"})
    assert answer.json() == {"id": narration["id"], "object": "narration", "deleted": True}
    for gone in (
        client.get(place),
        client.delete(place, params={"permanently": "true"}),
        client.post(f"{place}/retry"),
    ):
        refused(gone, status=404)
    assert client.get(URL).json()["data"] == []


def test_nobody_deletes_or_retries_anothers(guarded: TestClient) -> None:
    """To other keys it is not there."""
    ann, bob = showing(KEYS["ann"].key), showing(KEYS["bob"].key)
    place = f"{URL}/{guarded.post(URL, json=TEXT, headers=ann).json()['id']}"
    refused(guarded.delete(place, params={"permanently": "true"}, headers=bob), status=404)
    refused(guarded.post(f"{place}/retry", headers=bob), status=404)
    assert guarded.get(place, headers=ann).status_code == 200


# Events of what has ended; following is tested over sockets


def without_expiry(narration: dict[str, Any]) -> dict[str, Any]:
    """A narration whose links are without what differs from second to second: their expiry and their signature."""
    files = [{**file, "url": file["url"].partition("?")[0]} for file in narration["files"]]
    return {**narration, "files": files}


def test_what_has_ended_is_told_in_one_event(client: TestClient, store: InMemoryNarrationStore) -> None:
    """The narration object, with an id by which a client says what it knows."""
    narration = accepted(client)
    complete(client, store, narration)
    answer = client.get(f"{URL}/{narration['id']}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    ((event_id, told),) = events(answer)
    assert without_expiry(told) == without_expiry(client.get(f"{URL}/{narration['id']}").json())
    known = client.get(f"{URL}/{narration['id']}/events", headers={"last-event-id": str(event_id)})
    assert (known.status_code, known.content) == (204, b"")


@pytest.mark.parametrize("last_event_id", ["0", "1", "-1", "much", "9" * 30, "999999"])
def test_an_odd_last_event_is_none(client: TestClient, store: InMemoryNarrationStore, last_event_id: str) -> None:
    """Whoever knows less than all, or something that cannot be, is told how it stands."""
    narration = accepted(client)
    complete(client, store, narration)
    answer = client.get(f"{URL}/{narration['id']}/events", headers={"last-event-id": last_event_id})
    assert [told["status"] for _, told in events(answer)] == ["completed"]
