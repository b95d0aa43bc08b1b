"""``/api/tts`` of ``sayso run cards`` as a process: a deck is sent, followed and fetched over HTTP alone."""

from __future__ import annotations

import io
import json
import threading
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from sayso.audio import decode
from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import OpenAIServer
from support.cards.process import CardsProcess
from support.cards.tables import App, create_tables
from support.servers.plain import NO_CERTIFICATES
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.postgres.databases import Databases

CLIENTS = 40
PHRASES = [{"textEn": f"Lamp {number}.", "textFr": f"Lampe {number}."} for number in range(20)]


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(speech=FakeSpeechEngine()) as server:
        yield server


@pytest.fixture
def deployed(databases: Databases) -> Iterator[tuple[str, App]]:
    url = databases.bare()
    create_tables(url)
    with closing(App(url)) as app:
        yield url, app


@contextmanager
def worker_of(url: str, server: OpenAIServer, directory: Path) -> Iterator[CardsProcess]:
    """A worker that serves the files itself."""
    settings = {"PUBLIC_BASE_URL": "", "SAYSO_CARDS_USER_ID": "user-1", "SAYSO_CONNECTIONS": "200"}
    with CardsProcess(directory, url, server=server, settings=settings) as worker:
        yield worker


class Follower(threading.Thread):
    """A client that follows a job until its stream ends.

    Attributes:
        events: the ids and the jobs of the events so far.
        has_ended: whether the stream ended as it should.
    """

    def __init__(self, worker: CardsProcess, job_id: str) -> None:
        super().__init__(daemon=True)
        self._path = f"{worker.url}/api/tts/stream/{job_id}"
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.has_ended = False
        self.start()

    def run(self) -> None:
        """Read the events."""
        event_id = ""
        with httpx2.stream("GET", self._path, timeout=WAIT_SECONDS) as answer:
            assert answer.status_code == 200
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    event_id = value
                elif name == "data":
                    self.events.append((event_id, json.loads(value)["job"]))
        self.has_ended = True


def test_a_deck_is_sent_followed_and_fetched(deployed: tuple[str, App], server: OpenAIServer, tmp_path: Path) -> None:
    """Every client gets the state and the end, its count never falls, and the files are served by the process."""
    url, app = deployed
    with worker_of(url, server, tmp_path) as worker:
        body = {"deckId": "deck-1", "phrases": PHRASES}
        answer = httpx2.post(f"{worker.url}/api/tts/generate", json=body, timeout=WAIT_SECONDS)
        assert answer.status_code == 202
        job_id = answer.json()["jobId"]
        assert app.job(job_id)["userId"] == "user-1"
        clients = [Follower(worker, job_id) for _ in range(CLIENTS)]
        for client in clients:
            client.join(WAIT_SECONDS)
        assert all(client.has_ended for client in clients)
        last_id, job = clients[0].events[-1]
        assert {"job": job} == worker.get(f"/api/tts/status/{job_id}")[1]
        assert (job["status"], job["processedCount"]) == ("completed", len(PHRASES))
        for events in (client.events for client in clients):
            counts = [seen["processedCount"] for _, seen in events]
            assert counts == sorted(counts)
            assert events[-1] == (last_id, job)
            assert [seen["status"] for _, seen in events].count("completed") == 1
        known = {"last-event-id": last_id}
        again = httpx2.get(f"{worker.url}/api/tts/stream/{job_id}", headers=known, timeout=WAIT_SECONDS)
        assert again.status_code == 204
        for entry in job["resultUrls"]:
            for spoken in entry.values():
                path = spoken.removeprefix(f"http://localhost:{worker.port}")
                mp3 = httpx2.get(f"{worker.url}{path}", timeout=WAIT_SECONDS, verify=NO_CERTIFICATES).content
                assert decode(io.BytesIO(mp3), sample_rate_hz=24_000).duration_seconds > 0.1


def test_a_stream_ends_with_its_job_and_with_the_process(
    deployed: tuple[str, App], server: OpenAIServer, tmp_path: Path
) -> None:
    """A deleted job ends it, and the client that comes back learns that; a process that is stopped waits for none."""
    url, app = deployed
    for name in ("deleted", "followed"):
        app.add_job(name, PHRASES, status="archived")  # no worker touches it
    with worker_of(url, server, tmp_path) as worker:
        deleted, followed = Follower(worker, "deleted"), Follower(worker, "followed")
        wait_until(lambda: bool(deleted.events and followed.events))
        app.delete("deleted")
        deleted.join(WAIT_SECONDS)
        assert (len(deleted.events), deleted.has_ended) == (1, True)
        assert worker.get("/api/tts/stream/deleted")[0] == 404
        assert not followed.has_ended
    followed.join(WAIT_SECONDS)
    assert worker.process.returncode == 0
    assert (len(followed.events), followed.has_ended) == (1, True)
