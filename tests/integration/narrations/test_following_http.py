"""Following narrations over sockets: what a client hears, and what is left when it goes."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx2
import pytest

from sayso.jobs import Claim, TaskProgress
from sayso.testing import InMemoryNarrationStore
from support.narrations.service import Serving, request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sayso.narrations import NarrationRecord


@pytest.fixture
def store() -> InMemoryNarrationStore:
    return InMemoryNarrationStore()


@pytest.fixture
def serving(store: InMemoryNarrationStore) -> Iterator[Serving]:
    with Serving(store) as serving:
        yield serving


@pytest.fixture
def record(serving: Serving, store: InMemoryNarrationStore) -> NarrationRecord:
    return serving.call(store.submit(request(), owner="")).record


@contextmanager
def following(serving: Serving, record: NarrationRecord, **headers: str) -> Iterator[Iterator[str]]:
    """The lines of a stream of events."""
    with (
        httpx2.Client(base_url=serving.url, timeout=20) as client,
        client.stream("GET", f"/v1/narrations/{record.id}/events", headers=headers) as answer,
    ):
        assert answer.status_code == 200
        yield answer.iter_lines()


def next_event(lines: Iterator[str]) -> tuple[int, dict[str, Any]]:
    """The next event's id and narration."""
    event_id = 0
    for line in lines:
        name, _, value = line.partition(": ")
        if name == "id":
            event_id = int(value)
        elif name == "data":
            return event_id, json.loads(value)
    pytest.fail("The stream has ended.")


def test_a_client_hears_every_change_until_the_end(
    serving: Serving, store: InMemoryNarrationStore, record: NarrationRecord
) -> None:
    """How it stands first, and after its end nothing: the stream ends with it."""
    with following(serving, record) as lines:
        assert next_event(lines)[1]["status"] == "queued"
        claim = serving.call(store.tasks.claim(record.id, request().formats))
        assert isinstance(claim, Claim)
        assert next_event(lines)[1]["status"] == "running"
        serving.call(store.tasks.heartbeat(claim, TaskProgress(share=0.5, audio_seconds=2.0)))
        assert next_event(lines)[1]["progress"] == 0.5
        urls = {name: f"file:///data/{record.id}/narration.{name}" for name in claim.lease_ids}
        serving.call(store.tasks.complete(claim, urls))
        last = next_event(lines)[1]
        assert last["status"] == "completed"
        assert last["files"][0]["url"].startswith(f"{serving.url}/files/")
        assert list(lines) == [""]


def test_a_client_that_comes_back_hears_what_is_new(
    serving: Serving, store: InMemoryNarrationStore, record: NarrationRecord
) -> None:
    """From the event on that it says it knows; where it missed nothing it waits for the next."""
    with following(serving, record) as lines:
        known, _ = next_event(lines)
    with following(serving, record, **{"Last-Event-ID": str(known)}) as lines:
        serving.call(store.tasks.claim(record.id, request().formats))
        event_id, narration = next_event(lines)
        assert event_id > known
        assert narration["status"] == "running"
    serving.call(store.cancel(record.id, owner=None))
    with following(serving, record, **{"Last-Event-ID": str(event_id)}) as lines:
        assert next_event(lines)[1]["status"] == "cancelled"


def test_silence_is_kept_alive(store: InMemoryNarrationStore) -> None:
    """By comments, which no client takes for events."""
    with Serving(store, keep_alive_seconds=0.01) as serving:
        record = serving.call(store.submit(request(), owner="")).record
        with following(serving, record) as lines:
            next_event(lines)
            assert [next(lines) for _ in range(3)] == ["", ": still here", ""]


def test_a_client_that_leaves_frees_everything(serving: Serving, record: NarrationRecord) -> None:
    """Although nothing is sent that could fail to arrive."""
    with following(serving, record) as lines:
        next_event(lines)
        assert serving.broadcaster.subscriptions == 1
    serving.until(lambda: serving.broadcaster.subscriptions == 0)


def test_a_server_that_stops_lets_its_followers_go(serving: Serving, record: NarrationRecord) -> None:
    """Their streams end, so that nobody waits for them."""
    with following(serving, record) as lines:
        next_event(lines)
        serving.call_soon(serving.narrations.end_subscriptions)
        assert list(lines) == [""]
