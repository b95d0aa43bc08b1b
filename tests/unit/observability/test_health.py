"""How the service is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sayso.observability import EngineHealth, Health, status_of
from sayso.resilience import BreakerState

WORKS = EngineHealth(name="whisper-base", configured=True, reachable=None, breaker=BreakerState.CLOSED)
NO_KEY = replace(WORKS, name="openai", configured=False, detail="OPENAI_API_KEY is not set.")
REJECTED = replace(WORKS, name="openai", reachable=False, last_status=401)
OPEN = replace(WORKS, name="openai", breaker=BreakerState.OPEN)


@pytest.mark.parametrize("other", [NO_KEY, REJECTED, OPEN])
def test_an_engine_that_does_not_serve_degrades(other: EngineHealth) -> None:
    """A missing or rejected key is not the end while another engine works, and is while none does."""
    assert status_of({"transcription": [other, WORKS]}) == "degraded"
    assert status_of({"transcription": [other]}) == "unhealthy"
    assert status_of({"transcription": [other], "speech": [WORKS]}) == "unhealthy"


def test_all_that_serve_are_ok() -> None:
    """An engine that nobody has asked yet counts as serving; so does one whose breaker lets a probe through."""
    probing = replace(WORKS, breaker=BreakerState.HALF_OPEN)
    assert status_of({"transcription": [WORKS], "speech": [probing]}) == "ok"


def test_health_is_json() -> None:
    """Each engine with its task, and the facts of other roles beside them."""
    health = Health(
        status="degraded",
        tasks={"transcription": [REJECTED, WORKS]},
        uptime_seconds=12.34567,
        version="1",
        more={"lastProcessed": None},
    )
    told = json.loads(json.dumps(health.as_json()))
    assert told["status"] == "degraded"
    assert told["uptime"] == 12.346
    assert told["lastProcessed"] is None
    assert told["engines"]["transcription"][0] == {
        "name": "openai",
        "configured": True,
        "reachable": False,
        "breaker": "closed",
        "last_status": 401,
        "detail": None,
    }


def test_the_model_of_a_directory_is_shown_with_its_engine() -> None:
    """What became of a new one is no trouble of the engine, which serves the old one."""
    facts = {"name": "ours", "problem": "The new model is not used: it is corrupt."}
    engine = replace(WORKS, model=facts)
    assert engine.as_json()["model"] == facts
    assert "model" not in WORKS.as_json()
    assert status_of({"transcription": [engine]}) == "ok"
