"""``sayso up`` speaks cards, too: its database has the tables, and its files are in the data directory."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from sayso.audio import decode
from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import OpenAIServer
from support.cards.process import CardsProcess
from support.cards.tables import create_tables
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.postgres.databases import Databases

EMBEDDED = {"DATABASE_URL": "", "LOCAL_STORAGE_PATH": "", "PUBLIC_BASE_URL": ""}


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(speech=FakeSpeechEngine()) as running:
        yield running


def sayso(process: CardsProcess, *arguments: str) -> dict[str, Any]:
    """The document that a command prints in another process with the same settings."""
    command = [sys.executable, "-m", "sayso", *arguments, "--json"]
    done = subprocess.run(command, env=process.environment, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_a_phrase_is_spoken_without_any_database(server: OpenAIServer, tmp_path: Path) -> None:
    """The commands find the embedded one, and the files of the running process."""
    with CardsProcess(tmp_path, "", server=server, settings=EMBEDDED, command=("up",)) as up:
        checked = sayso(up, "cards", "check")
        base = f"http://localhost:{up.port}/api/tts/files/"
        assert [file["url"].startswith(base) for file in checked["files"]] == [True, True]
        status = sayso(up, "cards", "status")
        assert (status["jobs"], status["trigger"]) == ({}, "installed")
        report = sayso(up, "cards", "report")
        assert report["total"]["phrases"] == 2
        assert report["total"]["characters"] > 0


def test_a_job_over_http_is_spoken_and_served(server: OpenAIServer, tmp_path: Path) -> None:
    """By the process itself, at the addresses in its row."""
    with CardsProcess(tmp_path, "", server=server, settings=EMBEDDED, command=("up",)) as up:
        body = {"deckId": "deck", "phrases": [{"textEn": "Good morning.", "textFr": "Bonjour."}]}
        job_id = httpx2.post(f"{up.url}/api/tts/generate", json=body, timeout=60).json()["jobId"]
        wait_until(lambda: up.get(f"/api/tts/status/{job_id}")[1]["job"]["status"] == "completed")
        (entry,) = up.get(f"/api/tts/status/{job_id}")[1]["job"]["resultUrls"]
        for url in entry.values():
            answer = httpx2.get(url, timeout=60)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/mpeg")
            assert decode(io.BytesIO(answer.content), sample_rate_hz=24_000).duration_seconds > 0.1


def test_the_address_of_the_process_is_that_of_its_files(server: OpenAIServer, tmp_path: Path) -> None:
    """PUBLIC_BASE_URL means the whole process here, which is no disagreement between its roles."""
    settings = {
        **EMBEDDED,
        "PUBLIC_BASE_URL": "https://speech.example.com/",
        "LOCAL_STORAGE_PATH": str(tmp_path / "mp3"),
    }
    with CardsProcess(tmp_path, "", server=server, settings=settings, command=("up",)) as up:
        urls = [file["url"] for file in sayso(up, "cards", "check")["files"]]
        assert all(url.startswith("https://speech.example.com/api/tts/files/") for url in urls)
        assert (tmp_path / "mp3").is_dir()


@pytest.mark.parametrize("has_tables", [True, False])
def test_in_another_database_cards_are_spoken_where_there_are_tables(
    databases: Databases, server: OpenAIServer, tmp_path: Path, has_tables: bool
) -> None:
    """Otherwise the other roles run as before."""
    url = databases.bare()
    if has_tables:
        create_tables(url)
    with CardsProcess(tmp_path, url, server=server, settings={"PUBLIC_BASE_URL": ""}, command=("up",)) as up:
        assert up.get("/healthz")[0] == 200
        assert ("[Worker] Database connected" in up.log) == has_tables
        if has_tables:
            assert sayso(up, "cards", "check")["seconds"] > 0
