"""What a key opens, over HTTP."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from sayso.api.auth.keys import Scope, new_key
from sayso.bootstrap.plan import ProcessPlan, open_process
from sayso.bootstrap.roles import roles_named
from sayso.errors import InvalidInput
from sayso.settings import Settings
from support.api.app_contexts import client_of, fake_served
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

KEYS = {scope: new_key(scope.value, [scope]) for scope in Scope}
ENTRIES = tuple(key.entry for key in KEYS.values())
GUARDED = ("/health", "/metrics", "/backlog")
PROBES = ("/live", "/ready", "/healthz")


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with ready(Settings(api_keys=ENTRIES, protect_operations=True)) as client:
        yield client


@contextmanager
def ready(settings: Settings) -> Iterator[TestClient]:
    """A client of an application whose models are loaded: until then /ready answers 503."""
    with client_of(fake_served(settings=settings)) as client:
        wait_until(lambda: client.get("/ready").status_code == 200)
        yield client


def shown(scope: Scope) -> dict[str, str]:
    """The headers of whoever has a key of this scope alone."""
    return {"authorization": f"Bearer {KEYS[scope].key}"}


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("/v1/audio/speech", Scope.SPEECH),
        ("/v1/audio/speech/captions", Scope.SPEECH),
        ("/v1/spoken", Scope.SPEECH),
        ("/v1/audio/transcriptions", Scope.TRANSCRIBE),
        ("/v1/audio/alignments", Scope.TRANSCRIBE),
        ("/api/v1/hybrid/stt", Scope.TRANSCRIBE),
        ("/v1/narrations", Scope.JOBS),
    ],
)
def test_a_missing_scope_is_403(client: TestClient, path: str, scope: Scope) -> None:
    """The key is good, so asking for another is no help: the message names the scope, and the code is for programs."""
    for other in Scope:
        answer = client.post(path, headers=shown(other))
        if other in {scope, Scope.ADMIN}:
            assert answer.status_code in {400, 404}
            continue
        assert answer.status_code == 403
        error = answer.json()["error"]
        assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, "missing_scope")
        assert f"the scope {scope}" in error["message"]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}], ids=["no key", "a wrong key"])
def test_a_key_that_is_not_known_is_401(client: TestClient, headers: dict[str, str]) -> None:
    """Wherever a key is needed, before anything else is looked at."""
    for path in ("/v1/audio/speech", "/v1/narrations"):
        answer = client.post(path, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize("path", GUARDED)
def test_operations_can_be_for_operators(client: TestClient, path: str) -> None:
    """With SAYSO_PROTECT_OPERATIONS what tells of the server's work needs a key with the scope for it."""
    assert client.get(path).status_code == 401
    assert client.get(path, headers=shown(Scope.SPEECH)).status_code == 403
    for scope in (Scope.OPERATIONS, Scope.ADMIN):
        assert client.get(path, headers=shown(scope)).status_code == (404 if path == "/backlog" else 200)


@pytest.mark.parametrize("path", PROBES)
def test_probes_need_no_key(client: TestClient, path: str) -> None:
    """Orchestrators have none."""
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", GUARDED + PROBES)
def test_operations_are_open_by_default(path: str) -> None:
    """With keys too, as monitors that are in use expect."""
    with ready(Settings(api_keys=ENTRIES)) as client:
        assert client.get(path).status_code == (404 if path == "/backlog" else 200)


def test_nothing_is_protected_without_a_key() -> None:
    """Rather than being open, or closed to everybody, it is refused at the start."""
    with pytest.raises(InvalidInput, match="SAYSO_PROTECT_OPERATIONS") as refusal:
        open_process(ProcessPlan(roles=roles_named(["api"]), settings={"api": Settings(protect_operations=True)}))
    assert "--scopes operations" in str(refusal.value)
