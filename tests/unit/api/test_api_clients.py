"""Requests as clients of other servers send them: each is served as its client expects."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

from support.api.app_contexts import client_of
from support.api.clients import ClientRequest, client_requests, served_to_clients
from support.audio.sounds import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

HUM = encoded(np.random.default_rng(1).standard_normal(24_000).astype(np.float32) * 0.1, "wav")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with client_of(served_to_clients()) as client:
        yield client


@pytest.mark.parametrize("request_of_client", list(client_requests()), ids=lambda each: each.name)
def test_a_request_of_a_client_is_served(client: TestClient, request_of_client: ClientRequest) -> None:
    """With the status, the type, the members and the ignored fields that its data file names."""
    answer = request_of_client.send(client, HUM)
    expect = request_of_client.expect
    assert answer.status_code == expect.get("status", 200), answer.text
    if "param" in expect:
        assert answer.json()["error"]["param"] == expect["param"]
        return
    assert answer.headers["content-type"].partition(";")[0] == expect["type"]
    assert len(answer.content) > 0
    ignored = answer.headers.get("sayso-ignored-fields", "")
    assert [name for name in ignored.split(", ") if name] == expect.get("ignored", [])
    if expect.get("has_length"):
        assert int(answer.headers["content-length"]) == len(answer.content)
    if "has" in expect:
        assert set(expect["has"]) <= set(answer.json())
    if "equals" in expect:
        assert {name: answer.json()[name] for name in expect["equals"]} == expect["equals"]
    for line in answer.text.splitlines() if "lines" in expect else ():
        assert set(json.loads(line)) == set(expect["lines"])


def test_every_named_client_has_its_file() -> None:
    """The clients that the project names are all replayed."""
    files = {each.name.partition(":")[0] for each in client_requests()}
    assert files >= {
        "azure",
        "home_assistant",
        "kokoro_fastapi",
        "litellm",
        "lobe_chat",
        "localai",
        "open_webui",
        "openai",
        "sillytavern",
        "speaches",
        "vllm",
    }
