"""The gate compares the health of two releases: only what the release itself breaks keeps it away."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

GATE = Path(__file__).parents[3] / "deploy/scripts/server/gate.py"


def compared(old: Any, new: Any) -> tuple[int, str]:
    """The exit code and the output of the comparison, run as on the server: from the standard input."""
    words = [text if isinstance(text, str) else json.dumps(text) for text in (old, new)]
    done = subprocess.run(
        [sys.executable, "-", *words], input=GATE.read_text(), capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def local(*, configured: bool = True, breaker: str = "closed") -> dict[str, Any]:
    detail = None if configured else "The model is missing."
    return {
        "name": "kokoro",
        "configured": configured,
        "reachable": None,
        "breaker": breaker,
        "last_status": None,
        "detail": detail,
    }


def openai(*, configured: bool = True, status: int | None = 200, breaker: str = "closed") -> dict[str, Any]:
    reachable = None if status is None else status == 200
    return {
        "name": "openai",
        "configured": configured,
        "reachable": reachable,
        "breaker": breaker,
        "last_status": status,
        "detail": None,
    }


def health(*engines: dict[str, Any], status: str = "ok") -> dict[str, Any]:
    return {"status": status, "uptime": 1.0, "version": "1", "engines": {"speech": list(engines)}}


def test_the_same_health_passes() -> None:
    """And the two statuses are said."""
    code, text = compared(health(openai(), local()), health(openai(status=None), local()))
    assert (code, text) == (0, "Health: ok; before: ok.\n")


def test_an_outage_of_the_provider_does_not_keep_a_fix_away() -> None:
    """Whether only the new release has noticed it, or both, and even if nothing else could answer."""
    down = health(openai(status=500, breaker="open"), status="unhealthy")
    for old in (health(openai()), down):
        code, text = compared(old, down)
        assert code == 0
        assert "speech: openai does not answer well now (last status 500), which is the provider's." in text


def test_a_key_that_only_the_new_release_has_rejected_is_worse() -> None:
    """The environment file is part of the release."""
    code, text = compared(health(openai()), health(openai(status=401)))
    assert code == 1
    assert "rejects the key of the new release (401)" in text
    assert compared(health(openai(status=401)), health(openai(status=401)))[0] == 0


def test_an_engine_that_the_new_release_lacks_is_worse() -> None:
    """With what it says about it."""
    code, text = compared(health(openai(), local()), health(openai(), local(configured=False)))
    assert code == 1
    assert "the engine kokoro works in the old release only: The model is missing." in text
    assert compared(health(local()), health(openai()))[0] == 1


def test_a_local_engine_that_fails_only_in_the_new_release_is_worse() -> None:
    """It is part of the release, unlike a provider."""
    assert compared(health(local()), health(local(breaker="open")))[0] == 1
    assert compared(health(local(breaker="open")), health(local(breaker="open")))[0] == 0


def test_a_first_release_must_have_an_engine() -> None:
    """Nothing runs to compare with, or another program."""
    for old in ("", "<html>", {"status": "healthy"}):
        assert compared(old, health(local()))[0] == 0
        assert compared(old, health(local(configured=False), status="unhealthy"))[0] == 1


def test_what_is_no_health_is_worse() -> None:
    """The new release answers with something else, or not at all."""
    for new in ("", "nonsense", "[]"):
        assert compared(health(local()), new)[0] == 1


def test_a_health_that_asks_for_a_key_is_not_compared() -> None:
    """SAYSO_PROTECT_OPERATIONS: readiness decides alone."""
    code, text = compared("", {"error": {"message": "No key.", "type": "invalid_request_error"}})
    assert code == 0
    assert "SAYSO_PROTECT_OPERATIONS" in text
