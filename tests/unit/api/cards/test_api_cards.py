"""``/api/tts`` over jobs in memory: accept, refuse, show, list, cancel and retry."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from sayso.cards.service import Cards
from sayso.errors import ServiceUnavailable
from sayso.testing import InMemoryClientJobs
from support.api.app_contexts import client_of, fake_served
from support.narrations.client import ADMIN, KEYS, OTHER, refused, showing

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from sayso.api.context import CardsContext

URL = "/api/tts/generate"
PHRASE = {"textEn": "the lamp", "textFr": "la lampe", "cardId": "card-1"}
DECK = {"deckId": "deck-1", "phrases": [PHRASE]}


def accepted(client: TestClient, **fields: Any) -> str:
    answer = client.post(URL, json=DECK | fields)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["jobId"])


# Accepting


def test_an_accepted_job_is_a_row_of_the_application(client: TestClient, jobs: InMemoryClientJobs) -> None:
    """202 with its id alone; Location leads to the row, as the table has it."""
    answer = client.post(URL, json=DECK)
    assert answer.status_code == 202
    assert answer.json().keys() == {"jobId"}
    job_id = answer.json()["jobId"]
    assert answer.headers["location"] == f"/api/tts/status/{job_id}"
    assert client.get(answer.headers["location"]).json() == {"job": jobs.rows[job_id]}
    row = jobs.rows[job_id]
    assert (row["deckId"], row["userId"], row["status"]) == ("deck-1", "user-1", "pending")
    assert (row["phrases"], row["totalPhrases"], row["processedCount"]) == ([PHRASE], 1, 0)


@pytest.mark.parametrize(
    "phrase",
    [
        {},
        {"textEn": None, "textFr": ""},
        {"textEn": "x" * 5000},
        {"textEn": "🎉🎉", "textFr": "<b>gras</b>"},
        {"textPtBr": "olá", "textZhHans": "你好", "textEs": None, "cardId": None},
        {"textEn": "\u0001 😀"},
    ],
)
def test_what_cannot_be_spoken_is_the_jobs_to_say(
    client: TestClient, jobs: InMemoryClientJobs, phrase: dict[str, Any]
) -> None:
    """A phrase that is no mistake of form is stored as it was sent: it does not keep the others from being spoken."""
    job_id = accepted(client, phrases=[PHRASE, phrase])
    assert jobs.rows[job_id]["phrases"] == [PHRASE, phrase]


def test_two_hundred_phrases_are_accepted(client: TestClient, jobs: InMemoryClientJobs) -> None:
    """Also long ones, in pretty JSON."""
    phrases = [{"textEn": "a" * 4000, "textFr": "é" * 4000, "cardId": f"card-{number}"} for number in range(200)]
    body = json.dumps({"deckId": "deck-1", "phrases": phrases}, indent=4)
    answer = client.post(URL, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 202, answer.text
    assert jobs.rows[answer.json()["jobId"]]["totalPhrases"] == 200


# Refusing


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"deckId": "deck-1"}, "phrases"),
        ({"phrases": [PHRASE]}, "deckId"),
        (DECK | {"deckId": ""}, "deckId"),
        (DECK | {"deckId": 7}, "deckId"),
        (DECK | {"deckId": "d\0"}, "deckId"),
        (DECK | {"deckId": "d" * 501}, "deckId"),
        (DECK | {"phrases": []}, "phrases"),
        (DECK | {"phrases": [PHRASE] * 201}, "phrases"),
        (DECK | {"phrases": PHRASE}, "phrases"),
        (DECK | {"phrases": None}, "phrases"),
        (DECK | {"phrases": ["the lamp"]}, "phrases"),
        (DECK | {"phrases": [PHRASE, {"textEn": 7}]}, "phrases"),
        (DECK | {"phrases": [{"textEs": 7}]}, "phrases"),
        (DECK | {"phrases": [{"textEn": "a\0b"}]}, "phrases"),
        (DECK | {"phrases": [{"textEs": "a\0b"}]}, "phrases"),
        (DECK | {"phrases": [{"cardId": "\0"}]}, "phrases"),
        (DECK | {"phrases": [{"cardId": 7}]}, "phrases"),
        (DECK | {"phrases": [{"text_en": "the lamp"}]}, "phrases"),
        (DECK | {"phrases": [{"textRaw": "the lamp"}]}, "phrases"),
        (DECK | {"userId": "user-2"}, "userId"),
        (DECK | {"deck_id": "deck-1"}, "deck_id"),
    ],
)
def test_a_mistake_is_refused(client: TestClient, jobs: InMemoryClientJobs, body: Any, param: str) -> None:
    """400 in the envelope, which names the field; nothing is inserted."""
    refused(client.post(URL, json=body), param=param)
    assert jobs.rows == {}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'{"deckId": "\\ud800", "phrases": [{}]}', 400),
        (b'{"deckId": NaN}', 400),
        (b'{"deckId": "d", "phrases": ' + b"[" * 100_000, 400),
        (b'{"deckId": "' + b"d" * 9_000_000 + b'"}', 413),
    ],
)
def test_what_is_no_such_json_is_refused(client: TestClient, body: bytes, status: int) -> None:
    """However it is malformed, and before all of it is read where it is too large."""
    refused(client.post(URL, content=body, headers={"content-type": "application/json"}), status=status)


def test_a_required_user_comes_from_a_setting(context: CardsContext) -> None:
    """Without it the request is refused, and the message names the column."""
    jobs = InMemoryClientJobs(requires_user=True)
    nameless = replace(context, service=Cards(jobs))
    with client_of(fake_served(), open_cards=lambda: nullcontext(nameless)) as client:
        assert "userId" in refused(client.post(URL, json=DECK))
    named = replace(context, service=Cards(jobs, user_id="user-7"))
    with client_of(fake_served(), open_cards=lambda: nullcontext(named)) as client:
        assert jobs.rows[accepted(client)]["userId"] == "user-7"


def test_an_outage_is_503(client: TestClient, jobs: InMemoryClientJobs) -> None:
    """With Retry-After, so that clients repeat the request."""
    jobs.outage = ServiceUnavailable("The database does not answer.")
    answer = client.post(URL, json=DECK)
    refused(answer, status=503, code="service_unavailable")
    assert int(answer.headers["retry-after"]) > 0


# Showing, listing


UNKNOWN = [
    ("GET", "/api/tts/status/{}"),
    ("GET", "/api/tts/stream/{}"),
    ("DELETE", "/api/tts/jobs/{}"),
    ("POST", "/api/tts/jobs/{}/retry"),
    ("GET", "/api/tts/jobs?after={}"),
]


@pytest.mark.parametrize("job_id", ["none", "%00", "..%2f..", "%F0%9F%8E%89", "x" * 3000])
@pytest.mark.parametrize(("method", "path"), UNKNOWN)
def test_an_unknown_job_is_404(client: TestClient, method: str, path: str, job_id: str) -> None:
    """Whatever the id is."""
    refused(client.request(method, path.format(job_id)), status=404)


def test_jobs_are_listed_by_pages(client: TestClient) -> None:
    """The newest first, without their phrases and URLs; of all decks or of one."""
    ids = [accepted(client, deckId=f"deck-{number % 2}") for number in range(5)]
    page = client.get("/api/tts/jobs", params={"limit": 3}).json()
    assert [job["id"] for job in page["jobs"]] == ids[:1:-1]
    assert page["hasMore"] is True
    assert all({"phrases", "resultUrls"}.isdisjoint(job) for job in page["jobs"])
    rest = client.get("/api/tts/jobs", params={"limit": 3, "after": ids[2]}).json()
    assert [job["id"] for job in rest["jobs"]] == ids[1::-1]
    assert rest["hasMore"] is False
    of_deck = client.get("/api/tts/jobs", params={"deckId": "deck-1"}).json()
    assert [job["id"] for job in of_deck["jobs"]] == [ids[3], ids[1]]


def test_jobs_are_listed_by_status(client: TestClient, jobs: InMemoryClientJobs) -> None:
    """Only those that have it."""
    ids = [accepted(client) for _ in range(2)]
    jobs.update(ids[0], status="completed")
    listed = client.get("/api/tts/jobs", params={"status": "completed"}).json()
    assert [job["id"] for job in listed["jobs"]] == ids[:1]


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"status": "lost"}, "status"),
        ({"deck": "deck-1"}, "deck"),
    ],
)
def test_a_wrong_page_is_refused(client: TestClient, query: dict[str, Any], param: str) -> None:
    """400, which names the parameter."""
    refused(client.get("/api/tts/jobs", params=query), param=param)


# Cancelling, retrying


def test_a_job_is_cancelled_and_retried(client: TestClient, jobs: InMemoryClientJobs) -> None:
    """A cancelled job is failed with its reason; a retried one is pending as if it was new."""
    job_id = accepted(client)
    cancelled = client.delete(f"/api/tts/jobs/{job_id}").json()["job"]
    assert (cancelled["status"], cancelled["errorMessage"]) == ("failed", "Cancelled.")
    assert cancelled["completedAt"] is not None
    assert client.delete(f"/api/tts/jobs/{job_id}").json() == {"job": cancelled}
    again = client.post(f"/api/tts/jobs/{job_id}/retry").json()["job"]
    assert (again["status"], again["errorMessage"], again["completedAt"]) == ("pending", None, None)
    assert client.post(f"/api/tts/jobs/{job_id}/retry").json() == {"job": again}
    assert jobs.rows[job_id] == again


# Keys


@pytest.mark.parametrize(("method", "path"), [("POST", URL), ("GET", "/api/tts/jobs"), *UNKNOWN[:4]])
def test_a_key_with_the_scope_jobs_is_needed(guarded: TestClient, method: str, path: str) -> None:
    """None is 401, one without the scope 403; others see every job, since the application's rows have no key."""
    where = path.format("none")
    refused(guarded.request(method, where), status=401)
    refused(guarded.request(method, where, headers=showing(OTHER.key)), status=403)
    ann, ops = showing(KEYS["ann"].key), showing(ADMIN.key)
    job_id = guarded.post(URL, json=DECK, headers=ann).json()["jobId"]
    for headers in (showing(KEYS["bob"].key), ops):
        assert guarded.get(f"/api/tts/status/{job_id}", headers=headers).json()["job"]["id"] == job_id
