"""Call ``/v1/narrations`` of a server in this process, and act as a worker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sayso.api.auth.keys import Scope, new_key
from sayso.jobs import Claim

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from sayso.testing import InMemoryNarrationStore

URL = "/v1/narrations"
TEXT = {"text": "The lamp is lit.", "voice": "fake_en"}
KEYS = {name: new_key(name, scopes) for name, scopes in {"ann": [Scope.JOBS], "bob": [Scope.JOBS]}.items()}
ADMIN, OTHER = new_key("ops", [Scope.ADMIN]), new_key("eve", [Scope.SPEECH])


def showing(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def accepted(client: TestClient, **fields: Any) -> dict[str, Any]:
    answer = client.post(URL, json=TEXT | fields)
    assert answer.status_code == 202, answer.text
    narration: dict[str, Any] = answer.json()
    return narration


def refused(answer: Any, *, status: int = 400, param: str | None = None, code: str | None = None) -> str:
    """The message of an error in the envelope."""
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert param is None or error["param"] == param, error
    assert code is None or error["code"] == code, error
    return str(error["message"])


def claimed(client: TestClient, store: InMemoryNarrationStore, narration: dict[str, Any]) -> Claim:
    """The narration's tasks, as a worker has them."""
    assert client.portal is not None
    claim = client.portal.call(store.tasks.claim, narration["id"], (*narration["audio"], *narration["subtitles"]))
    assert isinstance(claim, Claim)
    return claim


def complete(client: TestClient, store: InMemoryNarrationStore, narration: dict[str, Any]) -> None:
    claim = claimed(client, store, narration)
    urls = {name: f"file:///data/{narration['id']}/narration.{name}" for name in claim.lease_ids}
    assert client.portal is not None
    client.portal.call(store.tasks.complete, claim, urls)


def events(answer: Any) -> list[tuple[int, dict[str, Any]]]:
    """The ids and the data of an answer's events."""
    found = []
    for block in answer.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((int(lines["id"]), json.loads(lines["data"])))
    return found
