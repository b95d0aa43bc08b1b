"""What the adapters make of each way in which OpenAI can fail, over a socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import pytest

from sayso.errors import EngineUnavailable
from sayso.stt.openai.transcriber import OpenAITranscriber
from sayso.testing import FakeSpeechEngine
from sayso.testing.openai_server import Fault, FaultKind, OpenAIServer
from sayso.tts.engines.openai import OpenAISpeechEngine
from support.audio.tones import ToneTranscriber, spoken, word
from support.audio.transcripts import transcribed
from support.text.utterances import utterance

if TYPE_CHECKING:
    from collections.abc import Callable

    from sayso.providers.openai.connection import OpenAIConnection

Connect: TypeAlias = "Callable[..., OpenAIConnection]"
Ask: TypeAlias = "Callable[[OpenAIConnection], object]"

PATIENT_SECONDS = 60.0
SHORT_SECONDS = 1.5  # for what would never end

FAULTS = [
    (FaultKind.RATE_LIMITED, "rate_limited", 429, True),
    (FaultKind.QUOTA, "quota", 429, False),
    (FaultKind.REJECTED_KEY, "rejected_key", 401, False),
    (FaultKind.SERVER_ERROR, "server_error", 500, True),
    (FaultKind.OVERLOADED, "server_error", 503, True),
    (FaultKind.HANG, "timeout", None, True),
    (FaultKind.HANG_IN_BODY, "timeout", None, True),
    (FaultKind.DRIP, "timeout", None, True),
    (FaultKind.CUT, "connection", None, True),
    (FaultKind.GARBAGE, "bad_response", 200, True),
    (FaultKind.WRONG_TYPE, "bad_response", 200, True),
]


def say(connection: OpenAIConnection) -> object:
    return OpenAISpeechEngine(connection).synthesise(utterance("Good morning."), voice="alloy", speed=1.0)


def hear(connection: OpenAIConnection) -> object:
    return transcribed(OpenAITranscriber(connection), spoken([1, 2, 3]))


@pytest.fixture(params=[say, hear])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Each adapter in turn."""
    made: Ask = request.param
    return made


def limit_of(kind: FaultKind) -> float:
    return SHORT_SECONDS if kind in {FaultKind.HANG, FaultKind.HANG_IN_BODY, FaultKind.DRIP} else PATIENT_SECONDS


@pytest.mark.parametrize(("kind", "reason", "status", "again"), FAULTS)
def test_a_lasting_fault_is_named_when_the_attempts_are_used_up(
    server: OpenAIServer, connect: Connect, ask: Ask, kind: FaultKind, reason: str, status: int | None, again: bool
) -> None:
    """Each fault has its reason; those that may pass are asked of again, twice here, and the others not once."""
    connection = connect(timeout_seconds=limit_of(kind), retries=2)
    server.faults(always=kind)

    with pytest.raises(EngineUnavailable) as caught:
        ask(connection)

    assert caught.value.reason == reason
    assert len(server.requests) == (3 if again else 1)
    assert connection.last_answer is not None
    assert (connection.last_answer.status, connection.last_answer.reason) == (status, reason)


@pytest.mark.parametrize("kind", [kind for kind, _, _, again in FAULTS if again])
def test_a_fault_that_passes_is_not_noticed(server: OpenAIServer, connect: Connect, ask: Ask, kind: FaultKind) -> None:
    """When the next attempt is served, the caller gets what was asked for."""
    # The second attempt is a real one, which needs time on a busy machine.
    connection = connect(timeout_seconds=max(limit_of(kind), 6.0), retries=1)
    server.faults(kind)

    ask(connection)

    assert [received.fault for received in server.requests] == [kind, None]
    assert connection.last_answer is not None
    assert (connection.last_answer.status, connection.last_answer.reason) == (200, None)


@pytest.mark.parametrize("kind", [FaultKind.RATE_LIMITED, FaultKind.OVERLOADED])
def test_retry_after_is_honoured(
    server: OpenAIServer, connection: OpenAIConnection, pauses: list[float], ask: Ask, kind: FaultKind
) -> None:
    """The pause is the one that the answer asks for, whatever the attempt."""
    server.faults(Fault(kind=kind, retry_after_seconds=7), Fault(kind=kind, retry_after_seconds=1.5))

    ask(connection)

    assert pauses == [7.0, 1.5]


def test_pauses_grow_without_retry_after(server: OpenAIServer, connect: Connect, pauses: list[float]) -> None:
    """Without advice each pause is chosen at random below a limit that doubles, from half a second to eight."""
    connection = connect(retries=6)
    server.faults(always=FaultKind.SERVER_ERROR)

    with pytest.raises(EngineUnavailable):
        say(connection)

    limits = [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert len(pauses) == len(limits)
    assert all(0 <= pause <= limit for pause, limit in zip(pauses, limits, strict=True))


def test_an_hour_is_not_waited_for(server: OpenAIServer, connection: OpenAIConnection, pauses: list[float]) -> None:
    """A Retry-After beyond reason fails at once, and says how long to leave OpenAI alone."""
    server.faults(always=Fault(kind=FaultKind.RATE_LIMITED, retry_after_seconds=3600))

    with pytest.raises(EngineUnavailable) as caught:
        say(connection)

    assert caught.value.retry_after_seconds == 3600
    assert (len(server.requests), pauses) == (1, [])


def test_a_refused_connection_is_named(connect: Connect, ask: Ask) -> None:
    """A server that is not there gives the reason connection, and one that comes back serves."""
    with OpenAIServer(speech=FakeSpeechEngine(), transcriber=ToneTranscriber()) as other:
        connection = connect(base_url=other.base_url, retries=1, timeout_seconds=PATIENT_SECONDS)
        ask(connection)
        other.stop()
        with pytest.raises(EngineUnavailable) as caught:
            ask(connection)
        other.start()
        ask(connection)

    assert caught.value.reason == "connection"


def test_one_part_that_fails_fails_the_whole_at_once(server: OpenAIServer, connect: Connect) -> None:
    """Parts that hang are given up when another is refused: the next engine need not wait for them."""
    connection = connect(timeout_seconds=PATIENT_SECONDS)
    server.faults(FaultKind.HANG, FaultKind.REJECTED_KEY, always=FaultKind.HANG)

    with pytest.raises(EngineUnavailable) as caught:
        transcribed(OpenAITranscriber(connection, part_seconds=10), spoken([number % 90 for number in range(100)]))

    assert caught.value.reason == "rejected_key"


def test_a_fault_in_one_part_does_not_show(server: OpenAIServer, connect: Connect) -> None:
    """A part that had to be sent again is in its place in the text."""
    connection = connect(timeout_seconds=PATIENT_SECONDS)
    numbers = [number % 90 for number in range(100)]
    server.faults(None, FaultKind.CUT, None, FaultKind.OVERLOADED)

    made = transcribed(OpenAITranscriber(connection, part_seconds=10), spoken(numbers))

    assert made.text.replace(".", "").split() == [word(number) for number in numbers]
