"""The image of cards, without engines of its own, on an application's database: files, and what the network may ask."""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx2
import pytest
from psycopg.conninfo import conninfo_to_dict

from bench.server import free_port
from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import OpenAIServer
from sayso.threads import on_thread
from support.cards.tables import App, create_tables
from support.postgres.proxies import proxy_to
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from support.containers.engine import ContainerEngine
    from support.postgres.databases import Databases

pytestmark = pytest.mark.containers


async def test_cards_are_spoken_and_clients_without_keys_are_refused(
    engine: ContainerEngine, databases: Databases, tmp_path: Path
) -> None:
    """It listens on every address without keys, as the original; only its probes, metrics and files are open."""
    url = databases.bare()
    create_tables(url)
    storage = tmp_path / "storage"
    storage.mkdir()
    storage.chmod(0o777)
    with OpenAIServer(speech=FakeSpeechEngine()) as provider, closing(App(url)) as app:
        async with proxy_to(f"{conninfo_to_dict(url)['host']}/.s.PGSQL.5432") as proxy:
            await on_thread(partial(_works, engine, app, provider, storage, _through(url, proxy.port)))


def _through(url: str, port: int) -> str:
    """The address of a database as an application has it, over TCP."""
    parts = conninfo_to_dict(url)
    user = quote(str(parts.get("user", "postgres")))
    return f"postgresql://{user}@127.0.0.1:{port}/{parts['dbname']}?sslmode=disable&gssencmode=disable"


def _works(engine: ContainerEngine, app: App, provider: OpenAIServer, storage: Path, url: str) -> None:
    port = free_port()
    settings = {
        "DATABASE_URL": url,
        "OPENAI_API_KEY": provider.key,
        "OPENAI_BASE_URL": provider.base_url,
        "SAYSO_OPENAI_MIN_INTERVAL_MS": "0",
        "PORT": str(port),
        "POLL_INTERVAL_MS": "200",
    }
    options = [option for name, value in settings.items() for option in ("--env", f"{name}={value}")]
    mount = ("--network", "host", "--volume", f"{storage}:/app/storage")
    with engine.started("cards", options=(*mount, *options)) as cards:
        cards.wait_for("/healthz", port=port)
        app.add_job("job-1", [{"textEn": "Of a card.", "textFr": "D'une carte."}])
        wait_until(lambda: app.job("job-1")["status"] in {"completed", "failed"})
        assert app.job("job-1")["status"] == "completed", cards.logs()
        assert {path.name for path in (storage / "tts").glob("*.mp3")} == {"job-1_0_en.mp3", "job-1_0_fr.mp3"}
        assert {path.stat().st_uid for path in (storage / "tts").glob("*.mp3")} == {1000}
        base = f"http://127.0.0.1:{port}"
        assert "http://0.0.0.0:" in cards.logs()
        for path in ("/live", "/ready", "/healthz", "/health", "/metrics", "/backlog", "/api/tts/files/job-1_0_en.mp3"):
            assert httpx2.get(base + path).status_code == 200
        for path in ("/api/tts/status/job-1", "/api/tts/jobs", "/api/tts/stream/job-1"):
            assert httpx2.get(base + path).status_code == 401
        refused = httpx2.post(f"{base}/api/tts/generate", json={"deckId": "d", "phrases": [{"textEn": "No."}]})
        assert (refused.status_code, "SAYSO_API_KEYS" in refused.text) == (401, True)
        assert cards.stop() == 0, cards.logs()
