"""What the connection promises besides retries: deadlines, cancellation, its order, its end, and the key's secrecy."""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from sayso.errors import (
    Cancelled,
    DeadlineExceeded,
    EngineUnavailable,
    InvalidInput,
    UtteranceTooLong,
)
from sayso.providers.openai.connection import OpenAIConnection
from sayso.providers.openai.departures import departing
from sayso.scheduling import UNBOUNDED, Scheduler
from sayso.testing.openai_server import Fault, FaultKind, OpenAIServer
from sayso.tts.engines.openai import OpenAISpeechEngine
from support.text.utterances import utterance
from support.waiting import WAIT_SECONDS, threads_since, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai import AsyncOpenAI

    from sayso.providers.openai.calls import Answer
    from sayso.providers.openai.departures import Departure
    from sayso.scheduling import RequestContext

Connect: TypeAlias = "Callable[..., OpenAIConnection]"

HELLO = utterance("Hello.")


async def models(client: AsyncOpenAI) -> Any:
    return await client.models.with_raw_response.list()


def body(answer: Answer) -> bytes:
    return answer.body


def say(connection: OpenAIConnection, context: RequestContext = UNBOUNDED) -> object:
    return OpenAISpeechEngine(connection, context=context).synthesise(HELLO, voice="alloy", speed=1.0)


def test_without_a_key_nothing_is_sent(server: OpenAIServer, connect: Connect) -> None:
    """Every call says that there is no key, and no request goes out."""
    connection = connect(api_key=None)

    with pytest.raises(EngineUnavailable) as caught:
        say(connection)

    assert caught.value.reason == "not_configured"
    assert not connection.is_configured
    assert connection.last_answer is None
    assert server.requests == []


