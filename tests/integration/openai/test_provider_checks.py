"""A key and a service that are checked while no request does: rarely, and without a charge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from sayso.bootstrap.speech import Speech
from sayso.errors import EngineUnavailable
from sayso.observability import Metrics, status_of
from sayso.providers.openai.checks import ProviderChecks
from sayso.settings import ApiSettings
from sayso.testing.openai_server import FaultKind, OpenAIServer
from sayso.tts.engines.openai import OpenAISpeechEngine
from support.text.utterances import utterance
from support.waiting import WAIT_SECONDS, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sayso.providers.openai import OpenAIConnection

Connect: TypeAlias = "Callable[..., OpenAIConnection]"
Open: TypeAlias = "Callable[..., Speech]"


@pytest.fixture
def opened(server: OpenAIServer, tmp_path: Path) -> Iterator[Open]:
    """The engines of a process that asks the fault server, closed after the test."""
    parts: list[Speech] = []

    def opening(**settings: Any) -> Speech:
        given: dict[str, Any] = {
            "openai_api_key": server.key,
            "openai_base_url": server.base_url,
            "cache_dir": tmp_path,
            "openai_retries": 0,
            "synthesis_workers": 2,
        }
        parts.append(Speech(ApiSettings(**(given | settings)), Metrics()))
        return parts[-1]

    yield opening
    for speech in parts:
        speech.close()


def status(speech: Speech) -> str:
    return status_of(speech.health())


def test_one_failure_is_not_the_end(server: OpenAIServer, opened: Open) -> None:
    """With FALLBACK_TO_LOCAL=false a single 500 is degraded, and the next success ends it."""
    speech = opened(fallback_to_local=False)
    server.faults(FaultKind.SERVER_ERROR)
    engine = OpenAISpeechEngine(speech.engines.providers[0].connection)
    with pytest.raises(EngineUnavailable):
        engine.synthesise(utterance("Hello."), voice="alloy", speed=1.0)
    assert status(speech) == "degraded"
    engine.synthesise(utterance("Hello."), voice="alloy", speed=1.0)
    assert status(speech) == "ok"


def test_a_rejected_key_is_known_without_a_request(server: OpenAIServer, opened: Open) -> None:
    """The start checks it; the log of requests for audio stays empty."""
    alone = opened(fallback_to_local=False, openai_api_key="sk-wrong")
    alone.checks.start()
    alone.checks.wait_for_first(WAIT_SECONDS)
    assert status(alone) == "unhealthy"
    (engine,) = alone.health()["speech"]
    assert (engine.reachable, engine.last_status) == (False, 401)
    assert engine.detail == "The last check failed: rejected_key."
    assert [received.path for received in server.requests] == ["/v1/models"]


def test_with_local_engines_a_rejected_key_degrades(opened: Open) -> None:
    """Another engine works."""
    speech = opened(openai_api_key="sk-wrong")
    speech.checks.start()
    speech.checks.wait_for_first(WAIT_SECONDS)
    assert status(speech) == "degraded"


def test_a_local_installation_is_healthy_and_asks_nobody(server: OpenAIServer, opened: Open) -> None:
    """Without a key nothing that was asked for is missing."""
    speech = opened(openai_api_key=None)
    speech.checks.start()
    speech.checks.wait_for_first(WAIT_SECONDS)
    assert status(speech) == "ok"
    assert server.requests == []


@pytest.mark.parametrize("kind", [FaultKind.MISSING_SCOPE, FaultKind.RATE_LIMITED])
def test_an_answer_about_the_list_alone_says_nothing(server: OpenAIServer, connect: Connect, kind: FaultKind) -> None:
    """A key that may not read the list of models is not a rejected key, and a full list is no outage."""
    checks = ProviderChecks(connect(), interval_seconds=300)
    server.faults(always=kind)
    checks.check()
    assert checks.last is None


def test_a_provider_without_a_list_of_models_is_not_down(connect: Connect, server: OpenAIServer) -> None:
    """Other services with the protocol answer 404."""
    checks = ProviderChecks(connect(base_url=f"{server.base_url}/elsewhere"), interval_seconds=300)
    checks.check()
    assert checks.last is None
    assert server.requests[-1].status == 404


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(FaultKind.REJECTED_KEY, "rejected_key"), (FaultKind.SERVER_ERROR, "server_error"), (None, None)],
)
def test_a_check_says_what_it_met(
    server: OpenAIServer, connect: Connect, kind: FaultKind | None, reason: str | None
) -> None:
    """And a single one is made, without a second attempt."""
    checks = ProviderChecks(connect(), interval_seconds=300)
    server.faults(always=kind)
    checks.check()
    assert checks.last is not None
    assert checks.last.reason == reason
    assert len(server.requests) == 1


def test_checks_are_rare(server: OpenAIServer, connect: Connect) -> None:
    """An interval after the latest check or request the next one is made; an old outcome is forgotten."""
    now = 1000.0
    connection = connect(wall_clock=lambda: now)
    checks = ProviderChecks(connection, interval_seconds=300, wall_clock=lambda: now)
    checks.check()
    assert checks.due_in_seconds() == 300
    now = 1200.0
    OpenAISpeechEngine(connection).synthesise(utterance("Hello."), voice="alloy", speed=1.0)
    assert checks.due_in_seconds() == 300
    now = 1500.0
    assert checks.due_in_seconds() == 0
    now = 1601.0
    assert checks.last is None
    assert [received.path for received in server.requests].count("/v1/models") == 1


def test_a_closed_connection_ends_them(connect: Connect) -> None:
    """No thread is left behind."""
    connection = connect()
    checks = ProviderChecks(connection, interval_seconds=0.01)
    checks.start()
    checks.wait_for_first(WAIT_SECONDS)
    connection.close()
    wait_until(lambda: not checks.is_running)
