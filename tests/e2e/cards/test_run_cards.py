"""``sayso run cards`` as a process: jobs of an application become MP3 files and URLs, whatever goes wrong meanwhile."""

from __future__ import annotations

import io
import signal
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from sayso.audio import decode
from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import Fault, FaultKind, OpenAIServer
from support.cards.process import BASE_URL, CardsProcess
from support.cards.tables import ENUM, PLAIN, App, Shape, create_tables
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.postgres.databases import Databases


@pytest.fixture(scope="module")
def running_server() -> Iterator[OpenAIServer]:
    with OpenAIServer(speech=FakeSpeechEngine()) as server:
        yield server


@pytest.fixture
def server(running_server: OpenAIServer) -> OpenAIServer:
    running_server.forget()
    return running_server


@contextmanager
def application(databases: Databases, shape: Shape = PLAIN) -> Iterator[tuple[str, App]]:
    """A database with the tables of an application, and the application."""
    url = databases.bare()
    create_tables(url, shape)
    with closing(App(url, shape)) as app:
        yield url, app


@pytest.fixture
def deployed(databases: Databases) -> Iterator[tuple[str, App]]:
    with application(databases) as opened:
        yield opened


def phrases(count: int, *, name: str = "phrase") -> list[dict[str, str]]:
    return [{"textEn": f"This is {name} {n}.", "textFr": f"Voici {name} {n}."} for n in range(count)]


def is_over(app: App, *job_ids: str) -> bool:
    return all(app.job(job_id)["status"] in {"completed", "failed"} for job_id in job_ids)


@pytest.fixture(params=[PLAIN, ENUM], ids=["text", "enum"])
def each_shape(request: pytest.FixtureRequest, databases: Databases) -> Iterator[tuple[str, App]]:
    with application(databases, request.param) as opened:
        yield opened


def test_a_job_becomes_files_and_urls(each_shape: tuple[str, App], server: OpenAIServer, tmp_path: Path) -> None:
    """Every URL has a file that decodes, although the provider fails now and then; the card has its URLs."""
    url, app = each_shape
    app.add_card("card-1")
    job = [*phrases(30), {"textEn": "Of a card.", "textFr": "D'une carte.", "cardId": "card-1"}]
    faults = [
        Fault(kind=FaultKind.RATE_LIMITED, retry_after_seconds=1),
        None,
        FaultKind.SERVER_ERROR,
        FaultKind.OVERLOADED,
        FaultKind.CUT,
        FaultKind.HANG,
    ]
    server.faults(*faults)
    with CardsProcess(tmp_path, url, server=server, settings={"SAYSO_OPENAI_TIMEOUT_SECONDS": "3"}) as worker:
        app.add_job("job-1", job)
        wait_until(lambda: is_over(app, "job-1"))
        row = app.job("job-1")
        assert (row["status"], row["errorMessage"], row["processedCount"]) == ("completed", None, 31)
        assert [set(entry) for entry in row["resultUrls"]] == [
            *[{"audioUrlEn", "audioUrlFr"}] * 30,
            {"audioUrlEn", "audioUrlFr", "cardId"},
        ]
        assert row["resultUrls"][3]["audioUrlFr"] == f"{BASE_URL}/job-1_3_fr.mp3"
        card = app.card("card-1")
        assert card["audioUrlEn"] == row["resultUrls"][-1]["audioUrlEn"] == f"{BASE_URL}/card-1_en.mp3"
        for entry in row["resultUrls"]:
            for key in ("audioUrlEn", "audioUrlFr"):
                audio = decode(io.BytesIO(worker.content(entry[key])), sample_rate_hz=24_000)
                assert audio.duration_seconds > 0.1
        assert worker.get("/healthz") == (200, {"ok": True})
        assert worker.get("/backlog") == (200, {"waiting": 0, "in_flight": 0, "oldest_age_seconds": None})
    assert worker.process.returncode == 0


def test_the_lines_that_operators_look_for_are_printed(deployed: tuple[str, App], tmp_path: Path) -> None:
    """Literally, with logs in JSON, too."""
    url, _ = deployed
    settings = {"POLL_INTERVAL_MS": "5000", "OPENAI_API_KEY": "sk-none"}
    with CardsProcess(tmp_path, url, settings=settings) as worker:
        pass
    lines = [line for line in worker.log.splitlines() if line.startswith("[Worker]")]
    assert lines == [
        "[Worker] Starting TTS worker...",
        "[Worker] Poll interval: 5000ms",
        "[Worker] OpenAI API Key: ✓ Set",
        "[Worker] Database connected",
    ]


def test_a_worker_that_is_killed_loses_nothing(deployed: tuple[str, App], server: OpenAIServer, tmp_path: Path) -> None:
    """The next one goes on, and buys what is missing."""
    url, app = deployed
    app.add_job("job-1", phrases(60))
    settings = {"SAYSO_OPENAI_MIN_INTERVAL_MS": "50"}
    worker = CardsProcess(tmp_path, url, server=server, settings=settings)
    worker.start()
    try:
        wait_until(lambda: app.job("job-1")["processedCount"] > 5)
    finally:
        worker.process.kill()
        worker.process.wait()
    assert app.job("job-1")["status"] == "processing"
    with worker:
        wait_until(lambda: is_over(app, "job-1"))
    row = app.job("job-1")
    assert (row["status"], row["errorMessage"], row["processedCount"]) == ("completed", None, 60)
    assert all(worker.content(url) for entry in row["resultUrls"] for url in entry.values())
    spoken = [(each.fields["input"], each.fields["voice"]) for each in server.requests]
    assert len(set(spoken)) == 120
    assert len(spoken) <= 120 + 40  # what was in flight at the kill


def test_a_worker_that_is_stopped_finishes_or_releases_its_jobs(
    deployed: tuple[str, App], server: OpenAIServer, tmp_path: Path
) -> None:
    """The row of a job that it releases is pending, so that any worker may have it at once."""
    url, app = deployed
    app.add_job("job-1", phrases(200))
    settings = {"SAYSO_OPENAI_MIN_INTERVAL_MS": "200", "SAYSO_SHUTDOWN_SECONDS": "5"}
    worker = CardsProcess(tmp_path, url, server=server, settings=settings)
    with worker:
        wait_until(lambda: app.job("job-1")["processedCount"] > 0)
        worker.process.send_signal(signal.SIGTERM)
        worker.process.wait(60)
        assert worker.process.returncode == 0
    assert app.job("job-1")["status"] == "pending"
    app.delete("job-1")


def test_a_database_that_restarts_loses_nothing(databases: Databases, server: OpenAIServer, tmp_path: Path) -> None:
    """The job goes on in the worker that has it, or in its next attempt; nothing is bought again."""
    settings = {"SAYSO_OPENAI_MIN_INTERVAL_MS": "50"}
    with application(databases) as (url, app):
        app.add_job("job-1", phrases(60))
        with CardsProcess(tmp_path, url, server=server, settings=settings) as worker:
            wait_until(lambda: app.job("job-1")["processedCount"] > 5)
            databases.server.stop()
            databases.server.start()
            with closing(App(url)) as again:
                wait_until(lambda: is_over(again, "job-1"))
                row = again.job("job-1")
            assert (row["status"], row["errorMessage"], row["processedCount"]) == ("completed", None, 60)
            assert all(worker.content(file) for entry in row["resultUrls"] for file in entry.values())
    texts = [each.fields["input"] for each in server.requests]
    assert len(texts) == len(set(texts)) == 120
