"""Following a job in memory over ``/api/tts/stream``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from support.narrations.client import refused

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from sayso.testing import InMemoryClientJobs

DECK = {"deckId": "deck-1", "phrases": [{"textEn": "the lamp", "textFr": "la lampe"}]}


@pytest.fixture
def job_id(client: TestClient) -> str:
    return str(client.post("/api/tts/generate", json=DECK).json()["jobId"])


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The ids and the jobs of a stream's events, without comments."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields["id"], json.loads(fields["data"])["job"]))
    return found


def test_a_finished_job_is_one_event(client: TestClient, jobs: InMemoryClientJobs, job_id: str) -> None:
    """Its whole row, as its state shows it; then the stream ends."""
    jobs.update(job_id, status="completed", processedCount=1, resultUrls=[{"audioUrlEn": "/a", "audioUrlFr": "/b"}])
    answer = client.get(f"/api/tts/stream/{job_id}")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-cache"
    ((_, job),) = events(answer.text)
    assert {"job": job} == client.get(f"/api/tts/status/{job_id}").json()


def test_a_client_that_has_the_last_state_is_sent_nothing(
    client: TestClient, jobs: InMemoryClientJobs, job_id: str
) -> None:
    """204, so that a browser does not come back; any other id gets the state again."""
    jobs.update(job_id, status="failed", errorMessage="No.")
    ((event_id, _),) = events(client.get(f"/api/tts/stream/{job_id}").text)
    known = client.get(f"/api/tts/stream/{job_id}", headers={"last-event-id": event_id})
    assert (known.status_code, known.content) == (204, b"")
    for other in ("", "0", "x" * 1000):
        assert len(events(client.get(f"/api/tts/stream/{job_id}", headers={"last-event-id": other}).text)) == 1


def test_an_unknown_job_has_no_stream(client: TestClient) -> None:
    """404 before anything is sent."""
    refused(client.get("/api/tts/stream/none"), status=404)
