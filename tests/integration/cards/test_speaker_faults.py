"""A provider that fails: it is tried again, waited for, or left alone, and the local engine takes over."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from sayso.errors import Busy, EngineUnavailable, SaysoError
from sayso.testing.openai_server import Fault, FaultKind
from support.cards.speakers import Options, speaking
from support.waiting import until, until_true

if TYPE_CHECKING:
    from pathlib import Path

    from sayso.testing.openai_server import OpenAIServer

ALONE = Options(local=None, timeout_seconds=2)


def texts(server: OpenAIServer) -> list[str]:
    """What was sent, in order."""
    return [request.fields.get("input", "") for request in server.requests]


@pytest.mark.parametrize(
    "kind",
    [
        Fault(kind=FaultKind.RATE_LIMITED),
        Fault(kind=FaultKind.RATE_LIMITED, retry_after_seconds=0.1),
        FaultKind.SERVER_ERROR,
        FaultKind.OVERLOADED,
        FaultKind.HANG,
        FaultKind.HANG_IN_BODY,
        FaultKind.DRIP,
        FaultKind.CUT,
        FaultKind.GARBAGE,
        FaultKind.WRONG_TYPE,
    ],
)
async def test_a_failure_that_may_pass_is_tried_again(
    database_url: str, server: OpenAIServer, store: Path, kind: Fault | FaultKind
) -> None:
    server.faults(kind)
    async with speaking(database_url, server, store, ALONE) as one:
        spoken = await one.speaker.speak("Good morning", "en", job_id="j")
        totals = await one.purchases.totals()
    assert spoken.engine == "openai"
    assert len(server.requests) == 2
    is_unpaid = server.requests[0].status != 200 and server.requests[0].status is not None
    assert totals == {"openai": len("Good morning") * (1 if is_unpaid else 2)}


@pytest.mark.parametrize("is_date", [False, True])
async def test_retry_after_pauses_the_key_for_all_workers(
    database_url: str, server: OpenAIServer, store: Path, is_date: bool
) -> None:
    server.faults(Fault(kind=FaultKind.RATE_LIMITED, retry_after_seconds=4, retry_after_is_date=is_date))
    options = Options(local=None, interval_seconds=0.01)
    async with (
        speaking(database_url, server, store, options) as one,
        speaking(database_url, server, store, options) as two,
    ):
        first = asyncio.create_task(one.speaker.speak("First", "en", job_id="j"))
        pauses = "select name from sayso.rate_limits where name like '%% pause'"
        await until_true(lambda: one.database.fetch(pauses, {}, is_repeatable=True))
        await asyncio.gather(first, *(two.speaker.speak(f"Text {number}", "en", job_id="k") for number in range(3)))
    refused, *others = server.requests
    assert refused.ended_at is not None
    assert len(others) == 4
    # A date has whole seconds, and begins up to one earlier.
    assert min(request.began_at for request in others) - refused.ended_at > 2.9


async def test_a_very_long_retry_after_leads_to_the_local_engine(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    server.faults(always=Fault(kind=FaultKind.OVERLOADED, retry_after_seconds=7200))
    async with speaking(database_url, server, store) as one:
        with capture_logs() as logs:
            for number in range(8):
                spoken = await one.speaker.speak(f"Text {number}", "en", job_id="j")
                assert spoken.engine == "kokoro"
    assert len(server.requests) == 1
    assert [entry["reason"] for entry in logs if entry["event"] == "fallback"] == ["server_error"] * 2


@pytest.mark.parametrize(("kind", "reason"), [(FaultKind.QUOTA, "quota"), (FaultKind.REJECTED_KEY, "rejected_key")])
async def test_an_account_that_cannot_buy_is_met_once_and_logged_once(
    database_url: str, server: OpenAIServer, store: Path, kind: FaultKind, reason: str
) -> None:
    server.faults(always=kind)
    async with speaking(database_url, server, store) as one:
        with capture_logs() as logs:
            for number in range(20):
                await one.speaker.speak(f"Text {number}", "en", job_id="j")
        totals = await one.purchases.totals()
    assert len(server.requests) == 1
    assert totals == {}
    (entry,) = (entry for entry in logs if entry["event"] == "fallback")
    assert (entry["engine"], entry["reason"], entry["to"]) == ("openai", reason, "kokoro")
    assert len(one.fallbacks) == 20


async def test_two_hundred_phrases_at_once_meet_a_retired_model_a_few_times_at_most(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    """Requests that left before the first answer came are as many as fit between."""
    options = Options(model="tts-0", interval_seconds=0.2)
    async with speaking(database_url, server, store, options) as one:
        with capture_logs() as logs:
            spoken = await asyncio.gather(
                *(one.speaker.speak(f"Text {number}", "en", job_id="j") for number in range(200))
            )
    assert {each.engine for each in spoken} == {"kokoro"}
    assert len(server.requests) <= 5
    assert len([entry for entry in logs if entry["event"] == "fallback"]) == 1


async def test_a_provider_that_keeps_failing_is_left_alone(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    server.faults(always=FaultKind.SERVER_ERROR)
    async with speaking(database_url, server, store, Options(retries=0)) as one:
        for number in range(10):
            spoken = await one.speaker.speak(f"Text {number}", "en", job_id="j")
            assert spoken.engine == "kokoro"
    assert len(server.requests) == 5
    assert [failure.reason for failure in one.fallbacks] == ["server_error"] * 5 + ["breaker_open"] * 5


async def test_what_was_bought_is_used_while_the_provider_fails(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    async with speaking(database_url, server, store) as one:
        bought = await one.speaker.speak("Good morning", "en", job_id="j")
    async with speaking(database_url, server, store, Options(model="gpt-4o-mini-tts", retries=0)) as two:
        server.faults(always=FaultKind.REJECTED_KEY)
        assert (await two.speaker.speak("Another", "en", job_id="j")).engine == "kokoro"
        again = await two.speaker.speak("Good morning", "en", job_id="j")
    assert (again.engine, again.mp3, again.is_cached) == ("openai", bought.mp3, True)


@pytest.mark.parametrize("kind", [FaultKind.SERVER_ERROR, FaultKind.REJECTED_KEY, FaultKind.GARBAGE])
async def test_without_another_engine_the_job_may_be_tried_again(
    database_url: str, server: OpenAIServer, store: Path, kind: FaultKind
) -> None:
    server.faults(always=kind)
    async with speaking(database_url, server, store, Options(local=None, retries=1)) as one:
        with pytest.raises(Busy if kind is FaultKind.REJECTED_KEY else EngineUnavailable) as caught:
            await one.speaker.speak("Good morning", "en", job_id="j")
    assert caught.value.retryable
    assert len(server.requests) == (1 if kind is FaultKind.REJECTED_KEY else 2)


async def test_a_job_waits_for_the_next_day_where_nothing_else_can_speak(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    """It is released without an attempt, and what was bought is found; the log says why, once."""
    async with speaking(database_url, server, store, Options(local=None, daily_limit=20)) as one:
        await one.speaker.speak("Good morning", "en", job_id="j")
        with capture_logs() as logs:
            for _ in range(3):
                with pytest.raises(Busy, match="No more characters"):
                    await one.speaker.speak("Good evening", "en", job_id="j")
        assert (await one.speaker.speak("Good morning", "en", job_id="k")).is_cached
    assert len(server.requests) == 1
    assert [entry["event"] for entry in logs if entry["log_level"] != "debug"] == ["no engine can speak"]


async def test_no_error_no_log_and_no_row_has_the_key(database_url: str, server: OpenAIServer, store: Path) -> None:
    """The provider's own message repeats it."""
    key = "sk-proj-very-secret-0123456789"
    options = Options(key=key, local=None, interval_seconds=0.01)
    async with speaking(database_url, server, store, options) as one:
        with capture_logs() as logs, pytest.raises(SaysoError) as caught:
            await one.speaker.speak("Good morning", "en", job_id="j")
        rows = await one.database.fetch("select name from sayso.rate_limits", {}, is_repeatable=True)
    seen: list[BaseException] = [caught.value]
    for error in seen:
        seen += [each for each in (error.__cause__, error.__context__) if each is not None and each not in seen]
    shown = [*map(str, logs), *map(str, rows), *(f"{error} {error!r} {vars(error)}" for error in seen)]
    assert rows
    assert not [text for text in shown if key in text or key[8:20] in text]