def test_the_key_is_never_told(server: OpenAIServer, connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """A rejected key is in no message, no traceback and no log, although the server repeats it in its answer."""
    key = "sk-proj-VerySecret0123456789"
    connection = connect(api_key=key)
    caplog.set_level(logging.DEBUG)

    with pytest.raises(EngineUnavailable) as caught:
        say(connection)

    assert caught.value.reason == "rejected_key"
    told = "".join(traceback.format_exception(caught.value)) + repr(connection) + caplog.text
    assert "VerySecret" not in told
    assert server.requests[0].status == 401


def test_a_caller_who_goes_away_is_let_go_at_once(server: OpenAIServer, connect: Connect) -> None:
    """Closing the slot ends a call that hangs, as cancelled, long before its time is over."""
    connection = connect(timeout_seconds=250.0)
    server.faults(always=FaultKind.HANG)
    slot = Scheduler(permits=1, slots=1).admit("someone")

    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(say, connection, slot)
        wait_until(lambda: len(server.requests) == 1)
        slot.close(cancelled=True)
        with pytest.raises(Cancelled):
            call.result()

    server.forget()
    say(connection)


def test_a_place_that_is_closed_sends_nothing(server: OpenAIServer, connection: OpenAIConnection) -> None:
    """Work that is not wanted any more is not begun."""
    slot = Scheduler(permits=1, slots=1).admit("someone")
    slot.close()

    with pytest.raises(Cancelled):
        say(connection, slot)

    assert server.requests == []


def test_half_of_the_deadline_is_left_for_the_next_engine(server: OpenAIServer, connect: Connect) -> None:
    """A call that hangs is given up when half of the context's time is spent, although its own limit is longer."""
    connection = connect(timeout_seconds=250.0, retries=5)
    server.faults(always=FaultKind.HANG)
    slot = Scheduler(permits=1, slots=1).admit("someone", deadline_seconds=10.0)

    with pytest.raises(EngineUnavailable) as caught:
        say(connection, slot)

    assert caught.value.reason == "timeout"
    slot.check()  # it is still wanted, and there is time


def test_a_pause_longer_than_the_time_left_is_not_begun(
    server: OpenAIServer, connection: OpenAIConnection, pauses: list[float]
) -> None:
    """A Retry-After beyond half of the deadline fails at once."""
    server.faults(always=Fault(kind=FaultKind.RATE_LIMITED, retry_after_seconds=9))
    slot = Scheduler(permits=1, slots=1).admit("someone", deadline_seconds=16.0)

    with pytest.raises(EngineUnavailable) as caught:
        say(connection, slot)

    assert (caught.value.reason, caught.value.retry_after_seconds) == ("rate_limited", 9)
    assert (len(server.requests), pauses) == (1, [])


def test_a_deadline_that_is_over_is_no_failure_of_the_engine(connection: OpenAIConnection) -> None:
    """The caller's time is the caller's: no other engine is asked for it."""
    slot = Scheduler(permits=1, slots=1).admit("someone", deadline_seconds=0.0)

    with pytest.raises(DeadlineExceeded):
        say(connection, slot)


def test_requests_keep_their_distance(connect: Connect, pauses: list[float]) -> None:
    """With an interval, each request begins that much after the one before; the clock stands still here."""
    connection = connect(interval_ms=500, clock=lambda: 100.0)

    with connection.calls(UNBOUNDED) as calls:
        futures = [calls.start(models, body) for _ in range(4)]
        for future in futures:
            calls.result(future)

    assert pauses == [0.5, 1.0, 1.5]


def test_closing_waits_for_what_is_in_hand(server: OpenAIServer, connect: Connect) -> None:
    """A call that was begun before the end gets its answer; one that comes after is refused."""
    connection = connect(timeout_seconds=250.0)
    server.faults(Fault(kind=FaultKind.DRIP, interval_seconds=0.0001))

    with ThreadPoolExecutor(2) as pool:
        call = pool.submit(connection.call, models, body, context=UNBOUNDED)
        wait_until(lambda: len(server.requests) == 1)
        pool.submit(connection.close).result()
        assert b"whisper-1" in call.result()  # which its thread hands on a moment after its answer has come
    with pytest.raises(EngineUnavailable) as caught:
        say(connection)
    assert caught.value.reason == "connection"
    connection.close()


def test_closing_what_was_never_used_is_fine() -> None:
    """No thread is started for nothing, and none has to be ended."""
    before = threading.enumerate()
    connection = OpenAIConnection("sk-unused")
    assert threads_since(before) == []
    connection.close()
    connection.close()


def test_the_last_answer_has_its_time(connect: Connect) -> None:
    """Health can tell how the latest request ended, and when."""
    connection = connect(wall_clock=lambda: 1234.0)

    say(connection)

    assert connection.last_answer is not None
    assert connection.last_answer.at_seconds == 1234.0


def test_a_model_that_is_not_there_is_named(server: OpenAIServer, connection: OpenAIConnection) -> None:
    """Another engine is asked when OpenAI lacks the model, and OpenAI only once."""
    with pytest.raises(EngineUnavailable) as caught:
        OpenAISpeechEngine(connection, model="tts-9").synthesise(HELLO, voice="alloy", speed=1.0)

    assert caught.value.reason == "model_retired"
    assert caught.value.message == "OpenAI does not have the model tts-9, or not any more."
    assert len(server.requests) == 1


def test_a_refused_input_is_the_callers_mistake(server: OpenAIServer, connection: OpenAIConnection) -> None:
    """What OpenAI refuses in the input is refused here, without another attempt, and the engine is well."""

    async def say_nothing(client: AsyncOpenAI) -> Any:
        return await client.audio.speech.with_raw_response.create(model="tts-1", input=" ", voice="alloy")

    async def say_too_much(client: AsyncOpenAI) -> Any:
        return await client.audio.speech.with_raw_response.create(model="tts-1", input="a" * 4097, voice="alloy")

    with pytest.raises(InvalidInput, match="empty"):
        connection.call(say_nothing, body, context=UNBOUNDED)
    with pytest.raises(UtteranceTooLong):
        connection.call(say_too_much, body, context=UNBOUNDED)

    assert len(server.requests) == 2
    assert connection.last_answer is not None
    assert (connection.last_answer.status, connection.last_answer.reason) == (400, None)


def test_a_request_leaves_when_it_may(server: OpenAIServer, connect: Connect) -> None:
    """It waits with an open connection, also one that was used before; nothing has arrived until then."""
    connection = connect()
    for opened in range(2):
        is_waiting, may_leave = threading.Event(), threading.Event()

        async def depart(waiting: threading.Event = is_waiting, leave: threading.Event = may_leave) -> None:
            waiting.set()
            await asyncio.to_thread(leave.wait)

        async def send(client: AsyncOpenAI, departure: Departure = depart) -> Any:
            with departing(departure):
                return await models(client)

        sent = connection.submit(send, body, until=math.inf)
        assert is_waiting.wait(WAIT_SECONDS)
        assert len(server.requests) == opened
        may_leave.set()
        sent.result(WAIT_SECONDS)
    connection.submit(models, body, until=math.inf).result(WAIT_SECONDS)
    assert [request.status for request in server.requests] == [200, 200, 200]
