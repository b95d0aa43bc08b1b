"""Cards without keys, in a container: operators and players of cards are served, and no other clients."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from sayso.api.app import create_app
from support.api.app_contexts import fake_served, process_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.api.context import CardsContext


@pytest.fixture
def closed(context: CardsContext) -> Iterator[TestClient]:
    process = replace(process_of(fake_served(), open_cards=lambda: nullcontext(context)), is_closed=True)
    with TestClient(create_app(process), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/tts/generate"),
        ("GET", "/api/tts/jobs"),
        ("GET", "/api/tts/status/job-1"),
        ("GET", "/api/tts/stream/job-1"),
        ("DELETE", "/api/tts/jobs/job-1"),
        ("POST", "/api/tts/jobs/job-1/retry"),
    ],
)
def test_no_request_of_a_client_is_served(closed: TestClient, method: str, path: str) -> None:
    """The answer says what is missing, and a key that a client makes up does not help."""
    for headers in ({}, {"authorization": "Bearer made-up"}):
        answer = closed.request(method, path, headers=headers)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (401, "invalid_api_key")
        assert "no API keys" in error["message"]


def test_operators_and_players_are_served(closed: TestClient, context: CardsContext) -> None:
    """Probes, metrics and the files of cards need no key there either."""
    assert context.directory is not None
    context.directory.mkdir()
    (context.directory / "card-1_en.mp3").write_bytes(b"sound")
    for path in ("/live", "/healthz", "/health", "/metrics"):
        assert closed.get(path).status_code == 200
    assert closed.get("/api/tts/files/card-1_en.mp3").content == b"sound"