async def test_a_cancelled_job_frees_its_place_and_claims_at_once(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    """While it waits for a permit, which comes in an hour."""
    options = Options(local=None, interval_seconds=3600, phrases_at_once=1)
    async with speaking(database_url, server, store, options) as one:
        await one.speaker.speak("First", "en", job_id="j")
        task = asyncio.create_task(one.speaker.speak("Second", "en", job_id="j"))
        # A release that fails, on a machine that is too busy, is followed by the end of the claim.
        claims = "select owner from sayso.card_speech_claims where claimed_until > clock_timestamp()"
        await until_true(lambda: one.database.fetch(claims, {}, is_repeatable=True))
        before = await one.purchases.totals()
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        spoken = await one.speaker.speak("First", "en", job_id="k")
        assert spoken.is_cached

        async def is_released() -> bool:
            return not await one.database.fetch(claims, {}, is_repeatable=True)

        await until_true(is_released)
        assert await one.purchases.totals() == {"openai": len("First")}
    assert before in ({"openai": len("First")}, {"openai": len("FirstSecond")})
    assert texts(server) == ["First"]


async def test_an_answer_that_was_paid_for_is_stored_although_the_job_was_cancelled(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    server.faults(Fault(kind=FaultKind.DRIP, interval_seconds=0))
    async with speaking(database_url, server, store, Options(local=None)) as one:
        task = asyncio.create_task(one.speaker.speak("Good morning", "en", job_id="j"))
        await until(lambda: bool(server.requests))
        task.cancel()
        await asyncio.wait({task})
        spoken = await one.speaker.speak("Good morning", "en", job_id="k")
    assert spoken.engine == "openai"
    assert len(server.requests) == 1


async def test_a_text_goes_on_for_the_other_jobs_that_wait_for_it(
    database_url: str, server: OpenAIServer, store: Path
) -> None:
    options = Options(local=None, interval_seconds=1)
    async with speaking(database_url, server, store, options) as one:
        await one.speaker.speak("First", "en", job_id="j")
        leading = asyncio.create_task(one.speaker.speak("Second", "en", job_id="j"))
        await asyncio.sleep(0.1)
        following = asyncio.create_task(one.speaker.speak("Second", "en", job_id="k"))
        await asyncio.sleep(0.1)
        leading.cancel()
        assert (await following).is_cached
    assert texts(server) == ["First", "Second"]


@pytest.mark.parametrize("status", [404, 410])
async def test_a_deck_begun_before_a_shutdown_ends_after_it(
    database_url: str, server: OpenAIServer, store: Path, status: int
) -> None:
    """The model ends between two phrases: one request reaches it, and the rest of the deck is spoken here."""
    async with speaking(database_url, server, store, Options()) as one:
        before = await one.speaker.speak("Good morning", "en", job_id="j")
        server.models.retire("gpt-4o-mini-tts", status=status)
        after = [await one.speaker.speak(f"Good evening {number}", "en", job_id="j") for number in range(3)]
        totals = await one.purchases.totals()
    assert (before.engine, {spoken.engine for spoken in after}) == ("openai", {"kokoro"})
    assert len(server.requests) == 2
    assert {failure.reason for failure in one.fallbacks} == {"model_retired"}
    assert totals == {"openai": len("Good morning")}
